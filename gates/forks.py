"""Run many small pieces of code, each in a fork of one process that has imported torch once.

A cold start costs seconds, a fork some milliseconds. The parent runs no tensor operation and has one thread at every
fork: a child of a process with OpenMP threads hangs at its first parallel operation.
"""

import ctypes
import gc
import importlib
import json
import linecache
import os
import random
import resource
import selectors
import shutil
import signal
import sys
import tempfile
import time
import types
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from grader.errors import MachineError

MEMORY = 4 * 2**30  # bytes above what the parent has mapped


@dataclass(frozen=True)
class Trial:
    """Cells to run in order in a namespace of their own: (name, source) pairs. `tests` are those that are judged."""

    key: object
    cells: tuple
    tests: frozenset
    seed: int = 0
    seconds: float = 60.0
    stop: bool = False  # at the first failing test


@dataclass(frozen=True)
class Outcome:
    """What came of one test cell: `kind` is passed, failed (an assert with a message), error, silent, timeout or dead."""

    name: str
    kind: str
    message: str = ""
    seconds: float = 0.0
    printed: str = ""
    warned: str = ""

    @property
    def passed(self):
        return self.kind == "passed"


@dataclass(frozen=True)
class Result:
    """The outcomes of a trial's test cells, in order; `grad` says whether a detached result had carried a gradient."""

    outcomes: tuple = ()
    grad: bool = False
    seconds: float = 0.0
    modules: tuple = ()

    @property
    def passed(self):
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    @property
    def first_failure(self):
        return next((outcome for outcome in self.outcomes if not outcome.passed), None)


@dataclass
class _Running:
    trial: Trial
    pid: int
    pipe: int
    folder: str
    deadline: float
    data: bytes = field(default=b"")


def warm():
    """Import what exercises use; MachineError where that leaves more than one thread."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each copy of OpenBLAS starts a thread at import otherwise
    os.environ["MPLBACKEND"] = "agg"
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    for name in ("numpy", "matplotlib.pyplot", "torch", "torch.func", "torch.utils._python_dispatch", "torch.utils.data"):
        importlib.import_module(name)
    _one_thread()


def learn(trials):
    """Run `trials` once and import here what they import late, so that later forks find it there.

    torch imports some 900 modules at the first use of the `meta` device: 3 s that each fork would pay again.
    """
    trials = iter(trials)
    while few := list(islice(trials, os.cpu_count() or 1)):  # the first pay for the imports, the next find them done
        for name in dict.fromkeys(name for _, result in run(few) for name in result.modules):
            if name.split(".")[0] == "triton":  # its bindings complain at exit about what a fork never uses
                continue
            try:
                importlib.import_module(name)
            except Exception:  # a module that only its parent can import: a fork will do it again
                continue
    gc.freeze()  # the collector would touch, and so copy, every page in each fork
    in_large_pages()
    _one_thread()


def in_large_pages():
    """Keep what was imported in pages of 2 MiB, where Linux can (6.1): a fork then costs half. The zygote must import nothing of ours."""
    maps, libc, large, collapse = Path("/proc/self/maps"), ctypes.CDLL(None), 1 << 21, 25
    for line in maps.read_text().splitlines() if maps.exists() else ():
        span, rights, _, _, _, *name = line.split()
        if rights == "rw-p" and name in ([], ["[heap]"]):
            begin, end = (int(address, 16) for address in span.split("-"))
            begin, end = -(-begin // large) * large, end // large * large
            if begin < end:
                libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), collapse)


def _one_thread():
    for _ in range(100):
        if not os.path.isdir("/proc/self/task") or len(os.listdir("/proc/self/task")) == 1:
            return
        time.sleep(0.05)
    raise MachineError("grader check", f"expected one thread before forking, found {len(os.listdir('/proc/self/task'))}",
                       "Set OPENBLAS_NUM_THREADS=1 and start again.")


def run(trials, workers=None, progress=None):
    """Yield (trial, Result) as they finish, `workers` at once (as many as there are cores)."""
    _one_thread()
    waiting = iter(trials)
    running, selector = {}, selectors.DefaultSelector()
    workers = workers or os.cpu_count() or 1
    exhausted = False
    try:
        while True:
            while not exhausted and len(running) < workers:
                trial = next(waiting, None)
                if trial is None:
                    exhausted = True
                    break
                child = _start(trial)
                running[child.pipe] = child
                selector.register(child.pipe, selectors.EVENT_READ)
            if not running:
                return
            pause = max(0.0, min(child.deadline for child in running.values()) - time.monotonic())
            for key, _ in selector.select(min(pause, 1.0)):
                child = running[key.fd]
                data = os.read(child.pipe, 65536)
                child.data += data
                # the last line, not the end of the pipe: a process that the code started may hold that open
                if not data or child.data.rpartition(b"\n")[0].rpartition(b"\n")[2].startswith(b'{"done"'):
                    selector.unregister(child.pipe)
                    del running[child.pipe]
                    yield child.trial, _finish(child)
            for child in [c for c in running.values() if time.monotonic() > c.deadline]:
                selector.unregister(child.pipe)
                del running[child.pipe]
                yield child.trial, _finish(child, "timeout")
    finally:
        for child in running.values():
            _finish(child, "timeout")
        selector.close()


def _start(trial):
    read_end, write_end = os.pipe()
    folder = tempfile.mkdtemp(prefix="trial-")
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        try:
            _child(trial, write_end, folder)
        finally:
            os._exit(1)
    os.close(write_end)
    return _Running(trial, pid, read_end, folder, time.monotonic() + trial.seconds)


def _finish(child, ended="dead"):
    """Reap a child and return its Result; what it did not report is `ended`."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.close(child.pipe)
    os.waitpid(child.pid, 0)
    shutil.rmtree(child.folder, ignore_errors=True)
    lines = [json.loads(line) for line in child.data.decode(errors="replace").splitlines() if line.endswith("}")]
    outcomes = [Outcome(**line["outcome"]) for line in lines if "outcome" in line]
    done = next((line for line in lines if "done" in line), None)
    if done is None:
        at = next((line["started"] for line in reversed(lines) if "started" in line), "start")
        outcomes.append(Outcome(at, ended, f"ran longer than {child.trial.seconds:.1f} s" if ended == "timeout" else "the process died"))
    return Result(tuple(outcomes), bool(done and done["grad"]), done["done"] if done else 0.0,
                  tuple(done["modules"]) if done else ())


