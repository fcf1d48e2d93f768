"""Write the grades for other programs, each format a plug-in of nbgrader; see platforms.py."""

import os
from pathlib import Path

from grader import gradebook, platforms
from grader.errors import GraderError
from grader.folders import Course


def write(course: Course, path: str | os.PathLike, kind: str = "csv") -> None:
    """Write all grades to `path` in one of platforms.FORMATS; GraderError for another."""
    if kind not in platforms.FORMATS:
        expected = f"expected one of {', '.join(platforms.FORMATS)}, got {kind!r}"
        raise GraderError("--format", expected, "Name one of them.")
    part = Path(path).with_name(f".{Path(path).name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with gradebook.opened(course) as book:
        platforms.FORMATS[kind](to=str(part)).export(book)
    part.replace(path)


def csv(course: Course, path: str | os.PathLike) -> None:
    """Write the columns of nbgrader's own CSV to `path`."""
    write(course, path)
