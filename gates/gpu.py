"""Run lessons and solutions on a GPU and on the CPU with the interpreter at hand, and compare what they compute.

A GPU machine seldom has the grader's own dependencies, so this module needs none of them: notebooks are read as JSON,
and the cells of each run in a process of their own, once per device.
"""

import argparse
import datetime
import importlib.util
import json
import os
import pickle
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from gates.cells import TIMES, Outcome, execute
from grader.errors import GraderError, LessonError, MachineError

ROOT = Path(__file__).resolve().parent.parent
NEEDS = ("torch", "numpy", "matplotlib")  # cells that need more are left out where it is missing
SECONDS = 1800  # a notebook that takes longer is stuck
TOLERANCES = {
    "float64": 1e-7,
    "float32": 1e-4,
    "number": 1e-4,
}  # a plain number may come from float32; all else must be equal
DRAWN, MACHINE, EMPTY = "drawn on the device", "what this machine has", "memory nobody has filled in"
GROWN = "rounding that grows over hundreds of steps"
SET_APART = {  # cells with one of these names are not compared, and why; build/gpu.json keeps the times
    "02_tensors": {
        "address": MACHINE,
        "unfilled": EMPTY,
        "also_unfilled": EMPTY,
        "numpy_speed": TIMES,
        "torch_speed": TIMES,
    },
    "05_nn": {"dropout_net": DRAWN},
    "06_optim": {"adam_losses": GROWN},
    "08_dynamic_nets": {"depths": GROWN, "runs": GROWN, "curves": GROWN},
    "09_data_loading": {"cuda": MACHINE, "instant": TIMES},
    "10_cuda": {
        "present": MACHINE,
        "history": MACHINE,
        "totals": MACHINE,
        "sizes": TIMES,
        "queued": TIMES,
        "each": TIMES,
        "half_losses": GROWN,
        "brain": GROWN,
    },
    "14_faster": {
        "threads": MACHINE,
        "backend": MACHINE,
        "by_row": TIMES,
        "at_once": TIMES,
        "each_step": TIMES,
        "at_end": TIMES,
        "blamed": TIMES,
        "truth": TIMES,
        "with_guards": TIMES,
        "apart": TIMES,
        "first_call": TIMES,
        "eager_rows": TIMES,
        "seconds": TIMES,
        "gain": TIMES,
        "per_step": TIMES,
    },
}
QUIET = {"MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONPATH": str(ROOT)}
PROBE = """import json, sys, torch
torch.ones(1, device=sys.argv[1]).item()
name = torch.cuda.get_device_name() if sys.argv[1].startswith("cuda") else sys.argv[1]
print(json.dumps({"torch": torch.__version__, "device": name, "threads": torch.get_num_threads()}))"""


@dataclass(frozen=True)
class Row:
    """A notebook on both devices; `largest` is the largest relative difference, `where` its cell and name."""

    notebook: str
    ran: int
    left_out: int
    missing: tuple
    seconds_cpu: float
    seconds: float
    compared: int
    largest: float
    where: str
    failures: tuple = ()


def run(names=(), device="cuda", root=ROOT):
    """Run the notebooks, all or those of the lessons named, on the CPU and on `device`; print a table; return 1 where
    one falls short."""
    paths, found = notebooks(names, root), machine(device)
    print(f"PyTorch {found['torch']}, Python {found['python']}: " +
          (f"{found['device']} against the CPU" if device != "cpu" else "a rehearsal, the CPU against the CPU"))
    if not importlib.util.find_spec("tensorflow"):
        print("no TensorFlow here: its cells are left out")
    print(
        f"{'notebook':34}{'ran':>4}{'left out':>10}{'cpu':>8}{device[:8]:>9}{'compared':>10}  largest relative "
        f"difference"
    )
    rows, times = [], {}
    for path in paths:
        here, there = (outcome(path, which) for which in ("cpu", device))
        rows.append(compare(path, here, there))
        times |= {path.stem: there.times} if there.times else {}
        show(rows[-1])
    save(root, found | {"notebooks": [asdict(row) for row in rows], "times": times})
    for stem, apart in SET_APART.items():
        if f"course/{stem}" in {row.notebook for row in rows}:
            print(
                f"not compared in {stem}: cells with " + ", ".join(f"`{name}` ({why})" for name, why in apart.items())
            )
    short = sum(bool(row.failures) for row in rows)
    print(
        f"{len(rows) - short} of {len(rows)} notebooks compute the same on both; {sum(row.compared for row in rows)} "
        f"values compared"
    )
    return int(bool(short))


