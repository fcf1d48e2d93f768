"""The page of feedback: what stands on it, and what does not."""

import re

import nbformat
from conftest import LESSON, WRONG

from grader import convert, summary
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


def test_exercises_come_first_with_points_and_the_first_message(sample):
    sample.hand_in("ana", half=WRONG["half"], larger=None)
    sample.grade()
    assert not convert.feedback(sample.course, LESSON)
    page = (sample.root / "state" / "feedback" / "ana" / LESSON / f"{LESSON}.html").read_text()
    board = page[page.index("<nav") : page.index("</nav>")]
    found = [re.sub("<.*?>", "|", item) for item in re.findall("<li>(.*?)</li>", board)]
    assert [re.split(r"\|+", item.strip("|"))[:3] for item in found] == [
        ["Exercise 1 · Write half", "2 of 3", "hidden test: a half keeps its fraction: use / instead of //"],
        ["Exercise 2 · Write grad_of", "3 of 3 · right"],
        ["Exercise 3 · Write larger", "0 of 3"],
    ]
    anchors = set(re.findall('href="#(.*?)"', board))
    assert anchors == {"half", "grad_of", "larger"} == anchors & set(re.findall('id="(.*?)"', page))
    assert len(re.findall("<details ", page)) == 6 and len(re.findall("<details [^>]*open", page)) == 3
    assert '<html lang="en">' in page


def test_points_that_wait_are_not_called_wrong():
    answer = nbformat.v4.new_markdown_cell("x", metadata={"nbgrader": {
        "grade_id": "essay", "solution": True, "grade": True, "score": 0.0, "points": 5.0}})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("## Why?"), answer])
    assert [one.state for one in summary.exercises(notebook, {"essay"})] == ["waits"]
    assert [(one.title, one.state) for one in summary.exercises(notebook)] == [("Why?", "open")]


def test_a_link_that_leads_nowhere_from_here_is_its_text():
    from grader.feedback import _WithFormulas

    made = _WithFormulas(escape=False).link
    assert made("03", "../../course/03.ipynb#a") == "03" == made("03", "x.ipynb")
    assert all("href" in made("x", url) for url in ("#here", "data.csv", "https://example.org/a.ipynb"))
