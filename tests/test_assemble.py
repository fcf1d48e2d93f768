"""The notebook that is run is the instructor's, with the student's answers in it."""

from conftest import RIGHT

from grader import notebooks
from grader.assemble import assemble, is_test
from grader.intake import Helper, Intake
from grader.notebooks import defined


def test_tests_points_and_order_are_the_instructors(sample):
    ready = assemble(sample.untouched, Intake(dict(RIGHT)))
    ours = [(c.source, c.metadata) for c in sample.untouched.cells if not notebooks.graded(c).get("solution")]
    assert [(c.source, c.metadata) for c in ready.notebook.cells if not notebooks.graded(c).get("solution")] == ours
    assert [c.source for c in ready.notebook.cells if notebooks.graded(c).get("solution")] == list(RIGHT.values())


def test_each_cell_knows_its_exercise(sample):
    ready = assemble(sample.untouched, Intake({}, (Helper("import math", "code", "grad_of"),)))
    assert ready.names == list(RIGHT) and len(ready.tests("half")) == 2
    helper = next(i for i, cell in enumerate(ready.notebook.cells) if cell.source == "import math")
    assert (
        ready.exercises[helper] == "grad_of"
        and notebooks.graded(ready.notebook.cells[helper + 1])["grade_id"] == "grad_of"
    )
    assert ready.exercises[0] == "" and all(is_test(ready.notebook.cells[i]) for i in ready.tests("larger"))


def test_what_was_refused_or_repaired_is_read_first(sample):
    ready = assemble(sample.untouched, Intake({}, (), ("a note",), "it is empty"))
    assert (
        "could not be graded:** it is empty" in ready.notebook.cells[0].source
        and "a note" in ready.notebook.cells[1].source
    )


def test_the_untouched_notebook_stays_as_it_was(sample):
    before = notebooks.text(sample.untouched)
    assemble(sample.untouched, Intake(dict(RIGHT)))
    assert notebooks.text(sample.untouched) == before


def test_names_that_answers_define():
    assert defined("def f(x):\n    y = 1\nclass A: pass\nb = 2\nc == 3") == {"f", "A", "b"}