def machine(device):
    """Return what interpreter and machine are; MachineError where something is missing."""
    missing = [name for name in NEEDS if not importlib.util.find_spec(name)]
    if missing:
        raise MachineError(sys.executable, f"needs {', '.join(NEEDS)}; missing: {', '.join(missing)}",
                           f"Install there: pip install {' '.join(missing)}")
    probe = subprocess.run(
        [sys.executable, "-c", PROBE, device], capture_output=True, text=True, env=os.environ | QUIET
    )
    if probe.returncode:
        said = (probe.stderr.strip().splitlines() or ["no reason given"])[-1].partition(". ")[0]
        raise MachineError(
            f"device {device}", f"PyTorch cannot use it here ({said})", "DEVICE=cpu rehearses without a GPU."
        )
    return {"machine": platform.platform(), "python": platform.python_version(),
            "date": datetime.date.today().isoformat()} | json.loads(probe.stdout)


def notebooks(names, root):
    """Return the paths of lessons and solutions; LessonError for a name that is neither."""
    solutions = [path for path in sorted(root.glob("solutions/*/*.ipynb")) if path.stem == path.parent.name]
    lessons = {path.stem for path in solutions}
    for name in names:
        if name not in lessons:
            raise LessonError(
                f"lesson {name!r}", f"expected one of {', '.join(sorted(lessons)) or '(none)'}", "Name one of them."
            )
    return [path for path in sorted(root.glob("course/*.ipynb")) + solutions if path.stem in (names or lessons)]


def outcome(path, device):
    """Return what comes of the notebook in a process of its own: a lesson in its folder, a solution in an empty one."""
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "outcome"
        order = [
            sys.executable,
            "-c",
            "import sys; from gates.gpu import work; work(*sys.argv[1:])",
            str(path),
            device,
            str(result),
        ]
        folder = path.parent if path.parent.name == "course" else scratch
        try:
            done = subprocess.run(order, cwd=folder, env=os.environ | QUIET, timeout=SECONDS, text=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired:
            return Outcome(failures=[("?", f"on {device}: not done after {SECONDS} s")])
        if result.exists():
            return pickle.loads(result.read_bytes())
    last = (done.stderr.strip().splitlines() or ["no word"])[-1]
    return Outcome(failures=[("?", f"on {device}: the process ended with code {done.returncode}: {last}")])


def work(path, device, result):
    """Run the notebook in this process and write its Outcome to the file `result`."""
    path, sys.path[0] = Path(path), ""  # the folder it runs in, as in a kernel
    came = execute(json.loads(path.read_text(encoding="utf-8"))["cells"], device, SET_APART.get(path.stem, {}))
    Path(result).write_bytes(pickle.dumps(came))
    os._exit(0)  # as in __main__.py: no pages about leaks


def compare(path, here, there):
    """Return the Row of a notebook that ran on the CPU (`here`) and on the device (`there`)."""
    largest, where, failures = 0.0, "", [*here.failures, *there.failures]
    both = [
        (cell, name) for cell, values in here.values.items() for name in values if name in there.values.get(cell, ())
    ]
    for cell, name in both:
        (kind, ours), (_, theirs) = here.values[cell][name], there.values[cell][name]
        off, allowed = difference(kind, ours, theirs), TOLERANCES.get(kind, 0)
        if off > largest:
            largest, where = off, f"{cell}: {name}"
        if off > allowed:
            failures.append((cell, f"{name} ({kind}) differs by {off:.1e}, allowed is {allowed:g}"))
    folder = path.parent.name if path.parent.name == "course" else "solutions"
    return Row(f"{folder}/{path.stem}", there.ran, there.left_out, tuple(sorted(there.missing)), round(here.seconds, 1),
               round(there.seconds, 1), len(both), largest, where, tuple(failures))


def difference(kind, ours, theirs):
    """Return how far two values are apart: a plain number by its own size, an entry of a tensor by the largest
    entry."""
    import numpy as np

    if ours.shape != theirs.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        size = np.abs(ours.astype(float))
        size = size if kind == "number" else size[np.isfinite(size)].max(initial=0)
        off = np.abs(ours.astype(float) - theirs.astype(float)) / size
        off = np.where((ours == theirs) | (ours != ours) & (theirs != theirs), 0, off)
    return float(np.where(np.isnan(off), np.inf, off).max(initial=0))


def show(row):
    """Print one line of the table, and under it what is missing and what falls short."""
    print(
        f"{row.notebook:34}{row.ran:4}{row.left_out:10}{row.seconds_cpu:7.1f}s{row.seconds:8.1f}s{row.compared:10}  "
        f"{row.largest:.1e}"
        f"{f' ({row.where})' if row.where else ''}",
        flush=True,
    )
    if row.missing:
        print(f"  {row.notebook}: cells left out for want of {', '.join(row.missing)}", flush=True)
    for cell, said in row.failures:
        print(f'  {row.notebook}, cell "{cell}": {said}', flush=True)


def save(root, report):
    """Write build/gpu.json."""
    path = root / "build" / "gpu.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path.relative_to(root)}")


def main(argv=None):
    """`python -m gates.gpu`: as `grader gpu`, where the grader's own libraries are missing."""
    parser = argparse.ArgumentParser(prog="gpu", description=__doc__)
    parser.add_argument("lessons", nargs="*")
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args(argv)
    try:
        return run(given.lessons, given.device)
    except GraderError as error:
        print(f"gpu: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
