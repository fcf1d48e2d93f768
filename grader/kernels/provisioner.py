"""Start Jupyter kernels behind the walls of walls.py from a warm zygote, by kernel name alone: `warm-python3`.

Any Jupyter program can use it (`nbgrader autograde --Execute.kernel_name=warm-python3`, `papermill -k warm-python3`).
The regular files of the `cwd` the kernel is started with are copied in: hidden names and links stay out, and changes
are dropped at the end. Without walls, where those are not asked for, the folder itself is the kernel's.

What a caller may set, in the environment or through `start_kernel(env=...)`:

    GRADER_SANDBOX    least level accepted, see walls.LEVELS: "namespaces" (default), "unfiltered", "landlock" or "none"
    GRADER_MEMORY, GRADER_DISK, GRADER_FILE (GiB), GRADER_PROCESSES, GRADER_CPU (seconds), GRADER_THREADS
                      limits of one kernel, see limits.Limits; only behind the walls
    GRADER_READABLE   more paths that a kernel may read, such as a compiler's, with colons between
    GRADER_PRELOAD    modules the zygote imports, with spaces between; "" for a cold kernel
    GRADER_IDLE       seconds after which an unused zygote ends (900)

What came of it: `kernel_manager.provisioner.level`, `.warm` and `.reason` (why it is not warm, not behind walls, or
lacks a module), and after the end `.ended` (such as "used more than 2 GiB of memory"). Behind the walls the executed
notebook says it too: metadata.language_info.sandbox.
"""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.utils import run_sync

from grader.errors import MachineError
from grader.kernels import address
from grader.kernels.machine import WEAKER
from grader.kernels.walls import LEVELS


class WarmProvisioner(LocalProvisioner):
    """Serve LocalProvisioner a forked kernel where it expects a started one."""

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
        least = env.get("GRADER_SANDBOX", LEVELS[-1])
        if least not in LEVELS:
            raise MachineError(
                "GRADER_SANDBOX", f"expected one of {', '.join(LEVELS)}, got {least!r}", "Name one of them."
            )
        if sys.platform != "linux":
            self._accept({"level": "none", "warm": False, "reason": "no fork and no namespaces on this system"}, least)
            return await super().launch_kernel(cmd, **kwargs)
        with ThreadPoolExecutor(1) as once:  # the loop's own threads would outlive it
            self.process, hello = await asyncio.get_running_loop().run_in_executor(once, self._fork, env, cwd, least)
        self.pid, self.pgid, self.cwd = self.process.pid, None, cwd
        return self.connection_info

    def _fork(self, env: dict, cwd: str, least: str) -> "tuple[_Kernel, dict]":
        try:
            connection = address.connect(_setting(env), _zygote_env(self.kernel_spec.env))
        except RuntimeError as error:
            where, came = f"kernel {self.parent.kernel_name}", f"expected a process to fork it from, got none: {error}"
            raise MachineError(where, came, "Leave a module that it cannot import out of c.Grader.preload.") from None
        hello = connection.readline()
        try:
            self._accept(hello, least)
        except MachineError:
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

    def _accept(self, hello: dict, least: str) -> None:
        """Take what is offered, or refuse it where it is less than was asked for."""
        self.level, self.warm, self.reason = hello["level"], hello["warm"], hello["reason"]
        if LEVELS.index(self.level) < LEVELS.index(least):
            raise MachineError(
                f"kernel {self.parent.kernel_name}",
                f"expected walls of level {least}, this machine offers {self.level}: {self.reason.rstrip('.')}",
                f"{WEAKER}; grader doctor says more.",
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

    def __init__(self, connection: address.Lines):
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


class _Folder:
    """The folder of one kernel's sockets, locked while its client lives; the locks of the dead are free."""

    def __init__(self):
        parent = address.runtime() / "kernels"
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


def _setting(env: dict) -> dict:
    preload = env.get("GRADER_PRELOAD", address.PRELOAD).split()
    opened = [path for path in env.get("GRADER_READABLE", "").split(":") if path]
    weaker = env.get("GRADER_SANDBOX") == "landlock"
    idle = float(env.get("GRADER_IDLE", 900))
    return {"walls": True, "preload": preload, "idle": idle, "reason": "", "readable": opened, "landlock": weaker}


def _zygote_env(of_spec: dict) -> dict[str, str]:
    """Return the environment of the imports: nothing of the user's own."""
    path = f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin"
    plain = {"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8", "CUDA_VISIBLE_DEVICES": "", "MALLOC_ARENA_MAX": "4"}
    return plain | dict(of_spec) | address.ALWAYS


def _kernel_env(env: dict, of_spec: dict, level: str) -> dict[str, str]:
    """Return the environment of one kernel; behind the walls only what nbgrader and the kernelspec say."""
    if level == "none":
        return {"MPLBACKEND": address.ALWAYS["MPLBACKEND"]} | env
    home = "/home/student"
    said = {name: value for name, value in env.items() if name.startswith("NBGRADER_") or name in (*of_spec, "TZ")}
    own = {"HOME": home, "USER": "student", "LOGNAME": "student", "TMPDIR": "/tmp", "IPYTHONDIR": f"{home}/.ipython"}
    return _zygote_env(of_spec) | said | own


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

        wait_for_ready = (
            _async_wait_for_ready if issubclass(client, AsyncKernelClient) else run_sync(_async_wait_for_ready)
        )

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
