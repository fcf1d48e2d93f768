"""Code in a last hint is tried where the reference stands."""

import pytest
from samples import SOLUTION, course

from gates import forks, hints, subjects


@pytest.fixture(scope="module", autouse=True)
def warm():
    forks.warm()


def gate(tmp_path, hint):
    return hints.gate(
        [subjects.read(course(tmp_path, SOLUTION.replace("Hint 3</summary>c", f"Hint 3</summary>{hint}")))]
    )


@pytest.mark.parametrize(
    "hint",
    [
        "<code>torch.add(x, x)</code> doubles",
        "`x * 2`",
        "`if x.dim() &gt; 0:` first",
        "`return x * 2`",
        "`torch.mul(x, ...)`",
        "`.mul(2)`",
        "the sum `total` is `total / 2`",
        "`except ValueError:` after it",
        "no code at all",
        "`y = x + x`",
        "`[v * 2 for v in x]`",
    ],
)
def test_a_hint_that_works_holds(tmp_path, hint):
    assert not gate(tmp_path, hint).findings


@pytest.mark.parametrize(
    "hint, expected",
    [
        ("`x * * 2`", "expected Python in hint 3, got 'x * * 2'"),
        (
            "`torch.twice(x)`",
            "to work where the reference does, got AttributeError: module 'torch' has no attribute 'twice'",
        ),
        ("`factor * x`", "names in 'factor * x' of hint 3 that the reader has, got factor"),
        ("`x[:, 0] * 2`", "to work where the reference does, got IndexError: too many indices"),
    ],
)
def test_a_hint_that_dies_is_told(tmp_path, hint, expected):
    assert expected in str(gate(tmp_path, hint).findings[0])


def test_pieces_are_counted_and_run(tmp_path):
    assert gate(tmp_path, "`x + x` or `torch.mul(x, ...)`").figure == "2 pieces of code in the last hints, 1 run"
