import nbformat
import pytest
from samples import course

from grader import notebooks
from grader.errors import LessonError, NotebookError


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


def test_tidy_clears_outputs_and_counts():
    cell = nbformat.v4.new_code_cell("1 + 1", execution_count=3, outputs=[nbformat.v4.new_output("stream", text="2")])
    (tidied,) = notebooks.tidy(notebook(cell)).cells
    assert tidied.outputs == [] and tidied.execution_count is None


def test_tidy_keeps_known_metadata_only():
    cell = nbformat.v4.new_code_cell("1", metadata={"tags": ["figure"], "collapsed": True, "scrolled": True})
    assert notebooks.tidy(notebook(cell)).cells[0].metadata == {"tags": ["figure"]}


def test_tidy_names_cells_after_grade_id_or_first_words_and_never_twice():
    cells = [
        nbformat.v4.new_markdown_cell("## Clear the gradient!"),
        nbformat.v4.new_markdown_cell("## Clear the gradient!"),
        nbformat.v4.new_code_cell("x", metadata={"nbgrader": {"grade_id": "grad_of", "solution": True}}),
    ]
    assert [cell.id for cell in notebooks.tidy(notebook(*cells)).cells] == [
        "clear-the-gradient",
        "clear-the-gradient-2",
        "grad_of",
    ]


def test_tidy_completes_nbgrader_metadata():
    cell = nbformat.v4.new_code_cell("assert 1", metadata={"nbgrader": {"grade_id": "a-b", "points": 2}})
    assert notebooks.tidy(notebook(cell)).cells[0].metadata.nbgrader == {
        "grade_id": "a-b",
        "points": 2,
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
        "schema_version": 3,
    }


def test_tidy_twice_changes_nothing(tmp_path):
    path = course(tmp_path).solution
    assert notebooks.is_tidy(path)
    again = notebooks.tidy(notebooks.tidy(notebooks.read(path)))
    assert notebooks.text(again) == path.read_text()


def test_a_stored_output_is_not_tidy(tmp_path):
    path = course(tmp_path).solution
    changed = notebooks.read(path)
    changed.cells[0].outputs = [nbformat.v4.new_output("stream", text="2")]
    notebooks.write(changed, path)
    assert not notebooks.is_tidy(path)


def test_a_file_that_is_not_json_is_named(tmp_path):
    (tmp_path / "broken.ipynb").write_text("{not json")
    with pytest.raises(NotebookError, match=r"broken\.ipynb: expected a notebook .*got"):
        notebooks.read(tmp_path / "broken.ipynb")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotebookError, match="found no file"):
        notebooks.read(tmp_path / "none.ipynb")


def test_an_unknown_lesson_is_named_with_those_there_are(tmp_path):
    course(tmp_path)
    with pytest.raises(LessonError, match=r"lesson '99_x': expected one of 01_doubling"):
        notebooks.lessons(["99_x"], tmp_path)
