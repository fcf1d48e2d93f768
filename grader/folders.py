"""Any nbgrader course directory: its configuration, lessons, submissions and other files. Nothing is written here."""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files, parse_utc
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader import settings
from grader.errors import GraderError, LessonError, SubmissionError
from grader.settings import Grader

CONFIGURATION = "nbgrader_config.py"
EXCHANGES = ("/usr/local/share/nbgrader/exchange", "/srv/nbgrader/exchange")  # nbgrader's defaults, old and new
OF_HTML = "<>&\""  # formgrader puts the id into its page as it is
SECRET = "submission_secret.txt"  # nbgrader's name for it
LONGEST_NAME = 128  # of a student in nbgrader's schema


@dataclass(frozen=True)
class Course:
    """A course directory as nbgrader sees it: its root, its configuration, and the folders these name."""

    root: Path
    config: Config
    folders: CourseDirectory

    def folder(self, step: str, student: str = ".", lesson: str = ".") -> Path:
        """Return a folder of nbgrader's structure; `step` is source, release, submitted, autograded or feedback."""
        pattern = getattr(self.folders, f"{step}_directory")
        return Path(os.path.normpath(self.folders.format_path(pattern, student, lesson)))

    @property
    def database(self) -> str:
        """Return the gradebook's URL."""
        return self.folders.db_url

    @property
    def kernel(self) -> str:
        """Return the kernel that nbgrader_config.py names for grading, or ""."""
        return str(self.config.get("Execute", {}).get("kernel_name", "") or "")

    @property
    def settings(self) -> Grader:
        """Return what nbgrader_config.py says to this grader."""
        return settings.read(self.config)


@dataclass(frozen=True)
class Submission:
    """One student's folder for one lesson."""

    student: str
    lesson: str
    folder: Path


def open_course(root: str | os.PathLike, database: str = "") -> Course:
    """Return the Course at `root`, with what its nbgrader_config.py says; `database` overrides the gradebook's URL."""
    root = Path(root).resolve()
    config = _configuration(root)
    config.CourseDirectory.root = str(root)
    if database:
        config.CourseDirectory.db_url = database
    course = Course(root, config, CourseDirectory(config=config))
    if not course.folder("source").is_dir():
        expected = f"expected a course with {course.folders.source_directory}/, found none"
        raise LessonError(root, expected, "Name the course's folder with --course.")
    return course


def private_paths(root: str | os.PathLike, database: str = "") -> tuple[Path, ...]:
    """Return what no submission may open: the course's folders, its gradebook, nbgrader's exchange."""
    try:
        course = open_course(root, database)
    except LessonError:
        return ()
    steps = ("source", "submitted", "autograded", "feedback")
    paths = [course.root, *(course.folder(step, "x").parent for step in steps), *map(Path, EXCHANGES)]
    if course.database.startswith("sqlite:///"):
        paths.append(Path(course.database.removeprefix("sqlite:///")))
    return tuple(paths)


def _configuration(root: Path) -> Config:
    if not (root / CONFIGURATION).exists():
        return Config()
    try:
        return PyFileConfigLoader(CONFIGURATION, path=str(root)).load_config()
    except (Exception, SystemExit) as error:  # the file is Python: anything can come
        came = f"expected a configuration, got {type(error).__name__}: {error}"
        raise GraderError(root / CONFIGURATION, came, "Mend it.") from None


def lessons(course: Course, names: Sequence[str] = ()) -> list[str]:
    """Return the lessons that can be graded, all or those asked for; LessonError for one that is none."""
    found = course.folder("source").iterdir()
    known = sorted(path.name for path in found if path.is_dir() and any(path.glob("*.ipynb")))
    for name in names:
        if name not in known:
            expected = f"expected one of {', '.join(known) or '(none)'}"
            raise LessonError(f"lesson {name!r}", expected, "Name one of them.")
    return list(names) or known