def _child(trial, pipe, folder):
    """Run the cells; report one JSON line per test cell."""
    os.setsid()
    os.chdir(folder)
    os.environ["HOME"] = os.environ["TMPDIR"] = folder
    tempfile.tempdir = folder
    limit_memory()
    streams = {1: os.open("stdout", os.O_RDWR | os.O_CREAT), 2: os.open("stderr", os.O_RDWR | os.O_CREAT)}
    for number, descriptor in streams.items():
        os.dup2(descriptor, number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1, closefd=False), os.fdopen(2, "w", buffering=1, closefd=False)
    import torch

    torch.set_num_threads(1)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    saw = []
    module.__dict__.update(_detached=lambda result: _detach(result, saw), display=lambda *shown: None)
    began, known = time.perf_counter(), set(sys.modules)
    for name, source in trial.cells:
        if name in trial.tests:
            _report(pipe, started=name)
        outcome = _run_cell(name, source, module.__dict__)
        if name == "setup":
            _seed(trial.seed)
        if name in trial.tests or not outcome.passed:
            _report(pipe, outcome=outcome.__dict__ | _streams(streams))
            if trial.stop and not outcome.passed:
                break
    _report(pipe, done=time.perf_counter() - began, grad=bool(saw), modules=[m for m in sys.modules if m not in known])
    os._exit(0)


def _run_cell(name, source, namespace):
    began = time.perf_counter()
    filename = f"<{name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        exec(compile(source, filename, "exec"), namespace)
        kind, message = "passed", ""
    except AssertionError as error:
        kind, message = ("failed", str(error)) if str(error).strip() else ("silent", f"an assert without a message in {name}")
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the code under trial included
        kind, message = "error", f"{type(error).__name__}: {error}"
    return Outcome(name, kind, message[:2000], time.perf_counter() - began)


def _streams(streams):
    """Return what the cell printed and what it wrote to stderr since the last cell."""
    sys.stdout.flush()
    sys.stderr.flush()
    texts = {}
    for number, key in ((1, "printed"), (2, "warned")):
        size = os.fstat(streams[number]).st_size
        texts[key] = os.pread(streams[number], min(size, 2000), 0).decode(errors="replace")
        os.ftruncate(streams[number], 0)
        os.lseek(streams[number], 0, os.SEEK_SET)
        os.lseek(number, 0, os.SEEK_SET)
    return texts


def _report(pipe, **line):
    data = (json.dumps(line) + "\n").encode()
    while data:
        data = data[os.write(pipe, data):]


def _seed(seed):
    import numpy
    import torch

    torch.manual_seed(seed)
    numpy.random.seed(seed)
    random.seed(seed)


def limit_memory():
    try:
        with open("/proc/self/statm") as statm:
            mapped = int(statm.read().split()[0]) * os.sysconf("SC_PAGESIZE")
        resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**30, 2**30))
    except (OSError, ValueError):
        pass  # no /proc (macOS): the time limit alone holds


def _detach(result, saw):
    """Return `result` with every tensor in it cut off its graph; note in `saw` that there was a graph to cut."""
    import torch
    from torch.utils._pytree import tree_map

    def cut(item):
        if isinstance(item, torch.Tensor) and item.requires_grad:
            saw.append(True)
            return item.detach()
        return item

    return tree_map(cut, result)
