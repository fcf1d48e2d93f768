"""Any nbgrader course is graded as nbgrader grades it: small courses, honest work, points compared cell by cell."""

import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import courses
import pytest
from courses import LESSON, Work, bash_kernel
from courses.catalogue import COURSES
from courses.record import by_stock, recorded
from traitlets import TraitError

from grader import classroom, convert, folders, gradebook, handout, notebooks
from grader.errors import GraderError, MachineError

PLAIN = COURSES["plain"]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """Let what a test sets end with it."""
    for name in ("GRADER_SANDBOX", "JUPYTER_PATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        if not os.environ[name]:
            monkeypatch.delenv(name)


def grades(name, root, works=None):
    """Return our grades; autotests in a process of their own: their client's threads stay, and other tests fork."""
    if name != "autotests":
        return _grades(name, root, works)
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        return apart.submit(_grades, name, root, works).result()


def _grades(name, root, works):
    return ours(COURSES[name], root, works)[0]


def ours(course, root, works=None):
    """Return our grades of everybody's work on the course, and what was said."""
    if course.kernelspec["language"] != "python":  # its kernel has no walls
        os.environ.update(GRADER_SANDBOX="none", JUPYTER_PATH=bash_kernel.install(root / "jupyter"))
    courses.write(course, root)
    courses.hand_in(course, root, works)
    outcome = classroom.grade(folders.open_course(root), classroom.Options(show=False))
    assert not [graded.error for graded in outcome.graded if graded.error], outcome
    return courses.grades(root), outcome


def differences(course, mine, stock):
    """Return {(student, cell): (ours, stock)} where they differ and no reason is known."""
    cells = [(student, cell) for student in mine for cell in stock[student]]
    return {
        (student, cell): (mine.get(student, {}).get(cell), stock[student][cell])
        for student, cell in cells
        if mine.get(student, {}).get(cell) != stock[student][cell] and (student, cell) not in course.unlike
    }


@pytest.mark.parametrize("name", COURSES)
def test_the_solution_nothing_and_a_courses_own_cases_get_the_points_that_nbgrader_gives(name, tmp_path):
    works = {
        student: work for student, work in COURSES[name].honest.items() if student not in ("first", "second", "added")
    }
    mine = grades(name, tmp_path, works)
    assert mine.keys() == works.keys() and not differences(COURSES[name], mine, recorded()[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", COURSES)
def test_all_honest_work_gets_the_points_that_nbgrader_gives(name, tmp_path):
    mine = grades(name, tmp_path)
    assert mine.keys() == recorded()[name].keys() and not differences(COURSES[name], mine, recorded()[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", COURSES)
def test_nbgrader_still_gives_what_was_recorded(name, tmp_path):
    assert json.loads(json.dumps(by_stock(COURSES[name], tmp_path))) == recorded()[name]


def executed(root, student, name):
    return notebooks.read(root / "autograded" / student / LESSON / f"{name}.ipynb")


def test_a_person_finds_what_was_written_for_a_task_and_the_pictures_in_an_answer(tmp_path):
    course = COURSES["a task at the end"]
    _, outcome = ours(course, tmp_path, {"ana": course.works["ana"]})
    cells = executed(tmp_path, "ana", "survey").cells
    assert [cell.source for cell in cells[-2:]] == ["They said yes.", "votes = 3"]
    assert [cell.attachments for cell in cells if cell.get("attachments")] == list(
        course.works["ana"].attached.values()
    )
    assert not [flag for graded in outcome.graded for verdict in graded.verdicts.values() for flag in verdict.flags]


def test_extra_credit_and_a_persons_points_outlive_another_run(tmp_path):
    ours(PLAIN, tmp_path, {"ana": Work(PLAIN.solved)})
    course = folders.open_course(tmp_path)
    with gradebook.opened(course) as book:
        grade = book.find_grade("correct_sum", "squares", LESSON, "ana")
        grade.extra_credit, grade.manual_score = 2, 1
        book.db.commit()
    classroom.grade(course, classroom.Options(show=False, force=True))
    assert {total.student: total.points for total in gradebook.totals(course)} == {"ana": 1 + 2 + 1 + 2}


def test_a_missing_notebook_is_named_and_another_is_not_taken_for_it(tmp_path):
    course = COURSES["several notebooks"]
    _, outcome = ours(course, tmp_path, {"ana": course.works["one of two"]})
    refusals = {name: verdict.refusal for name, verdict in outcome.graded[0].verdicts.items()}
    assert refusals["problem 1"].startswith("expected problem 1.ipynb beside problem 2") and not refusals["problem 2"]


def test_a_solution_that_loses_points_is_told_and_refused_only_by_a_strict_course(tmp_path):
    course = COURSES["imperfect solution"]
    _, outcome = ours(course, tmp_path, {"ana": Work()})
    assert ['cell "never"' in note for note in outcome.notes] == [True]
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.Grader.strict = True\n")
    with pytest.raises(GraderError, match='cell "never".*c.Grader.strict'):
        classroom.grade(folders.open_course(tmp_path), classroom.Options(show=False, force=True))


def test_files_that_were_handed_out_are_not_called_unused(tmp_path):
    _, outcome = ours(COURSES["data files"], tmp_path, {"ana": Work(files={"mine.txt": "1"})})
    assert [note for note in outcome.graded[0].verdicts["table"].notes if "not used" in note] == [
        "not used: mine.txt (only the notebook is graded)"
    ]


@pytest.mark.parametrize("name, shown", [("plain", "squares(4)"), ("markers spelled otherwise", "assert one == 1")])
def test_feedback_hides_hidden_tests_unless_the_course_shows_them(name, shown, tmp_path):
    ours(COURSES[name], tmp_path, {"ana": Work()})
    page = next(iter(COURSES[name].notebooks)) + ".html"
    convert.feedback(folders.open_course(tmp_path), LESSON)
    assert shown not in (tmp_path / "feedback" / "ana" / LESSON / page).read_text()


def test_prose_is_never_flagged(tmp_path):
    answer = Work({"view": "In my view we compile first, eval later; see globals() and /proc/ of the paper."})
    _, outcome = ours(COURSES["by a person"], tmp_path, {"ana": answer})
    assert not outcome.graded[0].verdicts["essay"].flags


def test_an_old_schema_is_refused_with_nbgraders_own_command(tmp_path):
    old = [courses.check("t", 1, "assert True")]
    old[0].metadata["nbgrader"]["schema_version"] = 1
    courses.write(courses.Course("old", {"old": old}), tmp_path)
    with pytest.raises(
        GraderError, match="old.ipynb: expected cells of nbgrader's schema 3, got schema 1. Run: nbgrader update"
    ):
        handout.prepare(folders.open_course(tmp_path), LESSON)


def test_another_language_is_refused_in_words_where_walls_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", bash_kernel.install(tmp_path / "jupyter"))
    courses.write(COURSES["another language"], tmp_path)
    courses.hand_in(COURSES["another language"], tmp_path, {"ana": Work()})
    with pytest.raises(MachineError, match="got one for bash"):
        classroom.grade(folders.open_course(tmp_path), classroom.Options(show=False))


def test_a_setting_of_the_wrong_kind_is_named(tmp_path):
    courses.write(courses.with_name(PLAIN, "wrong", config="c.Grader.student_files = 3"), tmp_path)
    with pytest.raises(TraitError, match="'student_files' trait"):
        folders.open_course(tmp_path).settings  # noqa: B018, reading is what fails