def submissions(
    course: Course, names: Sequence[str], student: str = ""
) -> tuple[list[Submission], list[SubmissionError]]:
    """Return the submissions of these lessons, sorted; and an error for each folder that no lesson claims."""
    known, found, stray = lessons(course), [], []
    for folder, who, lesson in placed(course, "submitted"):
        if who.startswith(".") or lesson.startswith(".") or not _may_be_submitted(folder):
            continue
        if wrong := _wrong_place(folder, who, lesson, known):
            stray.append(SubmissionError(_shown(folder, course.root), *wrong))
        elif lesson in names and student in ("", who):
            found.append(Submission(who, lesson, folder))
    if student and not found:
        expected = f"expected a folder below {course.folders.submitted_directory}/, found none"
        raise SubmissionError(f"student {student!r}", expected, "Check the name, or collect the submission first.")
    return found, stray


def placed(course: Course, step: str) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, student, lesson) of what lies in the step's folders, however the course's structure nests them."""
    parts = course.folder(step, "<student>", "<lesson>").parts
    first = next(number for number, part in enumerate(parts) if "<student>" in part or "<lesson>" in part)
    base, below = Path(*parts[:first]), "/".join(parts[first:])
    pattern = re.compile(re.sub(r"<(student|lesson)>", r"(?P<\1>[^/]*)", re.escape(below)))
    for path in sorted(base.glob(re.sub(r"<(student|lesson)>", "*", below))):
        found = pattern.fullmatch(path.relative_to(base).as_posix())
        yield path, found["student"], found["lesson"]


def _may_be_submitted(path: Path) -> bool:
    return path.is_dir() or path.is_symlink() or path.suffix == ".ipynb"


def _shown(folder: Path, root: Path) -> str:
    """Return a path as any terminal takes it."""
    where = str(folder.relative_to(root) if folder.is_relative_to(root) else folder)
    return where if where.isprintable() else ascii(where)[1:-1]


def _wrong_place(folder: Path, who: str, lesson: str, known: list[str]) -> tuple[str, str] | None:
    """Return (problem, remedy) of what cannot be anybody's submission, or None."""
    if not who.isprintable() or len(who) > LONGEST_NAME or set(who) & set(OF_HTML):
        letters = f"up to {LONGEST_NAME} letters, none of {OF_HTML}"
        return f"expected a student id of {letters}, got {ascii(who)[:60]}", "Rename the student's folder."
    if not (folder.is_dir() or folder.is_symlink()):
        remedy = f"Put it into a folder named after its lesson ({', '.join(known)})."
        return "expected a folder for each lesson, got a file", remedy
    if lesson not in known:
        return f"expected a lesson ({', '.join(known)}), got {lesson!r}", "Rename the folder or take it away."
    return None


def extra_files(course: Course, lesson: str) -> dict[str, bytes]:
    """Return the lesson's other files by name, as nbgrader would copy them beside a submission."""
    source = str(course.folder("source", lesson=lesson))
    found = find_all_files(source, [*course.folders.ignore, "*.ipynb", "answers.py"])
    return {os.path.relpath(path, source): Path(path).read_bytes() for path in found}


def timestamp(folder: str | os.PathLike) -> datetime | None:
    """Return when the submission was handed in (nbgrader's timestamp.txt); an unreadable one counts as none."""
    path = Path(folder) / "timestamp.txt"
    if path.is_symlink() or not path.is_file():
        return None
    with contextlib.suppress(ValueError, OverflowError, OSError):
        with open(path, errors="replace") as file:
            return parse_utc(file.read(100).strip())
    return None


def exchange_secret(folder: str | os.PathLike) -> bytes:
    """Return what the exchange put beside a submission so that its feedback finds the way back; b"" for none."""
    path = Path(folder) / SECRET
    return path.read_bytes() if path.is_file() and not path.is_symlink() and path.stat().st_size <= 1000 else b""
