"""A class is graded once and completely, whatever happens on the way."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import FULL, LESSON, RIGHT, ROOT, SAYS, WRONG
from tricks import FORGED

from grader import gradebook, intake
from grader.errors import ExerciseError, LessonError, MachineError


def test_right_wrong_and_untouched_get_what_they_earn_without_a_flag(sample):
    sample.hand_in("right")
    sample.hand_in("untouched", **dict.fromkeys(RIGHT))
    for name in WRONG:
        sample.hand_in(f"wrong-{name}", **{name: WRONG[name]})
    outcome = sample.grade()
    points = sample.points()
    assert points["right"] == FULL and points["untouched"] == 0
    assert all(points[f"wrong-{name}"] == FULL - 1 for name in WRONG)
    assert not [flag for graded in outcome.graded for flag in graded.verdicts[LESSON].flags]
    for name in WRONG:
        assert (
            "hidden test: " in sample.comments(f"wrong-{name}")[name]
            and SAYS[name] in sample.comments(f"wrong-{name}")[name]
        )
    assert sample.comments("untouched")["half"] == "No response."


def test_grading_leaves_no_thread_behind(sample):
    before = threading.active_count()
    sample.hand_in("ana")
    sample.grade()
    assert threading.active_count() == before


def test_what_is_graded_is_not_graded_again_unless_handed_in_anew(sample):
    sample.hand_in("ana", half=WRONG["half"])
    sample.hand_in("ben")
    sample.grade()
    assert sample.grade().done == 2
    sample.hand_in("ana", stamp="2026-01-02 12:00:00 UTC")
    outcome = sample.grade()
    assert [g.submission.student for g in outcome.graded] == ["ana"] and outcome.done == 1
    assert sample.points() == {"ana": FULL, "ben": FULL}


def test_a_bad_file_is_one_students_verdict(sample):
    sample.hand_in("ana", b"{")
    sample.hand_in("ben")
    sample.grade()
    assert sample.points() == {"ana": 0, "ben": FULL}
    assert (
        "could not be graded" in sample.comments("ana")["half"]
        and "could not be graded" in sample.executed("ana").cells[0].source
    )


def test_a_folder_of_an_unknown_lesson_stops_nobody_and_is_named(sample):
    sample.hand_in("ana")
    sample.folder("ana", "99_x")
    outcome = sample.grade()
    assert "expected a lesson (03_sample), got '99_x'" in str(outcome.stray[0]) and sample.points() == {"ana": FULL}


def test_an_unknown_lesson_is_refused(sample):
    with pytest.raises(LessonError, match="expected one of 03_sample"):
        sample.grade(names=["99_x"])


def test_a_dry_run_writes_nothing(sample):
    sample.hand_in("ana")
    before = {path: path.read_bytes() for path in sample.root.rglob("*") if path.is_file()}
    outcome = sample.grade(dry_run=True)
    assert outcome.graded[0].verdicts[LESSON].points == FULL
    assert {path: path.read_bytes() for path in sample.root.rglob("*") if path.is_file()} == before


def test_one_student_alone(sample):
    sample.hand_in("ana")
    sample.hand_in("ben")
    sample.grade(student="ben")
    assert sample.points() == {"ben": FULL}


def test_a_solution_that_fails_its_own_tests_stops_before_anything_is_graded(sample):
    sample.hand_in("ana")
    path = sample.root / "solutions" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text().replace("return x / 2", "return x / 3"))
    with pytest.raises(ExerciseError, match='cell "half-value": expected the solution to get 2 points'):
        sample.grade()
    assert sample.points() == {}


def test_a_lesson_that_is_broken_is_named_and_the_others_are_graded(sample):
    source = sample.root / "solutions"
    (source / "99_broken").mkdir()
    text = (source / LESSON / f"{LESSON}.ipynb").read_text().replace("return x / 2", "return x / 3")
    (source / "99_broken" / "99_broken.ipynb").write_text(text)
    sample.hand_in("ana")
    sample.folder("ana", "99_broken")
    outcome = sample.grade()
    assert sample.points() == {"ana": FULL} and [g.submission.lesson for g in outcome.graded] == [LESSON]
    assert "99_broken.ipynb, cell" in str(outcome.broken[0])


def test_regrading_lists_every_change_and_keeps_a_persons_points(sample):
    from grader import classroom

    sample.hand_in("ana", larger=WRONG["larger"])
    sample.hand_in("ben", larger=WRONG["larger"])
    sample.grade()
    with gradebook.opened(sample.course) as book:
        book.find_grade("larger-hidden-value", LESSON, LESSON, "ben").manual_score = 0.5
        book.find_comment("larger", LESSON, LESSON, "ben").manual_comment = "nearly"
        book.db.commit()
    path = sample.root / "solutions" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text().replace("larger, 3, -4) == 3", "larger, 5, -4) == 5"))
    assert len(sample.grade().outdated) == 2
    outcome, changes = classroom.regrade(sample.course, classroom.Options([LESSON], show=False))
    assert [(c.student, c.cell, c.before, c.after) for c in changes if c.before != c.after] == [
        ("ana", "larger-hidden-value", 0.0, 1.0)
    ]
    assert sample.points() == {"ana": FULL, "ben": FULL - 0.5} and sample.comments("ben")["larger"] == "nearly"


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from grader import classroom, folders
classroom.grade(folders.open_course(sys.argv[1]), classroom.Options(show=False))
"""


def test_killed_at_any_moment_and_started_again_grades_each_once(sample):
    for i in range(8):
        sample.hand_in(f"s{i}", **({"half": WRONG["half"]} if i % 2 else {}))
    for delay in (4.0, 4.6, 5.2):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(sample.root), str(ROOT)], cwd=ROOT)
        time.sleep(delay)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    sample.grade()
    assert sample.points() == {f"s{i}": FULL - i % 2 for i in range(8)}
    assert sample.grade().done == 8


def test_a_scheduler_that_is_not_there_is_named(sample):
    pytest.importorskip("distributed")
    sample.hand_in("ana")
    with pytest.raises(MachineError, match="expected a dask scheduler"):
        sample.grade(scheduler="tcp://127.0.0.1:1")


@pytest.mark.slow
def test_a_dask_cluster_gives_equal_grades(sample):
    distributed = pytest.importorskip("distributed")
    for i in range(4):
        sample.hand_in(f"s{i}", **({"grad_of": WRONG["grad_of"]} if i % 2 else {}))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        sample.grade(scheduler=cluster.scheduler_address)
    assert sample.points() == {f"s{i}": FULL - i % 2 for i in range(4)}


def test_a_hook_of_another_students_run_is_gone(sample):
    sample.hand_in("eve", half=FORGED["errors swallowed"])
    sample.hand_in("fay", half=WRONG["half"])
    sample.grade(workers=1)
    assert sample.points()["fay"] == FULL - 1


def test_executed_notebook_names_what_was_graded(sample):
    sample.hand_in("ana")
    sample.grade()
    mark = sample.executed("ana").metadata["grader"]
    assert mark["digest"] == intake.digest(sample.folder("ana"), LESSON) and mark["kernel"]
