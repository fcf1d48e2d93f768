"""Handing in: one zip that says whose it is, of which lesson and of when; nothing is written where something is
wrong."""

import json
import zipfile
from datetime import UTC, datetime

import pytest
from samples import course

from grader import answers, notebooks
from grader.errors import GraderError, NotebookError, SubmissionError
from lab import exercises, submit, work

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def root(tmp_path):
    exercises.generate([course(tmp_path)])
    work.hand_out(tmp_path)
    return tmp_path


def own(root):
    return root / "work" / "01_doubling" / "01_doubling.ipynb"


def test_the_zip_holds_the_notebook_its_time_and_its_receipt(root):
    notebook = answers.fill(notebooks.read(own(root)), {"doubled": "def doubled(x):\n    return x * 2"})
    notebook.cells[0].outputs = [notebooks.nbformat.v4.new_output("stream", text="x" * 10**6)]
    notebooks.write(notebook, own(root))
    path, receipt = submit.submit("01_doubling", "ana", root, NOON)
    assert path.name.startswith("01_doubling-ana-20261121-120000-") and path.stat().st_size < 20_000
    with zipfile.ZipFile(path) as archive:
        assert archive.read("01_doubling/timestamp.txt") == b"2026-11-21 12:00:00 UTC"
        assert b"return x * 2" in archive.read("01_doubling/01_doubling.ipynb")
        assert json.loads(archive.read("01_doubling/submission.json"))["student"] == receipt.student == "ana"
    assert receipt.untouched == () and "return x * 2" in own(root).read_text()


def test_what_is_not_written_yet_is_named(root):
    path, receipt = submit.submit("01_doubling", "ana", root, NOON)
    assert receipt.untouched == ("doubled",)
    assert "not written yet, 0 points as it stands: doubled" in submit.told(path, receipt, root)


def test_a_broken_notebook_is_refused_and_nothing_is_written(root):
    own(root).write_text(own(root).read_text()[:500])
    with pytest.raises(
        NotebookError,
        match=r"work/01_doubling/01_doubling\.ipynb: expected a notebook, got something that cannot be read",
    ):
        submit.submit("01_doubling", "ana", root, NOON)
    assert not (root / "handin").exists()


def test_a_missing_cell_is_refused(root):
    content = json.loads(own(root).read_text())
    content["cells"] = [
        cell for cell in content["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") != "doubled"
    ]
    own(root).write_text(json.dumps(content))
    with pytest.raises(SubmissionError, match="expected a cell for each exercise, doubled is missing"):
        submit.submit("01_doubling", "ana", root, NOON)
    assert not (root / "handin").exists()


def test_the_name_is_asked_once(root):
    with pytest.raises(GraderError, match="your name: expected the id that your course knows you by, got none"):
        submit.who("", root)
    submit.submit("01_doubling", submit.who("ana", root), root, NOON)
    assert submit.who("", root) == "ana"


@pytest.mark.parametrize("name", ["a/b", "../x", "-a", "ä b", "x" * 101])
def test_a_name_that_can_name_no_folder_is_refused(root, name):
    with pytest.raises(GraderError, match="expected up to 100 letters"):
        submit.who(name, root)


def test_the_instructor_says_where_to_send_it(root):
    assert submit.where(root) == submit.WHERE
    (root / "settings" / "student").mkdir(parents=True)
    (root / "settings" / "student" / "hand_in.txt").write_text("Upload it in Moodle, task 3.\n")
    assert submit.where(root) == "Upload it in Moodle, task 3."
