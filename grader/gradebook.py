"""nbgrader's gradebook: register a lesson, record verdicts, read the class, keep a copy.

The schema and the meaning of every field are nbgrader's own, so formgrader, feedback and export work unchanged. One
writer: each submission is one transaction.
"""

import contextlib
import functools
import shutil
import sqlite3
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbgrader
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from nbgrader.api import Base, Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, SAWarning

from grader import folders, handout, notebooks
from grader.errors import MachineError
from grader.folders import Course, Submission
from grader.handout import HandedOut
from grader.marks import Verdict

BACKUPS_KEPT = 20
SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Grade:
    """One graded cell of one student as the gradebook holds it, a person's points included."""

    student: str
    lesson: str
    cell: str
    points: float
    max_points: float
    auto: float | None
    manual: float | None
    waiting: bool


@dataclass(frozen=True, order=True)
class Total:
    """What one student has for one lesson."""

    lesson: str
    student: str
    name: str
    points: float
    max_points: float
    penalty: float
    waiting: bool


@contextlib.contextmanager
def opened(course: Course) -> Iterator[Gradebook]:
    """Open the gradebook; MachineError where its server or file cannot be reached."""
    database = course.database
    try:
        if database.startswith(SQLITE):
            _make_file(Path(database.removeprefix(SQLITE)))
        else:
            _make(database)
        book = Gradebook(database, course.folders.course_id)
    except Exception as error:  # sqlalchemy's tree of errors differs by driver
        came = f"expected a database, got {str(error).splitlines()[0][:150]}"
        raise MachineError(f"gradebook {_public(database)}", came, "Check its address and that it runs.") from None
    try:
        _check_schema(book, _public(database))
        yield book
    finally:
        book.close()


def _make_file(path: Path) -> None:
    """Make an empty gradebook where none is, in one step: SQLite's driver makes tables outside its transactions."""
    if not path.exists():
        with notebooks.whole(path) as part:
            _make(f"{SQLITE}{part}")


def _make(url: str) -> None:
    """Make nbgrader's tables where there are none; left to itself, it starts alembic's program to learn one number."""
    engine = create_engine(url)
    with engine.begin() as connection:
        if not inspect(connection).get_table_names():
            Base.metadata.create_all(connection)
            MigrationContext.configure(connection).stamp(_scripts(), "head")
    engine.dispose()


def _check_schema(book: Gradebook, where: str) -> None:
    """Raise MachineError where the tables are not those of the nbgrader that is installed."""
    try:
        found = book.db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DBAPIError:  # a gradebook from before nbgrader counted its schemas
        book.db.rollback()
        found = "none"
    current, known = _schemas()
    if found == current:
        return
    came = f"expected schema {current} of this nbgrader, got {found}"
    if found in known or found == "none":
        raise MachineError(f"gradebook {where}", f"{came}, an older one", "Run nbgrader db upgrade.")
    raise MachineError(f"gradebook {where}", f"{came}, which it does not know", "Grade with the nbgrader that made it.")


@functools.cache
def _schemas() -> tuple[str | None, frozenset[str]]:
    """Return the schema that the installed nbgrader writes, and all that it knows."""
    return _scripts().get_current_head(), frozenset(script.revision for script in _scripts().walk_revisions())


@functools.cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(nbgrader.__file__).with_name("alembic")))


def _public(url: str) -> str:
    """Return a database URL without its password."""
    head, at, tail = url.rpartition("@")
    return f"{head.rpartition(':')[0]}:***@{tail}" if at and head.count(":") > 1 else url


def register(course: Course, lesson: str) -> dict[str, HandedOut]:
    """Enter the lesson's notebooks in the gradebook as nbgrader does; return them by name."""
    with opened(course) as book:
        book.update_or_create_assignment(lesson)
    return handout.prepare(course, lesson, save=True)


def record(course: Course, book: Gradebook, submission: Submission, verdicts: Mapping[str, Verdict]) -> None:
    """Write the verdicts on one submission's notebooks in one transaction; a person's entries stay."""
    try:
        _write(course, book, submission, verdicts)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        book.db.rollback()  # the connection was lost: once more, on a new one
        _write(course, book, submission, verdicts)


