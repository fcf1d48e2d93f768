import pytest
from samples import ANSWERS, course

from grader import answers, notebooks, sheets
from grader.errors import AnswersError


def read(tmp_path, text):
    return answers.read(sheets.read(course(tmp_path, answers=text)))


def test_answers_are_read_with_verdict_and_message(tmp_path):
    found = read(tmp_path, ANSWERS)
    assert [a.verdict for a in found] == ["right"] * 3 + ["wrong"] * 5
    assert found[3].says == "twice 1 is 2" and "x**2" in found[3].source


@pytest.mark.parametrize(
    "cell, said",
    [
        (
            '# %% exercise="tripled" verdict="right"\npass',
            r"answers\.py, cell 1: expected an exercise of doubled, got 'tripled'",
        ),
        ('# %% exercise="doubled" verdict="good"\npass', "expected a verdict of right, wrong, equivalent, got 'good'"),
        ('# %% exercise="doubled" verdict="wrong" says="too short"\npass', "at least 3 words, got 'too short'"),
        ('# %% exercise="doubled" verdict="equivalent"\npass', "expected because"),
    ],
)
def test_an_answer_that_fits_no_exercise_is_named(tmp_path, cell, said):
    with pytest.raises(AnswersError, match=said):
        read(tmp_path, cell)


def test_a_missing_answers_file_is_named(tmp_path):
    lesson = course(tmp_path)
    lesson.answers.unlink()
    with pytest.raises(AnswersError, match="found no file"):
        answers.read(sheets.read(lesson))


def test_fill_puts_an_answer_into_a_copy(tmp_path):
    lesson = course(tmp_path)
    original = notebooks.read(lesson.solution)
    filled = answers.fill(original, {"doubled": "def doubled(x): return x + x"})
    assert "x + x" in notebooks.text(filled) and "x + x" not in notebooks.text(original)
