"""The instructor's notebooks as they are handed out, by nbgrader's own steps in the order that the course configures.

A lesson is needed in two forms: with all its tests, which is what is run, and as its students see it.
"""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.nbgraderformat import SchemaTooNewError, SchemaTooOldError
from nbgrader.preprocessors import ClearHiddenTests, SaveCells
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from grader import notebooks
from grader.errors import NO_ROOM, GraderError, LessonError, MachineError, is_full
from grader.folders import CONFIGURATION, Course

HIDDEN_BEGIN, HIDDEN_END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"  # how the rest of the grader knows them


@dataclass(frozen=True)
class HandedOut:
    """One notebook with stubs and all tests, and the same as its students see it."""

    tested: NotebookNode
    seen: NotebookNode


def prepare(course: Course, lesson: str, save: bool = False) -> dict[str, HandedOut]:
    """Return the lesson's notebooks by name; `save` enters them in the gradebook, as nbgrader does."""
    paths = sorted(course.folder("source", lesson=lesson).glob("*.ipynb"))
    return {path.stem: _prepare(course, lesson, path, save) for path in paths}


def _prepare(course: Course, lesson: str, path: Path, save: bool) -> HandedOut:
    notebook = notebooks.read(path)
    where = {"assignment": lesson, "notebook": path.stem, "student": ".", "db_url": course.database}
    resources = {"nbgrader": where, "metadata": {"path": str(path.parent)}}
    steps, tested = _steps(course), None
    try:
        with contextlib.chdir(course.root):  # nbgrader's paths of headers and autotests start there
            for step in steps:
                if step is not SaveCells or save:
                    notebook, resources = step(config=course.config).preprocess(notebook, resources)
                if step is SaveCells:
                    tested = notebooks.copy(notebook)
    except Exception as error:  # nbgrader raises bare RuntimeErrors
        raise _refusal(course, path, error) from None
    if tested is None:
        remedy = "Put nbgrader.preprocessors.SaveCells back into c.GenerateAssignment.preprocessors."
        raise LessonError(lesson, "expected a course that saves its cells in the gradebook, got none", remedy)
    return HandedOut(with_plain_marks(course.config, tested), notebook)


def _steps(course: Course) -> list[type]:
    """Return nbgrader's steps from the source to the students' version."""
    named = GenerateAssignment(coursedir=course.folders, config=course.config).preprocessors
    try:
        return [import_item(step) if isinstance(step, str) else step for step in named]
    except Exception as error:  # a module is Python: anything can come
        where = f"{CONFIGURATION}, c.GenerateAssignment.preprocessors"
        raise GraderError(where, f"expected classes, got {type(error).__name__}: {error}", "Mend it.") from None


def _refusal(course: Course, path: Path, error: Exception) -> GraderError:
    where = path.relative_to(course.root) if path.is_relative_to(course.root) else path
    if is_full(error):
        return MachineError(where, *NO_ROOM)
    if isinstance(error, SchemaTooOldError | SchemaTooNewError):
        came = f"expected cells of nbgrader's schema {error.expected_version}, got schema {error.actual_version}"
        old = isinstance(error, SchemaTooOldError)
        return GraderError(where, came, f"Run: nbgrader update {path.parent}" if old else "Upgrade nbgrader.")
    said = str(error).strip().splitlines()[:1] or [type(error).__name__]
    missing = f"expected {error.filename}, found no such file" if isinstance(error, FileNotFoundError) else ""
    remedy = "Mend it, or bring its cells back to those that were handed out."
    return GraderError(where, missing or f"nbgrader refused it: {said[0]}", remedy)


def with_plain_marks(config: Config, notebook: NotebookNode) -> NotebookNode:
    """Return the notebook with hidden tests marked in one spelling, whatever words the course has chosen."""
    words = ClearHiddenTests(config=config)
    for cell in notebook.cells:
        for word, mark in ((words.begin_test_delimeter, HIDDEN_BEGIN), (words.end_test_delimeter, HIDDEN_END)):
            if cell.cell_type == "code" and word in cell.source:
                cell.source = re.sub(rf"^([ \t]*)#.*{re.escape(word)}.*$", rf"\g<1>{mark}", cell.source, flags=re.M)
    return notebook
