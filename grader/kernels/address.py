"""Where a zygote listens, and how one is started; what provisioner.py and start.py have in common.

There is a zygote for each setting and environment of the imports, one for all programs of a user that ask for the same.
Standard library only: start.py must be there at once.
"""

import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

PRELOAD = (
    "numpy torch torch._dynamo torch.func torch.utils.data torch.utils.tensorboard torchvision "
    "torchvision.transforms.v2"
    " matplotlib.pyplot tensorflow keras"
)
ALWAYS = {  # each must be set before the imports
    "OPENBLAS_NUM_THREADS": "1",  # its pool would be a second thread in the zygote
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # asks for GPUs without initialising CUDA
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
SAYS = "zygote: "  # how zygote.py begins each line about itself
_HERE = Path(__file__).resolve().parent
_READ = (
    "PYTHON",
    "HOME",
    "LD_",
    "CUDA",
    "TF_",
    "TORCH",
    "PYTORCH",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "MPL",
)  # by the imports


def connect(setting: dict, env: dict, patience: float = 300) -> "Lines":
    """Return a connection to the zygote for this setting; importing took 147 s on a busy machine.

    RuntimeError where there is none.
    """
    came = "it ended"
    for _ in range(3):  # one that is found may just now reach its idle time
        connected, path = reach(setting, env)
        connected.settimeout(patience)
        try:
            if connected.recv(1, socket.MSG_PEEK):
                connected.settimeout(None)
                return Lines(connected)
        except TimeoutError:
            came = f"it gave no answer in {patience:g} s"
            break
        except ConnectionError:
            pass
        connected.close()
    raise RuntimeError(f"{came}, and its last words were: {_last_words(path)}")


def reach(setting: dict, env: dict) -> tuple[socket.socket, Path]:
    """Return a connection to the zygote, which may still be importing, and its path; it is started where there is
    none."""
    path = runtime() / f"{_fingerprint(setting, env)}.sock"
    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _try(path) or _start(path, setting, env), path


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


def _last_words(path: Path) -> str:
    """Return what the zygote said last of itself; its log holds besides what the imports print."""
    log = path.with_suffix(".log")
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = [line.removeprefix(SAYS) for line in lines if line.startswith(SAYS)]
    return said[-1] if said else "none"


def _fingerprint(setting: dict, env: dict) -> str:
    """Return a name that changes with whatever a zygote has loaded: an upgraded one is another zygote."""
    installed = sorted(n for n in os.listdir(sysconfig.get_path("purelib")) if n.endswith((".dist-info", ".pth")))
    code = [(path.name, path.stat().st_mtime_ns) for path in sorted(_HERE.glob("*.py"))]
    seen = {name: env[name] for name in sorted(env) if name.startswith(_READ)}
    text = json.dumps([setting, seen, sys.executable, sys.version, installed, code])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def runtime() -> Path:
    """Return a folder that only this user can enter."""
    path = Path(f"/tmp/grader-{os.geteuid()}")
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o170077 != 0o040000:
        raise PermissionError(f"{path} must be a folder of mode 700 that belongs to you: someone else made it")
    return path


class Lines:
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
