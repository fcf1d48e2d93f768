"""Read a submitted folder: the source text of its solution cells, or the reason why there is none.

Nothing of a submission is run, imported or followed here. What is broken in a safe way is repaired and reported; what is
not becomes a refusal in words that its student can act on. A bad file is one student's result, never an exception.
"""

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from grader import notebooks
from grader.assemble import defined
from grader.notebooks import HIDDEN

MAX_BYTES = 20 * 2**20
MAX_FILES = 200
MAX_CELLS = 2000
MAX_SOURCE = 200_000  # characters of one cell
OURS = ("timestamp.txt",)  # what collecting a submission adds


@dataclass(frozen=True)
class Helper:
    """A cell the student added, and the grade_id of the solution or test cell that it stood before."""

    source: str
    cell_type: str
    before: str


@dataclass(frozen=True)
class Intake:
    """What is taken over from a submission: solution sources by grade_id, helper cells, notes for the student, or a refusal."""

    sources: dict
    helpers: tuple = ()
    notes: tuple = ()
    refusal: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Written:
    """One cell as the student handed it in."""

    source: str
    cell_type: str
    grade_id: str = ""
    cell_id: str = ""


class Refused(Exception):
    """Carries a refusal from where it is noticed to `take`; never leaves this module."""


def take(folder, name, solution):
    """Return the Intake of the notebook `name` in the submitted `folder`, matched against the instructor's `solution`."""
    data, notes = b"", []
    try:
        path = _find(Path(folder), name, solution, notes)
        data = _bytes(path)
        written = _cells(_json(data, path.name, notes), path.name)
        sources, helpers = _match(written, solution, notes)
    except Refused as refusal:
        return Intake({}, (), _told(notes), *_told([str(refusal)]), hashlib.sha256(data).hexdigest())
    except Exception as error:  # no file may stop the class
        why = f"{name}.ipynb could not be taken in ({type(error).__name__}). Save it again from JupyterLab"
        return Intake({}, (), _told(notes), why, hashlib.sha256(data).hexdigest())
    return Intake(sources, tuple(helpers), _told(notes), "", hashlib.sha256(data).hexdigest())


def _told(texts):
    """Return texts as any file and any database takes them: a file's name may hold bytes that are no text."""
    return tuple(text.replace("\x00", "").encode("utf-8", "replace").decode() for text in texts)


def digest(folder, name):
    """Return the fingerprint of the submitted notebook as it lies there now; equal to what `take` gave where nothing changed."""
    folder = Path(folder)
    try:
        return hashlib.sha256(_bytes(_find(folder, name, None, []))).hexdigest()
    except Exception:  # whatever `take` refuses
        return hashlib.sha256(b"").hexdigest()


def _find(folder, name, solution, notes):
    """Return the path of the submitted notebook, also where a browser or a hurried hand renamed or nested it."""
    if folder.is_symlink():
        raise Refused(f"the folder {folder.name} is a link. Hand in the folder itself")
    wanted = f"{name}.ipynb"
    files = _listing(folder, folder / wanted)
    unused = [str(f.relative_to(folder)) for f in files if f.name != wanted and f.name not in OURS and f.suffix != ".ipynb"]
    if unused:
        notes.append(f"not used: {', '.join(unused[:5])}{' and more' if len(unused) > 5 else ''} (only the notebook is graded)")
    exact = folder / wanted
    if os.path.lexists(exact):
        return exact
    near = [f for f in files if _stem(f.name) == _stem(wanted)] or [f for f in files if f.suffix.lower() == ".ipynb"]
    near = [f for f in near if len(near) == 1 or _overlap(f, solution)]
    if not near:
        found = ", ".join(sorted(f.name for f in files)[:5]) or "no file"
        raise Refused(f"expected {wanted}, found {found}. Hand in the notebook under this name")
    best = max(near, key=lambda f: (_overlap(f, solution), os.lstat(f).st_mtime_ns))
    notes.append(f"{best.relative_to(folder)} was taken for {wanted}")
    return best


def _listing(folder, exact):
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


def _stem(name):
    """Return a file's name without what browsers, copies and editors add to it."""
    stem = re.sub(r"(\.ipynb|\.txt|\.json|\.download|\.part)+$", "", name.lower())
    return re.sub(r"[\s_-]*(\(\d+\)|copy\s*\d*|kopie\s*\d*)$|[^a-z0-9]+", "", re.sub(r"[\s_-]*(\(\d+\)|copy\s*\d*)$", "", stem))


def _overlap(path, solution):
    """Return how many solution cells of the lesson this file mentions."""
    try:
        data = _bytes(path)
    except Refused:
        return 0
    return sum(f'"{name}"'.encode() in data for name in _solution_ids(solution)) if solution else b'"nbgrader"' in data


def _bytes(path):
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


def _json(data, name, notes):
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
            raise Refused(f"{name} holds the marks of an unsolved merge (<<<<<<<). Solve it, save and hand in again") from None
        if text.lstrip().startswith(("#", "import ", "from ")):
            raise Refused(f"{name} holds Python text, not a notebook. Save it from JupyterLab as .ipynb") from None
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Refused(
            f"{name} is not a whole notebook{where}: was it cut off while saving or uploading? Save it again from JupyterLab"
        ) from None


