"""Each gate is seen holding on a good course and failing on one with that fault."""

import jupytext
import pytest
from samples import ANSWERS, SOLUTION, course

from gates import check, forks, structure, subjects
from grader import notebooks
from lab import exercises


@pytest.fixture(scope="module", autouse=True)
def warm():
    forks.warm()


def gate(name, tmp_path, solution=SOLUTION, answer=ANSWERS):
    return check.EXERCISES[name]([subjects.read(course(tmp_path, solution, answer))])


def problems(gate):
    return "\n".join(map(str, gate.findings))


@pytest.mark.parametrize("name", ["form", "untouched", "reference", "answers", "mutants"])
def test_a_good_course_holds(name, tmp_path):
    assert problems(gate(name, tmp_path)) == ""


def test_form_refuses_a_notebook_that_tidy_would_change(tmp_path):
    lesson = course(tmp_path)
    lesson.solution.write_text(lesson.solution.read_text() + " ")
    assert "expected the canonical form" in problems(structure.form([subjects.read(lesson)]))


def test_form_refuses_a_lesson_without_exercises_and_exercises_without_a_lesson(tmp_path):
    lesson = course(tmp_path)
    notebooks.write(notebooks.read(lesson.solution), tmp_path / "course" / "02_alone.ipynb")
    said = problems(structure.form([subjects.read(lesson)]))
    assert "expected a lesson course/01_doubling.ipynb, got none" in said
    assert "expected exercises in solutions/02_alone, got none" in said


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("(3 points", "(4 points", "expected 3 points in the heading, as its tests give, got 4"),
        ("**Warm-up.** ", "", "**Warm-up.**, **Core.** or **Stretch.** under the heading"),
        ("# <details><summary>Hint 3</summary>c</details>\n", "", "three folded hints, got 2"),
        ('assert _y.shape == (3,), "keep the shape of x"\n', "", "at least 4 visible asserts, got 3"),
        ('assert _x.grad is None, "the caller\'s x was changed"\n', "", "at least 3 hidden asserts, got 2"),
        (', "twice 1 is 2"', "", "a message on every assert"),
        (
            "_y = attempt(doubled, torch.ones(3))",
            "y = _y = attempt(doubled, torch.ones(3))",
            "only names that start with _, got y",
        ),
        ("# Hidden tests: other values.\n", "", "a visible first line"),
        (' tags=["reads-values"]', "", "a test under OneDevice, or the tag reads-values"),
        ('"doubled-value"', '"value"', "a name that starts with doubled-"),
    ],
)
def test_structure_names_what_an_exercise_lacks(tmp_path, old, new, said):
    assert old in SOLUTION
    assert said in problems(gate("structure", tmp_path, SOLUTION.replace(old, new)))


WIDE = SOLUTION.replace("return x * 2", "return x * 2  # " + "a" * 90)


def test_code_no_wider_than_a_screen_shows(tmp_path):
    assert "expected lines of at most 100 columns, got 'return x * 2  # aaa" in problems(
        gate("structure", tmp_path, WIDE)
    )


TAUGHT = '''# %% [markdown]
# # Doubling
# `detach` cuts.

# %%
import torch
torch.nn.Linear(1, 1, bias=False)
'''


@pytest.mark.parametrize("old, new, said", [
    ("return x * 2", "return torch.nn.Linear(1, 1, bias=False)(x).detach()", ""),
    ("return x * 2", "return x.mul_(2)", "`mul_`, which the solution needs"),
    ("return x * 2", "return torch.logsumexp(x, 0)", "`logsumexp`, which the solution needs"),
    ("return x * 2", "return torch.nn.Linear(1, 1, dtype=x.dtype)(x)", "`dtype= on a layer`, which the solution needs"),
    ("</summary>c<", "</summary>try <code>x.add_(x)</code><", "`add_`, which the hint needs"),
    ("</summary>c<", "</summary>try `for y in x: y.add_(y)`<", "`add_`, which the hint needs"),
    ("twice 1 is 2", "twice 1 is 2: call torch.manual_seed", "`manual_seed`, which the message needs"),
    ("twice 1 is 2", "twice 1 is 2, as numpy has it: sum() and mean", ""),
])
def test_a_name_that_no_lesson_up_to_it_has_taught_is_told(tmp_path, old, new, said):
    notebooks.write(notebooks.tidy(jupytext.reads(TAUGHT, fmt="py:percent")), tmp_path / "course" / "01_doubling.ipynb")
    later = TAUGHT + "\ntorch.logsumexp, torch.manual_seed, x.mul_, x.add_"
    notebooks.write(notebooks.tidy(jupytext.reads(later, fmt="py:percent")), tmp_path / "course" / "02_later.ipynb")
    (tmp_path / "course" / "concepts.csv").write_text("id,lesson,sentence,proof\n")
    found = problems(gate("taught", tmp_path, SOLUTION.replace(old, new)))
    assert said in found if said else not found


