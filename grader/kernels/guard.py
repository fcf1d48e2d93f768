"""The process that starts one kernel, watches it, and ends it with all it started. Standard library only.

How strong the walls around it are is the level of walls.LEVELS: behind namespaces the guard is pid 1 of its own and
ends everything there is; with Landlock it adopts what its kernel leaves behind; without walls it ends the process
group.
"""

import contextlib
import errno
import importlib
import json
import os
import select
import shutil
import signal
import socket
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from grader.kernels import landlock, seccomp, walls
from grader.kernels.limits import Limits, over, threads_of
from grader.kernels.outer import readable

_become = None  # the module kernel, imported before what students may name alike


@dataclass
class _Place:
    """Where a kernel lives: its level, its folder, its user, and what its environment says besides."""

    level: str
    limits: Limits
    work: str = ""
    uid: int = 0
    folder: str = ""  # its own, removed at the end
    env: dict = field(default_factory=dict)
    readable: list[str] = field(default_factory=list)

    @property
    def walled(self) -> bool:
        return self.level != "none"

    def pids(self) -> list[str]:
        """Return the processes of the kernel, itself included."""
        if self.level == "landlock":
            return _below(os.getpid())
        return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def prepare() -> None:
    """Import what a kernel is made of, once for all."""
    global _become
    _become = importlib.import_module("grader.kernels.kernel")


def guard(connection: socket.socket, request: dict, descriptors: list[int], offered: dict, opened: list[str]) -> None:
    """Start the kernel, pass signals on, and end everything when it, its client or a limit ends it."""
    given, work = descriptors[:-1], descriptors[-1]
    place = _furnish(offered["level"], Limits.read(request.get("limits", {})), work, opened)
    reading, failing = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        try:
            _enter(place, work)
            _be_kernel(request, given, place, offered, failing)
        except BaseException:
            os.write(failing, traceback.format_exc()[-4000:].encode())
        os._exit(1)
    for descriptor in (*descriptors, failing):
        os.close(descriptor)
    tell(connection, {"pid": kernel})
    status, why = _watch(connection, kernel, place)
    if status is None or place.walled:
        ended = _end_all(kernel, place)
        status = ended if status is None else status
    if place.folder:
        shutil.rmtree(place.folder, ignore_errors=True)
    tell(connection, {"exit": status, "why": why or _failure(reading, status)})


def tell(connection: socket.socket, message: dict) -> None:
    """Send one line; whoever is no longer there does not mind."""
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def _furnish(level: str, limits: Limits, work: int, opened: list[str]) -> _Place:
    """Make the kernel's place ready."""
    if level == "none":
        return _Place(level, limits)
    walls.hide()
    if level != "landlock":
        return _Place(level, limits, walls.WORK, walls.furnish(limits, work))
    walls.adopt()
    folder = tempfile.mkdtemp(prefix=".grader-landlock-", dir="/tmp")  # hidden: never part of a work folder
    place = _Place(level, limits, f"{folder}/home/work", _own_uid(), folder, readable=readable(opened))
    for name in ("home", "home/work", "tmp"):
        os.mkdir(f"{folder}/{name}", 0o700)
    walls.copy_in(work, place.work, limits)
    if place.uid != os.geteuid():
        walls.give(folder, place.uid)
    home = f"{folder}/home"
    place.env = {"HOME": home, "IPYTHONDIR": f"{home}/.ipython", "TMPDIR": f"{folder}/tmp"}
    return place


def _own_uid() -> int:
    """Return a user id of the kernel's own where root may give one."""
    return 0x60000000 + os.getpid() if os.geteuid() == 0 else os.geteuid()


def _enter(place: _Place, work: int) -> None:
    """Be in the place, for good: the last step before the student's code."""
    os.chdir(place.work) if place.walled else os.fchdir(work)
    os.setsid()
    if place.level == "none":
        walls.die_with_parent()
    elif place.level == "landlock":
        running = threads_of(place.uid)
        walls.lock_down(place.uid, place.limits, running, network=False)
        landlock.restrict(place.readable, [place.folder])
    else:
        walls.lock_down(place.uid, place.limits)


