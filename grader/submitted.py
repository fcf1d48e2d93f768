"""Find a submitted notebook and read it as cells: links, devices, sizes, encodings, old formats.

Nothing is run, imported or followed. What cannot be read is Refused, in words that the student can act on.
"""

import fnmatch
import json
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_BYTES = 60 * 2**20  # of a file, with its outputs, which nobody reads
MAX_TEXT = 20_000_000  # characters of all cells
MAX_FILES = 200
MAX_CELLS = 2000
OURS = ("timestamp.txt",)  # what collecting a submission adds


@dataclass(frozen=True)
class Written:
    """One cell as the student handed it in."""

    source: str
    cell_type: str
    grade_id: str = ""
    cell_id: str = ""
    attachments: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Beside:
    """What may lie beside a submitted notebook: the lesson's own files and notebooks, and what its students may add."""

    given: frozenset[str] = frozenset()
    notebooks: frozenset[str] = frozenset()  # names without .ipynb
    allowed: tuple[str, ...] = ()  # patterns of file names

    def allows(self, name: str) -> bool:
        """Return whether a student's file of this name is taken along."""
        return name not in self.given and any(fnmatch.fnmatch(name, pattern) for pattern in self.allowed)


ALONE = Beside()


class Refused(Exception):
    """Carries a refusal from where it is noticed to `intake.take`."""


def find(folder: Path, name: str, wanted: Sequence[str], notes: list[str], beside: Beside = ALONE) -> Path:
    """Return the path of the submitted notebook, also where a browser or a hurried hand renamed or nested it.

    Among several, the one that mentions most of the grade_ids `wanted`; never another notebook of the lesson.
    """
    if folder.is_symlink():
        raise Refused(f"the folder {folder.name} is a link. Hand in the folder itself")
    expected = f"{name}.ipynb"
    files = _listing(folder, folder / expected)
    own = [str(f.relative_to(folder)) for f in files if f.suffix != ".ipynb" and f.name not in OURS]
    others = [name for name in own if name not in beside.given and not beside.allows(name)]
    if others:
        more = " and more" if len(others) > 5 else ""
        notes.append(f"not used: {', '.join(others[:5])}{more} (only the notebook is graded)")
    exact = folder / expected
    if os.path.lexists(exact):
        return exact
    files = [path for path in files if path.stem not in beside.notebooks]
    near = _near(files, name)
    near = [f for f in near if len(near) == 1 or _mentioned(f, wanted)]
    if not near:
        found = ", ".join(sorted(f.name for f in files)[:5]) or "no file"
        also = f" beside {', '.join(sorted(beside.notebooks))}" if beside.notebooks else ""
        raise Refused(f"expected {expected}{also}, found {found}. Hand in the notebook under this name")
    best = max(near, key=lambda f: (_mentioned(f, wanted), os.lstat(f).st_mtime_ns))
    notes.append(f"{best.relative_to(folder)} was taken for {expected}")
    return best


def candidates(folder: Path, name: str, beside: Beside = ALONE) -> list[Path]:
    """Return what may be taken for the notebook, latest first; the one of its very name before all others."""
    exact = folder / f"{name}.ipynb"
    near = _near([path for path in _listing(folder, exact) if path.stem not in beside.notebooks], name)
    return sorted(near, key=lambda path: (path == exact, os.lstat(path).st_mtime_ns), reverse=True)


def _near(files: list[Path], name: str) -> list[Path]:
    """Return the files that are called like the notebook, or else all notebooks."""
    alike = [path for path in files if _stem(path.name) == _stem(f"{name}.ipynb")]
    return alike or [path for path in files if path.suffix.lower() == ".ipynb"]


def files(folder: Path, beside: Beside, notes: list[str]) -> dict[str, bytes]:
    """Return the student's own files that the course lets along, by their path below the folder."""
    taken = {}
    for path in _listing(folder, folder) if beside.allowed else ():
        name = str(path.relative_to(folder))
        if path.suffix != ".ipynb" and path.name not in OURS and beside.allows(name):
            try:
                taken[name] = contents(path)
            except Refused as refusal:
                notes.append(f"not used: {refusal}")
    return taken


def _listing(folder: Path, exact: Path) -> list[Path]:
    """Return the files below `folder`, three levels deep, without following links; not all where there are too many."""
    found = []
    for here, folders, files in os.walk(folder, followlinks=False):
        depth = len(Path(here).relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if depth < 3 and not f.startswith((".", "__")))
        found += [Path(here) / f for f in sorted(files) if not f.startswith(".")]
        if len(found) > MAX_FILES:
            if os.path.lexists(exact):
                return found  # enough to name what is not used
            raise Refused(f"the folder holds more than {MAX_FILES} files. Hand in the notebook alone")
    return found


