"""Each gate on a lesson's source is seen holding on a good lesson and failing on one with that fault."""

from dataclasses import replace

import jupytext
import pytest

from gates import claims, lessons, names, sources
from grader import notebooks

LESSON = '''
# %% [markdown]
# # Squares
# You know `GradientTape`; after ten minutes you know `backward`.

# %% tags=["parameters"]
device = None
seed = 0
fast = False

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

# %% tags=["tensorflow"]
import tensorflow as tf

# %% [markdown]
# ## Slopes
# `torch.tensor` with `requires_grad=` marks; `backward` fills `.grad`; `detach` cuts.

# %% tags=["concept:slope"]
x = torch.tensor(3.0, requires_grad=True)
(x * x).backward()
assert x.grad == 6
x.grad

# %% tags=["twin:cube", "tensorflow"]
# TensorFlow
v = tf.Variable(2.0)
with tf.GradientTape() as tape:
    w = v**3
g = tape.gradient(w, v)

# %% tags=["twin:cube"]
# PyTorch
t = torch.tensor(2.0, requires_grad=True)
c = t**3
c.backward()

# %% tags=["twin:cube", "tensorflow", "hide-input"]
np.testing.assert_allclose(c.detach(), w)
np.testing.assert_allclose(t.grad, g)

# %% [markdown]
# The square rises.

# %% tags=["trap:adds-up"]
(x * x).backward()
x.grad

# %% tags=["trap:adds-up"]
x.grad = None

# %% [markdown] tags=["predict"]
# What is the slope at 5?
# <details><summary>Answer</summary>Ten.</details>

# %% tags=["figure"]
fig, ax = plt.subplots()
show(fig, "A line that rises.")

# %% [markdown]
# ## What you can do now
# Now the [exercises](../work/01_small/01_small.ipynb).
'''
CONCEPTS = "id,lesson,sentence,proof\nslope,01_small,The slope of x*x is 2x.,run\nlater,02_other,Not here.,run\n"


def lesson(tmp_path, old="", new="", concepts=CONCEPTS):
    """Write the lesson, with one change, as a notebook and read it back."""
    assert old in LESSON
    notebook = notebooks.tidy(jupytext.reads((LESSON.replace(old, new) if old else LESSON).lstrip(), fmt="py:percent"))
    notebooks.write(notebook, tmp_path / "course" / "01_small.ipynb")
    (tmp_path / "course" / "concepts.csv").write_text(concepts)
    return sources.sources(root=tmp_path)[0]


def said(gate, source):
    return "\n".join(str(finding) for finding in gate(source))


SHORT = {
    lessons.twins: "got 1.",
    lessons.predictions: "got 1.",
    lessons.figures: "got 1.",
    lessons.length: "10 ## sections, got 2",
}


@pytest.mark.parametrize("gate", [gate for gate in lessons.GATES if gate not in SHORT])
def test_a_good_lesson_holds(gate, tmp_path):
    assert said(gate, lesson(tmp_path)) == ""


@pytest.mark.parametrize("gate", SHORT)
def test_a_lesson_with_too_little_is_told_how_little(gate, tmp_path):
    assert SHORT[gate] in said(gate, lesson(tmp_path))


