"""The student's board: each state, from runs that touch no file of theirs."""

import json

import pytest
from samples import course

from grader import answers, notebooks
from lab import exercises, progress, work

RIGHT = "def doubled(x):\n    return x * 2"
WRONG = "def doubled(x):\n    return x**2"
ENDS = "import os\n\ndef doubled(x):\n    os._exit(3)"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    exercises.generate(
        [course(root, name=f"0{n}_{word}") for n, word in enumerate(("right", "wrong", "ends", "open"), 1)]
    )
    work.hand_out(root)
    for name, source in (("01_right", RIGHT), ("02_wrong", WRONG), ("03_ends", ENDS)):
        path = root / "work" / name / f"{name}.ipynb"
        notebooks.write(answers.fill(notebooks.read(path), {"doubled": source}), path)
    return root


@pytest.fixture(scope="module")
def rows(root):
    before = {path: path.read_bytes() for path in (root / "work").rglob("*") if path.is_file()}
    rows = progress.board(root)
    assert before == {path: path.read_bytes() for path in (root / "work").rglob("*") if path.is_file()}
    return rows


def test_right_wrong_dead_and_open_are_told_apart(rows):
    assert [(row.lesson, row.states[0].state, row.states[0].message) for row in rows] == [
        ("01_right", "right", ""),
        ("02_wrong", "wrong", "twice 1 is 2"),
        ("03_ends", "wrong", "the kernel ended while this ran"),
        ("04_open", "open", ""),
    ]
    assert [row.points for row in rows] == [3, 0, 0, 0] and rows[0].most == 3


def test_the_next_step_names_exercise_file_and_message(rows):
    assert progress.next_step(rows) == "Next: mend exercise 1, doubled, in work/02_wrong/02_wrong.ipynb: twice 1 is 2"
    assert progress.next_step([rows[3]]) == "Next: write exercise 1, doubled, in work/04_open/04_open.ipynb"
    assert progress.next_step([rows[0]]).startswith("Everything is right")


def test_the_board_fits_a_terminal_and_a_page_escapes_what_it_shows(rows):
    assert all(len(line) <= 80 for line in progress.text(rows).splitlines()[:6])
    hostile = progress.Row("05_x", (progress.State("f", 1, "t", 1, "wrong", "<img src=x onerror=alert(1)>"),))
    assert "<img" not in progress.page([hostile])


def test_what_has_not_changed_is_not_run_again(root, rows, monkeypatch):
    monkeypatch.setattr(progress, "_failures", lambda *_: pytest.fail("run again"))
    assert progress.board(root) == rows


def test_a_notebook_that_cannot_be_read_is_told_and_the_others_stand(root, rows):
    path = root / "work" / "04_open" / "04_open.ipynb"
    kept = path.read_text()
    path.write_text("<<<<<<< mine\n" + kept)
    try:
        seen = progress.board(root)
        assert "unsolved merge" in seen[3].trouble and seen[:3] == rows[:3]
    finally:
        path.write_text(kept)


def test_a_missing_cell_is_told(root, rows):
    path = root / "work" / "01_right" / "01_right.ipynb"
    kept = path.read_text()
    content = json.loads(kept)
    content["cells"] = [
        cell for cell in content["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") != "doubled"
    ]
    path.write_text(json.dumps(content))
    try:
        assert 'the cell "doubled" is missing' in progress.board(root)[0].states[0].message
    finally:
        path.write_text(kept)
