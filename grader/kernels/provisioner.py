"""Start Jupyter kernels from a warm zygote, by kernel name alone.

`warm-python3` grades: its kernels live behind the walls of sandbox.py. `warm-python3-open` runs the course and serves
the student: the user's own files and network, only the start is fast. Any Jupyter program can use them by name
(`nbgrader autograde --Execute.kernel_name=warm-python3`, `papermill -k warm-python3-open`).

The work folder is the `cwd` the kernel is started with. Behind the walls its regular files are copied in (hidden names
and links stay out, changes are dropped at the end); without walls it is the folder itself.

What a caller may set, in the environment or through `start_kernel(env=...)`:

    GRADER_SANDBOX    least level accepted for warm-python3: "namespaces" (default) or "none"
    GRADER_MEMORY, GRADER_DISK, GRADER_FILE (GiB), GRADER_PROCESSES, GRADER_CPU (seconds), GRADER_THREADS
                      limits of one kernel, see sandbox.Limits; only behind the walls
    GRADER_PRELOAD    modules the zygote imports, with spaces between; "" for a cold kernel
    GRADER_IDLE       seconds after which an unused zygote ends (900)

What came of it: `kernel_manager.provisioner.level`, `.warm` and `.reason` (why it is not warm, or not behind walls), and
after the end `.ended` (such as "used more than 2 GiB of memory"). Behind the walls the executed notebook says it too:
metadata.language_info.sandbox.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.utils import run_sync
from traitlets import Bool

PRELOAD = (
    "numpy torch torch._dynamo torch.func torch.utils.data torch.utils.tensorboard torchvision torchvision.transforms.v2"
    " matplotlib.pyplot tensorflow keras"
)
LEVELS = ("none", "namespaces")
_HERE = Path(__file__).resolve().parent
_ALWAYS = {  # each must be set before the imports
    "OPENBLAS_NUM_THREADS": "1",  # its pool would be a second thread in the zygote
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # asks for GPUs without initialising CUDA
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class WarmProvisioner(LocalProvisioner):
    """Serve LocalProvisioner a forked kernel where it expects a started one."""

    walls = Bool(True, config=True, help="keep the kernel behind the walls of the sandbox")
    level, warm, reason = "none", False, ""

    @property
    def ended(self) -> str:
        """Why the kernel ended, where it was not by itself."""
        return getattr(self.process, "why", "") or self._ended

    _ended = ""
    _folder: "_Folder | None" = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose sockets in a folder of our own: no ports, so none to fight for."""
        if sys.platform == "linux":
            km = self.parent
            self._folder = self._folder or _Folder()
            km.transport, km.ip, km.cache_ports = "ipc", f"{self._folder.path}/s", False
            km.shell_port, km.iopub_port, km.stdin_port, km.hb_port, km.control_port = range(1, 6)
            km.connection_file = km.connection_file or f"{self._folder.path}/kernel.json"
            km.client_factory = _quick(km.client_factory)
        self._arguments = kwargs.get("extra_arguments", [])
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any):
        """Fork from the zygote; where that cannot be, start a stock kernel if no walls are asked for."""
        env, cwd = kwargs["env"], kwargs.get("cwd") or os.getcwd()
        least = env.get("GRADER_SANDBOX", LEVELS[-1]) if self.walls else "none"
        if least not in LEVELS:
            raise ValueError(f"GRADER_SANDBOX must be one of {', '.join(LEVELS)}, got {least!r}")
        if sys.platform != "linux":
            self._accept({"level": "none", "warm": False, "reason": "no fork and no namespaces on this system"}, least)
            return await super().launch_kernel(cmd, **kwargs)
        self.process, hello = await asyncio.to_thread(self._fork, env, cwd, least)
        self.pid, self.pgid, self.cwd = self.process.pid, None, cwd
        return self.connection_info

    def _fork(self, env: dict, cwd: str, least: str) -> "tuple[_Kernel, dict]":
        connection = _connect(self._setting(env), _zygote_env(env, self.kernel_spec.env, self.walls))
        hello = connection.readline()
        try:
            self._accept(hello, least)
        except RuntimeError:
            connection.close()
            raise
        info = {name: value for name, value in self.connection_info.items() if name != "kernel_name"}
        info["key"] = info["key"].decode()
        request = {
            "connection": info,
            "arguments": self._arguments,
            "env": _kernel_env(env, self.kernel_spec.env, hello["level"]),
            "limits": _limits(env),
        }
        sockets = self._folder.listen()
        work = os.open(cwd, os.O_RDONLY | os.O_DIRECTORY)
        try:
            message = json.dumps(request).encode() + b"\n"
            sent = socket.send_fds(connection.socket, [message], [*(s.fileno() for s in sockets), work])
            connection.socket.sendall(message[sent:])
        finally:
            os.close(work)
            for listener in sockets:
                listener.close()
        return _Kernel(connection), hello

    def _setting(self, env: dict) -> dict:
        preload = env.get("GRADER_PRELOAD", PRELOAD).split()
        return {"walls": self.walls, "preload": preload, "idle": float(env.get("GRADER_IDLE", 900)), "reason": ""}

    def _accept(self, hello: dict, least: str) -> None:
        """Take what is offered, or refuse it where it is less than was asked for."""
        self.level, self.warm, self.reason = hello["level"], hello["warm"], hello["reason"]
        if LEVELS.index(self.level) < LEVELS.index(least):
            raise RuntimeError(
                f"kernel {self.parent.kernel_name}: sandbox level {least!r} is required, this machine offers "
                f"{self.level!r} ({self.reason}). Run `grader doctor`; GRADER_SANDBOX=none grades without a sandbox."
            )
        if self.reason:
            self.log.warning("kernel %s: %s", self.parent.kernel_name, self.reason)

    async def kill(self, restart: bool = False) -> None:
        """Kill, and return when it has ended: callers would look again only after 0.1 s."""
        await super().kill(restart)
        for _ in range(1000):
            if await self.poll() is not None:
                return
            await asyncio.sleep(0.005)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """End a graded kernel at once: nothing in it is kept."""
        if self.level != "none":
            await self.kill(restart)

    async def wait(self) -> int | None:
        """Wait for the end and remember why it came."""
        self._ended = getattr(self.process, "why", "")
        code = await super().wait()
        return code

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the sockets."""
        await super().cleanup(restart)
        if self._folder and not restart:
            self._folder.remove()
            self._folder = None


class _Kernel:
    """A forked kernel, with the part of subprocess.Popen that LocalProvisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, connection: "_Lines"):
        self._connection, self.returncode, self.why = connection, None, ""
        first = connection.readline()
        if "exit" in first:
            connection.close()
            raise RuntimeError(f"the kernel did not start: {first['why']}")
        self.pid = first["pid"]

    def poll(self) -> int | None:
        """Return the exit status once it has ended."""
        if self.returncode is None and (last := self._connection.readline(wait=False)) is not None:
            self.returncode, self.why = last["exit"], last["why"]
            self._connection.close()
        return self.returncode

    def wait(self) -> int:
        """Return the exit status when it has ended."""
        while self.poll() is None:
            time.sleep(0.005)
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Pass a signal to the kernel's process group."""
        if self.poll() is None:
            try:
                self._connection.socket.sendall(b"%d\n" % signum)
            except OSError:  # it ended meanwhile
                pass

    def kill(self) -> None:
        """Kill the kernel and all it started."""
        self.send_signal(signal.SIGKILL)

    terminate = kill


