"""Every right, wrong and untouched answer of the course, handed in and graded: its points, its own message, no flag."""

import json
import shutil
from collections import Counter

import pytest

from grader import answers, classroom, folders, handout, notebooks, sheets
from grader.classroom import Options
from grader.notebooks import ROOT, Lesson

UNTOUCHED = "untouched"


def hand_in(course, name):
    """Hand in all answers to one lesson, as few students as can carry them; return {student: {exercise: Answer}}."""
    known = {}
    for answer in answers.read(sheets.read(Lesson(name, course.root))):
        if answer.verdict in ("right", "wrong"):
            known.setdefault(answer.exercise, []).append(answer)
    most = max(map(len, known.values()))
    class_ = {
        f"s{i:02}": {exercise: given[i % len(given)] for exercise, given in known.items()} for i in range(most)
    } | {UNTOUCHED: {}}
    made = handout.prepare(course, name)[name].tested
    for cell in made.cells:
        cell.source = notebooks.HIDDEN.sub("", cell.source).rstrip()
    for student, given in class_.items():
        filled = answers.fill(made, {exercise: answer.source for exercise, answer in given.items()})
        folder = course.root / "state" / "submitted" / student / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(json.dumps(filled), encoding="utf-8")
    return class_


def outcomes(tmp_path, names):
    """Grade all answers of these lessons; yield (what, whether it is as it should be, where, what was said)."""
    shutil.copyfile(ROOT / "nbgrader_config.py", tmp_path / "nbgrader_config.py")
    (tmp_path / "course").symlink_to(ROOT / "course")  # whose words the answers use
    for name in names:
        shutil.copytree(ROOT / "solutions" / name, tmp_path / "solutions" / name)
    course = folders.open_course(tmp_path)
    given = {name: hand_in(course, name) for name in names}
    outcome = classroom.grade(course, Options(names, show=False))
    assert not [graded.error for graded in outcome.graded if graded.error] and len(outcome.graded) == sum(
        map(len, given.values())
    )
    for graded in outcome.graded:
        name, student = graded.submission.lesson, graded.submission.student
        verdict = graded.verdicts[name]
        held = [(flag.exercise, flag.seen) for flag in verdict.flags if flag.holds]
        yield "flag", not held, f"{student}/{name}", held
        if student == UNTOUCHED:
            yield UNTOUCHED, verdict.points == 0, f"{student}/{name}", verdict.points
        for exercise, answer in given[name][student].items():
            scores = [score for score in verdict.scores if score.exercise == exercise]
            said = next((score.message for score in scores if score.message), "")
            full = all(score.points == score.max_points for score in scores)
            as_it_should = full if answer.verdict == "right" else not full and answer.says in said
            yield answer.verdict, as_it_should, f"{name}, {exercise}, cell {answer.number}", said


def report(found):
    """Print a table of what came of it, and what is not as it should be."""
    counts = Counter((what, right) for what, right, _, _ in found)
    print(f"\n{'':12}{'as it should':>14}{'not':>6}")
    for what in dict.fromkeys(what for what, _, _, _ in found):
        print(f"{what:12}{counts[what, True]:14}{counts[what, False]:6}")
    for what, right, where, said in found:
        if not right:
            print(f"{what}: {where}: {said}")


def test_one_lessons_answers_raise_no_flag(tmp_path):
    found = list(outcomes(tmp_path, ["03_autograd"]))
    report(found)
    assert all(right for _, right, _, _ in found)


@pytest.mark.slow
def test_no_answer_of_the_course_raises_a_flag(tmp_path):
    found = list(outcomes(tmp_path, [lesson.name for lesson in notebooks.lessons() if lesson.answers.exists()]))
    report(found)
    assert all(right for _, right, _, _ in found)