def _write(course: Course, book: Gradebook, submission: Submission, verdicts: Mapping[str, Verdict]) -> None:
    stamp = folders.timestamp(submission.folder)
    given = {"timestamp": stamp} if stamp else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own add_submission trips over its autoflush
        book.update_or_create_student(submission.student)
        entry = book.update_or_create_submission(submission.lesson, submission.student, **given)
    for notebook in entry.notebooks:
        if notebook.name in verdicts:
            _enter(notebook, verdicts[notebook.name])
    book.db.flush()
    _penalise(course, book, submission.student, entry)
    book.db.commit()


def _enter(notebook: SubmittedNotebook, verdict: Verdict) -> None:
    """Enter one verdict; what a person gave stays, and counts as to be looked at again."""
    scores = {score.grade_id: score for score in verdict.scores}
    for grade in notebook.grades:
        score = scores.get(grade.name)
        grade.auto_score = score.points if score else 0.0
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
    for comment in notebook.comments:
        comment.auto_comment = verdict.comments.get(comment.name) or None
    notebook.flagged = bool(verdict.flags)
    notebook.late_submission_penalty = None


def _penalise(course: Course, book: Gradebook, student: str, entry: SubmittedAssignment) -> None:
    """Take off what the course's own rule takes for a late submission."""
    late = entry.total_seconds_late
    if late <= 0:
        return
    rule = AssignLatePenalties(config=course.config)
    rule.init_plugin()
    for notebook in entry.notebooks:
        book.db.refresh(notebook)
        penalty = rule.plugin_inst.late_submission_penalty(student, notebook.score, late)
        notebook.late_submission_penalty = None if penalty is None else min(max(penalty, 0), notebook.score)


def _entries(book: Gradebook, names: Sequence[str]) -> Iterator[SubmittedAssignment]:
    """Yield the submissions of the lessons named, or of all."""
    for assignment in book.assignments:
        if not names or assignment.name in names:
            yield from assignment.submissions


def grades(course: Course, names: Sequence[str] = ()) -> list[Grade]:
    """Return every Grade in the gradebook, or those of the lessons named."""
    with opened(course) as book:
        return [
            Grade(
                student=entry.student.id,
                lesson=entry.assignment.name,
                cell=grade.name,
                points=grade.score or 0.0,
                max_points=grade.max_score or 0.0,
                auto=grade.auto_score,
                manual=grade.manual_score,
                waiting=grade.needs_manual_grade,
            )
            for entry in _entries(book, names)
            for notebook in entry.notebooks
            for grade in notebook.grades
        ]


def totals(course: Course, names: Sequence[str] = ()) -> list[Total]:
    """Return a Total for each student and lesson in the gradebook."""
    with opened(course) as book:
        return sorted(
            Total(
                lesson=entry.assignment.name,
                student=entry.student.id,
                name=" ".join(filter(None, (entry.student.first_name, entry.student.last_name))),
                points=entry.score or 0.0,
                max_points=entry.assignment.max_score or 0.0,
                penalty=entry.late_submission_penalty or 0.0,
                waiting=bool(entry.needs_manual_grade),
            )
            for entry in _entries(book, names)
        )


def backup(course: Course) -> Path | None:
    """Copy the gradebook before anything is written; return the copy's path, None where there is nothing yet."""
    database, stamp = course.database, time.strftime("%Y%m%d-%H%M%S")
    if database.startswith(SQLITE):
        made = _copy_file(Path(database.removeprefix(SQLITE)), stamp)
    else:
        made = _dump(database, course.folder("autograded", "x").parent.parent / "backups" / f"gradebook-{stamp}.sql")
    if made:
        for old in sorted(made.parent.glob("gradebook-*"))[:-BACKUPS_KEPT]:
            old.unlink()
    return made


def _copy_file(source: Path, stamp: str) -> Path | None:
    if not source.exists():
        return None
    target = source.parent / "backups" / f"{source.stem}-{stamp}.db"
    target.parent.mkdir(exist_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        came = f"expected to copy the gradebook there, got: {error}"
        raise MachineError(target, came, "Make room, or restore the gradebook from a copy beside it.") from None
    return target


def _dump(database: str, target: Path) -> Path | None:
    if not shutil.which("pg_dump"):
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    address = "postgresql://" + database.partition("://")[2]  # without the name of a driver
    done = subprocess.run(["pg_dump", "--dbname", address, "--file", str(target)], capture_output=True, text=True)
    if done.returncode:
        target.unlink(missing_ok=True)
        came = f"expected a backup, got {done.stderr.strip().splitlines()[:1]}"
        remedy = "Mend pg_dump, or take it off PATH to go on without a backup."
        raise MachineError(f"gradebook {_public(database)}", came, remedy)
    return target
