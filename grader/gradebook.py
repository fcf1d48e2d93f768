"""nbgrader's gradebook and folders: register a lesson, record verdicts, read the class, hand back feedback.

The schema, the folders and the meaning of every field are nbgrader's own, so formgrader, feedback and export work
unchanged. One writer: each submission is one transaction.
"""

import contextlib
import copy
import csv
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins.export import CsvExportPlugin
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    SaveCells,
)
from nbgrader.utils import find_all_files, parse_utc
from sqlalchemy.exc import DBAPIError, SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader import notebooks
from grader.errors import GraderError, LessonError, MachineError, SubmissionError

STEPS = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, SaveCells)
BACKUPS_KEPT = 20
EXCHANGES = ("/usr/local/share/nbgrader/exchange", "/srv/nbgrader/exchange")  # nbgrader's defaults, old and new
LONGEST_NAME = 128  # of a student in nbgrader's schema


@dataclass(frozen=True)
class Course:
    """A course directory as nbgrader sees it: its root, its configuration, and the folders these name."""

    root: Path
    config: Config
    folders: CourseDirectory

    def folder(self, step, student=".", lesson="."):
        """Return a folder of nbgrader's structure; `step` is source, release, submitted, autograded or feedback."""
        return Path(os.path.normpath(self.folders.format_path(getattr(self.folders, f"{step}_directory"), student, lesson)))

    @property
    def database(self):
        return self.folders.db_url

    @property
    def kernel(self):
        """Return the kernel that nbgrader_config.py names for grading, or ""."""
        return str(self.config.get("Execute", {}).get("kernel_name", "") or "")


@dataclass(frozen=True)
class Submission:
    """One student's folder for one lesson."""

    student: str
    lesson: str
    folder: Path


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


def open_course(root, database=""):
    """Return the Course at `root`, with what its nbgrader_config.py says; `database` overrides the gradebook's URL."""
    root = Path(root).resolve()
    _tools_on_path()
    config = Config()
    if (root / "nbgrader_config.py").exists():
        try:
            config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        except Exception as error:  # the file is Python: anything can come
            raise GraderError(
                root / "nbgrader_config.py", f"expected a configuration, got {type(error).__name__}: {error}", "Mend it."
            ) from None
    config.CourseDirectory.root = str(root)
    if database:
        config.CourseDirectory.db_url = database
    course = Course(root, config, CourseDirectory(config=config))
    if not course.folder("source").is_dir():
        raise LessonError(
            root, f"expected a course with {course.folders.source_directory}/, found none", "Name the course's folder with --course."
        )
    return course


def private_paths(root: str | Path, database: str = "") -> tuple[Path, ...]:
    """Return what no submission may open: the course's folders, its gradebook, nbgrader's exchange; none without a course."""
    try:
        course = open_course(root, database)
    except LessonError:
        return ()
    steps = ("source", "submitted", "autograded", "feedback")
    paths = [course.root, *(course.folder(step, "x").parent for step in steps), *map(Path, EXCHANGES)]
    if course.database.startswith("sqlite:///"):
        paths.append(Path(course.database.removeprefix("sqlite:///")))
    return tuple(paths)


def _tools_on_path():
    """Put the interpreter's folder first on PATH: nbgrader starts alembic by its bare name."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", "")


@contextlib.contextmanager
def opened(course):
    """Open the gradebook; MachineError where its server or file cannot be reached."""
    database = course.database
    if database.startswith("sqlite:///"):
        Path(database.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    try:
        book = Gradebook(database, course.folders.course_id)
    except Exception as error:  # sqlalchemy's tree of errors differs by driver
        reason = str(error).splitlines()[0][:150]
        raise MachineError(
            f"gradebook {_public(database)}", f"expected a database, got {reason}", "Check its address and that it runs."
        ) from None
    try:
        yield book
    finally:
        book.close()


def _public(url):
    """Return a database URL without its password."""
    head, at, tail = url.rpartition("@")
    return f"{head.rpartition(':')[0]}:***@{tail}" if at and head.count(":") > 1 else url


def lessons(course, names=()):
    """Return the names of the lessons that can be graded, all or those asked for; LessonError for one that is none."""
    known = sorted(path.name for path in course.folder("source").iterdir() if path.is_dir() and any(path.glob("*.ipynb")))
    for name in names:
        if name not in known:
            raise LessonError(f"lesson {name!r}", f"expected one of {', '.join(known) or '(none)'}", "Name one of them.")
    return list(names) or known


def submissions(course, names, student=""):
    """Return the submissions of these lessons, sorted; and a SubmissionError for each folder that no lesson claims."""
    known, found, stray = lessons(course), [], []
    for folder in sorted(course.folder("submitted", "x").parent.glob("*/*")):
        who, lesson = folder.parent.name, folder.name
        if who.startswith(".") or lesson.startswith(".") or not (folder.is_dir() or folder.is_symlink() or folder.suffix == ".ipynb"):
            continue
        if wrong := _wrong_place(folder, known):
            where = folder.relative_to(course.root) if folder.is_relative_to(course.root) else folder
            stray.append(SubmissionError(ascii(str(where))[1:-1] if not str(where).isprintable() else where, *wrong))
        elif lesson in names and student in ("", who):
            found.append(Submission(who, lesson, folder))
    if student and not found:
        raise SubmissionError(
            f"student {student!r}",
            f"expected a folder below {course.folders.submitted_directory}/, found none",
            "Check the name, or collect the submission first.",
        )
    return found, stray


def _wrong_place(folder, known):
    """Return (problem, remedy) of what cannot be anybody's submission, or None."""
    who, lesson = folder.parent.name, folder.name
    if not who.isprintable() or len(who) > LONGEST_NAME:
        return f"expected a student id of up to {LONGEST_NAME} letters, got {ascii(who)[:60]}", "Rename the student's folder."
    if not (folder.is_dir() or folder.is_symlink()):
        return "expected a folder for each lesson, got a file", f"Put it into a folder named after its lesson ({', '.join(known)})."
    if lesson not in known:
        return f"expected a lesson ({', '.join(known)}), got {lesson!r}", "Rename the folder or take it away."
    return None


