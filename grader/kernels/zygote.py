"""A process that imports the frameworks once and forks a kernel for each notebook.

The provisioner, or start.py, starts it with a listening socket. Each connection is one kernel: the connection carries the
request (one line of JSON, and with it descriptors: the five ZMQ sockets or, for a stock kernel, the three streams; then
the work folder), then signals; when the client goes away, so does the kernel.

    zygote -> keeper (enters the inner wall, then ends) -> guard (pid 1 inside: signals, limits, the end) -> kernel

Rule: one thread, and no CUDA, whenever it forks. A framework that breaks the rule is left out: the zygote starts again
without importing anything, so that kernels are slow but equal, and says why.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE))
import walls  # noqa: E402 by path: behind the outer wall the package does not exist

_CODE = [_HERE / name for name in ("zygote.py", "walls.py", "kernel.py")]


def main(phase: str, listening: str, setting: str) -> None:
    """Choose the walls and start again behind them ("start"), or preload and serve ("serve")."""
    setting = json.loads(setting)
    if phase == "start":
        _raise_outer_wall(listening, setting)
    listener = socket.socket(fileno=int(listening))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    importlib.import_module("kernel")
    for name in setting["preload"]:
        if error := _import(name):
            print(f"not preloaded: {name}: {error}", file=sys.stderr, flush=True)
    if setting["preload"]:
        _learn()
        why = _unsafe(patience=5)
        if why:
            _again_cold(listener, setting, why)
    sys.path[:] = [path for path in sys.path if path != str(_HERE)]
    global become
    become = sys.modules.pop("kernel")
    del sys.modules["walls"]  # a student may have modules of these names
    gc.collect()
    gc.freeze()  # a fork's garbage collection leaves these pages shared
    _in_large_pages()
    _serve(listener, setting)


def _raise_outer_wall(listening: str, setting: dict) -> None:
    """Replace this process by one behind bubblewrap, or note in the setting why not."""
    setting["level"] = "none"
    if setting["walls"]:
        probe = walls.behind_outer_wall([sys.executable, "-I", "-S", "/grader/walls.py"], _CODE)
        try:
            done = subprocess.run(probe, close_fds=False, capture_output=True, text=True, timeout=60)
            setting["reason"] = done.stderr.strip().splitlines()[-1] if done.returncode else ""
        except OSError as error:
            setting["reason"] = str(error)
        if not setting["reason"]:
            setting["level"] = "namespaces"
            command = [sys.executable, "-I", "/grader/zygote.py", "serve", listening, json.dumps(setting)]
            argv = walls.behind_outer_wall(command, _CODE)
            os.set_inheritable(int(listening), True)
            os.execv(argv[0], argv)


def _import(name: str) -> Exception | None:
    try:
        importlib.import_module(name)
    except Exception as error:  # a broken or absent package is the notebook's to find out
        return error


_SAMPLE = {  # what notebooks do sooner or later, by the module it needs
    "matplotlib": "import matplotlib.pyplot as plt\nplt.subplots(layout='constrained')[1].plot([1, 2])\nplt.show()",
    "numpy": "import numpy\nnumpy.testing.assert_allclose(numpy.ones(3), 1)",
    "torch": "import torch\nx = torch.nn.Linear(2, 1)\no = torch.optim.Adam(x.parameters())\nx(torch.ones(3, 2)).sum()"
    ".backward()\no.step()\nnext(iter(torch.utils.data.DataLoader([1.0, 2.0], num_workers=1)))",
    "sys": "1 / 0",
}


def _learn() -> None:
    """Run one disposable kernel and import what it imported: the next ones find it done (0.5 s of CPU each)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.write(writing, "\n".join(_modules_of_a_kernel()).encode())
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(writing)
    said, ended = b"", False
    while not ended:  # its own end, not the pipe's: what it started may hold that open
        ended = os.waitpid(child, os.WNOHANG)[0] == child
        while select.select([reading], [], [], 0 if ended else 0.05)[0] and (data := os.read(reading, 1 << 16)):
            said += data
    os.close(reading)
    names = said.decode().split()
    # this one hooks itself into the running shell when imported, so each kernel must do that
    for name in names:
        if name not in sys.modules and not name.startswith(("__", "matplotlib_inline")):
            _import(name)


