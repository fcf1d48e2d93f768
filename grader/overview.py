"""The class at a glance: students x lessons, with what is missing, waits or is to be looked at."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader import gradebook
from grader.folders import Course
from grader.gradebook import Total
from grader.marks import Mark
from grader.table import number

SHADES = 4  # of a cell's colour, from few points to all
MEANING = {  # in the order in which they count where several hold
    "missing": ("–", "nothing handed in"),
    "new": ("new", "handed in, not graded yet"),
    "refused": ("×", "could not be read, 0 points"),
    "waits": ("*", "points wait for a person"),
    "flagged": ("!", "something to look at"),
}


@dataclass(frozen=True)
class Cell:
    """What one student has for one lesson; `state` is one of MEANING, or "" where there is nothing to say."""

    lesson: str
    state: str
    points: float = 0.0
    share: float = 0.0

    @property
    def shown(self) -> str:
        """Return the points with the sign of the state."""
        sign = MEANING[self.state][0] if self.state else ""
        return sign if self.state in ("missing", "new") else f"{number(self.points)}{sign}"

    @property
    def shade(self) -> int:
        """Return how dark the cell is; 0 where nothing was graded."""
        return 0 if self.state in ("missing", "new") else 1 + min(int(SHADES * self.share), SHADES - 1)


@dataclass(frozen=True)
class Row:
    """One student's row."""

    shown: str
    name: str
    total: float
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Overview:
    """The whole table: lessons with their points, a row for each student, how many handed in each lesson."""

    lessons: tuple[tuple[str, float], ...]
    rows: tuple[Row, ...]

    @property
    def handed_in(self) -> list[int]:
        """Return for each lesson how many handed in."""
        return [sum(row.cells[place].state != "missing" for row in self.rows) for place in range(len(self.lessons))]

    @property
    def states(self) -> list[tuple[str, str]]:
        """Return the signs that stand in the table, with their meaning."""
        there = {cell.state for row in self.rows for cell in row.cells}
        return [meaning for state, meaning in MEANING.items() if state in there]


def overview(
    course: Course, marks: Mapping[tuple[str, str], Sequence[Mark]], alias: Callable[[str], str] | None = None
) -> Overview:
    """Return the table of everyone in the roster; of the lessons those for which somebody handed in something.

    `marks` are those of each (student, lesson); `alias` gives the names of students who are not to be named.
    """
    totals = {(total.student, total.lesson): total for total in gradebook.totals(course)}
    with gradebook.opened(course) as book:
        names = {one.id: " ".join(filter(None, (one.first_name, one.last_name))) for one in book.students}
        every = sorted(one.name for one in book.assignments)
    waiting = {(who, lesson) for who in names for lesson in every if course.folder("submitted", who, lesson).exists()}
    begun = {lesson for _, lesson in {*totals, *waiting}}
    lessons = [lesson for lesson in every if lesson in begun]
    rows = []
    for who, name in names.items():
        cells = tuple(_cell(lesson, totals.get((who, lesson)), (who, lesson) in waiting, marks.get((who, lesson), ()))
                      for lesson in lessons)
        shown, name = (alias(who), "") if alias else (who, name)
        rows.append(Row(shown, name, sum(cell.points for cell in cells), cells))
    most = {lesson: max((t.max_points for t in totals.values() if t.lesson == lesson), default=0) for lesson in lessons}
    return Overview(tuple(most.items()), tuple(sorted(rows, key=lambda row: row.shown)))


def _cell(lesson: str, total: Total | None, handed_in: bool, marks: Iterable[Mark]) -> Cell:
    """Return the cell of one student and lesson."""
    if total is None:
        return Cell(lesson, "new" if handed_in else "missing")
    points = total.points - total.penalty
    return Cell(lesson, _state(total, list(marks)), points, points / total.max_points if total.max_points else 1.0)


def _state(total: Total, marks: Sequence[Mark]) -> str:
    """Return what is to be said of a graded submission; a flag that a person has decided on is settled."""
    if any(mark.refusal for mark in marks):
        return "refused"
    if total.waiting:
        return "waits"
    return "flagged" if any(mark.flags and not mark.decision for mark in marks) else ""
