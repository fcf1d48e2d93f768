"""Collecting: all that arrives ends under the right student, or is left with the reason; nothing is half-written."""

import hashlib
import io
import json
import zipfile

import pytest
from conftest import LESSON

from grader import cli, collect, roster
from grader.errors import GraderError, SubmissionError

ROSTER = (
    "id,first_name,last_name,email\nana,Ana,Berg,ana@example.org\nbo,Bo,Østergård,bo@example.org\n"
    "cy,Cy,Li,cy@example.org\ncyl,Cy,Li,cy2@example.org\n"
)
NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture
def course(sample):
    (sample.root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    roster.enrol(sample.course, sample.root / "roster.csv")
    return sample.course


def zipped(members):
    """Return the bytes of a zip: name -> content, or (content, date_time)."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            content, when = content if isinstance(content, tuple) else (content, (2026, 11, 20, 10, 0, 0))
            archive.writestr(zipfile.ZipInfo(name, when), content)
    return data.getvalue()


def ours(student="ana", lesson=LESSON, time="2026-11-20 10:00:00 UTC", notebook=NOTEBOOK, handed_out=NOTEBOOK):
    """Return what `make submit` writes."""
    given = hashlib.sha256(handed_out).hexdigest()
    receipt = {"student": student, "lesson": lesson, "time": time, "handed_out": given}
    members = {
        f"{lesson}/{lesson}.ipynb": notebook,
        f"{lesson}/submission.json": json.dumps(receipt),
        f"{lesson}/timestamp.txt": time,
    }
    return zipped(members)


def save(course, name, content):
    path = course.root / "downloaded" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def lies(course, student, lesson=LESSON):
    path = course.folder("submitted", student, lesson) / f"{lesson}.ipynb"
    return path.read_bytes() if path.exists() else None


def test_our_own_zip_is_taken_with_its_time(course):
    done = collect.collect(course, save(course, "x.zip", ours()))
    assert done.taken == (("ana", LESSON),) and not done.left and lies(course, "ana") == NOTEBOOK
    assert (course.folder("submitted", "ana", LESSON) / "timestamp.txt").read_text() == "2026-11-20 10:00:00 UTC"
    assert collect.collect(course, course.root / "downloaded" / "x.zip").same == 1


def test_a_zip_of_another_version_of_the_course_is_taken_and_that_is_said(course):
    released = course.folder("release", lesson=LESSON) / f"{LESSON}.ipynb"
    released.parent.mkdir(parents=True)
    released.write_bytes(NOTEBOOK)
    assert not collect.collect(course, save(course, "same.zip", ours())).notes
    newer = ours("bo", handed_out=NOTEBOOK + b" ")
    done = collect.collect(course, save(course, "newer.zip", newer))
    assert done.taken == (("bo", LESSON),) and "newer.zip: " in done.notes[0]
    assert f"it was written in another version of {LESSON} than exercises/{LESSON}/{LESSON}.ipynb" in done.notes[0]


def test_a_moodle_download_with_folders_and_without(course):
    members = {
        f"Ana Berg_4711_assignsubmission_file_/{LESSON}.ipynb": NOTEBOOK,
        f"Bo Østergård_4712_assignsubmission_file_{LESSON} (1).ipynb": NOTEBOOK + b"\n",
    }
    done = collect.collect(course, save(course, "CS1-Exercises-99.zip", zipped(members)))
    assert done.taken == (("ana", LESSON), ("bo", LESSON)) and not done.left


def test_a_canvas_download(course):
    members = {
        f"bergana_1001_501_{LESSON}.ipynb": NOTEBOOK,
        f"stergrdbo_LATE_1002_502_{LESSON}-2.ipynb": NOTEBOOK,
        f"ostergardbo_LATE_1002_502_{LESSON}-2.ipynb": NOTEBOOK,
    }
    done = collect.collect(course, save(course, "submissions.zip", zipped(members)))
    assert ("ana", LESSON) in done.taken and ("bo", LESSON) in done.taken


def test_in_a_platforms_download_the_platform_says_who_it_was(course):
    """A zip inside names whom it likes: what counts is who was logged in."""
    members = {"Ana Berg_4711_assignsubmission_file_/x.zip": ours(student="bo")}
    done = collect.collect(course, save(course, "moodle.zip", zipped(members)))
    assert done.taken == (("ana", LESSON),) and lies(course, "bo") is None


def test_the_latest_of_several_counts_and_the_others_are_named(course):
    folder = course.root / "downloaded"
    save(course, "old.zip", ours(notebook=NOTEBOOK + b" "))
    save(course, "new.zip", ours(time="2026-11-21 10:00:00 UTC"))
    done = collect.collect(course, folder)
    assert lies(course, "ana") == NOTEBOOK and "a later hand-in of ana was taken" in str(done.left[0])


def test_what_is_there_and_newer_stays(course):
    collect.collect(course, save(course, "new.zip", ours(time="2026-11-21 10:00:00 UTC")))
    done = collect.collect(course, save(course, "old.zip", ours(notebook=NOTEBOOK + b" ")))
    assert not done.taken and "is newer" in str(done.left[0]) and lies(course, "ana") == NOTEBOOK


@pytest.mark.parametrize(
    "name, content, why",
    [
        ("other.zip", lambda: ours(lesson="99_other"), "expected a notebook of 03_sample, got one of '99_other'"),
        ("who.zip", lambda: ours(student="zoe"), "it names the student 'zoe', who is not in the roster"),
        (
            "m.zip",
            lambda: zipped({f"Zoe X_1_assignsubmission_file_/{LESSON}.ipynb": NOTEBOOK}),
            "Moodle names 'Zoe X', who is not in the roster",
        ),
        (
            "two.zip",
            lambda: zipped({f"Cy Li_1_assignsubmission_file_/{LESSON}.ipynb": NOTEBOOK}),
            "cy, cyl of the roster are called so",
        ),
        ("out.zip", lambda: zipped({f"../../ana/{LESSON}.ipynb": NOTEBOOK}), "its name leads outside of the zip"),
        ("cut.zip", lambda: ours()[:100], "expected a zip or a folder, got a file that is neither"),
        (
            "inside.zip",
            lambda: zipped({"Ana Berg_1_assignsubmission_file_/a.zip": zipped({"x.txt": b"x"})}),
            "expected a notebook in the zip",
        ),
    ],
)
def test_what_fits_nowhere_is_left_with_the_reason_and_nothing_is_written(course, name, content, why):
    done = collect.collect(course, save(course, name, content()))
    assert not done.taken and any(why in str(left) for left in done.left), [str(left) for left in done.left]
    assert not list(course.folder("submitted", "x").parent.glob("*/*"))


def test_two_accounts_of_one_student_are_told(course):
    members = {f"Ana Berg_{n}_assignsubmission_file_/{LESSON}.ipynb": NOTEBOOK for n in (1, 2)}
    done = collect.collect(course, save(course, "m.zip", zipped(members)))
    assert len(done.taken) == 1 and "by another account" in str(done.left[0])


def test_nothing_to_read_is_one_sentence(course):
    with pytest.raises(SubmissionError, match="expected notebooks or zips of them, found none"):
        collect.collect(course, save(course, "empty.zip", zipped({})))
    with pytest.raises(SubmissionError, match="expected a zip or a folder, found nothing"):
        collect.collect(course, course.root / "nowhere.zip")


def test_without_a_roster_it_says_so(sample):
    with pytest.raises(GraderError, match="roster: expected students in the gradebook, found none"):
        collect.collect(sample.course, save(sample.course, "x.zip", ours()))


def test_who_has_handed_in_nothing(course, capsys):
    collect.collect(course, save(course, "x.zip", ours()))
    assert collect.missing(course, LESSON) == ["bo", "cy", "cyl"]
    assert cli.main(["missing", LESSON, "--course", str(course.root)]) == 0
    assert capsys.readouterr().out.split() == ["bo", "cy", "cyl"]


def test_the_command_tells_each(course, capsys):
    path = save(course, "x.zip", ours())
    assert cli.main(["collect", str(path), "--course", str(course.root)]) == 0
    assert capsys.readouterr().out == f"took ana/{LESSON}\n1 taken, 0 there already, 0 left\n"
