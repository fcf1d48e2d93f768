"""The gradebook's table fits the terminal."""

import pytest

from grader.gradebook import Total
from grader.table import tables

LESSONS = [f"{number:02}_lesson_of_some_name" for number in range(1, 18)]
CLASS = {"ana": "Ana Berg", "a.very.long.student@example.org": "Bartholomew Featherstonehaugh", "cy": ""}


def totals(lessons):
    return [Total(lesson, who, name, 7.0 * n, 120.0, 1.0 * n, n == 2)
            for lesson in lessons for n, (who, name) in enumerate(CLASS.items()) if (who, lesson[:2]) != ("cy", "01")]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("count", [2, 11, 17])
def test_every_lesson_has_its_column_at_any_width(width, count):
    shown = list(tables(totals(LESSONS[:count]), width))
    *grids, legend = shown
    assert all(len(line) <= width for part in shown for line in part.splitlines())
    heads = " ".join(grid.splitlines()[0] for grid in grids).split()
    assert [word for word in heads if word.isdigit()] == [lesson[:2] for lesson in LESSONS[:count]]
    assert "* waits for a person" in legend and ". nothing handed in" in legend and "01 lesson_of_some_name" in legend


def test_seventeen_lessons_stand_in_one_table_at_120_columns_and_totals_are_right():
    grid, _ = tables(totals(LESSONS), 120)
    row = grid.splitlines()[4]
    assert row.startswith("cy") and row.split()[-1] == str(16 * (14 - 2)) and " . " in row


def test_names_are_shown_where_there_is_room():
    assert "Ana Berg" in next(tables(totals(LESSONS[:3]), 80))
    assert "Ana Berg" not in next(tables(totals(LESSONS[:11]), 80))


def test_halves_are_not_rounded():
    grid, _ = tables([Total("ps1", "ana", "", 1.5, 4.5, 0.25, False)], 80)
    assert [line.split() for line in grid.splitlines()[1:]] == [["of", "4.5", "4.5"], ["ana", "1.25", "1.25"]]
