"""Grades as files that learning platforms import: plug-ins of nbgrader, a row a student, a column a lesson.

`nbgrader export --exporter=grader.platforms.Canvas` uses them as well. Columns: Canvas, "How do I import grades in the
Gradebook" (Student, ID, SIS User ID, SIS Login ID, Section, then assignments; a second row "Points Possible");
Moodle, "Grade import" (any columns, mapped by hand; these names map by themselves).
"""

import contextlib
import csv
from collections.abc import Iterator

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.plugins.export import ExportPlugin

from grader import notebooks

COLUMNS = (
    "assignment duedate timestamp student_id last_name first_name email raw_score late_submission_penalty score"
    " max_score"
).split()


def safe(text: object) -> str:
    """Return text that no spreadsheet takes for a formula, and no terminal for a command; numbers as they are."""
    said = notebooks.printable("" if text is None else str(text))
    if not said.startswith(("=", "+", "-", "@", "\t")):
        return said
    with contextlib.suppress(ValueError):
        float(said)
        return said
    return f"'{said}"


class _Rows(ExportPlugin):
    """Write a header and rows, sorted by student."""

    default = ""

    def export(self, gradebook: Gradebook) -> None:
        """Write to `self.to`, or to the format's own name in the working folder."""
        with open(self.to or self.default, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(self.rows(gradebook))

    def rows(self, book: Gradebook) -> Iterator[list]:
        raise NotImplementedError

    def lessons(self, book: Gradebook) -> list:
        """Return the assignments, all or those asked for."""
        known = sorted(book.assignments, key=lambda one: one.name)
        return [one for one in known if not self.assignment or one.name in self.assignment]

    def students(self, book: Gradebook) -> list:
        """Return the students, all or those asked for."""
        known = sorted(book.students, key=lambda one: one.id)
        return [one for one in known if not self.student or one.id in self.student]


def points(entry: SubmittedAssignment | None) -> str:
    """Return a submission's points less its late penalty, as written in a file; "" where there is none."""
    return "" if entry is None else f"{max(0.0, (entry.score or 0.0) - (entry.late_submission_penalty or 0.0)):g}"


def _entries(student) -> dict[str, SubmittedAssignment]:
    return {entry.assignment.name: entry for entry in student.submissions}


class Csv(_Rows):
    """The columns of nbgrader's own CSV, quoted: a row for each student and lesson, 0 where nothing was handed in."""

    default = "grades.csv"

    def rows(self, book: Gradebook) -> Iterator[list]:
        yield COLUMNS
        for lesson in self.lessons(book):
            for student in self.students(book):
                stamp, score, penalty = None, 0.0, 0.0
                with contextlib.suppress(MissingEntry):
                    entry = book.find_submission(lesson.name, student.id)
                    stamp, score, penalty = entry.timestamp, entry.score, entry.late_submission_penalty
                person = [student.id, student.last_name, student.first_name, student.email]
                numbers = [score, penalty, max(0.0, score - penalty), lesson.max_score]
                yield [safe(value) for value in (lesson.name, lesson.duedate, stamp, *person, *numbers)]


class Canvas(_Rows):
    """Canvas's gradebook file; `lms_user_id` of the gradebook is its ID, our id its login."""

    default = "canvas.csv"

    def rows(self, book: Gradebook) -> Iterator[list]:
        lessons = self.lessons(book)
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(safe(one.name) for one in lessons)]
        yield ["    Points Possible", "", "", "", "", *(f"{one.max_score or 0:g}" for one in lessons)]
        for one in self.students(book):
            name = ", ".join(filter(None, (one.last_name, one.first_name))) or one.id
            mine = _entries(one)
            known = [safe(name), safe(one.lms_user_id), "", safe(one.id), ""]
            yield [*known, *(points(mine.get(lesson.name)) for lesson in lessons)]


class Moodle(_Rows):
    """Moodle's grade import: the ID number is our id."""

    default = "moodle.csv"

    def rows(self, book: Gradebook) -> Iterator[list]:
        lessons = self.lessons(book)
        yield ["First name", "Surname", "ID number", "Email address", *(safe(one.name) for one in lessons)]
        for one in self.students(book):
            mine = _entries(one)
            known = [safe(value) for value in (one.first_name, one.last_name, one.id, one.email)]
            yield [*known, *(points(mine.get(lesson.name)) or "-" for lesson in lessons)]


class Table(_Rows):
    """A plain table for any spreadsheet: points of each lesson, their sum, and what was possible."""

    default = "table.csv"

    def rows(self, book: Gradebook) -> Iterator[list]:
        lessons = self.lessons(book)
        yield ["id", "name", *(safe(one.name) for one in lessons), "total", "of"]
        most = sum(one.max_score or 0 for one in lessons)
        for one in self.students(book):
            mine = _entries(one)
            name = " ".join(filter(None, (one.first_name, one.last_name)))
            each = [points(mine.get(lesson.name)) for lesson in lessons]
            yield [safe(one.id), safe(name), *each, f"{sum(float(p) for p in each if p):g}", f"{most:g}"]


class Mail(_Rows):
    """A line for each graded submission, ready for a mail merge."""

    default = "mail.csv"

    def rows(self, book: Gradebook) -> Iterator[list]:
        yield ["id", "first_name", "email", "lesson", "points", "of", "waits", "feedback"]
        wanted = {one.name: one.max_score or 0 for one in self.lessons(book)}
        for one in self.students(book):
            for name, entry in sorted(_entries(one).items()):
                if name in wanted:
                    waits = "yes" if entry.needs_manual_grade else ""
                    person = [safe(one.id), safe(one.first_name), safe(one.email)]
                    page = safe(f"{one.id}/{name}/{name}.html")
                    yield [*person, safe(name), points(entry), f"{wanted[name]:g}", waits, page]


FORMATS = {"csv": Csv, "canvas": Canvas, "moodle": Moodle, "table": Table, "mail": Mail}
