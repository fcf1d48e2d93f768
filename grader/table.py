"""The gradebook as a table that fits the terminal: lessons by number, several tables where needed."""

import re
import textwrap
from collections.abc import Iterator, Sequence

from grader import gradebook, notebooks
from grader.folders import Course
from grader.gradebook import Total

LEAST_NAME = 8  # columns; with less room names are left out
GAP = "  "


def table(course: Course, names: Sequence[str] = (), width: int = 80) -> str:
    """Return the gradebook as text of at most `width` columns, a row for each student; the CSV holds the rest."""
    return "\n\n".join(tables(gradebook.totals(course, names), width))


def tables(rows: Sequence[Total], width: int = 80) -> Iterator[str]:
    """Yield one table, or as many as give every lesson its column; the last text tells what the signs mean."""
    lessons = sorted({row.lesson for row in rows})
    students = dict(sorted((row.student, row.name) for row in rows))
    points = {(row.student, row.lesson): row for row in rows}
    longest = max(map(len, students), default=7)
    first = min(max(longest, len("student")), max(12, width // 4))
    column = max([len(_cell(row)) for row in rows] + [len(_most(rows, lesson)) for lesson in lessons] + [3])
    room = max(1, (width - first - len(GAP) - 8) // (column + 1))
    blocks = [lessons[begin : begin + room] for begin in range(0, len(lessons), room)]
    for block in blocks:
        last = block is blocks[-1]
        left = width - first - (column + 1) * len(block) - (8 if last else 0) - len(GAP)
        names = min(left, max(map(len, students.values()), default=0)) if left >= LEAST_NAME else 0
        widths = first, names, column
        lines = [_line("student", "name", [short(lesson) for lesson in block], "total" if last else "", *widths)]
        most = sum(float(_most(rows, lesson)) for lesson in lessons)
        lines.append(_line("of", "", [_most(rows, lesson) for lesson in block], number(most) if last else "", *widths))
        for student, name in students.items():
            mine = [points.get((student, lesson)) for lesson in block]
            total = sum(row.points - row.penalty for row in rows if row.student == student)
            cells = [_cell(row) if row else "." for row in mine]
            lines.append(_line(student, name, cells, number(total) if last else "", *widths))
        yield "\n".join(line.rstrip() for line in lines)
    legend = ["* waits for a person"] if any(row.waiting for row in rows) else []
    legend += [". nothing handed in"] if len(points) < len(students) * len(lessons) else []
    legend += textwrap.wrap(", ".join(f"{short(one)} {one.partition('_')[2]}" for one in lessons if "_" in one), width)
    yield "\n".join(legend)


def _line(student: str, name: str, cells: list[str], total: str, first: int, names: int, column: int) -> str:
    """Return one row, each part cut to its width."""
    shown = f"{_cut(student, first):<{first}}{GAP}" + (f"{_cut(name, names - 1):<{names}}" if names else "")
    return shown + "".join(f"{cell:>{column}} " for cell in cells) + f"{total:>7}"


def _cut(text: str, width: int) -> str:
    text = notebooks.printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def short(lesson: str) -> str:
    """Return a lesson's number, such as 03; of a lesson without one its first letters."""
    return number[0] if (number := re.match(r"\d+", lesson)) else lesson[:3]


def _most(rows: Sequence[Total], lesson: str) -> str:
    return number(max(row.max_points for row in rows if row.lesson == lesson))


def _cell(row: Total) -> str:
    """Return the points less the late penalty, with a sign where they wait."""
    return f"{number(row.points - row.penalty)}{'*' if row.waiting else ''}"


def number(points: float) -> str:
    """Return points as they are, to the hundredth: other courses have halves."""
    return f"{round(points, 2):g}"
