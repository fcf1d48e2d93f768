"""The inner wall around a student's kernel, made of Linux namespaces; each fork of the zygote raises it for itself.

Its own processes, mounts, network and IPC, a private home, and limits. It works as root (no user namespace; each kernel
gets a user id of its own) and as an ordinary user (user namespaces), behind the outer wall of outer.py. Standard
library only: nothing a student's folder holds can be imported here.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import signal
import socket
import stat
import struct
import sys
from pathlib import Path

from grader.kernels import seccomp
from grader.kernels.limits import Limits, limit

# from weak to strong: nothing; landlock.py; both walls without the filter of seccomp.py; both walls
LEVELS = ("none", "landlock", "unfiltered", "namespaces")
HOME, WORK = "/home/student", "/home/student/work"
STUDENT = 1000  # the user id of a kernel that root starts inside a user namespace
WRITABLE = "/writable"  # the one file system a kernel can write, seen in its home, /tmp and shared memory

_libc = ctypes.CDLL(None, use_errno=True)
_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_TOUCHY = ("sys", "sysrq-trigger", "irq", "bus")  # of /proc: what steers the whole machine
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_NO_NEW_PRIVS, _PR_SET_CHILD_SUBREAPER = 1, 4, 24, 38, 36
_GIB = 2**30


def prefixes() -> list[str]:
    """Return the folders of the interpreter and its packages, as named and as they really are."""
    found = [sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)]
    return [path for path in dict.fromkeys(found) if path not in ("/", "/usr", "/usr/local")]


# --- enter() in a fork, then furnish() as pid 1, then lock_down() in the kernel itself --------------------------------


def enter() -> None:
    """Leave the zygote's namespaces; the next fork is pid 1 of its own. Only while single-threaded."""
    new = _NEWPID | _NEWNS | _NEWIPC | _NEWUTS | _NEWNET
    uid, gid = os.geteuid(), os.getegid()
    if _users() > 1:  # root, and free to give each kernel a user of its own
        _call("unshare", new)
        return
    _call("unshare", new | _NEWUSER)
    inside = f"{uid or STUDENT} {uid} 1", f"{gid or STUDENT} {gid} 1"
    for name, text in {"uid_map": inside[0], "setgroups": "deny", "gid_map": inside[1]}.items():
        Path("/proc/self", name).write_text(text)


def _users() -> int:
    """Return how many user ids there are in our user namespace."""
    return sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines())


def furnish(limits: Limits, work: int | None = None) -> int:
    """Mount what the kernel may see, copy the folder open as `work` into it; return the kernel's user id."""
    uid = _own_uid() if _users() > 1 else os.geteuid()
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    _mount_writable(limits, uid)
    _private(WORK, uid)
    if work is not None:
        copy_in(work, WORK, limits)
    if uid != os.geteuid():
        give(WORK, uid)
    else:  # our own user namespace: forbid the next one
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    with contextlib.suppress(OSError):  # since Linux 6.14 each pid namespace has its own; 301 is the least it takes
        Path("/proc/sys/kernel/pid_max").write_text(str(max(512, 2 * limits.most_processes)))
    _cover()
    _loopback_up()
    return uid


def uncover() -> None:
    """Lift what bubblewrap puts over _TOUCHY for root's sake: with it in place no user namespace may mount its own
    /proc."""
    if os.geteuid() == 0 and _users() == 1:
        for name in _TOUCHY:
            _libc.umount2(f"/proc/{name}".encode(), 2)


def _cover() -> None:
    """Make _TOUCHY read-only: where the kernel's user is root's outside, file modes would let it write there."""
    for path in (f"/proc/{name}" for name in _TOUCHY if os.path.exists(f"/proc/{name}")):
        _mount(path, path, None, _BIND)
        _mount(path, path, None, _BIND | _REMOUNT | _RDONLY | _NOSUID | _NODEV | _NOEXEC)


def _mount_writable(limits: Limits, uid: int) -> None:
    """Mount one tmpfs for all the kernel can write, its home, /tmp and shared memory: one limit holds for all of it."""
    places = {f"{WRITABLE}/home": HOME, f"{WRITABLE}/tmp": "/tmp", f"{WRITABLE}/shm": "/dev/shm"}
    hidden = [path for path in prefixes() if any(Path(path).is_relative_to(place) for place in places.values())]
    kept = {path: os.open(path, os.O_PATH) for path in hidden}
    size = f"size={int(limits.disk * _GIB)}," if limits.disk else ""
    _mount("tmpfs", WRITABLE, "tmpfs", _NOSUID | _NODEV, f"{size}mode=755,nr_inodes=100000")
    for path, seen_as in places.items():
        _private(path, uid)
        _mount(path, seen_as, None, _BIND)
    for path, descriptor in kept.items():  # a course kept below /tmp or the home: its interpreter must stay in sight
        os.makedirs(path, 0o755, exist_ok=True)
        _mount(f"/proc/self/fd/{descriptor}", path, None, _BIND | _REC)
        os.close(descriptor)