def _modules_of_a_kernel() -> list[str]:
    from jupyter_client.blocking import BlockingKernelClient

    with tempfile.TemporaryDirectory() as folder:
        connection = {"transport": "ipc", "ip": f"{folder}/s", "key": "", "signature_scheme": "hmac-sha256"}
        connection |= {f"{name}_port": port for port, name in enumerate(PORTS, 1)}
        sockets = [listen(f"{folder}/s-{port}") for port in range(1, 6)]
        child = os.fork()
        if child == 0:
            walls.die_with_parent()  # or it would hold the pipe, and the zygote wait on it, for ever
            os.chdir(folder)
            os.environ["HOME"] = os.environ["IPYTHONDIR"] = folder
            sys.modules["kernel"].run(connection, [s.fileno() for s in sockets], [], {}, walls=True)
        client = BlockingKernelClient()
        client.load_connection_info(connection)
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            for cell in (cell for module, cell in _SAMPLE.items() if module in sys.modules):
                client.execute_interactive(cell, timeout=120, output_hook=lambda _: None)
            code = f"import sys\nopen({folder + '/modules'!r}, 'w').write(chr(10).join(sys.modules))"
            client.execute_interactive(code, timeout=60)
            return Path(folder, "modules").read_text().split()
        finally:
            os.kill(child, signal.SIGKILL)


PORTS = ("shell", "iopub", "stdin", "hb", "control")


def listen(path: str) -> socket.socket:
    """Return a socket that listens at a path."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    return listener


def _unsafe(patience: float = 0) -> str:
    """Return why forking is not safe now, or nothing."""
    until = time.monotonic() + patience
    while (threads := len(os.listdir("/proc/self/task"))) > 1:  # short-lived ones end by themselves
        if time.monotonic() >= until:
            return f"{threads} threads run after the imports, and a fork would hang"
        time.sleep(0.1)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "an import initialised CUDA, which does not survive a fork"
    return ""


def _again_cold(listener: socket.socket, setting: dict, why: str) -> None:
    """Start over without importing anything."""
    print(f"cold from now on: {why}", file=sys.stderr, flush=True)
    setting = setting | {"preload": [], "reason": why}
    os.set_inheritable(listener.fileno(), True)
    here = str(_HERE / "zygote.py")
    os.execv(sys.executable, [sys.executable, here, "serve", str(listener.fileno()), json.dumps(setting)])


def _in_large_pages() -> None:
    """Have what was imported kept in pages of 2 MiB, where Linux can (6.1): a fork then costs 4 ms in place of 16."""
    libc, large, collapse = ctypes.CDLL(None), 1 << 21, 25
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, _, _, _, *name = line.split()
        if rights == "rw-p" and name in ([], ["[heap]"]):
            begin, end = (int(address, 16) for address in span.split("-"))
            begin, end = -(-begin // large) * large, end // large * large
            if begin < end:
                libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), collapse)


def _serve(listener: socket.socket, setting: dict) -> None:
    """Fork for each connection until nobody has come for the idle time."""
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    owner = _watch_owner(setting, poller)
    last = time.monotonic()
    while True:
        came = [fd for fd, _ in poller.poll(1000)]
        if owner in came:
            return _clean_up(listener)
        if _children_left():  # a client that only looked whether this one lives has ended its fork by now
            last = time.monotonic()
        elif time.monotonic() - last > setting["idle"]:
            return None
        if came:
            why = _unsafe() if setting["preload"] else ""
            if why:
                _again_cold(listener, setting, why)
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _keep(connection, setting)
                os._exit(0)
            connection.close()


def _watch_owner(setting: dict, poller: select.poll) -> int | None:
    """Return the descriptor that tells when the process ends for which alone this zygote is there."""
    if not setting.get("owner"):
        return None
    try:
        poller.register(owner := os.pidfd_open(setting["owner"]), select.POLLIN)
        return owner
    except ProcessLookupError:
        sys.exit()


def _clean_up(listener: socket.socket) -> None:
    """Remove what stands for this zygote in the runtime folder: nobody will ask for it again."""
    for ending in (".sock", ".log", ".lock"):
        Path(listener.getsockname()).with_suffix(ending).unlink(missing_ok=True)


def _children_left() -> bool:
    """Reap the ended; the guards are ours, for their keepers ended and we are pid 1 or their parent."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def _keep(connection: socket.socket, setting: dict) -> None:
    """Say what is offered, take the request, and become or start the guard."""
    offered = {key: setting[key] for key in ("level", "reason")} | {"warm": bool(setting["preload"])}
    tell(connection, offered)
    try:
        request, descriptors = _receive(connection)
        if request is None:
            return
        if setting["level"] == "namespaces":
            walls.enter()
            if os.fork():
                os._exit(0)
        _guard(connection, request, descriptors, offered)
    except BaseException as error:
        traceback.print_exc()
        tell(connection, {"exit": 1, "why": f"{type(error).__name__}: {error}"})


