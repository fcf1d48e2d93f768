"""Write the grades for other programs: nbgrader's own CSV."""

import logging
import os
from pathlib import Path

from nbgrader.plugins.export import CsvExportPlugin

from grader import gradebook
from grader.folders import Course


def csv(course: Course, path: str | os.PathLike) -> None:
    """Write nbgrader's own CSV of all grades to `path`."""
    part = Path(path).with_name(f".{Path(path).name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with gradebook.opened(course) as book:
        plugin = CsvExportPlugin(to=str(part))
        plugin.log.setLevel(logging.WARNING)
        plugin.export(book)
    part.replace(path)
