"""Prove what the sandbox of this machine holds: start a kernel as grading does, and try each forbidden act in it."""

import ast
import contextlib
import os
import secrets
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.manager import KernelManager

from grader.kernels import guard, landlock, machine, outer, walls

_WAYS = {
    "--cap-add ALL": "namespaces as root",
    "--unshare-user --cap-add ALL": "namespaces as root of a container without CAP_SYS_ADMIN",
    "--unshare-user": "namespaces as an ordinary user",
}


@dataclass(frozen=True)
class Act:
    """One thing a submission must not be able to do, and what came of trying it."""

    name: str
    refused: bool
    said: str


@dataclass(frozen=True)
class Report:
    """What the machine offers and what it proved."""

    level: str
    warm: bool
    reason: str
    ready: float  # seconds from the request to the kernel's first answer
    acts: tuple[Act, ...]

    @property
    def holds(self) -> bool:
        return self.level in ("namespaces", "unfiltered") and all(act.refused for act in self.acts)

    @property
    def summary(self) -> str:
        """The finding in a sentence."""
        who = "root" if os.geteuid() == 0 else "an ordinary user"
        passed = sum(not act.refused for act in self.acts)
        if self.holds:
            return f"As {who}: both walls hold, all {len(self.acts)} acts were refused."
        why = f" ({self.reason})" if self.reason else ""
        if self.level == "none":
            return f"As {who}: no sandbox{why}. Do not grade work you do not trust here."
        held = f"{passed} of {len(self.acts)} acts were NOT refused{why}"
        return f"As {who}: {held}. Do not grade work you do not trust here."


# Python that returns where the act succeeded and raises where it was refused; {names} come from _bait. Each is bounded
# and undoes itself: it must do no harm where a wall has a hole
ACTS = {
    "read a file beside the work folder": "open({secret!r}).read()",
    "see the folder the submission came from": "os.listdir({folder!r})",
    "read the machine's passwords": "open('/etc/shadow').read()",
    "read the machine's list of users": "pwd.getpwnam({user!r})",
    "see other processes": "assert {{int(p) for p in os.listdir('/proc') if p.isdigit()}} - {{1, os.getpid()}}",
    "signal a process outside": "os.kill({pid}, 0)",
    "read the memory of the process that watches it": "open('/proc/1/mem', 'rb').read(1)",
    "read the log of the Linux kernel": "os.close(os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK))",
    "rename the machine": "os.close(os.open('/proc/sys/kernel/hostname', os.O_WRONLY))",
    "reach a TCP server on this machine": "socket.create_connection(('127.0.0.1', {tcp}), 2)",
    "reach a local server by its abstract name": "socket.socket(socket.AF_UNIX).connect(chr(0) + {abstract!r})",
    "reach a local server by its path": "socket.socket(socket.AF_UNIX).connect({unix!r})",
    "send to another machine": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
    "change the interpreter": "os.close(os.open(os.__file__, os.O_WRONLY))",
    "add to an installed package": "create(os.path.join(os.path.dirname(IPython.__file__), {mark!r}))",
    "write in the system": "create('/usr/' + {mark!r})",
    "write in the root folder": "create('/' + {mark!r})",
    "become root": "os.setresuid(0, 0, 0)",
    "open a user namespace": "call('unshare', 0x10000000)",
    "mount something": "mount()",
    "trace a process": "trace()",
    "load a program into the Linux kernel": "call('syscall', 321, 0, 0, 0)",
    "claim 100 GiB of memory": "mmap.mmap(-1, 100 << 30).close()",
    "hide memory from the limits": "call('memfd_create', b'x', 0)",
    "make a file of 100 GiB": "sparse()",
    "fill the disk": "fill()",
    "start processes without end": "bomb()",
    "keep a descriptor of the grader": "assert [f for f in os.listdir('/proc/self/fd') if leads_out(f)]",
}
_SETUP = """
import ctypes, IPython, mmap, os, pwd, resource, signal, socket, tempfile, time
def call(name, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def create(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.remove(path)
def mount():
    with tempfile.TemporaryDirectory() as folder:
        call('mount', b'none', folder.encode(), b'tmpfs', 0, b'size=4k')
        call('umount2', folder.encode(), 2)
def trace():
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    try:
        call('ptrace', 16, child, 0, 0)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
def sparse():
    with tempfile.TemporaryFile() as file:
        file.truncate(100 << 30)
def fill():
    with tempfile.TemporaryDirectory() as folder:
        for n in range(16):
            with open(f'{folder}/{n}', 'wb') as file:
                file.write(bytes(64 << 20))
def bomb():
    pids = []
    try:
        for n in range(2000):
            pids.append(os.fork())
            if not pids[-1]:
                time.sleep(30)
                os._exit(0)
    finally:
        for pid in pids:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
def leads_out(descriptor):
    try:
        to = os.readlink(f'/proc/self/fd/{descriptor}')
    except OSError:
        return False
    return to.startswith('/') and not to.startswith(('/dev/', '/home/student', '/proc', '/tmp', '/usr'))
def attempt(code):
    try:
        exec(code, globals())
    except (OSError, MemoryError, AssertionError, KeyError) as error:  # any other is a mistake of ours
        return f'{type(error).__name__}: {error}'
    return ''
"""
_DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, {mark!r}.encode(), 0, 0, 0)  # PR_SET_NAME
        for n in (1, 2, 15):
            signal.signal(n, signal.SIG_IGN)
        time.sleep(20)
    os._exit(0)