def _receive(connection: socket.socket) -> tuple[dict | None, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 6)
    while data and not data.endswith(b"\n"):
        data += connection.recv(1 << 16)
    return (json.loads(data) if data else None), descriptors


def tell(connection: socket.socket, message: dict) -> None:
    """Send one line; whoever is no longer there does not mind."""
    try:
        connection.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        pass


def _guard(connection: socket.socket, request: dict, descriptors: list[int], offered: dict) -> None:
    """Start the kernel, pass signals on, and end everything when it, its client or its memory ends."""
    walled = offered["level"] == "namespaces"
    limits = walls.Limits.read(request.get("limits", {}))
    given, work = descriptors[:-1], descriptors[-1]
    if walled:
        walls.hide()
        uid = walls.furnish(limits, work)
    reading, failing = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        try:
            if walled:
                os.chdir(walls.WORK)
            else:
                os.fchdir(work)
            os.setsid()
            if walled:
                walls.lock_down(uid, limits)
            else:
                walls.die_with_parent()
            _become(request, given, walled, limits, offered, failing)
        except BaseException:
            os.write(failing, traceback.format_exc()[-4000:].encode())
        os._exit(1)
    for descriptor in (*descriptors, failing):
        os.close(descriptor)
    tell(connection, {"pid": kernel})
    status, why = _watch(connection, kernel, limits, walled)
    if status is None:
        status = _end_all(kernel, walled)
    elif walled:
        _end_all(kernel, walled)
    tell(connection, {"exit": status, "why": why or _failure(reading, status)})


def _become(request: dict, given: list[int], walled: bool, limits, offered: dict, failing: int) -> None:
    """Be the kernel: on the sockets given, or a stock one with the streams given."""
    if "connection" in request:
        _close_all_but({*given, failing})
        threads = limits.threads if walled else int(request["env"].get("OMP_NUM_THREADS", 0))
        note = offered if walled else None
        become.run(request["connection"], given, request["arguments"], request["env"], walled, threads, note, failing)
    for stream, descriptor in enumerate(given):
        os.dup2(descriptor, stream)
    _close_all_but({0, 1, 2, failing})
    become.stock(request["arguments"], request["env"], failing)


def _watch(connection: socket.socket, kernel: int, limits: walls.Limits, walled: bool) -> tuple[int | None, str]:
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
        if walled and limits.memory and walls.memory_used(int(limits.memory * 2**30)) > limits.memory * 2**30:
            return None, f"used more than {limits.memory:g} GiB of memory"


def _reap(kernel: int) -> int | None:
    """Reap what has ended; return the kernel's exit status once it is among them."""
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == kernel:
                return os.waitstatus_to_exitcode(ended[1])
    except ChildProcessError:
        pass
    return None


def _end_all(kernel: int, walled: bool) -> int:
    """Kill the kernel and, behind the walls, everything it started; return when they are gone."""
    status = -signal.SIGKILL
    try:
        os.kill(-1, signal.SIGKILL) if walled else os.killpg(kernel, signal.SIGKILL)
        while True:
            pid, code = os.waitpid(-1 if walled else kernel, 0)
            if pid == kernel:
                status = os.waitstatus_to_exitcode(code)
                if not walled:
                    return status
    except (ChildProcessError, ProcessLookupError):
        return status


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


if __name__ == "__main__":
    main(*sys.argv[1:])
