"""Hand in: one zip with a lesson's notebook, checked first, that names its student, its lesson and its time."""

import hashlib
import json
import os
import re
import zipfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from grader.errors import GraderError, SubmissionError
from lab import written
from lab.work import ROOT

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
WHERE = "Hand it in where your instructor told you to: most often an upload on the course's page."


@dataclass(frozen=True)
class Receipt:
    """What lies beside the notebook in the zip, for `grader collect`."""

    student: str
    lesson: str
    time: str  # UTC, as nbgrader's timestamp.txt has it
    notebook: str  # sha256 of the notebook as packed
    handed_out: str  # sha256 of the exercise it was made from: the course's version
    untouched: tuple[str, ...]


def submit(lesson: str, student: str, root: Path = ROOT, now: datetime | None = None) -> tuple[Path, Receipt]:
    """Write handin/LESSON-STUDENT-TIME-DIGEST.zip; return its path and what it says of itself.

    SubmissionError where an answer's cell is missing, NotebookError where the notebook cannot be read: nothing is
    written.
    """
    mine = written.read(lesson, root)
    missing = [one.name for one in mine.exercises if one.answer is None]
    if missing:
        raise SubmissionError(f"work/{lesson}", f"expected a cell for each exercise, {', '.join(missing)} is missing",
                              f"make reset EXERCISE={lesson} gives you a fresh notebook and keeps this one beside it.")
    stamp = now or datetime.now(UTC)
    content = nbformat.writes(_without_outputs(mine.own)).encode()
    given = (root / "exercises" / lesson / f"{lesson}.ipynb").read_bytes()
    receipt = Receipt(student, lesson, stamp.strftime("%Y-%m-%d %H:%M:%S UTC"), _digest(content), _digest(given),
                      tuple(one.name for one in mine.exercises if one.untouched))
    path = root / "handin" / f"{lesson}-{student}-{stamp:%Y%m%d-%H%M%S}-{receipt.notebook[:8]}.zip"
    _pack(path, lesson, content, receipt)
    remember(student, root)
    return path, receipt


def _pack(path: Path, lesson: str, content: bytes, receipt: Receipt) -> None:
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{lesson}/{lesson}.ipynb", content)
        archive.writestr(f"{lesson}/timestamp.txt", receipt.time)
        archive.writestr(f"{lesson}/submission.json", json.dumps(asdict(receipt), indent=1))
    part.replace(path)


def _without_outputs(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook without what running it has left: grading runs it again, and pictures make large files."""
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def who(said: str, root: Path = ROOT) -> str:
    """Return the student's id: as said now, or as said before; GraderError where it is neither or names no folder."""
    kept = root / "handin" / "student.txt"
    name = said or (kept.read_text(encoding="utf-8").strip() if kept.exists() else "")
    if not name:
        raise GraderError("your name", "expected the id that your course knows you by, got none",
                          "Say it once: make submit LESSON=03 NAME=ana")
    if not NAME.fullmatch(name):
        raise GraderError(
            f"NAME={name}",
            "expected up to 100 letters, digits and . _ @ + -, beginning with a letter or digit",
            "Use the id that your course knows you by.",
        )
    return name


def remember(student: str, root: Path = ROOT) -> None:
    """Keep the student's id for the next time."""
    (root / "handin" / "student.txt").write_text(student + "\n", encoding="utf-8")


def where(root: Path = ROOT) -> str:
    """Return where to send the zip: what the instructor wrote into settings/student/hand_in.txt, else what holds
    anywhere."""
    path = root / "settings" / "student" / "hand_in.txt"
    return path.read_text(encoding="utf-8").strip() if path.exists() else WHERE


def told(path: Path, receipt: Receipt, root: Path = ROOT) -> str:
    """Return what its student should read: what was packed, and what is still open."""
    lines = [f"wrote {path.relative_to(root)} ({os.path.getsize(path) / 1e3:.0f} kB) for {receipt.student}"]
    if receipt.untouched:
        lines.append(f"not written yet, 0 points as it stands: {', '.join(receipt.untouched)}")
    return "\n".join(lines)
