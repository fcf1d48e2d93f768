"""A hidden test gives back its instructor's words, and nothing that an answer read inside it."""

import nbformat
import pytest

from grader import hidden
from grader.seen import CellRun

VISIBLE = '''def attempt(answer, *args):
    try:
        return answer(*args)
    except Exception as error:
        raise AssertionError(f"{answer.__name__} stopped with {type(error).__name__}: {error}") from error


def _alike(got, wanted, what):
    assert got == wanted, f"{what}: expected {wanted}, got {got}"


attempt(half, 4.0)'''
SECRET = "assert _y == 2.5, 'a secret line'"
HIDDEN = f'''# Hidden tests: other values.
### BEGIN HIDDEN TESTS
_y = attempt(half, 5.0)
_alike(type(_y), float, "the result's kind")
assert _y > 0, "a half of 5 is more than 0"
torch.testing.assert_close(_y, 2.5, msg=f"wrong for {{_y}}")
{SECRET}
### END HIDDEN TESTS'''


def told(error, message, status="failed", outputs=()):
    """Return (error, message, the cell's outputs) of the hidden test that ended so."""
    cell = nbformat.v4.new_code_cell(HIDDEN, outputs=list(outputs))
    run = hidden.retold(cell, CellRun(status, error, message), [VISIBLE])
    return run.error, run.message, cell.outputs


@pytest.mark.parametrize("said, shown", [
    ("a half of 5 is more than 0", "a half of 5 is more than 0"),
    ("the result's kind: expected float, got int", "the result's kind: expected float, got int"),
    ("wrong for -1.25", "wrong for -1.25"),
    ("half stopped with ValueError: ", "half stopped with ValueError: "),
])  # fmt: skip
def test_the_instructors_own_words_come_back(said, shown):
    assert told("AssertionError", said)[:2] == ("AssertionError", shown)


@pytest.mark.parametrize("said", [
    SECRET, SECRET[::-1], SECRET.encode().hex(), f"half stopped with ValueError: {SECRET}", f"wrong for {SECRET}",
    "wrong for " + "7" * 25, f"the result's kind: expected float, got {SECRET}", f"{SECRET}: expected 1, got 2",
    f"a half of 5 is more than 0{SECRET}", f"wrong for {tuple(SECRET.encode())}",
    "the result's kind: expected float, got " + SECRET.replace(" ", "_").replace("'", ""),
])  # fmt: skip
def test_what_an_answer_read_does_not(said):
    _, message, outputs = told("AssertionError", said)
    for text in (SECRET, SECRET[::-1], SECRET.encode().hex(), "secret", "7" * 25, "121, 32"):
        assert text not in message and text not in str(outputs)


def test_an_error_of_the_answer_is_told_by_its_type_and_a_type_of_its_own_not_at_all():
    assert told("ValueError", SECRET)[:2] == ("ValueError", "")
    assert told("assert__y__2_5", "")[:2] == ("Exception", "")


def test_what_is_printed_is_dropped_and_partial_credit_is_kept():
    result = nbformat.v4.new_output("execute_result", data={"text/plain": "0.5"})
    printed = [nbformat.v4.new_output("stream", text=SECRET),
               nbformat.v4.new_output("display_data", data={"image/png": "aaaa"}),
               nbformat.v4.new_output("execute_result", data={"text/plain": SECRET})]  # fmt: skip
    assert told("", "", "passed", [*printed, result])[2] == [result]
    ended = told("AssertionError", "a half of 5 is more than 0", "failed", printed)[2]
    assert [output.traceback for output in ended] == [
        ["Cell In[1], line 5\nAssertionError: a half of 5 is more than 0"]
    ]
    assert [o.ename for o in told("TimeLimit", "time limit", "timeout", printed)[2]] == ["TimeLimit"]


def test_comparing_functions_own_words_are_kept_without_their_values():
    said = "Tensor-likes are not close!\n\nMismatched elements: 1 / 3 (33.3%)\n" + SECRET
    assert told("AssertionError", said)[:2] == ("AssertionError", "Tensor-likes are not close!")
