"""The weaker wall, for machines without namespaces: what one process and its children may open (Linux 5.13 and newer).

Files by Landlock, networks by seccomp, processes by their guard. Weaker than namespaces, and by opt-in alone: other
processes are in sight, the disk has no common limit, local servers can be reached by their path where file modes let
them, and what an ordinary user's kernels leave in shared memory the next one can read. Standard library only.
"""

import ctypes
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on every architecture
_ASK_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # handled since this version
_NETWORK, _SCOPES = 3, 3  # TCP bind and connect since 4; abstract sockets and signals since 6
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def version() -> int:
    """Return the version of Landlock that this Linux has; 0 where it has none."""
    return max(0, _libc.syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION))


def restrict(readable: list[str], writable: list[str]) -> None:
    """Let this process and its children open these places and no others, for good; OSError where Linux cannot.

    `no_new_privs` must be set first.
    """
    has = version()
    if not has:
        raise OSError("this Linux has no Landlock")
    handled = max(rights for since, rights in _RIGHTS.items() if since <= has)
    request = struct.pack("QQQ", handled, _NETWORK if has >= 4 else 0, _SCOPES if has >= 6 else 0)
    size = 24 if has >= 6 else 16 if has >= 4 else 8
    ruleset = _call(_CREATE, request, ctypes.c_size_t(size), 0)
    devices = [f"/dev/{name}" for name in _DEVICES]
    for path, rights in (
        *((path, _READ) for path in (*readable, "/proc", "/sys/devices/system")),
        *((path, _READ_FILE | _WRITE_FILE | _TRUNCATE | _IOCTL) for path in devices),
        *((path, handled & ~_IOCTL) for path in (*writable, "/dev/shm")),
    ):
        if os.path.exists(path):
            _allow(ruleset, path, rights & handled)
    _call(_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Grant the rights on a file, or on a folder and all below it."""
    of_files = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = rights if os.path.isdir(path) else rights & of_files
        _call(_ADD, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    result = _libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return result
