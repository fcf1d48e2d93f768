"""The page of feedback: what stands on it, and what does not."""

import nbformat

from grader.feedback import HideHiddenTests


def shown(*cells):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, metadata=metadata) for source, metadata in cells]
    )
    return HideHiddenTests().preprocess(notebook, {})[0].cells


def test_folded_machinery_is_left_out_and_folded_answers_are_not():
    folded = {"jupyter": {"source_hidden": True}}
    cells = shown(("attempt = 1", folded), ("answer = 2", folded | {"nbgrader": {"solution": True}}))
    assert [cell.source for cell in cells] == ["answer = 2"]


def test_a_hidden_region_becomes_two_words():
    source = "# Hidden tests: more.\n### BEGIN HIDDEN TESTS\nassert secret == 1\n### END HIDDEN TESTS"
    cells = shown((source, {"nbgrader": {"grade": True}}))
    assert cells[0].source == "# Hidden tests: more.\n# hidden test"
