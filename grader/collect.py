"""Collect: put what was handed in where grading looks for it, each notebook under its student of the roster."""

import hashlib
import os
import re
import shutil
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader import folders, gradebook, handed_in
from grader.errors import GraderError
from grader.folders import Course
from grader.handed_in import HandedIn, Left

PLAIN = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe"})  # letters with no accent to drop


@dataclass(frozen=True)
class Person:
    """One student of the gradebook, as learning platforms may write them."""

    id: str
    spelled: frozenset[str]  # keys of the names; "" in none


@dataclass(frozen=True)
class Collected:
    """What collecting did: (student, lesson) newly put in place, how many were there already, what was left and why.

    `notes` are on what was taken all the same.
    """

    taken: tuple[tuple[str, str], ...]
    same: int
    left: tuple[Left, ...]
    notes: tuple[str, ...] = ()


def collect(course: Course, path: str | os.PathLike, lesson: str = "") -> Collected:
    """Take in a zip or folder; `lesson` where the files do not say. The latest of several counts; newer work stays."""
    known = folders.lessons(course, [lesson] if lesson else ())
    every, people = folders.lessons(course), _people(course)
    found, left = handed_in.read(Path(path))
    chosen: dict[tuple[str, str], HandedIn] = {}
    for one in sorted(found, key=lambda one: (one.time or datetime.min.replace(tzinfo=UTC), one.source)):
        where = _belongs(one, people, known, every, lesson)
        if isinstance(where, str):
            left.append(Left(one.source, where))
            continue
        before = chosen.get(where)
        if before and (before.system, before.user) != (one.system, one.user):
            why = f"{before.source} is the same student's too, by another account: keep one of them"
            left.append(Left(one.source, why))
            continue
        if before:
            left.append(Left(before.source, f"a later hand-in of {where[0]} was taken"))
        chosen[where] = one
    taken, notes, same = [], [], 0
    for (student, name), one in sorted(chosen.items()):
        outcome = _put(course, student, name, one)
        if outcome == "taken":
            taken.append((student, name))
            notes += _of_another_version(course, name, one)
        same += outcome == "same"
        if outcome == "newer":
            left.append(Left(one.source, f"what lies under {student}/{name} is newer"))
    return Collected(tuple(taken), same, tuple(left), tuple(notes))


def _of_another_version(course: Course, lesson: str, one: HandedIn) -> list[str]:
    """Return a sentence where a zip says that it was written in another version of the exercise than lies here."""
    path = course.folder("release", lesson=lesson) / f"{lesson}.ipynb"
    if not one.handed_out or not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() == one.handed_out:
        return []
    what = "answers to exercises that are not here get no points"
    return [f"{one.source}: it was written in another version of {lesson} than {path.relative_to(course.root)}: {what}"]


def _people(course: Course) -> list[Person]:
    """Return the students of the gradebook; GraderError where there is none."""
    with gradebook.opened(course) as book:
        people = [Person(one.id, _spellings(one.id, one.first_name, one.last_name, one.email)) for one in book.students]
    if not people:
        problem = "expected students in the gradebook, found none"
        raise GraderError("roster", problem, "Enter them first: grader roster class.csv")
    return people


def _spellings(student: str, first: str | None, last: str | None, email: str | None) -> frozenset[str]:
    """Return the ways a platform may write this person: Moodle first name first, Canvas last name first in one word."""
    names = (f"{first or ''} {last or ''}", f"{last or ''} {first or ''}", (email or "").partition("@")[0], student)
    return frozenset(key for name in names for key in _keys(name))


def _keys(name: str) -> set[str]:
    """Return the ways a file name may spell this: as it is, without accents, without letters that ASCII lacks."""
    name = name.lower()
    unaccented = unicodedata.normalize("NFKD", name.translate(PLAIN)).encode("ascii", "ignore").decode()
    kept = name.encode("ascii", "ignore").decode()
    return {key for form in (name, unaccented, kept) if (key := re.sub(r"[\W_]+", "", form))}


def _belongs(
    one: HandedIn, people: list[Person], known: list[str], every: list[str], lesson: str
) -> tuple[str, str] | str:
    """Return (student, lesson), or why it belongs to none."""
    if one.system:  # the platform knows who was logged in; what the zip says of itself is the student's word
        fits = [person.id for person in people if _keys(one.name) & person.spelled]
        who = f"{one.system} names {one.name!r}"
    else:
        fits = [person.id for person in people if person.id == one.student]
        who = f"it names the student {one.student!r}" if one.student else "it names no student"
    if len(fits) != 1:
        fit = f", and {', '.join(fits)} of the roster are called so" if fits else ", who is not in the roster"
        remedy = "Enter the name as it is written there (grader roster), or put the notebook in place by hand"
        return f"{who}{fit}. {remedy}"
    name = one.lesson if one.lesson in known else lesson if one.lesson not in every else ""
    if not name:
        return f"expected a notebook of {lesson or ', '.join(known)}, got one of {one.lesson!r}"
    return fits[0], name


def _put(course: Course, student: str, lesson: str, one: HandedIn) -> str:
    """Put the notebook in place in one step; return taken, same or newer."""
    target = course.folder("submitted", student, lesson)
    notebook = target / f"{lesson}.ipynb"
    there = folders.timestamp(target)
    if notebook.is_file() and notebook.read_bytes() == one.content:
        return "same"
    if there and one.time and there.replace(tzinfo=UTC) > one.time:
        return "newer"
    part, old = (target.with_name(f".{target.name}.{kind}-{os.getpid()}") for kind in ("part", "old"))
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    (part / notebook.name).write_bytes(one.content)
    if one.time:
        (part / "timestamp.txt").write_text(one.time.strftime("%Y-%m-%d %H:%M:%S UTC"), encoding="utf-8")
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return "taken"


def missing(course: Course, lesson: str) -> list[str]:
    """Return who of the roster has handed in nothing for this lesson."""
    folders.lessons(course, [lesson])
    with gradebook.opened(course) as book:
        students = sorted(one.id for one in book.students)
    return [student for student in students if not course.folder("submitted", student, lesson).exists()]
