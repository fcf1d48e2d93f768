"""Prove what the sandbox of this machine holds: start a kernel as grading does, and try each forbidden act in it."""

import contextlib
import os
import secrets
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.manager import KernelManager


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
        return self.level != "none" and all(act.refused for act in self.acts)

    @property
    def summary(self) -> str:
        """The finding in a sentence."""
        who = "root" if os.geteuid() == 0 else "an ordinary user"
        passed = sum(not act.refused for act in self.acts)
        if self.holds:
            return f"As {who}: both walls hold, all {len(self.acts)} acts were refused."
        why = f" ({self.reason})" if self.reason else ""
        return f"As {who}: {passed} of {len(self.acts)} acts were NOT refused{why}. Do not grade work you do not trust here."


# Python that returns when the act succeeded and raises where it was refused; {names} come from _bait
ACTS = {
    "read a file beside the work folder": "open({secret!r}).read()",
    "see the folder the submission came from": "os.listdir({folder!r})",
    "read the machine's passwords": "open('/etc/shadow').read()",
    "read the machine's list of users": "pwd.getpwnam({user!r}) if {user!r} not in ('root', 'student') else 1 / 0",
    "see other processes": "assert {{int(p) for p in os.listdir('/proc') if p.isdigit()}} - {{1, os.getpid()}}",
    "signal a process outside": "os.kill({pid}, 0)",
    "end the process that watches it": "os.kill(1, 9); time.sleep(0.1); os.kill(1, 0); 1 / 0",
    "read that process's memory": "open('/proc/1/mem', 'rb').read(1)",
    "write to its namespace's settings": "open('/proc/sys/kernel/hostname', 'w').write('x')",
    "reach a TCP server on this machine": "socket.create_connection(('127.0.0.1', {tcp}), 2)",
    "reach a local server by its abstract name": "socket.socket(socket.AF_UNIX).connect('\\0' + {abstract!r})",
    "reach a local server by its path": "socket.socket(socket.AF_UNIX).connect({unix!r})",
    "send to another machine": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
    "change the interpreter": "open(os.path.join(os.path.dirname(os.__file__), 'os.py'), 'a')",
    "change an installed package": "open(os.path.join(os.path.dirname(IPython.__file__), 'x.py'), 'w')",
    "write in the system": "open('/usr/x', 'w')",
    "write in the root folder": "open('/x', 'w')",
    "become root": "os.setuid(0); os.kill({pid}, 0)",
    "open a user namespace": "call('unshare', 0x10000000)",
    "mount something": "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)",
    "uncover what a mount hides": "call('umount2', b'/home', 2)",
    "trace a process": "call('ptrace', 16, 1, 0, 0)",
    "load code into the Linux kernel": "call('syscall', 321, 0, 0, 0)",
    "take 100 GiB of memory": "bytearray(100 << 30)",
    "write a file of 100 GiB": "os.ftruncate(os.open('big', os.O_CREAT | os.O_WRONLY), 100 << 30)",
    "hide memory from the limits": "call('memfd_create', b'x', 0)",
    "fill the disk": "fill()",
    "start 2,000 processes": "bomb()",
    "keep a descriptor of the grader": "assert [f for f in os.listdir('/proc/self/fd') if leads_out(f)]",
}
_SETUP = """
import ctypes, IPython, os, pwd, signal, socket, time
def call(name, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def fill():
    try:
        for n in range(100):
            with open(f'fill{n}', 'wb') as file:
                file.write(bytes(100 << 20))
    finally:
        for n in range(100):
            os.path.exists(f'fill{n}') and os.remove(f'fill{n}')
def bomb():
    pids = []
    try:
        for n in range(2000):
            pids.append(os.fork())
            if not pids[-1]:
                time.sleep(60)
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
    except BaseException as error:
        return f'{type(error).__name__}: {error}'
    return ''
"""
_DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open('/proc/self/comm', 'w') as file:
            file.write({mark!r})
        for n in (1, 2, 15):
            signal.signal(n, signal.SIG_IGN)
        time.sleep(300)
    os._exit(0)
time.sleep(0.3)
"""


def doctor(kernel: str = "warm-python3") -> Report:
    """Try every forbidden act in a kernel of this name, without asking for a least level."""
    with _bait() as bait:
        began = time.monotonic()
        kernel = _Kernel(kernel, bait["folder"])
        ready = time.monotonic() - began
        acts = []
        try:
            kernel.run(_SETUP)
            for name, code in ACTS.items():
                said = kernel.value(f"attempt({code.format(**bait)!r})")
                acts.append(Act(name, bool(said), said or "it worked"))
            kernel.run(_DAEMON.format(mark=bait["mark"]))
            before = _alive(bait["mark"])
            kernel.run("open('/tmp/' + {mark!r}, 'w').close(); open({mark!r}, 'w').close()".format(**bait))
            offered = kernel.manager.provisioner
            level, warm, reason = (getattr(offered, name, "none") for name in ("level", "warm", "reason"))
        finally:
            kernel.end()
        left = _alive(bait["mark"])
        acts.append(Act("leave a process behind", before > 0 and not left, f"{before} ran, {left} left after the end"))
        files = [path for path in (Path("/tmp", bait["mark"]), Path(bait["folder"], bait["mark"])) if path.exists()]
        acts.append(Act("leave a file behind", not files, f"{len(files)} left after the end"))
        for path in files:
            path.unlink()
        return Report(level, warm is True, reason, ready, tuple(acts))


class _Kernel:
    """A kernel in a folder, asked for values."""

    def __init__(self, name: str, folder: str):
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(cwd=folder, env=os.environ | {"GRADER_SANDBOX": "none"})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, code: str) -> None:
        """Run code that must succeed."""
        reply = self.client.execute_interactive(code, timeout=120, output_hook=lambda _: None)["content"]
        if reply["status"] != "ok":
            raise RuntimeError(f"{reply['ename']}: {reply['evalue']}")

    def value(self, expression: str) -> str:
        """Return the value of an expression that is a string, or how the kernel failed."""
        reply = self.client.execute_interactive("", timeout=120, user_expressions={"value": expression}, output_hook=lambda _: None)[
            "content"
        ]
        value = reply["user_expressions"]["value"]
        return eval(value["data"]["text/plain"], {}) if value["status"] == "ok" else value["evalue"]

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