def _stem(name: str) -> str:
    """Return a file's name without what browsers, copies and editors add to it."""
    stem = re.sub(r"(\.ipynb|\.txt|\.json|\.download|\.part)+$", "", name.lower())
    once = re.sub(r"[\s_-]*(\(\d+\)|copy\s*\d*)$", "", stem)
    return re.sub(r"[\s_-]*(\(\d+\)|copy\s*\d*|kopie\s*\d*)$|[^a-z0-9]+", "", once)


def _mentioned(path: Path, wanted: Sequence[str]) -> int:
    """Return how many of the grade_ids this file mentions; without any, whether it is nbgrader's."""
    try:
        data = contents(path)
    except Refused:
        return 0
    return sum(f'"{name}"'.encode() in data for name in wanted or ("nbgrader",))


def contents(path: Path) -> bytes:
    """Return the file's bytes; Refused where it is a link, a device or too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        what = "is a link, not a file" if path.is_symlink() else f"cannot be read ({error.strerror})"
        raise Refused(f"{path.name} {what}. Hand in the notebook itself") from None
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        os.close(descriptor)
        raise Refused(f"{path.name} is not a file. Hand in the notebook itself")
    with os.fdopen(descriptor, "rb") as file:
        if info.st_size > MAX_BYTES:
            raise Refused(
                f"{path.name} has {info.st_size / 2**20:.0f} MB, at most {MAX_BYTES // 2**20} are taken. "
                "Clear its outputs, save it and hand it in again"
            )
        return file.read(MAX_BYTES + 1)


def _json(data: bytes, name: str, notes: list[str]) -> Any:
    """Return the decoded notebook as plain data."""
    text = _decode(data, name, notes)
    if not text.strip():
        raise Refused(f"{name} is empty. Hand in the saved notebook")
    try:
        return json.loads(text.lstrip("\ufeff"))
    except RecursionError:
        raise Refused(f"{name} is nested too deep to be a notebook. Save it again from JupyterLab") from None
    except ValueError as error:
        if re.search(r"^(<{7}|>{7}) ", text, re.MULTILINE):
            remedy = "Solve it, save and hand in again"
            raise Refused(f"{name} holds the marks of an unsolved merge (<<<<<<<). {remedy}") from None
        if text.lstrip().startswith(("#", "import ", "from ")):
            raise Refused(f"{name} holds Python text, not a notebook. Save it from JupyterLab as .ipynb") from None
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        why = "was it cut off while saving or uploading? Save it again from JupyterLab"
        raise Refused(f"{name} is not a whole notebook{where}: {why}") from None


def _decode(data: bytes, name: str, notes: list[str]) -> str:
    for encoding, mark in (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff")):
        if data.startswith(mark):
            notes.append(f"{name} was read as {encoding}")
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        notes.append(f"{name} was read as Latin-1")
        return data.decode("latin-1")


def cells(data: bytes, name: str, notes: list[str]) -> list[Written]:
    """Return the cells of a notebook's bytes, of any nbformat from 3 on."""
    content = _json(data, name, notes)
    if not isinstance(content, dict):
        raise Refused(f"{name} is not a notebook. Save it from JupyterLab as .ipynb")
    raw = content.get("cells")
    if raw is None and isinstance(content.get("worksheets"), list):  # nbformat 3
        raw = [cell for sheet in content["worksheets"] if isinstance(sheet, dict) for cell in sheet.get("cells") or ()]
    if not isinstance(raw, list):
        raise Refused(f"{name} has no cells. Save it from JupyterLab as .ipynb")
    if len(raw) > MAX_CELLS:
        raise Refused(f"{name} has {len(raw)} cells, at most {MAX_CELLS} are taken. Delete what is not needed")
    found = [_written(cell) for cell in raw if isinstance(cell, dict)]
    size = sum(len(cell.source) for cell in found)
    if size > MAX_TEXT:
        most = f"at most {MAX_TEXT // 10**6} million are taken"
        raise Refused(f"{name} holds {size / 1e6:.0f} million characters of text, {most}. Hand in your answers alone")
    return found


def _written(cell: dict) -> Written:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    info = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    text = source.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").encode("utf-8", "replace").decode()
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    names = (name if isinstance(name, str) else "" for name in (info.get("grade_id"), cell.get("id")))
    return Written(text, kind, *names, _pictures(cell.get("attachments")))


def _pictures(attachments: Any) -> dict:
    """Return what a text cell shows from within the notebook, as far as it has the form of that."""
    given = attachments if isinstance(attachments, dict) else {}
    return {
        name: kinds
        for name, kinds in given.items()
        if isinstance(kinds, dict) and all(isinstance(v, str) and k.startswith("image/") for k, v in kinds.items())
    }