class _Lines:
    """Read a socket as lines of JSON; a closed one reads as a killed kernel."""

    def __init__(self, connected: socket.socket):
        self.socket, self._data = connected, b""

    def readline(self, wait: bool = True) -> dict | None:
        while b"\n" not in self._data:
            try:
                data = self.socket.recv(1 << 16, 0 if wait else socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            except ConnectionError:
                data = b""
            if not data:
                return {"exit": -signal.SIGKILL, "why": "the zygote was killed"}
            self._data += data
        line, _, self._data = self._data.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        self.socket.close()


# --- the zygote's address, and starting it ----------------------------------------------------------------------------


def _connect(setting: dict, env: dict) -> _Lines:
    """Return a connection to the zygote for this setting, started where there is none."""
    name = _fingerprint(setting, env)
    path = _runtime() / f"{name}.sock"
    for _ in range(3):  # one that is found may just now reach its idle time
        with open(path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connected = _try(path) or _start(path, setting, env)
        connected.settimeout(300)  # importing took 147 s on a busy machine
        try:
            if connected.recv(1, socket.MSG_PEEK):
                connected.settimeout(None)
                return _Lines(connected)
        except TimeoutError:
            break
        except ConnectionError:
            pass
        connected.close()
    raise RuntimeError(f"the zygote did not start: {_log(path) or 'no answer in 300 s'}")


def _try(path: Path) -> socket.socket | None:
    connected = socket.socket(socket.AF_UNIX)
    try:
        connected.connect(str(path))
        return connected
    except OSError:
        connected.close()
        return None


def _start(path: Path, setting: dict, env: dict) -> socket.socket:
    """Start a zygote that listens at the path, in a session of its own; return a connection to it."""
    for other in path.parent.glob("*.sock"):
        _clear(other)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    flags = ["-I"] if setting["walls"] else []
    command = [sys.executable, *flags, str(_HERE / "zygote.py"), "start", str(listener.fileno()), json.dumps(setting)]
    with open(path.with_suffix(".log"), "w") as log:
        # through a shell that ends at once: the zygote is nobody's child, and outlives who asked for it first
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            env=env, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=[listener.fileno()], start_new_session=True, check=True,
        )  # fmt: skip
    connected = _try(path)
    listener.close()
    return connected


def _clear(path: Path) -> None:
    """Remove what a zygote that has ended left, unless it is being started again just now."""
    with open(path.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if connected := _try(path):
            connected.close()
        else:
            for ending in (".sock", ".log"):
                path.with_suffix(ending).unlink(missing_ok=True)


def _log(path: Path) -> str:
    log = path.with_suffix(".log")
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else ""


def _fingerprint(setting: dict, env: dict) -> str:
    """Return a name that changes with whatever a zygote has loaded: an upgraded one is another zygote."""
    installed = sorted(n for n in os.listdir(sysconfig.get_path("purelib")) if n.endswith((".dist-info", ".pth")))
    code = [(name, (_HERE / f"{name}.py").stat().st_mtime_ns) for name in ("zygote", "sandbox", "kernel")]
    seen = {name: env.get(name) for name in ("PYTHONPATH", "HOME", "CUDA_VISIBLE_DEVICES", *_ALWAYS)}
    text = json.dumps([setting, seen, sys.executable, sys.version, installed, code])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _runtime() -> Path:
    """Return a folder that only this user can enter."""
    path = Path(f"/tmp/grader-{os.geteuid()}")
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o170077 != 0o040000:
        raise PermissionError(f"{path} must be a folder of mode 700 that belongs to you: someone else made it")
    return path


class _Folder:
    """The folder of one kernel's sockets, locked while its client lives; the locks of the dead are free."""

    def __init__(self):
        parent = _runtime() / "kernels"
        parent.mkdir(mode=0o700, exist_ok=True)
        with open(parent / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for other in parent.glob("[0-9a-f]*"):
                self._sweep(other)
            self.path = parent / secrets.token_hex(4)
            self.path.mkdir(mode=0o700)
            self._lock = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    @staticmethod
    def _sweep(path: Path) -> None:
        """Remove the folder of a client that was killed."""
        try:
            fd = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(fd)

    def listen(self) -> list[socket.socket]:
        """Return five listening sockets, `s-1` to `s-5`."""
        listeners = []
        for port in range(1, 6):
            path = f"{self.path}/s-{port}"
            Path(path).unlink(missing_ok=True)
            listeners.append(socket.socket(socket.AF_UNIX))
            listeners[-1].bind(path)
            listeners[-1].listen(64)
        return listeners

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _zygote_env(env: dict, of_spec: dict, walls: bool) -> dict[str, str]:
    """Return the environment of the imports: the user's own, or behind the walls nothing of it."""
    if not walls:
        return env | _ALWAYS
    path = f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin"
    plain = {"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8", "CUDA_VISIBLE_DEVICES": "", "MALLOC_ARENA_MAX": "4"}
    return plain | dict(of_spec) | _ALWAYS


def _kernel_env(env: dict, of_spec: dict, level: str) -> dict[str, str]:
    """Return the environment of one kernel; behind the walls only what nbgrader and the kernelspec say."""
    if level == "none":
        return {"MPLBACKEND": _ALWAYS["MPLBACKEND"]} | env
    home = "/home/student"
    said = {name: value for name, value in env.items() if name.startswith("NBGRADER_") or name in (*of_spec, "TZ")}
    own = {"HOME": home, "USER": "student", "LOGNAME": "student", "TMPDIR": "/tmp", "IPYTHONDIR": f"{home}/.ipython"}
    return _zygote_env(env, of_spec, True) | said | own


def _limits(env: dict) -> dict[str, str]:
    names = ("memory", "disk", "file", "processes", "cpu", "threads")
    return {name: env[f"GRADER_{name.upper()}"] for name in names if f"GRADER_{name.upper()}" in env}


def _quick(client: type) -> type:
    """Return a client class that is ready when the kernel has answered, not 0.2 s of silence later."""

    class Quick(client):
        async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
            """Ask until the answer and the end of its work are both seen: nothing older can follow them."""
            until = time.monotonic() + (timeout or float("inf"))
            while True:
                asked = self.kernel_info()
                reply = await _next(self.shell_channel, lambda m: m["msg_type"] == "kernel_info_reply", asked, 1)
                if reply and await _next(self.iopub_channel, _idle, asked, 0.2):
                    self._handle_kernel_info_reply(reply)
                    return
                if not await self._async_is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info")
                if time.monotonic() > until:
                    raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

        wait_for_ready = _async_wait_for_ready if issubclass(client, AsyncKernelClient) else run_sync(_async_wait_for_ready)

    return client if client.__name__ == "Quick" else Quick


def _idle(message: dict) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


async def _next(channel, wanted, asked: str, timeout: float) -> dict | None:
    """Return the wanted message that answers what was asked, within the time."""
    from queue import Empty

    from jupyter_core.utils import ensure_async

    until = time.monotonic() + timeout
    while (left := until - time.monotonic()) > 0:
        try:
            message = await ensure_async(channel.get_msg(timeout=left))
        except Empty:
            return None
        if message["parent_header"].get("msg_id") == asked and wanted(message):
            return message
    return None
