"""The gradebook as a table for the terminal."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from grader import gradebook
from grader.folders import Course
from grader.gradebook import Total


def table(course: Course, names: Sequence[str] = ()) -> Table:
    """Return the gradebook as a rich table: a row per student, a column per lesson."""
    rows = gradebook.totals(course, names)
    lessons = sorted({row.lesson for row in rows})
    shown = Table(title="Gradebook")
    for title in ("student", "name", *lessons, "total"):
        shown.add_column(title, justify="left" if title in ("student", "name") else "right")
    for student in sorted({row.student for row in rows}):
        mine = {row.lesson: row for row in rows if row.student == student}
        name = next(iter(mine.values())).name
        cells = [_points(mine[lesson]) if lesson in mine else "-" for lesson in lessons]
        shown.add_row(escape(student), escape(name), *cells, f"{sum(row.points - row.penalty for row in mine.values()):g}")
    if any(row.waiting for row in rows):
        shown.caption = "* waits for a person"
    return shown


def _points(total: Total) -> str:
    return f"{total.points:g}/{total.max_points:g}{' *' if total.waiting else ''}"
