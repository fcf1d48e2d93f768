"""Which changes of an answer's results its tests must notice, and which of them is drawn."""

from conftest import EXERCISES, RIGHT

from grader import perturbed
from grader.assemble import assemble
from grader.intake import Intake
from grader.perturbed import Part
from grader.seen import CellRun, Perturbed, Run, Way

TESTS = ("half-value", "half-hidden-value")
BOTH, LATER = Way(((TESTS[0], 0), (TESTS[1], 0))), Way(((TESTS[0], None), (TESTS[1], 0)))


def test_every_exercise_is_tried_in_several_ways_each_more_than_once(sample):
    solved = {name: cells[0] for name, cells in EXERCISES.items()}
    ways = perturbed.candidates(assemble(sample.untouched, Intake(RIGHT), solved))
    assert ways.keys() == RIGHT.keys() and ways["half"].count(BOTH) == ways["half"].count(LATER) == 2


def test_only_what_an_assert_refused_every_time_must_be_noticed():
    refused, died = tuple((test, "refused") for test in TESTS), tuple((test, "unclear") for test in TESTS)
    seen = [
        Perturbed("half", BOTH, refused),
        Perturbed("half", BOTH, (refused[0], died[1])),
        Perturbed("half", LATER, died),
    ]
    assert perturbed.noticed(Run(None, {}, perturbed=tuple(seen))) == {"half": (Way(BOTH.skips, TESTS[:1]),)}


def test_what_is_drawn_touches_a_test_that_was_passed_and_is_another_every_time():
    first, second = Way(BOTH.skips, TESTS[:1]), Way(LATER.skips, TESTS[1:])
    assert {drawn.way for _ in range(9) for drawn in perturbed.draw((first, second), TESTS[1:])} == {second}
    assert perturbed.draw((first,), TESTS[1:]) == [] and len(perturbed.draw((BOTH, LATER), TESTS)) == 2
    assert len({(drawn.scale, drawn.text) for _ in range(9) for drawn in perturbed.draw((first,), TESTS)}) == 9


def test_an_answer_of_several_cells_or_one_that_stopped_is_run_cell_by_cell(sample):
    ready = assemble(sample.untouched, Intake(RIGHT))
    cell = next(
        i for i, name in enumerate(ready.exercises) if name == "half" and ready.notebook.cells[i].cell_type == "code"
    )
    assert (
        Part.of(ready, "half", {cell: CellRun("passed")}).whole
        and not Part.of(ready, "half", {cell: CellRun("failed")}).whole
    )
    magic = assemble(sample.untouched, Intake(RIGHT | {"half": "%%time\n" + RIGHT["half"]}))
    assert not Part.of(magic, "half", {cell: CellRun("passed")}).whole