@pytest.mark.parametrize(
    "gate, old, new, expected",
    [
        (lessons.known_tags, '"tensorflow"]\nimport', '"tensoflow"]\nimport', "got 'tensoflow'"),
        (lessons.parses, "x.grad = None", "%time x.grad = None", "a % or ! line"),
        (lessons.parses, "x.grad = None", "x.grad = ", "invalid syntax in line 1"),
        (lessons.one_title, "# ## Slopes", "# # Slopes", "got 2 # headings"),
        (lessons.one_title, "# ## Slopes", "# ### Slopes", "got ### Slopes"),
        (lessons.plain_markdown, "# What is", "# > [!NOTE]\n# > What is", "> [!NOTE]"),
        (lessons.plain_markdown, "# What is", "# ```{note}\n# What is", "```{"),
        (lessons.plain_markdown, "# What is", "# ::: tip\n# What is", ":::"),
        (lessons.images_described, "# What is", "# ![](a.png)\n# What is", "'![]('"),
        (lessons.images_described, "# What is", '# <img src="a.png">\n# What is', "<img"),
        (lessons.finished, "# What is", "# TODO: what is", "got 'TODO'"),
        (lessons.finished, "x.grad = None", "", "an empty cell"),
        (lessons.concepts_shown, "concept:slope", "concept:slop", "expected a cell tagged concept:slope, got none"),
        (
            lessons.concepts_shown,
            "concept:slope",
            "concept:slop",
            "a concept of this lesson in concepts.csv, got concept:slop",
        ),
        (lessons.concepts_shown, "assert x.grad == 6\n", "", "an assert on slope"),
        (
            lessons.concepts_shown,
            '# %% tags=["concept:slope"]',
            '# %% [markdown] tags=["concept:slope"]',
            "only Markdown",
        ),
        (
            lessons.twins,
            '["twin:cube", "tensorflow", "hide-input"]\nnp',
            '["twin:cube"]\nnp',
            "TensorFlow, PyTorch, PyTorch",
        ),
        (
            lessons.twins,
            '# %% tags=["twin:cube"]',
            '# %%\n1 + 1\n\n# %% tags=["twin:cube"]',
            "other cells between them",
        ),
        (
            lessons.twins,
            "np.testing.assert_allclose(t.grad, g)",
            "",
            "asserts on values and gradients of twin:cube, got one",
        ),
        (lessons.twins, "np.testing.assert_allclose", "np.allclose", "an assert that compares twin:cube, got none"),
        (
            lessons.traps,
            '["trap:adds-up"]\nx',
            '["hide-input"]\nx',
            "trap:adds-up on the cell that bites and on the repair",
        ),
        (lessons.predictions, "<details>", "", "no folded answer"),
        (lessons.figures, 'show(fig, "A line that rises.")', "fig", "a figure without it"),
        (lessons.length, "# What is", "# " + "many " * 3500 + "what is", "expected 0 to 3500 words"),
        (
            lessons.length,
            "# What is",
            "# a\n\n# %%\n1\n\n# %% [markdown]\n" * 60 + "# What is",
            "expected 0 to 120 cells",
        ),
        (lessons.rhythm, "# %% [markdown]\n# The square rises.\n", "# %%\n1\n", "at most 3 code cells in a row"),
        (
            lessons.width,
            "x.grad = None",
            "x.grad = None  # " + "a" * 84,
            "lines of at most 100 columns, got 101: 'x.grad",
        ),
        (
            lessons.twins_named,
            "# TensorFlow\nv",
            "v",
            "a first line `# TensorFlow` or `# Keras` on the TensorFlow side of twin:cube, got 'v =",
        ),
        (
            lessons.twins_named,
            "# PyTorch\nt",
            "# here\nt",
            "a first line `# PyTorch` or `# NumPy` on the PyTorch side of twin:cube",
        ),
        (
            lessons.twins_named,
            ', "hide-input"]\nnp',
            "]\nnp",
            "the comparing cell of twin:cube folded, got an open one",
        ),
        (
            names.named_before_used,
            "`backward` fills",
            "It fills",
            "a sentence that names `backward` in its section or before, got none",
        ),
        (names.named_before_used, "`requires_grad=`", "a mark", "a sentence that names `requires_grad=`"),
        (names.named_before_used, "x.grad = None", "x.zero_()", "a sentence that names `zero_`"),
        (
            names.named_before_used,
            "x.grad = None",
            "torch.nn.Linear(1, 1, device=device)",
            "a sentence that names `device= on a layer`",
        ),
        (
            names.named_before_used,
            "`backward` fills",
            "<details>`backward` fills</details>",
            "a sentence that names `backward`",
        ),
        (
            lessons.length,
            "# What is",
            "".join(f"# ## {letter}\n" for letter in "abcdefghi") + "# What is",
            "6 to 10 ## sections, got 11",
        ),
        (lessons.cell_sizes, "x.grad = None", "x.grad = None\n" * 31, "expected at most 30 lines, got 31 lines"),
        (
            lessons.cell_sizes,
            "x.grad = None",
            "x.grad = None\n" * 16 + "\n# %%\n" + "x\n" * 16,
            "one code cell in ten over 15 lines, got 2",
        ),
        (lessons.opening, "fast = False", "slow = True", "got device, seed, slow"),
        (lessons.opening, "import torch\n", "import torch\na = 1\nb = 2\nc = 3\n", "got 6 lines"),
        (lessons.ending, "../work/01_small", "../work/02_small", "a link to ../work/01_small/01_small.ipynb"),
    ],
)
def test_a_gate_says_what_falls_short(gate, old, new, expected, tmp_path):
    assert expected in said(gate, lesson(tmp_path, old, new))


def test_what_an_earlier_lesson_used_needs_no_sentence_in_a_later_one(tmp_path):
    first = lesson(tmp_path, "`backward` fills", "It fills")
    later = replace(first, name="02_other", before=(first,))
    assert "backward" in said(names.named_before_used, first) and said(names.named_before_used, later) == ""