def register(course, lesson):
    """Enter the lesson's notebooks in the gradebook as nbgrader does; return {name: notebook with stubs and all tests}."""
    made = {}
    with opened(course) as book:
        book.update_or_create_assignment(lesson)
    for path in sorted(course.folder("source", lesson=lesson).glob("*.ipynb")):
        notebook = notebooks.read(path)
        resources = {"nbgrader": {"assignment": lesson, "notebook": path.stem, "student": ".", "db_url": course.database}}
        for step in STEPS:
            try:
                notebook, resources = step(config=course.config).preprocess(notebook, resources)
            except Exception as error:  # nbgrader raises bare RuntimeErrors
                raise GraderError(
                    path.relative_to(course.root),
                    f"nbgrader refused it: {str(error).splitlines()[0]}",
                    "Mend it, or bring its cells back to those that were handed out.",
                ) from None
        made[path.stem] = notebook
    return made


def untouched(course, lesson):
    """Return what `register` returns, without touching the gradebook."""
    made = {}
    for path in sorted(course.folder("source", lesson=lesson).glob("*.ipynb")):
        notebook, resources = notebooks.read(path), {"nbgrader": {}}
        for step in STEPS[:-1]:
            notebook, resources = step(config=course.config).preprocess(notebook, resources)
        made[path.stem] = notebook
    return made


def extra_files(course, lesson):
    """Return the lesson's other files (name -> bytes), as nbgrader would copy them beside a submission."""
    source = str(course.folder("source", lesson=lesson))
    found = find_all_files(source, [*course.folders.ignore, "*.ipynb", "answers.py"])
    return {os.path.relpath(path, source): Path(path).read_bytes() for path in found}


def record(course, book, submission, verdicts):
    """Write the verdicts on one submission's notebooks (name -> Verdict) in one transaction; a person's entries stay."""
    try:
        _write(course, book, submission, verdicts)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        book.db.rollback()  # the connection was lost: once more, on a new one
        _write(course, book, submission, verdicts)


