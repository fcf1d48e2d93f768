"""What a grading kernel finds imported: what the environment or the course says, else what its notebooks import."""

import ast
import contextlib
import os
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from grader import notebooks
from grader.errors import NotebookError

VARIABLE, IDLE = "GRADER_PRELOAD", "GRADER_IDLE"
SECONDS = "5"  # after the last kernel
MAGIC = re.compile(r"(?m)^(\s*)[%!].*")


@contextlib.contextmanager
def chosen(course) -> Iterator[list[str]]:
    """Let kernels that start meanwhile be forks of a process that has imported the course's modules, and soon ends.

    What is yielded are those among them that are not installed.
    """
    ours = {} if VARIABLE in os.environ else {VARIABLE: " ".join(modules(course))}
    if IDLE not in os.environ:
        ours[IDLE] = SECONDS
    os.environ |= ours
    try:
        yield [name for name in ours.get(VARIABLE, "").split() if not find_spec(name.partition(".")[0])]
    finally:
        for name in ours:
            del os.environ[name]


def modules(course) -> list[str]:
    """Return what `c.Grader.preload` names in nbgrader_config.py; without it, what any source notebook imports."""
    said = course.settings.preload
    if said is not None:
        return said.split() if isinstance(said, str) else list(said)
    found = set()
    for path in course.folder("source").glob("*/*.ipynb"):
        beside = {other.stem for other in path.parent.iterdir()}  # not installed, and each kernel's own
        with contextlib.suppress(NotebookError):  # told when its lesson is graded
            for cell in notebooks.read(path).cells:
                named = _imports(cell) if cell.cell_type == "code" else set()
                found |= {name for name in named if name.partition(".")[0] not in beside}
    return sorted(name for name in found if name.partition(".")[0] not in sys.stdlib_module_names)


def _imports(cell) -> set[str]:
    """Return the modules that a cell imports; none of a cell that is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(MAGIC.sub(r"\1pass", cell.source))))
    except SyntaxError:
        return set()
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {
        node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
