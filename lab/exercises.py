"""Make the student version of solutions, and find what would tell an answer."""

import builtins
import keyword
import re
import shutil
import tempfile
from pathlib import Path

from grader import notebooks, sheets
from grader.notebooks import HIDDEN, SOLUTION

OF_PYTHON = {*keyword.kwlist, *dir(builtins)}
STUB = 'raise NotImplementedError("write your answer here")'


def generate(lessons, into=None):
    """Write the student version of each lesson below `into` (exercises/ by default); return the paths.

    nbgrader makes all of them in a temporary folder first, so a solution that is not right leaves exercises/ as it was.
    """
    for lesson in lessons:
        sheets.read(lesson)
    with tempfile.TemporaryDirectory() as folder:
        release = _assign(lessons, Path(folder))
        made = []
        for lesson in lessons:
            target = (into or lesson.root / "exercises") / lesson.name / f"{lesson.name}.ipynb"
            student = notebooks.tidy(notebooks.read(release / lesson.name / f"{lesson.name}.ipynb"))
            notebooks.write(student, target)
            for extra in sorted(lesson.solution.parent.iterdir()):
                if extra.is_file() and extra.suffix in (".csv", ".npz", ".png", ".txt"):
                    shutil.copy2(extra, target.parent / extra.name)
            made.append(target)
        return made


def _assign(lessons, folder):
    """Run nbgrader's GenerateAssignment on the lessons, in `folder`; return its release folder."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import SaveCells
    from traitlets.config import Config

    source, release = folder / "source", folder / "release"
    for lesson in lessons:
        target = source / lesson.name / f"{lesson.name}.ipynb"
        notebooks.write(notebooks.read(lesson.solution), target)
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    config.ClearSolutions.code_stub = {"python": STUB}
    for lesson in lessons:
        config.CourseDirectory.assignment_id = lesson.name
        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
        converter.no_database = True
        converter.preprocessors = [step for step in converter.preprocessors if step is not SaveCells]
        converter.start()
    return release


def leaks(lesson, text):
    """Return the lines of `lesson`'s solutions, hidden tests and answers that stand in `text`."""
    secret = set()
    for cell in notebooks.read(lesson.solution).cells:
        if cell.cell_type == "code":
            for region in SOLUTION.findall(cell.source) + HIDDEN.findall(cell.source):
                secret |= _telling(region)
    public = "\n".join(HIDDEN.sub("", SOLUTION.sub("", cell.source)) for cell in notebooks.read(lesson.solution).cells)
    return sorted(line for line in secret if line not in public and line in text)


def _telling(region):
    """Return the lines of a region that can be recognised: long enough, with a name that is not Python's own."""
    lines = {line.strip() for line in region.splitlines() if not line.strip().startswith("#")}
    return {line for line in lines if len(line) >= 12 and set(re.findall(r"[^\W\d]\w+", line)) - OF_PYTHON}
