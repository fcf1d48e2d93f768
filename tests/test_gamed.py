"""A test that an answer can turn, by its arguments or by the test's own names, is found."""

import pytest
from samples import ANSWERS, SOLUTION, course

from gates import forks, gamed, subjects

CALL, EQUAL = "_y = attempt(doubled, torch.ones(3))", "bool((_y == 2).all())"


def turned(call, equal):
    """Return the sample with another call and another comparison in its visible test."""
    return SOLUTION.replace(CALL, call).replace(EQUAL, equal)


AFTER = turned("_x = torch.ones(3)\n_y = attempt(doubled, _x)", "bool((_y == 2 * _x).all())")
NAMED = turned(f"_expected = torch.full((3,), 2.0)\n{CALL}", "torch.equal(_y, _expected)")
FUNCTION = turned(f"def _by_hand(x):\n    return x + x\n\n{CALL}", "torch.equal(_y, _by_hand(torch.ones(3)))")


@pytest.fixture(scope="module", autouse=True)
def warm():
    forks.warm()


def gate(tmp_path, solution):
    return gamed.gate([subjects.read(course(tmp_path, solution, ANSWERS))])


def test_a_test_with_values_of_its_own_holds(tmp_path):
    found = gate(tmp_path, SOLUTION)
    assert not found.findings and found.figure.startswith(
        "48 deeds of wrong answers, 0 turn"
    )  # five wrong ones and the lazy one


@pytest.mark.parametrize("solution, deed", [
    (AFTER, "passes when it zeroes its arguments first"), (AFTER, "passes when it zeroes its arguments"),
    (NAMED, "passes when it rebinds the test's names"), (FUNCTION, "passes when it rebinds the test's names"),
])
def test_a_test_that_an_answer_turns_is_told(tmp_path, solution, deed):
    assert any(
        'cell "doubled-value"' in str(finding) and deed in str(finding) for finding in gate(tmp_path, solution).findings
    )


def test_an_answer_that_never_ends_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(gamed, "CELL", 0.2)
    endless = (
        ANSWERS
        + '\n# %% exercise="doubled" verdict="wrong" says="it never comes back"\ndef doubled(x):\n    while True: '
          'pass\n'
    )
    assert not gamed.gate([subjects.read(course(tmp_path, SOLUTION, endless))]).findings
