"""The gradebook as a table for the terminal."""

from rich.table import Table

from grader import gradebook


def table(course, names=()):
    """Return the gradebook as a rich table: a row per student, a column per lesson."""
    rows = gradebook.totals(course, names)
    lessons = sorted({row[0] for row in rows})
    shown = Table(title="Gradebook")
    for title in ("student", "name", *lessons, "total"):
        shown.add_column(title, justify="left" if title in ("student", "name") else "right")
    for student in sorted({row[1] for row in rows}):
        mine = {row[0]: row for row in rows if row[1] == student}
        name = next(iter(mine.values()))[2]
        cells = [
            f"{mine[lesson][3]:g}/{mine[lesson][4]:g}{' *' if mine[lesson][6] else ''}" if lesson in mine else "-" for lesson in lessons
        ]
        shown.add_row(student, name, *cells, f"{sum(row[3] - row[5] for row in mine.values()):g}")
    if any(row[6] for row in rows):
        shown.caption = "* waits for a person"
    return shown
