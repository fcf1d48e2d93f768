"""A test that stumbles over a strange result is found; one that says what is wrong with it is not."""

import pytest
import torch
from samples import SOLUTION, course

from gates import forks, raw, subjects, trials

CAREFUL = SOLUTION.replace(
    "_y = attempt(doubled, _x)\n",
    '_y = attempt(doubled, _x)\nassert torch.is_tensor(_y), "return a tensor"\n'
    'assert (_y.shape, _y.dtype, _y.device) == ((4,), _x.dtype, _x.device), "like x"\n',
).replace("assert _y.shape == (3,)", 'assert _y.device.type == "cpu", "stay on the CPU"\nassert _y.shape == (3,)')
CLASS = CAREFUL.replace('''def doubled(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    return x * 2
    ### END SOLUTION
''', '''class doubled:
    """Doubles."""
    ### BEGIN SOLUTION
    def __init__(self, factor=2):
        self.factor = factor

    def of(self, x):
        return x * self.factor
    ### END SOLUTION
''').replace("attempt(doubled, ", "attempt(doubled().of, ")


@pytest.fixture(scope="module", autouse=True)
def warm():
    forks.warm()
    cells = (("meta", "import torch\ntry: bool((torch.ones(2, device='meta') == 2).all())\nexcept RuntimeError: pass"),)
    forks.learn([trials.Trial("meta", cells, frozenset(), seconds=300)])


def said(tmp_path, solution):
    return "\n".join(map(str, raw.gate([subjects.read(course(tmp_path, solution))]).findings))


def test_tests_that_look_before_they_use_hold(tmp_path):
    assert said(tmp_path, CAREFUL) == "" and said(tmp_path, CLASS) == ""


@pytest.mark.parametrize("solution, unguarded, expected", [
    (CAREFUL, 'assert torch.is_tensor(_y), "return a tensor"\n', "AttributeError"),
    (CAREFUL, 'assert _y.device.type == "cpu", "stay on the CPU"\n', "doubled returns the meta device: RuntimeError"),
    (CLASS, 'assert torch.is_tensor(_y), "return a tensor"\n', "got doubled.of returns "),
])
def test_a_test_that_stumbles_is_told_with_what_it_stumbled_over(tmp_path, solution, unguarded, expected):
    assert unguarded in solution and expected in said(tmp_path, solution.replace(unguarded, ""))


@pytest.mark.parametrize("kind", raw.KINDS[:-1])  # the last makes torch import much that must not stay in this process
def test_every_kind_is_another_result(kind):
    tensor = torch.ones(2, 3)
    result = raw.strange([tensor], kind)
    assert not (isinstance(result, list) and result and result[0] is tensor)