time.sleep(0.3)
"""


def doctor(kernel: str = "warm-python3", private: tuple[Path, ...] = ()) -> Report:
    """Try every forbidden act in a kernel of this name, opening the `private` paths of a course among them.

    Where it has no walls none is tried: the machine is not a test bed.
    """
    with _bait() as bait:
        began = time.monotonic()
        tried = _Kernel(kernel, bait["folder"])
        ready = time.monotonic() - began
        offered = tried.manager.provisioner
        level, warm, reason = (getattr(offered, name, None) for name in ("level", "warm", "reason"))
        acts = []
        try:
            if level not in (None, "none"):
                acts = _try_all(tried, bait, _openings(private))
        finally:
            tried.end()
        if acts:
            acts += _left_behind(bait)
        else:
            acts = [Act(name, False, "not tried: there are no walls") for name in ACTS]
        return Report(level or "none", bool(warm), reason or "", ready, tuple(acts))


def _openings(private: tuple[Path, ...]) -> dict[str, str]:
    """Return an act for each path that exists: finding more in a folder than the way to the interpreter, reading a
    file."""
    acts, interpreter = {}, [Path(prefix) for prefix in (sys.prefix, sys.base_prefix)]
    for path in (path for path in private if path.exists()):
        ways = {
            home.relative_to(path).parts[0] for home in interpreter if path in home.parents
        }  # .venv lies in the course
        listed = f"assert set(os.listdir({str(path)!r})) - {ways}"
        code = listed if path.is_dir() else f"open({str(path)!r}, 'rb').read(1)"
        acts[f"open {path}"] = code.replace("{", "{{").replace("}", "}}")
    return acts


def offers() -> dict[str, str]:
    """Return what this machine has for walls, by the place that grading may run in: "there", or why not."""
    refused = {_WAYS[" ".join(way)]: outer.refusal(way) for way in outer.ways()}
    found = {name: machine.explain(why) if why else "there" for name, why in refused.items()}
    found["filter of system calls"] = "there" if walls.filtered() else machine.UNFILTERED
    has = landlock.version()
    weaker = guard.try_landlock() if has else "this Linux has none"
    found["Landlock, the weaker wall (by opt-in)"] = weaker or f"there, version {has}"
    for store in ("/nix/store", "/gnu/store"):
        if Path(store).is_dir():
            found[store] = "shown to kernels, read-only"
    return found


def _try_all(kernel: "_Kernel", bait: dict, openings: dict[str, str]) -> list[Act]:
    kernel.run(_SETUP)
    acts = []
    for name, code in (ACTS | openings).items():
        said = kernel.value(f"attempt({code.format(**bait)!r})")
        acts.append(Act(name, bool(said), said or "it worked"))
    kernel.run(_DAEMON.format(mark=bait["mark"]))
    acts.append(
        Act("hide a process from its watcher", _alive(bait["mark"]) == 1, f"{_alive(bait['mark'])} seen from outside")
    )
    for path in (f"/tmp/{bait['mark']}", bait["mark"]):  # left to the end, to be looked for after it
        kernel.value(f"attempt({f'open({path!r}, chr(119)).close()'!r})")
    return acts


def _left_behind(bait: dict) -> list[Act]:
    """Look for what the kernel left, now that it has ended."""
    alive = _alive(bait["mark"])
    files = [path for path in (Path("/tmp", bait["mark"]), Path(bait["folder"], bait["mark"])) if path.exists()]
    return [
        Act("leave a process behind", not alive, f"{alive} left after the end"),
        Act("leave a file behind", not files, f"{len(files)} left after the end"),
    ]


class _Kernel:
    """A kernel in a folder, asked for values."""

    def __init__(self, name: str, folder: str):
        self.name, self.folder = name, folder
        self.start()

    def start(self) -> None:
        """Start the kernel, at whatever level the machine offers where no least one is asked for."""
        self.manager = KernelManager(kernel_name=self.name)
        self.manager.start_kernel(
            cwd=self.folder, env=os.environ | {"GRADER_SANDBOX": os.environ.get("GRADER_SANDBOX", "none")}
        )
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, code: str) -> None:
        """Run code that must succeed."""
        reply = self.client.execute_interactive(code, timeout=120, output_hook=lambda _: None)["content"]
        if reply["status"] != "ok":
            raise RuntimeError(f"{reply['ename']}: {reply['evalue']}")

    def value(self, expression: str) -> str:
        """Return the value of an expression that is a string, or how the kernel failed; one that was ended is started
        anew."""
        ask = {"user_expressions": {"value": expression}, "output_hook": lambda _: None}
        try:
            reply = self.client.execute_interactive("", timeout=30, **ask)["content"]
        except TimeoutError:
            ended = self.manager.provisioner.ended
            self.end()
            self.start()
            self.run(_SETUP)
            return f"its kernel was ended: {ended or 'it did not answer for 30 s'}"
        value = reply["user_expressions"]["value"]
        if value["status"] != "ok":
            raise RuntimeError(f"{value['ename']}: {value['evalue']}")
        return ast.literal_eval(value["data"]["text/plain"])

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()


@contextlib.contextmanager
def _bait():
    """Yield what a submission would like to reach, made for the occasion."""
    with tempfile.TemporaryDirectory(prefix="grader-doctor-") as base, contextlib.ExitStack() as open_sockets:
        folder = Path(base, "work")
        folder.mkdir()
        Path(base, "secret.txt").write_text("secret")
        abstract, unix = f"grader-{secrets.token_hex(4)}", f"{base}/server.sock"
        servers = [socket.create_server(("127.0.0.1", 0))]
        for address in ("\0" + abstract, unix):
            servers.append(socket.socket(socket.AF_UNIX))
            servers[-1].bind(address)
            servers[-1].listen()
        for server in servers:
            open_sockets.enter_context(server)
        yield {
            "secret": f"{base}/secret.txt",
            "folder": str(folder),
            "user": _somebody(),
            "pid": os.getpid(),
            "tcp": servers[0].getsockname()[1],
            "abstract": abstract,
            "unix": unix,
            "mark": f"gd-{secrets.token_hex(4)}",
        }


def _somebody() -> str:
    """Return the name of a user of this machine."""
    import pwd

    return next((user.pw_name for user in pwd.getpwall() if user.pw_name not in ("root", "student")), "nobody")


def _alive(mark: str) -> int:
    """Count the processes of this machine that carry the mark."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            found += path.read_text().strip() == mark
    return found
