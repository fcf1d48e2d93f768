"""Small courses as other people write them, each a few cells: nbgrader's own release of each, and honest work on it."""

import atexit
import functools
import json
import logging
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

os.environ["PATH"] = (
    f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader starts alembic by its bare name
)
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
LESSON = "ps1"


@dataclass(frozen=True)
class Work:
    """What one student hands in; what is not named stays as it was handed out."""

    answers: dict = field(default_factory=dict)  # grade_id -> source
    added: dict = field(default_factory=dict)  # grade_id -> source of a cell put before it
    files: dict = field(default_factory=dict)  # name -> text, beside the notebooks
    missing: tuple = ()  # notebooks left out
    renamed: str = ""  # added to the notebook's name, as a browser does
    bare: tuple = ()  # grade_ids of the cells that lost their metadata
    attached: dict = field(default_factory=dict)  # grade_id -> attachments
    stamp: str = ""
    last: tuple = ()  # cells below all others


@dataclass(frozen=True)
class Course:
    """A course of one lesson. `unlike` are the cells that are graded otherwise on purpose, with the reason."""

    name: str
    notebooks: dict  # name -> cells
    works: dict = field(default_factory=dict)  # student -> Work; beside the usual ones
    config: str = ""
    files: dict = field(default_factory=dict)  # path below the course -> text
    kernelspec: dict = field(default_factory=lambda: PYTHON)
    unlike: dict = field(default_factory=dict)  # (student, cell) -> reason
    duedate: str = ""
    stock_kernel: str = "python3"

    @property
    def solved(self):
        """Return every answer of the solution by grade_id, as a student who is right writes it."""
        cells = [cell for cells in self.notebooks.values() for cell in cells]
        return {
            info["grade_id"]: _plain(cell.source)
            for cell in cells
            if (info := cell.metadata.get("nbgrader", {})).get("solution")
        }

    @property
    def honest(self):
        """Return the work of all students: the solution, nothing, two mixtures, added cells, and this course's own."""
        first, second = dict(list(self.solved.items())[::2]), dict(list(self.solved.items())[1::2])
        added = Work(self.solved, dict.fromkeys(self.solved, "scratch = 1 + 1\nscratch"))
        usual = {
            "solution": Work(self.solved),
            "blank": Work(),
            "first": Work(first),
            "second": Work(second),
            "added": added,
        }
        return (
            usual if self.kernelspec["language"] == "python" else {"solution": usual["solution"], "blank": Work()}
        ) | self.works


def answer(name, source):
    """Return a cell that students fill in."""
    return _cell(new_code_cell, source, grade_id=name, solution=True)


def check(name, points, source):
    """Return a test cell."""
    return _cell(new_code_cell, source, grade_id=name, grade=True, points=points, locked=True)


def by_hand(name, points, source):
    """Return a code answer that a person grades."""
    return _cell(new_code_cell, source, grade_id=name, solution=True, grade=True, points=points)


def written(name, points, source):
    """Return a text answer."""
    return _cell(new_markdown_cell, source, grade_id=name, solution=True, grade=True, points=points)


def task(name, points, source):
    """Return a task: its student adds cells of any kind below it."""
    return _cell(new_markdown_cell, source, grade_id=name, task=True, locked=True, points=points)


def locked(name, source):
    """Return a code cell that students cannot change."""
    return _cell(new_code_cell, source, grade_id=name, locked=True)


def code(source, **metadata):
    """Return a code cell of no name."""
    return new_code_cell(source, metadata=metadata)


def text(source):
    """Return a text cell of no name."""
    return new_markdown_cell(source)


def _cell(make, source, **info):
    full = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False} | info
    return make(source, metadata={"nbgrader": full})


def _plain(source):
    return "\n".join(
        line for line in source.splitlines() if "BEGIN SOLUTION" not in line and "END SOLUTION" not in line
    )


def write(course, root):
    """Write the course directory: source notebooks, configuration, files."""
    for path, content in course.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    if course.config:
        (root / "nbgrader_config.py").write_text(f"c = get_config()\n{course.config}\n")
    shutil.copyfile(_empty_gradebook(), root / "gradebook.db")
    source = _folder(root, course, "source")
    source.mkdir(parents=True, exist_ok=True)
    for name, cells in course.notebooks.items():
        (source / f"{name}.ipynb").write_text(notebook_text(cells, course.kernelspec))