def _write(course, book, submission, verdicts):
    stamp = timestamp(submission.folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own add_submission trips over its autoflush
        book.update_or_create_student(submission.student)
        entry = book.update_or_create_submission(submission.lesson, submission.student, **({"timestamp": stamp} if stamp else {}))
    for notebook in entry.notebooks:
        verdict = verdicts.get(notebook.name)
        if verdict is None:
            continue
        scores = {score.grade_id: score for score in verdict.scores}
        for grade in notebook.grades:
            score = scores.get(grade.name)
            grade.auto_score = score.points if score else 0.0
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        for comment in notebook.comments:
            comment.auto_comment = verdict.comments.get(comment.name) or None
        notebook.flagged = bool(verdict.flags)
        notebook.late_submission_penalty = None
    book.db.flush()
    late = entry.total_seconds_late
    if late > 0:
        late_days = AssignLatePenalties(config=course.config)
        late_days.init_plugin()
        for notebook in entry.notebooks:
            book.db.refresh(notebook)
            penalty = late_days.plugin_inst.late_submission_penalty(submission.student, notebook.score, late)
            notebook.late_submission_penalty = None if penalty is None else min(max(penalty, 0), notebook.score)
    book.db.commit()


def timestamp(folder):
    """Return when the submission was handed in (nbgrader's timestamp.txt), or None; an unreadable one counts as none."""
    path = Path(folder) / "timestamp.txt"
    if path.is_symlink() or not path.is_file():
        return None
    with contextlib.suppress(ValueError, OverflowError, OSError):
        with open(path, errors="replace") as file:
            return parse_utc(file.read(100).strip())
    return None


def grades(course, names=()):
    """Return every Grade in the gradebook, or those of the lessons named."""
    with opened(course) as book:
        return [
            Grade(
                entry.student.id,
                entry.assignment.name,
                grade.name,
                grade.score or 0.0,
                grade.max_score or 0.0,
                grade.auto_score,
                grade.manual_score,
                grade.needs_manual_grade,
            )
            for assignment in book.assignments
            if not names or assignment.name in names
            for entry in assignment.submissions
            for notebook in entry.notebooks
            for grade in notebook.grades
        ]


def totals(course, names=()):
    """Return a row per student and lesson: (lesson, student, full name, points, max points, late penalty, waits for a person)."""
    rows = []
    with opened(course) as book:
        for assignment in book.assignments:
            if names and assignment.name not in names:
                continue
            for entry in assignment.submissions:
                person = entry.student
                rows.append(
                    (
                        assignment.name,
                        person.id,
                        " ".join(filter(None, (person.first_name, person.last_name))),
                        entry.score or 0.0,
                        assignment.max_score or 0.0,
                        entry.late_submission_penalty or 0.0,
                        bool(entry.needs_manual_grade),
                    )
                )
    return sorted(rows)


def export(course, path):
    """Write nbgrader's own CSV of all grades to `path`."""
    part = Path(path).with_name(f".{Path(path).name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with opened(course) as book:
        plugin = CsvExportPlugin(to=str(part))
        plugin.log.setLevel(logging.WARNING)
        plugin.export(book)
    part.replace(path)


def enrol(course, path):
    """Enter the students of a CSV file (id, first_name, last_name, email) in the gradebook; return how many."""
    people = _roster(Path(path))
    with opened(course) as book:
        for person in people:
            book.update_or_create_student(person.pop("id"), **person)
    return len(people)


def _roster(path):
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GraderError(
            path, f"expected a CSV file in UTF-8, got {type(error).__name__}", "Check the path, or save it as UTF-8."
        ) from None
    rows = list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ","))
    people = []
    for number, row in enumerate(rows, 2):
        row = {(key or "").strip().lower(): (value or "").strip() for key, value in row.items() if isinstance(value, str | None)}
        who = row.get("id") or row.get("student_id") or row.get("username")
        if not who:
            raise GraderError(
                f"{path}, line {number}",
                "expected a student id in the column id, found none",
                "Give the file a first line such as id,first_name,last_name,email.",
            )
        if "/" in who or who.startswith("."):
            raise GraderError(
                f"{path}, line {number}", f"expected a student id that can name a folder, got {who!r}", "Leave out / and a leading dot."
            )
        people.append({"id": who, **{key: row[key] for key in ("first_name", "last_name", "email") if row.get(key)}})
    if not people:
        raise GraderError(
            path, "expected a line for each student, found none", "Give it a first line such as id,first_name,last_name,email."
        )
    return people


def backup(course):
    """Copy the gradebook beside itself before anything is written; return the copy's path, None where there is nothing yet."""
    database, stamp = course.database, time.strftime("%Y%m%d-%H%M%S")
    if database.startswith("sqlite:///"):
        source = Path(database.removeprefix("sqlite:///"))
        if not source.exists():
            return None
        target = source.parent / "backups" / f"{source.stem}-{stamp}.db"
        target.parent.mkdir(exist_ok=True)
        with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
            old.backup(new)
    else:
        target = course.folder("autograded", "x").parent.parent / "backups" / f"gradebook-{stamp}.sql"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not shutil.which("pg_dump"):
            return None
        address = database.replace("postgresql+psycopg://", "postgresql://").replace("postgresql+psycopg2://", "postgresql://")
        done = subprocess.run(["pg_dump", "--dbname", address, "--file", str(target)], capture_output=True, text=True)
        if done.returncode:
            target.unlink(missing_ok=True)
            raise MachineError(
                f"gradebook {_public(database)}",
                f"expected a backup, got {done.stderr.strip().splitlines()[:1]}",
                "Mend pg_dump, or take it off PATH to go on without a backup.",
            )
    for old in sorted(target.parent.glob("gradebook-*"))[:-BACKUPS_KEPT]:
        old.unlink()
    return target


