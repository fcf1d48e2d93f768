"""The grading rehearsal: a class made of answers.py goes through the whole cycle."""

import pytest
from conftest import FULL, LESSON

from grader import demo
from grader.errors import ExerciseError


def test_the_sample_class_earns_what_its_answers_are_worth(sample, tmp_path):
    course, outcome = demo.run([LESSON], root=sample.root, into=tmp_path / "demo", show=False)
    points = {graded.submission.student: graded.verdicts[LESSON].points for graded in outcome.graded}
    assert points["ada"] == points["chen"] == FULL and points["bo"] == 0
    assert all(0 < points[student] < FULL for student in ("dina", "emil", "fay"))
    assert not [flag for graded in outcome.graded for flag in graded.verdicts[LESSON].flags] and not any(g.error for g in outcome.graded)
    assert all(path.exists() for path in demo.paths(course))
    page = (tmp_path / "demo" / "state" / "feedback" / "dina" / LESSON / f"{LESSON}.html").read_text()
    assert "it records now" in page and "_secret_tensor" not in page
    assert demo.table(course).row_count == 6


def test_a_solution_that_is_not_right_stops_before_anything_is_made(sample, tmp_path):
    path = sample.root / "solutions" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text().replace("### END SOLUTION", "###", 1))
    with pytest.raises(ExerciseError, match="BEGIN SOLUTION without END SOLUTION"):
        demo.run([LESSON], root=sample.root, into=tmp_path / "demo", show=False)
    assert not (tmp_path / "demo").exists()
