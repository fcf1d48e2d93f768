"""The grading rehearsal: a class made of answers.py goes through the whole cycle."""

import pytest
from conftest import FULL, LESSON

from grader import classroom, convert, notebooks, table
from grader.classroom import Options
from grader.errors import ExerciseError
from lab import demo


def test_the_sample_class_earns_what_its_answers_are_worth(sample, tmp_path):
    course, outcome = demo.run([LESSON], root=sample.root, into=tmp_path / "demo", show=False)
    points = {graded.submission.student: graded.verdicts[LESSON].points for graded in outcome.graded}
    assert points["ada"] == points["chen"] == FULL and points["bo"] == 0
    assert all(0 < points[student] < FULL for student in ("dina", "emil", "fay"))
    assert not [flag for graded in outcome.graded for flag in graded.verdicts[LESSON].flags] and not any(
        g.error for g in outcome.graded
    )
    assert all(path.exists() for path in demo.paths(course))
    page = (tmp_path / "demo" / "state" / "feedback" / "dina" / LESSON / f"{LESSON}.html").read_text()
    assert "it records now" in page and "_secret_tensor" not in page
    assert {"ada", "bo", "chen", "dina", "emil", "fay"} <= {
        line.partition(" ")[0] for line in table.table(course).splitlines()
    }


def test_a_solution_that_is_not_right_stops_before_anything_is_made(sample, tmp_path):
    path = sample.root / "solutions" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text().replace("### END SOLUTION", "###", 1))
    with pytest.raises(ExerciseError, match="BEGIN SOLUTION without END SOLUTION"):
        demo.run([LESSON], root=sample.root, into=tmp_path / "demo", show=False)
    assert not (tmp_path / "demo").exists()


@pytest.mark.slow
def test_no_answer_of_the_course_raises_a_flag(tmp_path):
    lessons = notebooks.lessons()
    course = demo.found(notebooks.ROOT, tmp_path / "all", lessons)
    students = {
        f"{kind}{k:02}": pick for kind in ("right", "wrong") for k, pick in ((k, _pick(kind, k)) for k in range(12))
    }
    for lesson in lessons:
        convert.release(course, lesson.name)
        demo.hand_in(course, lesson, students)
    outcome = classroom.grade(course, Options(show=False))
    flags = [
        (g.submission.student, name, flag) for g in outcome.graded for name, v in g.verdicts.items() for flag in v.flags
    ]
    assert not flags and not any(graded.error for graded in outcome.graded)
    for graded in outcome.graded:
        for verdict in graded.verdicts.values():
            assert (verdict.points == verdict.max_points) == graded.submission.student.startswith("right"), (
                graded.submission
            )


def _pick(kind, k):
    """Return how a student answers who takes the k-th answer of a kind to each exercise."""
    return lambda i, solution, right, wrong: (
        (right or [solution])[k % len(right or [0])] if kind == "right" else wrong[k % len(wrong)]
    )