def copy_in(work: int, target: str, limits: Limits) -> None:
    """Copy the folder open as `work` to `target`; OSError in words where it is larger than the disk limit."""
    try:
        _copy(work, target)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(error.errno, f"the work folder holds more than the {limits.disk:g} GiB of GRADER_DISK") from None


def lock_down(uid: int, limits: Limits, running: int = 0, network: bool = True) -> None:
    """Give up every privilege and take on the limits, for good. The last step before the student's code."""
    limit(limits, running)
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    if os.geteuid() != uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _drop_capabilities()
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # changing user cleared it; DataLoader workers read /proc/self
    die_with_parent()  # changing user cleared this too
    _call("prctl", _PR_NO_NEW_PRIVS, 1, 0, 0, 0)
    if seccomp.known():  # else the level says so
        seccomp.refuse_calls(network)


def _drop_capabilities() -> None:
    _call("capset", struct.pack("Ii", 0x20080522, 0), bytes(24))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the one that forked it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def hide() -> None:
    """Keep processes of the same user from reading or tracing this one."""
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def adopt() -> None:
    """Become the parent of whatever is started below this process and loses its own."""
    _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _own_uid() -> int:
    """Return a user id no other kernel has now: RLIMIT_NPROC counts by user id, and does not bind root."""
    number = int(os.readlink("/proc/self/ns/pid").strip("pid:[]"))  # the namespace's own number: unique while it lives
    return 0x60000000 + number % 0x10000000 if _users() > 0x70000000 else 40000 + number % 20000


def _private(path: str, uid: int) -> None:
    os.mkdir(path, 0o700)
    os.chown(path, uid, uid if os.geteuid() == 0 else -1)


def give(path: str, uid: int) -> None:
    """Make the user the owner of a folder and of all that is in it."""
    for folder, _, names in os.walk(path):
        for each in (folder, *(os.path.join(folder, name) for name in names)):
            os.chown(each, uid, uid, follow_symlinks=False)


def _copy(source: int, target: str) -> None:
    """Copy regular files and folders; leave out links, devices and hidden names."""
    for name in os.listdir(source):
        if name.startswith("."):
            continue
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
        except OSError:  # a link, a socket, or not readable
            continue
        with os.fdopen(fd, "rb", closefd=True) if not stat.S_ISDIR(os.fstat(fd).st_mode) else _Open(fd) as file:
            mode = os.fstat(fd).st_mode
            if stat.S_ISDIR(mode):
                os.mkdir(f"{target}/{name}", 0o700)
                _copy(fd, f"{target}/{name}")
            elif stat.S_ISREG(mode):
                with open(f"{target}/{name}", "wb") as out:
                    shutil.copyfileobj(file, out)
                os.chmod(f"{target}/{name}", 0o600 | mode & 0o100)


class _Open:
    """Close a folder's descriptor at the end of a with."""

    def __init__(self, fd: int):
        self.fd = fd

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)


def _loopback_up() -> None:
    """Bring up `lo` in our own network namespace: localhost works, and nothing else does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    encode = [value.encode() if value else None for value in (source, target, kind)]
    _call("mount", *encode, ctypes.c_ulong(flags), data.encode() or None, what=f"mount on {target}")


def _call(name: str, *args, what: str = "") -> None:
    if getattr(_libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what or name}: {os.strerror(number)}")


# --- what this machine can do -----------------------------------------------------------------------------------------


def filtered() -> bool:
    """Return whether the calls that a notebook never needs can be refused here."""
    return seccomp.known()


def try_walls() -> None:
    """Raise both walls once, in a fork, and tear them down; raise OSError naming the step that was refused.

    Runs inside the outer wall: `zygote.py probe` behind bubblewrap is the probe of a machine.
    """
    uncover()
    enter()
    child = os.fork()
    if child == 0:
        try:
            lock_down(furnish(Limits()), Limits())
            os._exit(0 if {p for p in os.listdir("/proc") if p.isdigit()} == {"1"} else 3)
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(1)

