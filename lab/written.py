"""What a student has written: each exercise of a notebook in work/, held against what was handed out."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from grader.errors import LessonError, NotebookError
from lab.work import ROOT

HEADING = re.compile(r"^## Exercise (\d+) · (.+) \((\d+) points?, about (\d+) minutes?\)$", re.M)


@dataclass(frozen=True)
class Exercise:
    """One exercise as its student left it: `answer` is None where the cell is missing."""

    name: str
    number: int
    title: str
    points: float
    stub: str
    answer: str | None
    tests: tuple[str, ...]

    @property
    def untouched(self) -> bool:
        return self.answer is not None and self.answer.strip() == self.stub.strip()


@dataclass(frozen=True)
class Written:
    """One lesson's exercises: the notebook as handed out, the student's own, and what stands in it."""

    lesson: str
    given: nbformat.NotebookNode
    own: nbformat.NotebookNode
    exercises: tuple[Exercise, ...]


def lessons(root: Path = ROOT) -> list[str]:
    """Return the lessons that were handed out."""
    return sorted(path.parent.name for path in root.glob("exercises/*/*.ipynb") if path.stem == path.parent.name)


def read(lesson: str, root: Path = ROOT) -> Written:
    """Return what is written in work/; LessonError where it was never handed out, NotebookError where it cannot be
    read."""
    path = root / "work" / lesson / f"{lesson}.ipynb"
    if not path.exists():
        remedy = f"make reset EXERCISE={lesson} puts a fresh one there."
        raise LessonError(f"work/{lesson}", "expected your exercise notebook, found none", remedy)
    given, own = _notebook(root / "exercises" / lesson / f"{lesson}.ipynb", root), _notebook(path, root)
    answers = {name: cell.source for cell in own.cells if (name := _info(cell).get("grade_id"))}
    return Written(lesson, given, own, tuple(_exercises(given, answers)))


def _notebook(path: Path, root: Path) -> nbformat.NotebookNode:
    """Return the notebook with cells of today's format; NotebookError says what came in its place."""
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(notebook)
        return notebook
    except (OSError, ValueError, KeyError, AttributeError, TypeError, nbformat.ValidationError) as error:
        merge = isinstance(error, ValueError) and "<<<<<<<" in path.read_text(errors="replace")
        came = "the marks of an unsolved merge (<<<<<<<)" if merge else "something that cannot be read"
        fresh = f"make reset EXERCISE={path.parent.name}"
        remedy = f"Save it again from JupyterLab, or {fresh}, which keeps this one beside the fresh."
        raise NotebookError(path.relative_to(root), f"expected a notebook, got {came}", remedy) from None


def _info(cell) -> dict:
    """Return nbgrader's metadata of a cell, {} where somebody else wrote there."""
    info = cell.metadata.get("nbgrader")
    return info if isinstance(info, dict) else {}


def _exercises(given: nbformat.NotebookNode, answers: dict[str, str]):
    """Yield the exercises in the order of the notebook; their tests are the graded cells up to the next answer."""
    cells, heading = list(given.cells), None
    for position, cell in enumerate(cells):
        heading = (
            HEADING.search(cell.source) if cell.cell_type == "markdown" and HEADING.search(cell.source) else heading
        )
        info = _info(cell)
        if not info.get("solution") or cell.cell_type != "code":
            continue
        tests = []
        for later in cells[position + 1 :]:
            if _info(later).get("solution"):
                break
            tests += [_info(later)] if _info(later).get("grade") else []
        name, points = info["grade_id"], sum(test["points"] for test in tests)
        number, title = (int(heading[1]), heading[2]) if heading else (0, name)
        yield Exercise(
            name, number, title, points, cell.source, answers.get(name), tuple(test["grade_id"] for test in tests)
        )
