"""Write the grades for other programs: nbgrader's own columns, quoted, and harmless for those that open them."""

import contextlib
import os
from csv import writer
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student

from grader import gradebook, notebooks
from grader.folders import Course

COLUMNS = (
    "assignment duedate timestamp student_id last_name first_name email raw_score late_submission_penalty score"
    " max_score"
).split()


def csv(course: Course, path: str | os.PathLike) -> None:
    """Write a row for each student and lesson to `path`, as `nbgrader export` does."""
    part = Path(path).with_name(f".{Path(path).name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with gradebook.opened(course) as book, part.open("w", newline="", encoding="utf-8") as file:
        rows = [_row(book, lesson, student) for lesson in book.assignments for student in book.students]
        writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    part.replace(path)


def _row(book: Gradebook, lesson: Assignment, student: Student) -> list[str]:
    """Return what one student has for one lesson; 0 where nothing was handed in."""
    stamp, points, penalty = None, 0.0, 0.0
    with contextlib.suppress(MissingEntry):
        entry = book.find_submission(lesson.name, student.id)
        stamp, points, penalty = entry.timestamp, entry.score, entry.late_submission_penalty
    person: list[Any] = [student.id, student.last_name, student.first_name, student.email]
    score = max(0.0, points - penalty)
    values = [lesson.name, lesson.duedate, stamp, *person, points, penalty, score, lesson.max_score]
    return [safe("" if value is None else str(value)) for value in values]


def safe(text: str) -> str:
    """Return text that no spreadsheet takes for a formula, and no terminal for a command; numbers as they are."""
    text = notebooks.printable(text)
    if not text.startswith(("=", "+", "-", "@", "\t")):
        return text
    with contextlib.suppress(ValueError):
        float(text)
        return text
    return f"'{text}"
