"""The Jupyter kernel that a fork of the zygote becomes."""

import atexit
import ctypes
import os
import random
import sys
from pathlib import Path

import zmq
from ipykernel import ipkernel
from ipykernel.heartbeat import Heartbeat
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp


def run(
    connection: dict,
    sockets: list[int],
    arguments: list[str],
    env: dict,
    walls: bool,
    threads: int = 0,
    note: dict | None = None,
    failing: int | None = None,
) -> None:
    """Be a kernel on sockets that already listen; never return. `failing` is closed once the start has succeeded."""
    _begin(env, threads)
    if note:  # clients copy this into the executed notebook's metadata, and ask before any cell has run
        IPythonKernel.language_info = IPythonKernel.language_info | {"sandbox": note}
    # parent_handle 1: no polling of the parent (the guard watches) and no hint about Ctrl-C
    app = _App.instance(connection=connection, sockets=sockets, behind_walls=walls, parent_handle=1)
    app.initialize([*arguments, "--HistoryManager.enabled=False"] if walls else arguments)
    if failing is not None:
        os.close(failing)
    app.start()
    os._exit(0)


def stock(arguments: list[str], env: dict, failing: int) -> None:
    """Be what `python -m ipykernel_launcher` with these arguments would be; never return."""
    _begin(env, int(env.get("OMP_NUM_THREADS", "").partition(",")[0] or 0))
    if process := sys.modules.get("multiprocessing.process"):
        process.ORIGINAL_DIR = os.getcwd()  # where a spawned worker looks for modules; it was the zygote's
    app = IPKernelApp.instance(parent_handle=1)  # as above: start.py watches
    app.initialize(arguments)
    os.close(failing)
    app.start()
    # such as those that remove temporary folders; no more, for C++ libraries end badly in a fork
    atexit._run_exitfuncs()
    os._exit(0)


def _begin(env: dict, threads: int) -> None:
    """Leave the zygote behind: its environment, its random numbers, its one thread."""
    os.environ.clear() if env else None
    os.environ.update(env)
    _seed_afresh()
    _use_threads(threads)
    sys.argv = ["ipykernel_launcher"]


class _OnOpenSocket:
    """Bind by taking over a socket that the client opened: the sandbox needs no path for it."""

    def take(self, zmq_socket, port: int) -> None:
        zmq_socket.setsockopt(zmq.USE_FD, self.sockets[port - 1])
        zmq_socket.bind(f"ipc://kernel-{port}")


class _Heartbeat(_OnOpenSocket, Heartbeat):
    def _try_bind_socket(self):
        self.take(self.socket, self.port)


class _App(_OnOpenSocket, IPKernelApp):
    name = "ipython-kernel"

    def __init__(self, connection, sockets, behind_walls, **kwargs):
        super().__init__(**kwargs)
        self.connection, self.sockets, self.behind_walls = connection, sockets, behind_walls

    def init_connection_file(self):
        self.load_connection_info(self.connection)

    def write_connection_file(self, **kwargs):
        """Write none: the client knows it all."""

    def cleanup_connection_file(self):
        """Leave the client's file alone."""

    def _try_bind_socket(self, s, port):
        self.take(s, port)
        return port

    def init_heartbeat(self):
        self.heartbeat = _Heartbeat(zmq.Context(), (self.transport, self.ip, self.hb_port))
        self.heartbeat.sockets = self.sockets
        self.heartbeat.start()

    def init_kernel(self):
        """Spare ipykernel its list of every module's file, for a debugger that cannot reach in: reading it copies 30
        MB."""
        ipkernel.sys = _NoModules()
        try:
            super().init_kernel()
        finally:
            ipkernel.sys = sys

    def init_path(self):
        """Look in the work folder last: a submitted torch.py or json.py replaces nothing."""
        if self.behind_walls:
            sys.path.append("")
        else:
            super().init_path()


class _NoModules:
    modules = {}

    def __getattr__(self, name):
        return getattr(sys, name)


def _seed_afresh() -> None:
    """Give each fork other random numbers; inherited ones would be the same for all."""
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    if torch := sys.modules.get("torch"):
        torch.seed()


def _use_threads(threads: int) -> None:
    """Give torch and NumPy as many threads as the kernel may use (0: as many as there are cores)."""
    if threads and "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    if "numpy" in sys.modules and threads != 1:  # the zygote held it to one
        for path in Path(sys.modules["numpy"].__file__).parent.parent.glob("numpy.libs/libscipy_openblas64*"):
            ctypes.CDLL(str(path)).scipy_openblas_set_num_threads64_(threads or os.cpu_count())
