"""A course of one lesson with one exercise, small enough to read, for the tests of the gates."""

import jupytext

from grader import notebooks
from grader.notebooks import Lesson

SOLUTION = '''
# %% nbgrader={"grade_id": "setup", "locked": true}
import torch

torch.manual_seed(0)

# %% nbgrader={"grade_id": "attempt", "locked": true}
def attempt(answer, *args):
    try:
        return answer(*args)
    except NotImplementedError:
        raise AssertionError(f"{answer.__name__} is not written yet: fill in the cell above") from None

# %% [markdown] nbgrader={"grade_id": "doubled-statement", "locked": true}
# ## Exercise 1 · Double it (3 points, about 5 minutes)
# **Warm-up.** Return twice x.
#
# <details><summary>Hint 1</summary>a</details>
# <details><summary>Hint 2</summary>b</details>
# <details><summary>Hint 3</summary>c</details>

# %% nbgrader={"grade_id": "doubled", "solution": true} tags=["reads-values"]
def doubled(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    return x * 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "doubled-value", "points": 2}
_y = attempt(doubled, torch.ones(3))
assert type(_y) is torch.Tensor, "return a tensor, not a number"
assert _y.shape == (3,), "keep the shape of x"
assert _y.dtype == torch.float32, "keep the dtype of x"
assert bool((_y == 2).all()), "twice 1 is 2"
print("doubled: right")

# %% nbgrader={"grade_id": "doubled-hidden-other", "points": 1}
# Hidden tests: other values.
### BEGIN HIDDEN TESTS
_x = torch.arange(4.0).requires_grad_()
_y = attempt(doubled, _x)
assert bool((_y == torch.tensor([0.0, 2.0, 4.0, 6.0])).all()), "wrong for other values of x"
assert _y.requires_grad, "no gradient flows back to x"
assert _x.grad is None, "the caller's x was changed"
### END HIDDEN TESTS
'''

ANSWERS = '''
# %% exercise="doubled" verdict="right"
def doubled(x):  # a sum
    return x + x

# %% exercise="doubled" verdict="right"
def doubled(x):  # a library call
    return torch.mul(x, 2)

# %% exercise="doubled" verdict="right"
def doubled(x):  # stacked
    return torch.stack([x, x]).sum(0)

# %% exercise="doubled" verdict="wrong" says="twice 1 is 2"
def doubled(x):  # squares
    return x**2

# %% exercise="doubled" verdict="wrong" says="return a tensor, not a number"
def doubled(x):  # reads the values
    return (x * 2).tolist()

# %% exercise="doubled" verdict="wrong" says="no gradient flows"
def doubled(x):  # cuts the graph
    return x.detach() * 2

# %% exercise="doubled" verdict="wrong" says="keep the shape of x"
def doubled(x):  # sums
    return (x * 2).sum()

# %% exercise="doubled" verdict="wrong" says="keep the dtype of x"
def doubled(x):  # float64
    return x.double() * 2
'''


def course(root, solution=SOLUTION, answers=ANSWERS, name="01_doubling"):
    """Write the sample course below `root` and return its lesson."""
    lesson = Lesson(name, root)
    notebooks.write(notebooks.tidy(jupytext.reads(solution.lstrip(), fmt="py:percent")), lesson.solution)
    lesson.answers.write_text(answers)
    return lesson