def _decode(data, name, notes):
    for encoding, mark in (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff")):
        if data.startswith(mark):
            notes.append(f"{name} was read as {encoding}")
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        notes.append(f"{name} was read as Latin-1")
        return data.decode("latin-1")


def _cells(content, name):
    """Return the cells as Written, of any nbformat from 3 on."""
    if not isinstance(content, dict):
        raise Refused(f"{name} is not a notebook. Save it from JupyterLab as .ipynb")
    raw = content.get("cells")
    if raw is None and isinstance(content.get("worksheets"), list):  # nbformat 3
        raw = [cell for sheet in content["worksheets"] if isinstance(sheet, dict) for cell in sheet.get("cells") or ()]
    if not isinstance(raw, list):
        raise Refused(f"{name} has no cells. Save it from JupyterLab as .ipynb")
    if len(raw) > MAX_CELLS:
        raise Refused(f"{name} has {len(raw)} cells, at most {MAX_CELLS} are taken. Delete what is not needed")
    return [_written(cell) for cell in raw if isinstance(cell, dict)]


def _written(cell):
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    info = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    text = source.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").encode("utf-8", "replace").decode()
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    return Written(text, kind, *(value if isinstance(value, str) else "" for value in (info.get("grade_id"), cell.get("id"))))


def _match(written, solution, notes):
    """Return (sources, helpers): each cell of the student is an answer, one of the instructor's, a helper or left out."""
    wanted = _solution_ids(solution)
    stubs = {notebooks.graded(cell)["grade_id"]: cell.source for cell in solution.cells if notebooks.graded(cell).get("grade_id")}
    claimed = {name: [cell for cell in written if cell.grade_id == name] for name in wanted}
    answers = {name: _choose(name, cells, stubs[name], notes) for name, cells in claimed.items() if cells}
    given = {_visible(HIDDEN.sub("", cell.source)): notebooks.graded(cell) for cell in reversed(solution.cells)}
    loose = [cell for cell in written if not cell.grade_id and cell.cell_type == "code" and _visible(cell.source) not in given]
    for name in wanted:
        if name not in answers:
            found = _recognise(name, stubs[name], loose)
            if found:
                answers[name] = found
                notes.append(f'cell "{name}" had lost its mark and was recognised by what it defines')
            else:
                notes.append(f'cell "{name}" is missing; its tests have nothing to test')
    if not [name for name in answers if claimed[name]] and all(not found.source.strip() for found in answers.values()):
        raise Refused(f"none of the exercises ({', '.join(wanted[:4])}, ...) stands in this notebook. Is it another lesson's?")
    for name in [name for name, answer in answers.items() if len(answer.source) > MAX_SOURCE]:
        notes.append(f'cell "{name}" has {len(answers[name].source)} characters, at most {MAX_SOURCE} are taken; it was left out')
        del answers[name]
    helpers = _helpers(written, answers, claimed, solution, given, notes)
    return {name: cell.source for name, cell in answers.items()}, helpers


def _solution_ids(solution):
    """Return the grade_ids of the cells that students fill in, in order."""
    return [notebooks.graded(cell)["grade_id"] for cell in solution.cells if notebooks.graded(cell).get("solution")]


def _choose(name, cells, stub, notes):
    """Return the copy of a solution cell that counts: the last one with something in it, as a run from the top would."""
    if len(cells) == 1:
        return cells[0]
    filled = [cell for cell in cells if cell.source.strip() and cell.source.strip() != stub.strip()] or cells
    notes.append(f'cell "{name}" stands there {len(cells)} times; the last one that is filled in was graded')
    return filled[-1]


def _recognise(name, stub, loose):
    """Return the unmarked cell that holds the answer `name`: same cell id, or it defines the same names; None if there is none."""
    names = defined(stub)
    same = [cell for cell in loose if cell.cell_id == name]
    alike = [cell for cell in loose if names and names <= defined(cell.source)]
    return (same or alike or [None])[-1]


def _visible(source):
    """Return what a cell says, without what editors change."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines()).strip()


def _helpers(written, answers, claimed, solution, given, notes):
    """Return the cells the student added, each bound to the solution or test cell that follows it.

    `given` are the instructor's cells by what a student sees of them.
    """
    anchors = {info["grade_id"] for info in map(notebooks.graded, solution.cells) if info.get("solution") or info.get("grade")}
    seen = {info["grade_id"]: _visible(HIDDEN.sub("", cell.source)) for cell in solution.cells if (info := notebooks.graded(cell))}
    chosen = {id(cell): name for name, cell in answers.items()}
    found, before, late = [], "", 0
    for cell in reversed(written):
        if id(cell) in chosen:
            before = chosen[id(cell)]
        elif cell.grade_id in claimed:
            continue  # a copy that does not count
        elif cell.grade_id in seen:
            before = cell.grade_id if cell.grade_id in anchors else before
            if seen[cell.grade_id] != _visible(cell.source):
                notes.append(f'cell "{cell.grade_id}" was changed; the course\'s own was used')
        elif cell.source.strip() and _visible(cell.source) not in given:
            if before:
                found.append(Helper(cell.source[:MAX_SOURCE], cell.cell_type, before))
            else:
                late += 1
        elif given.get(_visible(cell.source), {}).get("grade"):
            before = given[_visible(cell.source)]["grade_id"]  # a test, word for word, that lost its mark
    if found and solution.metadata.get("grader", {}).get("helpers") is False:
        notes.append(f"{len(found)} added cells were left out: this lesson takes the solution cells alone")
        found = []
    if late:
        notes.append(f"{late} cells after the last test were not run")
    return found[::-1]
