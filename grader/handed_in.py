"""Read what was handed in, as it comes: zips of `make submit`, bulk downloads of Moodle and Canvas, folders of them.

Nothing is unpacked: members are read, with limits, and their names only understood, never used as paths.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from grader.errors import SubmissionError

LARGEST, MOST = 100 * 2**20, 20_000  # bytes of one file; files of one download
RECEIPT = "submission.json"
# Moodle: `Ana Berg_4711_assignsubmission_file_/x.ipynb`, or all in one name where folders were not asked for
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)")
# Canvas: `bergana_LATE_4711_815_x-2.ipynb`: sortable name, its mark for late, user, file, the file's own name
CANVAS = re.compile(r"(?P<name>[^_/]+)_(?:LATE_)?(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)")


@dataclass(frozen=True)
class HandedIn:
    """One notebook and what its source says of it; `system` is "", "Moodle" or "Canvas"."""

    source: str
    content: bytes
    student: str = ""  # the id that `make submit` was told
    name: str = ""  # the person as the learning platform writes it
    user: str = ""  # the platform's own number
    system: str = ""
    lesson: str = ""
    time: datetime | None = None
    handed_out: str = ""  # the digest of the exercise that it was written in, where `make submit` said it


@dataclass(frozen=True)
class Left:
    """Something that was not taken, and why."""

    source: str
    why: str

    def __str__(self) -> str:
        return f"left: {self.source}: {self.why}"


@dataclass(frozen=True)
class _File:
    """One file of a download: its name there, its bytes, when it was changed."""

    name: str
    content: bytes
    time: datetime | None


def read(path: Path) -> tuple[list[HandedIn], list[Left]]:
    """Return the notebooks below `path` and what was left; SubmissionError where there is nothing to read."""
    if not path.exists():
        raise SubmissionError(path, "expected a zip or a folder, found nothing", "Check the path.")
    found: list[HandedIn] = []
    left: list[Left] = []
    for file in _files(path, left):
        if file.name.endswith(".zip"):
            found += _inside(file, left)
        elif file.name.endswith(".ipynb"):
            found.append(_plain(file))
    if not found and not left:
        problem = "expected notebooks or zips of them, found none"
        raise SubmissionError(path, problem, "Name the file or folder as it was downloaded.")
    return found, left


def _files(path: Path, left: list[Left]) -> Iterator[_File]:
    """Yield the files of a folder or a zip; a zip of `make submit` is one file."""
    if path.is_dir():
        for each in sorted(path.rglob("*"))[:MOST]:
            name = each.relative_to(path).as_posix()
            if each.is_symlink() or not each.is_file() or name.startswith("."):
                continue
            if each.stat().st_size > LARGEST:
                left.append(Left(name, f"it has more than {LARGEST >> 20} MB"))
                continue
            yield _File(name, each.read_bytes(), datetime.fromtimestamp(each.stat().st_mtime, UTC))
    elif zipfile.is_zipfile(path):
        content = path.read_bytes()
        if any(PurePosixPath(name).name == RECEIPT for name in _names(content)):
            yield _File(path.name, content, None)
        else:
            yield from _members(_File(path.name, content, None), left)
    else:
        why = "expected a zip or a folder, got a file that is neither; was it cut off while downloading?"
        left.append(Left(path.name, why))


def _names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.namelist()


def _members(file: _File, left: list[Left]) -> Iterator[_File]:
    """Yield the members of a zip; names that lead outside, encrypted and huge ones are left."""
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            for info in archive.infolist()[:MOST]:
                name = info.filename
                if info.is_dir() or PurePosixPath(name).name.startswith(".") or name.startswith("__MACOSX"):
                    continue
                if name.startswith("/") or ".." in PurePosixPath(name).parts:
                    left.append(Left(f"{file.name}: {name}", "its name leads outside of the zip"))
                elif info.file_size > LARGEST or info.flag_bits & 1:
                    left.append(Left(f"{file.name}: {name}", f"it is encrypted or has more than {LARGEST >> 20} MB"))
                else:
                    yield _File(name, archive.read(info), datetime(*info.date_time, tzinfo=UTC))
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        left.append(Left(file.name, f"the zip cannot be read ({error})"))


def _inside(file: _File, left: list[Left]) -> list[HandedIn]:
    """Return the notebooks of a zip that lay in the download; its own name says who handed it in, if it does."""
    members = list(_members(file, left))
    receipt = next((_receipt(member.content) for member in members if PurePosixPath(member.name).name == RECEIPT), {})
    outer = _plain(file)
    found = []
    for member in members:
        if member.name.endswith(".ipynb"):
            source, lesson = f"{file.name}: {member.name}", _stem(member.name)
            inner = replace(outer, source=source, content=member.content, lesson=lesson)
            found.append(_with_receipt(inner, receipt) if receipt else inner)
    if not found and not any(one.source.startswith(file.name) for one in left):
        left.append(Left(file.name, "expected a notebook in the zip, found none"))
    return found


def _receipt(content: bytes) -> dict:
    """Return what `make submit` wrote, as far as it is text."""
    try:
        said = json.loads(content)
        return {key: said[key] for key in ("student", "lesson", "time", "handed_out") if isinstance(said.get(key), str)}
    except (ValueError, AttributeError):
        return {}


def _with_receipt(one: HandedIn, receipt: dict) -> HandedIn:
    try:
        time = datetime.strptime(receipt.get("time", ""), "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    except ValueError:
        time = one.time
    told = {"student": receipt.get("student", ""), "lesson": receipt.get("lesson", one.lesson)}
    return replace(one, time=time, handed_out=receipt.get("handed_out", ""), **told)


def _plain(file: _File) -> HandedIn:
    """Return a file with what its name in the download says."""
    for system, pattern in (("Moodle", MOODLE), ("Canvas", CANVAS)):
        for part in PurePosixPath(file.name).parts:
            if match := pattern.fullmatch(part):
                own = match["rest"] or file.name
                return HandedIn(file.name, file.content, "", match["name"], match["id"], system, _stem(own), file.time)
    parts = PurePosixPath(file.name).parts
    student = parts[-3] if len(parts) >= 3 else ""  # nbgrader's own layout: STUDENT/LESSON/NOTEBOOK.ipynb
    lesson = parts[-2] if student else _stem(file.name)
    return HandedIn(file.name, file.content, student, lesson=lesson, time=file.time)


def _stem(name: str) -> str:
    """Return a file's name without folder, ending, and what browsers and platforms add for a second copy."""
    return re.sub(r"[\s_-]*(\(\d+\)|-\d+|copy\s*\d*)$", "", PurePosixPath(name).stem, flags=re.I)
