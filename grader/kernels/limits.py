"""What one kernel may use, and how its use is counted. Standard library only."""

import os
import resource
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

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

    @property
    def most_processes(self) -> int:
        """How many processes and threads there may be."""
        return self.processes or 96 + 16 * (os.cpu_count() or 1)


def limit(limits: Limits, running: int = 0) -> None:
    """Set the limits that bind one process; `running` processes of this user are not the kernel's own."""
    # address space counts from what the zygote already has: 4.5 GB here before any cell
    space = _address_space() + int(2 * limits.memory * _GIB) if limits.memory else resource.RLIM_INFINITY
    largest = int(limits.file * _GIB) or resource.RLIM_INFINITY
    for kind, value in (
        (resource.RLIMIT_AS, space),
        (resource.RLIMIT_NPROC, limits.most_processes + running),
        (resource.RLIMIT_FSIZE, largest),
        (resource.RLIMIT_CPU, limits.cpu or resource.RLIM_INFINITY),
        (resource.RLIMIT_NOFILE, 1024),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = (
            value if hard == resource.RLIM_INFINITY else min(value, hard) if value != resource.RLIM_INFINITY else hard
        )
        resource.setrlimit(kind, (value, value))


def over(limits: Limits, pids: Iterable[str]) -> str:
    """Return which limit these processes have passed together, in words, or nothing."""
    pids = list(pids)
    most = int(limits.memory * _GIB)
    if most and _memory(pids, most) > most:
        return f"used more than {limits.memory:g} GiB of memory"
    if len(pids) > limits.most_processes:  # where the user is root's, RLIMIT_NPROC does not bind
        return f"started more than {limits.most_processes} processes"
    return ""


def threads_of(uid: int) -> int:
    """Return how many threads this user runs now: RLIMIT_NPROC counts them all."""
    own = [path for path in Path("/proc").glob("[0-9]*") if _owner(path) == uid]
    return sum(number for path in own for number in _numbers(f"{path}/status", ("Threads:",)))


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:  # it ended meanwhile
        return None


def _memory(pids: list[str], most: int) -> int:
    """Return the bytes these processes hold of their own.

    The cheap count takes each fork's copy of the parent's pages as its own; only where that passes `most` (the limit)
    is the exact one, which walks the page tables, worth its time.
    """
    cheap = 1024 * sum(sum(_numbers(f"/proc/{pid}/status", ("RssAnon:", "RssShmem:"))) for pid in pids)
    if cheap <= most:
        return cheap
    return 1024 * sum(sum(_numbers(f"/proc/{pid}/smaps_rollup", ("Pss_Anon:", "Pss_Shmem:"))) for pid in pids)


def _numbers(path: str, names: tuple[str, ...]) -> list[int]:
    try:
        return [int(line.split()[1]) for line in Path(path).read_text().splitlines() if line.startswith(names)]
    except OSError:  # it ended meanwhile
        return []


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