def try_landlock() -> str:
    """Return why the level landlock cannot be had, or nothing; tried in a fork."""
    if not seccomp.known():
        return f"the system calls of {os.uname().machine} are not known, so networks could not be closed"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            walls.lock_down(_own_uid(), Limits(), threads_of(_own_uid()), network=False)
            landlock.restrict(readable(), [])
            Path(os.__file__).read_bytes()
            with contextlib.suppress(PermissionError):
                os.listdir("/home")
                os.write(writing, b"a folder that was not granted could be read")
        except BaseException as error:
            hint = ": root's kernels run as other users, and the interpreter lies in a folder closed to them"
            closed = isinstance(error, OSError) and error.errno == errno.EACCES and os.getuid() >= 0x60000000
            os.write(writing, f"{error}{hint if closed else ''}".encode()[:500])
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        return said.read()


def _be_kernel(request: dict, given: list[int], place: _Place, offered: dict, failing: int) -> None:
    """Be the kernel: on the sockets given, or a stock one with the streams given."""
    env = request["env"] | place.env
    if "connection" in request:
        _close_all_but({*given, failing})
        threads = place.limits.threads if place.walled else int(env.get("OMP_NUM_THREADS", 0))
        note = offered if place.walled else None
        _become.run(request["connection"], given, request["arguments"], env, place.walled, threads, note, failing)
    for stream, descriptor in enumerate(given):
        os.dup2(descriptor, stream)
    _close_all_but({0, 1, 2, failing})
    _become.stock(request["arguments"], env, failing)


def _watch(connection: socket.socket, kernel: int, place: _Place) -> tuple[int | None, str]:
    """Return how the kernel ended, or None where it must be ended, and why."""
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    poller.register(os.pidfd_open(kernel), select.POLLIN)
    asked = b""
    while True:
        ready = poller.poll(500)
        if (status := _reap(kernel)) is not None:
            return status, ""
        if any(fd == connection.fileno() for fd, _ in ready):
            asked += connection.recv(4096) or b"9\n"  # the client has gone
            *numbers, asked = asked.split(b"\n")
            if b"9" in numbers:
                return None, "killed"
            for number in numbers:
                os.killpg(kernel, int(number))
        if place.walled and (why := over(place.limits, place.pids())):
            return None, why


def _reap(kernel: int) -> int | None:
    """Reap what has ended; return the kernel's exit status once it is among them."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == kernel:
                return os.waitstatus_to_exitcode(ended[1])
    return None


def _end_all(kernel: int, place: _Place) -> int:
    """Kill the kernel and, behind walls, everything it started; return when they are gone."""
    status = -signal.SIGKILL
    try:
        _kill(kernel, place)
        while True:
            pid, code = os.waitpid(-1 if place.walled else kernel, 0)
            if pid == kernel:
                status = os.waitstatus_to_exitcode(code)
                if not place.walled:
                    return status
            if place.level == "landlock":
                _kill(kernel, place)  # what has just become ours
    except (ChildProcessError, ProcessLookupError):
        return status


def _kill(kernel: int, place: _Place) -> None:
    if place.level == "landlock":
        for pid in place.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    elif place.walled:
        os.kill(-1, signal.SIGKILL)
    else:
        os.killpg(kernel, signal.SIGKILL)


def _below(parent: int) -> list[str]:
    """Return all descendants of a process that have not ended."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):  # it ended meanwhile
                state, its_parent = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    children.setdefault(int(its_parent), []).append(int(name))
    found, waiting = [], [parent]
    while waiting:
        waiting += (below := children.get(waiting.pop(), []))
        found += map(str, below)
    return found


def _failure(reading: int, status: int) -> str:
    """Return what the kernel said when it could not start, or the limit it ran into."""
    said = os.read(reading, 4096).decode(errors="replace") if select.select([reading], [], [], 0)[0] else ""
    if status == -signal.SIGXCPU:
        return "used more CPU time than allowed"
    return said.strip()


def _close_all_but(kept: set[int]) -> None:
    """Keep no way out but these: what C code prints goes to the notebook, to streams that are kept, or nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in {0, 1, 2} - kept:
        os.dup2(null, fd)
    for fd in [int(name) for name in os.listdir("/proc/self/fd")]:
        if fd > 2 and fd not in kept:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(fd)
