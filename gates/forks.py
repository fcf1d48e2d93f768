"""Run many small tasks, each in a fork of one process that has imported the frameworks once.

A cold start costs seconds, a fork some milliseconds. The parent runs no tensor operation and has one thread at every
fork: a child of a process with OpenMP threads hangs at its first parallel operation. What waits all the same is ended.
"""

import ctypes
import gc
import json
import os
import resource
import selectors
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Protocol

from grader.errors import MachineError

MEMORY = 4 * 2**30  # bytes above what the parent has mapped
EXERCISES = ("numpy", "matplotlib.pyplot", "torch", "torch.func", "torch.utils._python_dispatch", "torch.utils.data")


class Task(Protocol):
    """What runs in a fork: `work` gets a function that tells its keyword arguments to the parent; it has `seconds`."""

    seconds: float

    def work(self, tell: Callable) -> None: ...


@dataclass(frozen=True)
class Report:
    """What came of a task: the lines it told, how it `ended` (done, timeout or dead), what it imported late."""

    lines: tuple = ()
    ended: str = "done"
    seconds: float = 0.0
    modules: tuple = ()


@dataclass
class _Child:
    task: Task
    pid: int
    pipe: int
    folder: str
    began: float
    data: bytes = b""

    @property
    def deadline(self):
        return self.began + self.task.seconds


def warm(modules: Iterable[str] = EXERCISES) -> None:
    """Import what the tasks use; no operation may run here. MachineError where that leaves more than one thread."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each copy of OpenBLAS starts a thread at import otherwise
    os.environ["MPLBACKEND"] = "agg"
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    for name in modules:
        import_module(name)
    settle()


def learn(tasks: Iterable[Task]) -> None:
    """Run `tasks` once and import here what they import late, so that later forks find it there.

    torch imports some 900 modules at the first use of the `meta` device: 3 s that each fork would pay again.
    """
    tasks = iter(tasks)
    while few := list(islice(tasks, os.cpu_count() or 1)):  # the first pay for the imports, the next find them done
        for name in dict.fromkeys(name for _, report in run(few) for name in report.modules):
            if name.split(".")[0] == "triton":  # its bindings complain at exit about what a fork never uses
                continue
            with suppress(Exception):  # a module that only its parent can import: a fork will do it again
                import_module(name)
    settle()


def settle() -> None:
    """Make forking cheap, and check that it is safe: one thread."""
    gc.freeze()  # the collector would touch, and so copy, every page in each fork
    in_large_pages()
    one_thread()


def in_large_pages() -> None:
    """Keep what was imported in pages of 2 MiB, where Linux can (6.1): a fork then costs half."""
    maps, libc, large, collapse = Path("/proc/self/maps"), ctypes.CDLL(None), 1 << 21, 25
    for line in maps.read_text().splitlines() if maps.exists() else ():
        span, rights, _, _, _, *name = line.split()
        if rights == "rw-p" and name in ([], ["[heap]"]):
            begin, end = (int(address, 16) for address in span.split("-"))
            begin, end = -(-begin // large) * large, end // large * large
            if begin < end:
                libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), collapse)


def one_thread() -> None:
    """Wait for threads that only live during an import; MachineError where one stays."""
    for _ in range(100):
        if not os.path.isdir("/proc/self/task") or len(os.listdir("/proc/self/task")) == 1:
            return
        time.sleep(0.05)
    raise MachineError(
        "grader check",
        f"expected one thread before forking, found {len(os.listdir('/proc/self/task'))}",
        "Set OPENBLAS_NUM_THREADS=1 and start again.",
    )


def run(tasks: Iterable[Task], workers: int | None = None) -> Iterator[tuple[Task, Report]]:
    """Yield (task, Report) as they finish, `workers` at once (as many as there are cores)."""
    one_thread()
    waiting, running, selector = iter(tasks), {}, selectors.DefaultSelector()
    try:
        while True:
            for task in islice(waiting, (workers or os.cpu_count() or 1) - len(running)):
                child = _start(task)
                running[child.pipe] = child
                selector.register(child.pipe, selectors.EVENT_READ)
            if not running:
                return
            ended = {}
            pause = min(child.deadline for child in running.values()) - time.monotonic()
            for key, _ in selector.select(min(max(0.0, pause), 1.0)):
                if _read(running[key.fd]):
                    ended[key.fd] = "dead"
            ended |= {
                pipe: "timeout"
                for pipe, child in running.items()
                if pipe not in ended and time.monotonic() > child.deadline
            }
            for pipe, how in ended.items():
                selector.unregister(pipe)
                child = running.pop(pipe)
                yield child.task, _finish(child, how)
    finally:
        for child in running.values():
            _finish(child, "timeout")
        selector.close()


def fork(work: Callable[[], int | None]) -> int:
    """Return the pid of a process that does `work` and ends with what it returns; 70 where it raises."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        status = work() or 0
    finally:
        os._exit(status)


def _start(task):
    ours, theirs = os.pipe()
    folder = tempfile.mkdtemp(prefix="fork-")
    pid = fork(partial(_child, task, ours, theirs, folder))
    os.close(theirs)
    return _Child(task, pid, ours, folder, time.monotonic())


def _read(child):
    """Take what the child told; tell whether that was all."""
    data = os.read(child.pipe, 65536)
    child.data += data
    # the last line, not the end of the pipe: a process that the code started may hold that open
    return not data or child.data.rpartition(b"\n")[0].rpartition(b"\n")[2].startswith(b'{"done"')


def _finish(child, ended):
    """Reap a child and all that it started; what did not come to its end has `ended`."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    os.close(child.pipe)
    os.waitpid(child.pid, 0)
    shutil.rmtree(child.folder, ignore_errors=True)
    lines = [
        json.loads(line)
        for line in child.data.decode(errors="replace").splitlines(keepends=True)
        if line.endswith("}\n")
    ]
    if lines and "done" in lines[-1]:
        return Report(tuple(lines[:-1]), "done", lines[-1]["done"], tuple(lines[-1]["modules"]))
    return Report(tuple(lines), ended, time.monotonic() - child.began)


def _child(task, ours, pipe, folder):
    """Do the task in a session and an empty folder of its own; what it prints goes into files there."""
    os.setsid()
    os.close(ours)
    os.chdir(folder)
    os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = folder
    for number, name in ((0, os.devnull), (1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    sys.stdout, sys.stderr = (
        os.fdopen(1, "w", buffering=1, closefd=False),
        os.fdopen(2, "w", buffering=1, closefd=False),
    )

    def tell(**line):
        data = (json.dumps(line) + "\n").encode()
        while data:
            data = data[os.write(pipe, data):]

    began, known = time.perf_counter(), set(sys.modules)
    task.work(tell)
    tell(done=time.perf_counter() - began, modules=[name for name in sys.modules if name not in known])


def limit_memory() -> None:
    """Let this process take no more than MEMORY above what it has, and write no file of more than 1 GiB."""
    with suppress(OSError, ValueError):  # no /proc (macOS): the time limit alone holds
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
        resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**30, 2**30))
