import json

import pytest
from samples import course

from grader import numbers
from grader.errors import MachineError


def test_what_gates_save_is_published_as_one_row_per_lesson(tmp_path):
    lesson = course(tmp_path)
    numbers.save({lesson.name: {column: 1 for column in numbers.COLUMNS[1:]}}, tmp_path)
    numbers.save({lesson.name: {"words": 2}}, tmp_path)
    assert "| words | 2 |" in numbers.publish([lesson], tmp_path)
    (row,) = json.loads((tmp_path / "build" / "course_in_numbers.json").read_text())
    assert tuple(row) == numbers.COLUMNS and row["lesson"] == lesson.name and row["words"] == 2


def test_a_gate_that_has_not_run_is_named(tmp_path):
    with pytest.raises(MachineError, match="found no words, cells"):
        numbers.publish([course(tmp_path)], tmp_path)
