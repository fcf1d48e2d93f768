"""Warm kernels: Jupyter kernels that start with the frameworks imported.

`install(prefix)` makes two known to Jupyter; from then on they are reached by name. `warm-python3` grades: behind walls,
see provisioner.py. `warm-python3-open` is the user's own, only the start is fast, see start.py; it runs the course, and
settings/student makes it the kernel of `make lab`.
"""

import json
import os
import sys
from pathlib import Path

_STOCK = {"debugger": True, "supported_encryption": ["curve"]}
# as the lessons set it: no start-up log, and plain float sums that compare with PyTorch's
_ENV = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}


def install(prefix: str | os.PathLike = sys.prefix) -> list[Path]:
    """Write both kernelspecs under the prefix's share/jupyter/kernels; return their folders."""
    stock = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    # its log would tell each program's terminal of loopback sockets without encryption, and of each shutdown
    quiet = "--IPKernelApp.log_level=50"
    started = [sys.executable, str(Path(__file__).with_name("start.py")), "-f", "{connection_file}", quiet]
    walled = {"debugger": False, "kernel_provisioner": {"provisioner_name": "warm", "config": {}}}
    return [
        _write(prefix, "warm-python3", "Python 3 (warm, in the sandbox)", stock, walled),
        _write(prefix, "warm-python3-open", "Python 3 (fast start)", started, _STOCK),
    ]


def _write(prefix, name, display_name, argv, metadata):
    folder = Path(prefix, "share", "jupyter", "kernels", name)
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"argv": argv, "display_name": display_name, "language": "python", "env": _ENV, "metadata": metadata}
    (folder / "kernel.json").write_text(json.dumps(spec, indent=1) + "\n")
    return folder