def test_release_refuses_exercises_that_solutions_would_not_make(tmp_path):
    assert "Run make exercises" in problems(gate("release", tmp_path))  # never generated


def test_release_finds_a_leaked_hidden_test(tmp_path):
    lesson = course(tmp_path)
    exercises.generate([lesson])
    leaked = notebooks.read(lesson.exercise)
    leaked.cells[-1].source += '\nassert _y.requires_grad, "no gradient flows back to x"'
    notebooks.write(leaked, lesson.exercise)
    assert "no line of a solution or hidden test" in problems(structure.release([subjects.read(lesson)]))


def test_untouched_refuses_a_test_that_passes_on_the_stub(tmp_path):
    easy = SOLUTION + '\n# %% nbgrader={"grade_id": "doubled-gift", "points": 1}\nassert True, "always"\n'
    assert "0 points for an untouched exercise, got full points" in problems(gate("untouched", tmp_path, easy))


def test_reference_refuses_a_solution_that_fails(tmp_path):
    assert "full points for the reference solution alone" in problems(
        gate("reference", tmp_path, SOLUTION.replace("x * 2", "x * 3"))
    )


def test_reference_refuses_a_test_that_depends_on_the_seed(tmp_path):
    flaky = SOLUTION.replace("assert _x.grad is None", "assert torch.rand(1) < 0.9, 'unlucky'\nassert _x.grad is None")
    assert "full points with every seed" in problems(gate("reference", tmp_path, flaky))


def test_reference_refuses_noise_on_stderr(tmp_path):
    noisy = SOLUTION.replace(
        'print("doubled: right")', 'print("doubled: right"); import sys; print("hm", file=sys.stderr)'
    )
    assert "nothing on stderr" in problems(gate("reference", tmp_path, noisy))


def test_answers_refuses_a_right_answer_that_loses_points(tmp_path):
    assert "expected full points, got doubled-value" in problems(
        gate("answers", tmp_path, answer=ANSWERS.replace("x + x", "x + x + 1"))
    )


def test_answers_refuses_a_wrong_answer_that_gets_full_points(tmp_path):
    assert "expected points lost, got full points" in problems(
        gate("answers", tmp_path, answer=ANSWERS.replace("x**2", "2 * x"))
    )


def test_answers_refuses_a_message_that_names_another_mistake(tmp_path):
    text = ANSWERS.replace('says="twice 1 is 2"', 'says="you squared it instead"')
    assert "a first failing message with 'you squared it instead'" in problems(gate("answers", tmp_path, answer=text))


def test_answers_refuses_two_answers_that_differ_in_names_alone(tmp_path):
    text = ANSWERS.replace("return torch.mul(x, 2)", "return x + x")
    assert "a method of its own" in problems(gate("answers", tmp_path, answer=text))


def test_answers_refuses_too_few(tmp_path):
    text = ANSWERS.split('# %% exercise="doubled" verdict="wrong" says="keep the dtype')[0]
    assert "at least 5 wrong answers, got 4" in problems(gate("answers", tmp_path, answer=text))


def test_mutants_refuses_tests_that_notice_nothing(tmp_path):
    blind = SOLUTION.replace(
        'assert bool((_y == 2).all()), "twice 1 is 2"', 'assert _y.dim() == 1, "one axis"'
    ).replace("assert bool((_y == torch.tensor([0.0, 2.0, 4.0, 6.0])).all())", "assert _y.dim() == 1")
    assert "at least 90% of mutants killed" in problems(gate("mutants", tmp_path, blind))


def test_mutants_refuses_tests_that_miss_a_cut_graph(tmp_path):
    blind = SOLUTION.replace("assert _y.requires_grad,", "assert _y.dim() == 1,")
    assert "a detached result passed" in problems(gate("mutants", tmp_path, blind))


def test_mutants_refuses_an_equivalent_that_does_not_exist(tmp_path):
    text = ANSWERS + '\n# %% exercise="doubled" verdict="equivalent" because="it is"\nreturn x * 99\n'
    assert "an equivalent mutant that survives" in problems(gate("mutants", tmp_path, answer=text))
