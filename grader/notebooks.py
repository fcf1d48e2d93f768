"""Read, write and tidy a notebook: the one canonical form of every notebook in the course."""

import contextlib
import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import nbformat

from grader.errors import LessonError, NotebookError

ROOT = Path(__file__).resolve().parent.parent
CELL_METADATA = ("nbgrader", "grader", "tags", "jupyter", "mystnb")
LOCKS = ("deletable", "editable")  # False on the locked cells of an exercise, written by nbgrader
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)[ \t]*### END SOLUTION", re.S)
DEFINES = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)|^(\w+)\s*=(?!=)", re.MULTILINE)
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")  # as terminals obey them
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.S)


@dataclass(frozen=True)
class Lesson:
    """One lesson and where its notebooks lie below the course's root."""

    name: str
    root: Path = ROOT

    @property
    def lesson(self):
        return self.root / "course" / f"{self.name}.ipynb"

    @property
    def solution(self):
        return self.root / "solutions" / self.name / f"{self.name}.ipynb"

    @property
    def answers(self):
        return self.root / "solutions" / self.name / "answers.py"

    @property
    def exercise(self):
        return self.root / "exercises" / self.name / f"{self.name}.ipynb"


def lessons(names=(), root=ROOT):
    """Return the lessons with exercises, all or those named; LessonError for a name that is none."""
    known = sorted(path.parent.name for path in root.glob("solutions/*/*.ipynb") if path.stem == path.parent.name)
    for name in names:
        if name not in known:
            raise LessonError(
                f"lesson {name!r}", f"expected one of {', '.join(known) or '(none)'}", "Name one of them."
            )
    return [Lesson(name, root) for name in names or known]


def read(path):
    """Return the notebook at `path`; NotebookError where it is not one."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise NotebookError(path, "expected a notebook, found no file", "Check the path.") from None
    except Exception as error:  # nbformat has no common type for what can be wrong
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise NotebookError(path, f"expected a notebook (JSON, nbformat 4), got {reason[:120]}",
                            "Restore it, or save it again from JupyterLab.") from None
    return notebook


def write(notebook, path):
    """Write `notebook` to `path` in one step, so that a reader never meets half a file."""
    with whole(path) as part:
        part.write_text(text(notebook), encoding="utf-8")


@contextlib.contextmanager
def whole(path):
    """Yield a file to write, which takes the place of `path` once it is whole; of one that fails nothing stays."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)  # of a run that was killed
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def text(notebook):
    """Return the file text of `notebook`: sorted keys, one space of indentation, one final newline."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def tidy(notebook):
    """Return `notebook` in canonical form: no outputs, known metadata, readable and unique cell ids."""
    notebook = copy(notebook)
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken = set()
    for cell in notebook.cells:
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").splitlines())
        metadata = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        metadata |= {key: False for key in LOCKS if cell.metadata.get(key) is False}
        if "nbgrader" in metadata:
            metadata["nbgrader"] = nbgrader_metadata(metadata["nbgrader"], cell.cell_type)
        cell.metadata = nbformat.from_dict(metadata)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cell.attachments = cell.get("attachments") or None
        if cell.attachments is None:
            del cell["attachments"]
        cell.id = cell_id(cell, taken)
        taken.add(cell.id)
    return notebook


def copy(notebook):
    """Return a notebook that shares nothing with `notebook`."""
    return nbformat.from_dict(json.loads(json.dumps(notebook)))


def nbgrader_metadata(given, cell_type):
    """Return nbgrader's full cell metadata (schema 3) from an author's grade_id, points, solution and locked."""
    points = given.get("points")
    solution = bool(given.get("solution"))
    full = {
        "grade_id": given.get("grade_id", ""),
        "schema_version": 3,
        "grade": bool(given.get("grade", points is not None)),
        "solution": solution,
        "locked": bool(given.get("locked", not solution)),
        "task": False,
    }
    if full["grade"]:
        full["points"] = points
    if cell_type == "markdown" and not full["grade"] and not solution:
        full["locked"] = True
    return full | {
        key: given[key] for key in ("checksum", "cell_type") if key in given
    }  # nbgrader's own, in an exercise


def cell_id(cell, taken):
    """Return a readable id: the grade_id, or words of the cell's first lines; unique among `taken`."""
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    words = re.findall(r"[a-z0-9]+", re.sub(r"<[^>]*>", " ", cell.source.lower()[:200]))
    base = re.sub(r"[^A-Za-z0-9_-]+", "-", grade_id or "-".join(words[:5])).strip("-")[:48] or cell.cell_type
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def is_tidy(path):
    """Return whether the file at `path` is byte for byte what tidy would write."""
    return Path(path).read_text(encoding="utf-8") == text(tidy(read(path)))


def tags(cell):
    """Return the cell's tags."""
    return cell.metadata.get("tags", [])


def graded(cell):
    """Return the cell's nbgrader metadata, or {} where it says nothing: Create Assignment leaves such behind."""
    info = cell.metadata.get("nbgrader", {})
    idle = all(info.get(role) is False for role in ("grade", "solution", "locked")) and not info.get("task")
    return info if info.get("grade_id") and not idle else {}


def printable(text: str) -> str:
    """Return text as any terminal, file and database takes it: no escapes, no control characters, whole letters."""
    plain = ESCAPE.sub("", text).encode("utf-8", "replace").decode()
    return "".join(c for c in plain if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf") or c == "\u200d")


def defined(source: str) -> set[str]:
    """Return the names that a source text defines at its top level."""
    return {a or b for a, b in DEFINES.findall(source)}