@functools.cache
def _empty_gradebook():
    """Return the path of a new gradebook: nbgrader takes seconds to make one."""
    path = Path(tempfile.mkdtemp(prefix="empty-gradebook-"), "gradebook.db")
    Gradebook(f"sqlite:///{path}").close()
    atexit.register(shutil.rmtree, path.parent)
    return path


def notebook_text(cells, kernelspec=PYTHON):
    """Return the file text of a notebook of these cells."""
    language = {"name": kernelspec["language"]}
    return nbformat.writes(new_notebook(cells=cells, metadata={"kernelspec": kernelspec, "language_info": language}))


def _folder(root, course, step, student="."):
    """Return a folder of the course; one of them has a structure of its own."""
    structure = "{step}/{lesson}/{student}" if "directory_structure" in course.config else "{step}/{student}/{lesson}"
    return Path(root, structure.format(step=step, student=student, lesson=LESSON))


def run_stock(converter, root, student="*", **settings):
    """Run one of nbgrader's own converters on the lesson, as its command would."""
    config = (
        PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        if (root / "nbgrader_config.py").exists()
        else Config()
    )
    config.CourseDirectory.root, config.CourseDirectory.assignment_id, config.CourseDirectory.student_id = (
        str(root),
        LESSON,
        student,
    )
    config.merge(Config(settings))
    made = converter(coursedir=CourseDirectory(config=config), config=config, force=True)
    made.log.setLevel(logging.CRITICAL)
    made.start()


def hand_in(course, root, works=None):
    """Release the lesson by nbgrader's own converter and hand in everybody's work on it."""
    if course.duedate:
        with _book(root) as book:
            book.update_or_create_assignment(LESSON, duedate=course.duedate)
    run_stock(GenerateAssignment, root)
    for student, work in (works or course.honest).items():
        folder = _folder(root, course, "submitted", student)
        folder.mkdir(parents=True)
        handed_out = _folder(root, course, "release")
        for path in sorted(handed_out.rglob("*")):
            kept = path.suffix != ".ipynb" or path.stem not in work.missing
            if path.is_file() and kept:
                _copy(path, folder / path.relative_to(handed_out), work)
        for name, content in work.files.items():
            (folder / name).write_text(content)
        if work.stamp:
            (folder / "timestamp.txt").write_text(work.stamp)


def _copy(path, target, work):
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".ipynb":
        target.write_bytes(path.read_bytes())
        return
    filled = fill(json.loads(path.read_text()), work)
    target.with_stem(target.stem + work.renamed).write_text(json.dumps(filled))


def fill(notebook, work):
    """Return the released notebook, as plain data, with this student's work in it."""
    cells = []
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name in work.added:
            cells.append(json.loads(json.dumps(new_code_cell(work.added[name]))))
        cell["source"] = work.answers.get(name, cell["source"])
        if name in work.attached:
            cell["attachments"] = work.attached[name]
        if name in work.bare:
            cell["metadata"] = {}
        cells.append(cell)
    return {**notebook, "cells": cells + json.loads(json.dumps(work.last))}


def _book(root):
    return Gradebook(f"sqlite:///{root}/gradebook.db")


def grades(root):
    """Return {student: {notebook/cell: [points, waits for a person]}}; points None where nobody has given any."""
    found = {}
    with _book(root) as book:
        for entry in book.assignment_submissions(LESSON):
            for notebook in entry.notebooks:
                mine = found.setdefault(entry.student.id, {})
                mine |= {
                    f"{notebook.name}/{g.name}": [g.auto_score, bool(g.needs_manual_grade)] for g in notebook.grades
                }
                if notebook.late_submission_penalty:
                    mine[f"{notebook.name}: late penalty"] = [notebook.late_submission_penalty, False]
    return found


def with_name(course, name, **changes):
    """Return a course like this one under another name."""
    return replace(course, name=name, **changes)