def test_an_appendix_is_held_to_its_concepts_its_rhythm_and_its_width_alone(tmp_path):
    page = replace(lesson(tmp_path, "concept:slope", "concept:slop"), name="A1_then_and_now")
    held = [gate for gate in lessons.GATES if lessons.holds_for(gate, page) and gate not in lessons.ON_EVERY_PAGE]
    assert held == [lessons.concepts_shown] and {lessons.rhythm, lessons.width} < set(lessons.ON_EVERY_PAGE)
    assert "a cell tagged concept:slope" in said(lessons.concepts_shown, page)


def test_words_are_prose_without_code_maths_and_tags(tmp_path):
    text = "One *two* `code` $x^2$ <b>three</b> [four](http://a.b/c)\n"
    text += "# ```python\n# code\n# ```\n# <details>five</details>"
    assert (
        sources.words(lesson(tmp_path, "# What is the slope at 5?", f"# {text}"))
        == sources.words(lesson(tmp_path)) - 6 + 5
    )


def test_a_broken_cell_is_told_once_and_the_other_gates_wait(tmp_path):
    assert len(lessons.findings(lesson(tmp_path, "x.grad = None", "x.grad = "))) == 1


def test_gates_carry_the_numbers_of_each_lesson(tmp_path):
    numbers = lessons.gates([lesson(tmp_path)])[0].numbers["01_small"]
    assert numbers["concepts"] == numbers["concepts_shown"] == numbers["twins"] == numbers["figures"] == 1


CODE = """x = torch.tensor(3.0)
x * x
t(requires_grad=True)
n = -1
q = y.detach()
z.add_(1)
f(a, b)
g(dim=0)
h('cpu')
m = x.sum()
with torch.no_grad():
    k = m
import os
assert x == 7
np.testing.assert_allclose(x, 7)"""


@pytest.mark.parametrize(
    "old, new",
    [
        ("tensor(3.0)", "tensor(4.0)"),
        ("x * x", "x + x"),
        ("grad=True", "grad=False"),
        ("n = -1", "n = --1"),
        ("y.detach()", "y"),
        ("z.add_(1)", "z.add(1)"),
        ("f(a, b)", "f(b, a)"),
        ("g(dim=0)", "g()"),
        ("'cpu'", "'cpu_'"),
        ("x.sum()", "x.mean()"),
        ("m = x.sum()", "pass"),
        ("m = x.sum()", "m = 2 * x.sum()"),
        ("with torch.no_grad():\n    k = m", "k = m"),
    ],
)
def test_a_corruption_is_one_small_fault(old, new):
    assert CODE.replace(old, new) in [text for _, text in claims.corruptions(CODE)]


def test_asserts_and_imports_stay_as_they_are():
    kept = "import os\nassert x == 7\nnp.testing.assert_allclose(x, 7)"
    assert all(text.endswith(kept) for _, text in claims.corruptions(CODE))


def test_an_assert_that_proves_nothing_is_found(tmp_path):
    """One process imports the frameworks for all four: a claim defended, one not, a blind twin, a cell that stops."""
    good = lesson(tmp_path / "good")
    idle = lesson(tmp_path / "idle", "assert x.grad == 6\n", "assert True\n")
    blind = lesson(
        tmp_path / "blind",
        "np.testing.assert_allclose(c.detach(), w)\nnp.testing.assert_allclose(t.grad, g)",
        "assert w == 8",
    )
    broken = lesson(tmp_path / "broken", "x.grad = None", "tf.constant(x.missing)")
    paths = [source.folder / "01_small.ipynb" for source in (good, idle, blind, broken)]
    found = claims.prove(paths, good.folder / "concepts.csv")
    by_name = [(claim.name, claim.noticed) for claim in found if not claim.problem]
    assert sorted(by_name) == sorted([("concept:slope", True)] * 3 + [("concept:slope", False)]
                                     + [("twin:cube", True)] * 3 + [("twin:cube", False)])
    assert sum("has no attribute 'missing'" in claim.problem for claim in found) == 1
    assert sum("name 'tf' is not defined" in claim.problem for claim in found) == 1


def test_a_claim_nobody_defends_is_told_with_its_cell():
    claim = claims.Claim("01_small", "concept:slope", "x-grad", False, 7)
    assert (
        'course/01_small.ipynb, cell "x-grad": expected an assert that fails where concept:slope is false, got none in '
        '7'
        in str(next(claims.findings([claim])))
    )
