"""Write the grades for other programs, each format a plug-in of nbgrader; see platforms.py."""

import os

from grader import gradebook, notebooks, platforms
from grader.errors import GraderError
from grader.folders import Course


def write(course: Course, path: str | os.PathLike, kind: str = "csv") -> None:
    """Write all grades to `path` in one of platforms.FORMATS; GraderError for another."""
    if kind not in platforms.FORMATS:
        expected = f"expected one of {', '.join(platforms.FORMATS)}, got {kind!r}"
        raise GraderError("--format", expected, "Name one of them.")
    with notebooks.whole(path) as part, gradebook.opened(course) as book:
        platforms.FORMATS[kind](to=str(part)).export(book)


def csv(course: Course, path: str | os.PathLike) -> None:
    """Write the columns of nbgrader's own CSV to `path`."""
    write(course, path)
