"""Warm kernels: Jupyter kernels that start with the frameworks imported, behind walls or open.

`install(prefix)` makes them known to Jupyter; from then on they are reached by name: `warm-python3` for grading,
`warm-python3-open` for the course's own runs and the student's machine. provisioner.py says what may be set.
"""

import json
import os
import sys
from pathlib import Path

KERNELS = {
    "warm-python3": ("Python 3 (warm, in the sandbox)", True),
    "warm-python3-open": ("Python 3 (warm)", False),
}
# as the lessons set it: no start-up log, and plain float sums that compare with PyTorch's
_ENV = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}


def install(prefix: str | os.PathLike = sys.prefix) -> list[Path]:
    """Write both kernelspecs under the prefix's share/jupyter/kernels; return their folders."""
    folders = []
    for name, (display_name, walls) in KERNELS.items():
        folder = Path(prefix, "share", "jupyter", "kernels", name)
        folder.mkdir(parents=True, exist_ok=True)
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": display_name,
            "language": "python",
            "env": _ENV,
            "metadata": {
                "debugger": not walls,
                "kernel_provisioner": {"provisioner_name": "warm", "config": {"walls": walls}},
            },
        }
        (folder / "kernel.json").write_text(json.dumps(spec, indent=1) + "\n")
        folders.append(folder)
    return folders
