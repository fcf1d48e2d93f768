"""Grades for learning platforms, read back as their documented formats say."""

import csv

import pytest
from conftest import FULL, LESSON, WRONG

from grader import cli, export, gradebook, platforms, roster
from grader.errors import GraderError


@pytest.fixture
def graded(sample):
    lines = "id,first_name,last_name,email\nana,Ana,Berg,ana@example.org\n=bo,=1+1,Dahl,bo@example.org\ncy,Cy,Eng,\n"
    (sample.root / "roster.csv").write_text(lines, encoding="utf-8")
    roster.enrol(sample.course, sample.root / "roster.csv")
    sample.hand_in("ana")
    sample.hand_in("=bo", half=WRONG["half"])
    sample.grade()
    with gradebook.opened(sample.course) as book:
        book.update_or_create_student("ana", lms_user_id="1001")
    return sample


def rows(sample, kind):
    path = sample.root / "out" / f"{kind}.csv"
    assert cli.main(["export", "--course", str(sample.root), "--format", kind, "--to", str(path)]) == 0
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_every_format_from_one_class(graded):
    canvas = rows(graded, "canvas")
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", LESSON]
    assert canvas[1][0].strip() == "Points Possible" and float(canvas[1][5]) == FULL
    by_login = {row[3]: row for row in canvas[2:]}
    assert by_login["ana"][:2] == ["Berg, Ana", "1001"] and float(by_login["ana"][5]) == FULL
    assert by_login["cy"][5] == "" and float(by_login["'=bo"][5]) < FULL

    moodle = rows(graded, "moodle")
    assert moodle[0] == ["First name", "Surname", "ID number", "Email address", LESSON]
    assert ["Ana", "Berg", "ana", "ana@example.org", f"{FULL:g}"] in moodle and moodle[-1][-1] == "-"

    table = rows(graded, "table")
    assert [row[0] for row in table] == ["id", "'=bo", "ana", "cy"] and table[2][2:] == [
        f"{FULL:g}",
        f"{FULL:g}",
        f"{FULL:g}",
    ]

    mail = {row[0]: row for row in rows(graded, "mail")[1:]}
    assert mail["ana"][2:6] == ["ana@example.org", LESSON, f"{FULL:g}", f"{FULL:g}"] and "cy" not in mail
    everything = [cell for kind in platforms.FORMATS for row in rows(graded, kind) for cell in row]
    assert not any(cell.startswith(("=", "+", "@")) for cell in everything)


def test_an_unknown_format_is_one_sentence_and_writes_nothing(graded):
    with pytest.raises(
        GraderError, match="--format: expected one of csv, canvas, moodle, table, mail, got 'blackboard'"
    ):
        export.write(graded.course, graded.root / "x.csv", "blackboard")
    assert not (graded.root / "x.csv").exists()
