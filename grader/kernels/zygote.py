"""A process that imports the frameworks once and forks a kernel for each notebook.

The provisioner, or start.py, starts it with a listening socket. Each connection is one kernel: the connection carries
the request (one line of JSON, and with it descriptors: the five ZMQ sockets or, for a stock kernel, the three streams;
then the work folder), then signals; when the client goes away, so does the kernel.

    zygote -> keeper (enters the inner wall, then ends) -> guard (pid 1 inside: signals, limits, the end) -> kernel

Rule: one thread, and no CUDA, whenever it forks. A framework that breaks the rule is left out: the zygote starts again
without importing anything, so that kernels are slow but equal, and says why.
"""

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT))  # behind the outer wall the package lies in a folder of its own
from grader.kernels import guard, learn, machine, outer, walls  # noqa: E402


def main(phase: str, listening: str = "", setting: str = "{}") -> None:
    """Try the walls ("probe"), choose them and start again behind them ("start"), or preload and serve ("serve")."""
    setting = json.loads(setting)
    if phase == "probe":
        return walls.try_walls()
    if phase == "start":
        _raise_outer_wall(listening, setting)
    if setting["level"] != "none":
        walls.uncover()
    listener = socket.socket(fileno=int(listening))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard.prepare()
    if setting["preload"]:
        _preload(setting)
        why = _unsafe(patience=5)
        if why:
            _again_cold(listener, setting, why)
    _say("ready")
    sys.path[:] = [path for path in sys.path if path != str(_ROOT)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "grader"]:
        del sys.modules[name]  # a student may have modules of this name
    gc.collect()
    gc.freeze()  # a fork's garbage collection leaves these pages shared
    _in_large_pages()
    _serve(listener, setting)


def _say(words: str) -> None:
    """Tell in the log what happens: address.py reads the last of it where this process ends too early."""
    print(f"zygote: {words}", file=sys.stderr, flush=True)


def _preload(setting: dict) -> None:
    """Import what is asked for; the reason tells what is there and could not be imported."""
    for name in setting["preload"]:
        _say(f"importing {name}")
        error = learn.attempt(name)
        absent = isinstance(error, ModuleNotFoundError) and error.name == name.partition(".")[0]
        if error and not absent:  # which packages are absent, preload.py tells
            words = f"not preloaded: {name} ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
            setting["reason"] = "; ".join(filter(None, (setting["reason"], words)))
    _say("learning what kernels import")
    learn.learn()


def _raise_outer_wall(listening: str, setting: dict) -> None:
    """Replace this process by one behind bubblewrap, or note in the setting what there is in its place, and why."""
    setting["level"] = "none"
    if not setting["walls"]:
        return
    refused = ""
    for way in outer.ways():
        why = outer.refusal(way)
        if not why:
            setting["level"], setting["reason"] = (
                ("namespaces", "") if walls.filtered() else ("unfiltered", machine.UNFILTERED)
            )
            command = [*outer.ZYGOTE, "serve", listening, json.dumps(setting)]
            argv = outer.behind(command, way, setting.get("readable", []))
            os.set_inheritable(int(listening), True)
            os.execv(argv[0], argv)
        refused = refused or why
    setting["reason"] = machine.explain(refused)
    if setting.get("landlock"):
        why = guard.try_landlock()
        setting["level"] = "none" if why else "landlock"
        setting["reason"] += f"; level landlock: {why}" if why else ""


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
    _say(f"cold from now on: {why}")
    setting = setting | {"preload": [], "reason": why}
    os.set_inheritable(listener.fileno(), True)
    os.execv(
        sys.executable,
        [sys.executable, str(Path(__file__).resolve()), "serve", str(listener.fileno()), json.dumps(setting)],
    )


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
    # pid 1 of its own processes, which a signal without a handler does not end
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
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
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
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
    guard.tell(connection, offered)
    try:
        request, descriptors = _receive(connection)
        if request is None:
            return
        if setting["level"] in ("unfiltered", "namespaces"):
            walls.enter()
            if os.fork():
                os._exit(0)
        guard.guard(connection, request, descriptors, offered, setting.get("readable", []))
    except BaseException as error:
        traceback.print_exc()
        guard.tell(connection, {"exit": 1, "why": f"{type(error).__name__}: {error}"})


def _receive(connection: socket.socket) -> tuple[dict | None, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 6)
    while data and not data.endswith(b"\n"):
        data += connection.recv(1 << 16)
    return (json.loads(data) if data else None), descriptors


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:
        traceback.print_exc()
        _say(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
        sys.exit(1)
