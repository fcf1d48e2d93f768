import pytest
from samples import SOLUTION, course

from grader import notebooks, sheets
from grader.errors import ExerciseError
from lab import exercises


def test_a_sheet_holds_setup_and_exercises(tmp_path):
    sheet = sheets.read(course(tmp_path))
    (exercise,) = sheet.exercises
    assert [notebooks.graded(cell)["grade_id"] for cell in sheet.setup] == ["setup", "attempt"]
    assert (exercise.name, exercise.kind, exercise.hints) == ("doubled", "Warm-up", 3)
    assert (exercise.points, exercise.stated_points, exercise.minutes) == (3, 3, 5)
    assert len(exercise.visible) == len(exercise.hidden) == 1


@pytest.mark.parametrize("old, new, said", [
    ("    ### END SOLUTION\n", "", r'cell "doubled": BEGIN SOLUTION without END SOLUTION\. Add "### END SOLUTION"'),
    ("### END HIDDEN TESTS\n", "", r'cell "doubled-hidden-other": BEGIN HIDDEN TESTS without END'),
    ('"points": 2', '"points": "two"', r"""cell "doubled-value": expected points as a number, got 'two'"""),
    ('"doubled-hidden-other"', '"doubled-value"', r'cell "doubled-value": expected each grade_id once, got it twice'),
    ("    ### BEGIN SOLUTION\n    return x * 2\n    ### END SOLUTION\n", "    return x * 2\n", "found neither"),
])
def test_what_is_wrong_in_a_solution_is_named(tmp_path, old, new, said):
    assert old in SOLUTION
    with pytest.raises(ExerciseError, match=said):
        sheets.read(course(tmp_path, SOLUTION.replace(old, new)))


def test_an_exercise_without_tests_is_named(tmp_path):
    with pytest.raises(ExerciseError, match='cell "doubled": expected tests after the solution, found none'):
        sheets.read(course(tmp_path, SOLUTION.split('# %% nbgrader={"grade_id": "doubled-value"')[0]))


def test_the_student_version_has_a_stub_and_no_hidden_tests(tmp_path):
    lesson = course(tmp_path)
    (path,) = exercises.generate([lesson])
    text = path.read_text()
    assert "raise NotImplementedError" in text and "# Hidden tests: other values." in text
    assert "return x * 2" not in text and "HIDDEN TESTS" not in text and "requires_grad_" not in text


def test_generating_twice_gives_the_same_bytes(tmp_path):
    lesson = course(tmp_path)
    first = exercises.generate([lesson])[0].read_bytes()
    assert exercises.generate([lesson])[0].read_bytes() == first


def test_a_wrong_solution_leaves_the_student_version_as_it_was(tmp_path):
    before = exercises.generate([course(tmp_path)])[0].read_bytes()
    lesson = course(tmp_path, SOLUTION.replace("    ### END SOLUTION\n", ""))
    with pytest.raises(ExerciseError):
        exercises.generate([lesson])
    assert lesson.exercise.read_bytes() == before


def test_a_line_of_pythons_own_words_tells_nothing():
    assert exercises._telling("for _ in range(3):\n    return None, None\n# a comment\nnet.zero_grad()") == {
        "net.zero_grad()"
    }


def test_a_leaked_line_is_found(tmp_path):
    lesson = course(tmp_path)
    assert exercises.leaks(lesson, exercises.generate([lesson])[0].read_text()) == []
    assert exercises.leaks(lesson, "see: _x = torch.arange(4.0).requires_grad_() !") == [
        "_x = torch.arange(4.0).requires_grad_()"
    ]
