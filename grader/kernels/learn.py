"""What kernels import sooner or later, learned from a disposable one, so that the zygote can import it for all of
them."""

import importlib
import os
import select
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path

from grader.kernels import walls

_SAMPLE = {  # what notebooks do sooner or later, by the module it needs
    "matplotlib": "import matplotlib.pyplot as plt\nplt.subplots(layout='constrained')[1].plot([1, 2])\nplt.show()",
    "numpy": "import numpy\nnumpy.testing.assert_allclose(numpy.ones(3), 1)",
    "torch": "import torch\nx = torch.nn.Linear(2, 1)\no = torch.optim.Adam(x.parameters())\nx(torch.ones(3, 2)).sum()"
    ".backward()\no.step()\nnext(iter(torch.utils.data.DataLoader([1.0, 2.0], num_workers=1)))",
    "sys": "1 / 0",
}


def attempt(name: str) -> Exception | SystemExit | None:
    """Import a module; return what came in its way: a broken or absent package is the notebook's to find out."""
    try:
        importlib.import_module(name)
    except (Exception, SystemExit) as error:
        return error


def learn() -> None:
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
            attempt(name)


def _modules_of_a_kernel() -> list[str]:
    """Return what a kernel holds after the cells of _SAMPLE."""
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
            sys.modules["grader.kernels.kernel"].run(connection, [s.fileno() for s in sockets], [], {}, walls=True)
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
