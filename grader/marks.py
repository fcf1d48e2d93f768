"""What was graded, and with what: the verdict on a notebook, kept in the executed notebook, where the report reads it.

A submission is done when its executed notebooks, with their marks, lie in the autograded folder: what is written last.
"""

import dataclasses
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from grader import folders, notebooks
from grader.folders import Course, Submission


@dataclass(frozen=True)
class CellScore:
    """The points of one graded cell; None where a person has to give them. `message` is what its student reads."""

    grade_id: str
    points: float | None
    max_points: float
    message: str = ""
    exercise: str = ""
    hidden: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Flag:
    """Something for a person to look at, with what was seen; `holds` where the points wait for that.

    `reads` where the source may have read the tests: what it says is not handed back before.
    """

    exercise: str
    seen: str
    holds: bool = False
    reads: bool = False


def waits(flag: Flag, scores: Iterable[CellScore]) -> bool:
    """Return whether points wait because of a flag."""
    return flag.holds and any(score.points is None and score.exercise == flag.exercise for score in scores)


@dataclass(frozen=True)
class Verdict:
    """All that one run says about one submitted notebook."""

    scores: tuple[CellScore, ...]
    comments: dict[str, str]  # by the grade_id of the solution cell
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str = ""
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """Return the points given so far."""
        return sum(score.points or 0 for score in self.scores)

    @property
    def max_points(self) -> float:
        """Return the points that can be had."""
        return sum(score.max_points for score in self.scores)


@dataclass(frozen=True)
class Gift:
    """The points that a person's decision gave one cell, and what a person had given it before."""

    cell: str
    before: float | None
    points: float


@dataclass(frozen=True)
class Decision:
    """What a person decided on the flags of a notebook: accept, zero or note; and what that gave."""

    kind: str
    text: str
    date: str
    on: tuple[Flag, ...]
    gave: tuple[Gift, ...] = ()


@dataclass(frozen=True)
class Mark:
    """What an executed notebook says of its grading: fingerprints of the submission and of the tests, the verdict."""

    digest: str
    tests: str
    kernel: str
    seconds: float = 0.0
    refusal: str = ""
    notes: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    scores: tuple[CellScore, ...] = ()
    decision: Decision | None = None

    @classmethod
    def of(cls, verdict: Verdict, digest: str, tests: str, kernel: str) -> "Mark":
        """Return the mark of a verdict."""
        seconds = round(verdict.seconds, 3)
        return cls(digest, tests, kernel, seconds, verdict.refusal, verdict.notes, verdict.flags, verdict.scores)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Mark":
        """Return the mark that stands in a notebook's metadata; ValueError where it is none."""
        try:
            flags = tuple(Flag(**flag) for flag in data["flags"])
            scores = tuple(CellScore(**score) for score in data["scores"])
            decision = _decision(data.get("decision"))
            known = {"notes": tuple(data["notes"]), "flags": flags, "scores": scores, "decision": decision}
            return cls(**{**data, **known})
        except (KeyError, TypeError) as error:
            raise ValueError(f"no mark of this grader: {error}") from None

    def owner(self, grade_id: str) -> str:
        """Return the exercise that a graded cell belongs to; the cell itself where it stands alone."""
        return next((score.exercise for score in self.scores if score.grade_id == grade_id), "") or grade_id


def _decision(data: Mapping[str, Any] | None) -> Decision | None:
    if not data:
        return None
    on, gave = tuple(Flag(**flag) for flag in data["on"]), tuple(Gift(**gift) for gift in data["gave"])
    return Decision(**{**data, "on": on, "gave": gave})


def decide(course: Course, submission: Submission, name: str, decision: Decision) -> None:
    """Keep a person's decision in the mark of a graded notebook."""
    path = course.folder("autograded", submission.student, submission.lesson) / f"{name}.ipynb"
    notebook = notebooks.read(path)
    notebook.metadata["grader"]["decision"] = dataclasses.asdict(decision)
    notebooks.write(notebook, path)


def read(course: Course, submission: Submission) -> dict[str, Mark | None]:
    """Return a graded submission's marks by notebook: None for one that nbgrader graded; {} for one to be graded."""
    found: dict[str, Mark | None] = {}
    for path in sorted(course.folder("autograded", submission.student, submission.lesson).glob("*.ipynb")):
        try:
            mark = json.loads(path.read_text(encoding="utf-8")).get("metadata", {}).get("grader")
            found[path.stem] = Mark.read(mark) if mark else None
        except (OSError, ValueError):
            return {}
    return found


def put(
    course: Course, submission: Submission, executed: Mapping[str, NotebookNode], marks: Mapping[str, Mark]
) -> None:
    """Put the executed notebooks with their marks where nbgrader expects them, all at once.

    This comes after the gradebook's commit: a submission whose marks lie here is done, one without is graded again.
    """
    target = course.folder("autograded", submission.student, submission.lesson)
    part, old = (target.with_name(f".{target.name}.{kind}-{os.getpid()}") for kind in ("part", "old"))
    shutil.rmtree(part, ignore_errors=True)
    try:
        _fill(part, course, submission, {name: (executed[name], marks[name]) for name in executed})
    except BaseException:  # a full disk
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _fill(part: Path, course: Course, submission: Submission, made: Mapping[str, tuple[NotebookNode, Mark]]) -> None:
    """Write into a new folder what nbgrader expects of a graded submission."""
    part.mkdir(parents=True)
    for name, (notebook, mark) in made.items():
        notebook.metadata["grader"] = dataclasses.asdict(mark)
        (part / f"{name}.ipynb").write_text(notebooks.text(notebook), encoding="utf-8")
    for name, data in folders.extra_files(course, submission.lesson).items():
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        (part / name).write_bytes(data)
    if stamp := folders.timestamp(submission.folder):
        (part / "timestamp.txt").write_text(stamp.isoformat(" ") + " UTC")
    if secret := folders.exchange_secret(submission.folder):
        (part / folders.SECRET).write_bytes(secret)


def sweep(course: Course) -> None:
    """Remove what a run that was killed while it put a submission in place has left."""
    for folder in course.folder("autograded", "x").parent.glob("*/.*-*"):
        kind, _, pid = folder.suffix.partition("-")
        if kind in (".part", ".old") and pid.isdigit() and not _lives(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
