"""Enter a class list in the gradebook: a CSV file with the columns id, first_name, last_name, email."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from grader import gradebook
from grader.errors import GraderError
from grader.folders import Course

FIRST_LINE = "Give it a first line such as id,first_name,last_name,email."


def enrol(course: Course, path: str | os.PathLike) -> int:
    """Enter the students of a CSV file in the gradebook; return how many."""
    people = _read(Path(path))
    with gradebook.opened(course) as book:
        for person in people:
            book.update_or_create_student(person.pop("id"), **person)
    return len(people)


def _read(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        came = f"expected a CSV file in UTF-8, got {type(error).__name__}"
        raise GraderError(path, came, "Check the path, or save it as UTF-8.") from None
    rows: Iterable[dict] = csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    people = [_person(row, f"{path}, line {number}") for number, row in enumerate(rows, 2)]
    lines: dict[str, int] = {}
    for number, person in enumerate(people, 2):
        if person["id"] in lines:
            came = f"expected each student id once, got {person['id']!r} in line {lines[person['id']]} too"
            raise GraderError(f"{path}, line {number}", came, "Give one of the two an id of their own.")
        lines[person["id"]] = number
    if not people:
        raise GraderError(path, "expected a line for each student, found none", FIRST_LINE)
    return people


def _person(row: dict, where: str) -> dict[str, str]:
    """Return what one line says: the id, and what of the name and address is there."""
    plain = {key: value for key, value in row.items() if isinstance(value, str | None)}
    row = {(key or "").strip().lower(): (value or "").strip() for key, value in plain.items()}
    who = row.get("id") or row.get("student_id") or row.get("username")
    if not who:
        raise GraderError(where, "expected a student id in the column id, found none", FIRST_LINE)
    if "/" in who or who.startswith("."):
        came = f"expected a student id that can name a folder, got {who!r}"
        raise GraderError(where, came, "Leave out / and a leading dot.")
    return {"id": who, **{key: row[key] for key in ("first_name", "last_name", "email") if row.get(key)}}
