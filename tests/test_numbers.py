import json

import nbformat
import pytest
from samples import course

from gates import numbers, sources
from grader import notebooks
from grader.errors import MachineError


def test_what_gates_save_is_published_as_one_row_per_lesson(tmp_path):
    lesson = course(tmp_path)
    numbers.save({lesson.name: {column: 1 for column in numbers.COLUMNS[1:]}}, tmp_path)
    numbers.save({lesson.name: {"words": 2}}, tmp_path)
    assert "| words | 2 |" in numbers.publish([lesson], tmp_path)
    (row,) = json.loads((tmp_path / "build" / "course_in_numbers.json").read_text())
    assert tuple(row) == numbers.COLUMNS and row["lesson"] == lesson.name and row["words"] == 2


def test_an_appendix_is_counted_too_in_what_holds_for_it(tmp_path):
    notebooks.write(nbformat.v4.new_notebook(), tmp_path / "course" / "A1_then_and_now.ipynb")
    numbers.save({"A1_then_and_now": {"cells": 7}}, tmp_path)
    table = numbers.publish([], tmp_path)
    assert "|  | A1_then_and_now |" in table and "| cells | 7 |" in table and "| wrong |  |" in table


def test_a_gate_that_has_not_run_is_named(tmp_path):
    with pytest.raises(MachineError, match="found no words, cells"):
        numbers.publish([course(tmp_path)], tmp_path)


def test_every_concept_is_listed_with_its_cells_or_none(tmp_path):
    cell = nbformat.v4.new_code_cell("x", id="shown-here", metadata={"tags": ["concept:grad-adds"]})
    notebooks.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "course" / "03_x.ipynb")
    (tmp_path / "course" / "concepts.csv").write_text(
        "id,lesson,sentence,proof\ngrad-adds,03_x,It adds.,run\nleaf,03_x,A leaf.,run\n"
    )
    (tmp_path / "build").mkdir()
    assert numbers.concepts(sources.sources(root=tmp_path), tmp_path).startswith("1 of 2 concepts shown")
    text = (tmp_path / "build" / "concepts.md").read_text()
    assert (
        "[shown-here](../course/03_x.ipynb#shown-here)" in text and "| leaf | A leaf. | run | 03_x | **none** |" in text
    )
