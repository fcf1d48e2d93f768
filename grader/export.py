"""Write the grades for other programs: nbgrader's own CSV, made harmless for those that open it."""

import contextlib
import logging
import os
from csv import reader, writer
from pathlib import Path

from nbgrader.plugins.export import CsvExportPlugin

from grader import gradebook, notebooks
from grader.folders import Course


def csv(course: Course, path: str | os.PathLike) -> None:
    """Write nbgrader's own CSV of all grades to `path`."""
    part = Path(path).with_name(f".{Path(path).name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with gradebook.opened(course) as book:
        plugin = CsvExportPlugin(to=str(part))
        plugin.log.setLevel(logging.WARNING)
        plugin.export(book)
    with part.open(newline="", encoding="utf-8") as file:
        rows = list(reader(file))
    with part.open("w", newline="", encoding="utf-8") as file:
        writer(file).writerows([safe(text) for text in row] for row in rows)
    part.replace(path)


def safe(text: str) -> str:
    """Return text that no spreadsheet takes for a formula, and no terminal for a command; numbers as they are."""
    text = notebooks.printable(text)
    if not text.startswith(("=", "+", "-", "@", "\t")):
        return text
    with contextlib.suppress(ValueError):
        float(text)
        return text
    return f"'{text}"