def review(course, student, lesson, decision, text=""):
    """Record a person's decision on a flagged submission: accept, zero or note; return the cells it changed.

    What was held back gets its full points on accept; on zero the held or scored cells of flagged exercises get a
    manual 0. The words are kept as manual comments, which every later run leaves alone.
    """
    with opened(course) as book:
        try:
            entry = book.find_submission(lesson, student)
        except MissingEntry:
            raise SubmissionError(f"{student}/{lesson}", "expected a graded submission, found none", "Grade it first.") from None
        changed, said = [], f"Reviewed {time.strftime('%Y-%m-%d')}: {decision}" + (f": {text}" if text else "")
        for notebook in entry.notebooks:
            looked_at = {c.name: c for c in notebook.comments if "for a person to look at" in (c.auto_comment or "")}
            if not looked_at and not notebook.flagged:
                continue
            for comment in looked_at.values():
                comment.manual_comment = "\n\n".join(filter(None, (comment.manual_comment or comment.auto_comment, said)))
            for grade in notebook.grades:
                if _owner(grade.name, looked_at) and _decide(grade, decision):
                    changed.append(grade.name)
            notebook.flagged = decision == "note"
        book.db.commit()
        return changed


def _owner(test, solutions):
    """Return whether the test's name belongs to one of these solution cells (grad_of-cube to grad_of)."""
    return any(test == name or test.startswith(f"{name}-") for name in solutions)


def _decide(grade, decision):
    """Apply the decision to one grade; return whether it changed."""
    if decision == "accept" and grade.auto_score is None and grade.manual_score is None:
        grade.manual_score, grade.needs_manual_grade = grade.max_score, False
    elif decision == "zero" and (grade.auto_score is None or grade.auto_score > 0):
        grade.manual_score, grade.needs_manual_grade = 0.0, False
    else:
        return False
    return True


def release(course, lesson):
    """Make the lesson's student version in the release folder and enter it in the gradebook, by nbgrader's own converter."""
    _convert(GenerateAssignment, course, lesson, force=True)


def feedback(course, lesson):
    """Write the feedback of all graded submissions of the lesson, by nbgrader's own converter."""
    _convert(GenerateFeedback, course, lesson, force=True)


def autograde_stock(course, lesson, student, kernel="python3"):
    """Grade one submission by nbgrader's own converter on a cold kernel, as the benchmark's measure."""
    config = copy.deepcopy(course.config)
    config.Execute.kernel_name, config.Execute.timeout = kernel, 600
    _convert(Autograde, Course(course.root, config, course.folders), lesson, student, force=True)


def _convert(converter, course, lesson, student="*", **options):
    config = copy.deepcopy(course.config)  # Config(config) shares its sections
    config.CourseDirectory.assignment_id, config.CourseDirectory.student_id = lesson, student
    made = converter(coursedir=CourseDirectory(config=config), config=config, **options)
    made.log.setLevel(logging.ERROR)
    try:
        made.start()
    except GraderError:
        raise
    except Exception as error:  # NbGraderException and whatever its preprocessors raise
        raise GraderError(
            lesson, f"nbgrader's {converter.__name__} stopped: {str(error).splitlines()[0][:200]}", "Mend the named notebook."
        ) from None


def put(course, submission, executed, mark):
    """Put the executed notebooks (name -> notebook) where nbgrader expects them, all at once; `mark` says what was graded.

    This comes after the gradebook's commit: a submission whose mark lies here is done, one without is graded again.
    """
    target = course.folder("autograded", submission.student, submission.lesson)
    part, old = (target.with_name(f".{target.name}.{kind}-{os.getpid()}") for kind in ("part", "old"))
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, notebook in executed.items():
        notebook.metadata["grader"] = mark[name]
        (part / f"{name}.ipynb").write_text(notebooks.text(notebook), encoding="utf-8")
    for name, data in extra_files(course, submission.lesson).items():
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        (part / name).write_bytes(data)
    if stamp := timestamp(submission.folder):
        (part / "timestamp.txt").write_text(stamp.isoformat(" ") + " UTC")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def sweep(course):
    """Remove what a run that was killed while it put a submission in place has left."""
    for folder in course.folder("autograded", "x").parent.glob("*/.*-*"):
        kind, _, pid = folder.suffix.partition("-")
        if kind in (".part", ".old") and pid.isdigit() and not _lives(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def marks(course, submission):
    """Return what `put` left beside a graded submission: {notebook name: mark}; empty where it is not graded."""
    folder, found = course.folder("autograded", submission.student, submission.lesson), {}
    for path in sorted(folder.glob("*.ipynb")):
        try:
            found[path.stem] = json.loads(path.read_text(encoding="utf-8")).get("metadata", {}).get("grader", {})
        except (OSError, ValueError):
            return {}
    return found
