"""What a student wrote or printed is stored so that nothing of it runs, and shows what it showed."""

import json
import re
import time

import nbformat
import pytest
from conftest import LESSON, WRONG
from hostile import FIELDS, LIVE, MARKDOWN, hand_in_hostile

from grader import convert, gradebook, inert, report
from grader.commands import _publish
from grader.feedback import formula
from grader.seen import Limits

HARMLESS = [
    "2 of 3 points.\n\n- half-value: a < b, c <= d, x[0] < y[1] & z",
    "`x<y` and `<b>` and $a < b$ and $$x<y$$",
    "| a | b |\n|---|--:|\n| 1 | 2 |",
    "[x](http://a.b/c?d=1&e=2), <http://a.b>, ![pic](attachment:a.png)",
    "```python\nx = a < b\n```\n\n# head [x](#a)\n\n1. a\n2. b",
    "<b>bold</b> H<sub>2</sub>O",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_kept_as_it_was_written(text):
    assert inert.markdown(text, {"a.png": {"image/png": "aGk="}}) == text


@pytest.mark.parametrize("text", MARKDOWN)
def test_live_text_is_rendered_without_what_made_it_live(text):
    assert LIVE.search(rendered(text)), "the trick is none"
    assert not LIVE.search(rendered(inert.markdown(text)))


def rendered(text):
    renderer = inert.IPythonRenderer(escape=False)
    return inert.MarkdownWithMath(renderer=renderer).render(text)


def test_rich_outputs_keep_tables_and_pictures_and_lose_what_runs():
    data = {"text/html": '<table class="dataframe"><tr onclick="x()"><td>1</td></tr></table><script>y()</script>',
            "image/png": "aGk=", "application/javascript": "z()", "text/plain": "1"}  # fmt: skip
    cell = nbformat.v4.new_code_cell("1")
    made = {"data": data, "execution_count": "<b>", "metadata": {"text/html": {"isolated": True}}}
    cell.outputs = [{"output_type": "execute_result", **made}]
    kept = inert.notebook(nbformat.from_dict({"metadata": {}, "cells": [cell]})).cells[0].outputs[0]
    assert (
        set(kept.data) == {"text/html", "image/png", "text/plain"}
        and kept.metadata == {}
        and kept.execution_count is None
    )
    assert "dataframe" in kept.data["text/html"] and not re.search("onclick|script", kept.data["text/html"])


@pytest.mark.parametrize("piece", ["<b>", "[a](", "<!--", "`a``", "![", "<a ", "$a", "[&", "> ", "&lt;["])
def test_no_text_takes_long(piece):
    cells = [
        nbformat.v4.new_markdown_cell(piece * (100_000 // len(piece)), metadata={"grader": {"notice": True}})
        for _ in range(20)
    ]
    began = time.process_time()
    inert.notebook(nbformat.v4.new_notebook(cells=cells))
    assert time.process_time() - began < 10


def test_a_formula_needs_no_script():
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in formula("x^2") and "<code>\\nosuch{</code>" == formula("\\nosuch{")
    assert "<img" not in formula(r"\text{<img src=x onerror=alert(1)>}")


def test_what_a_class_hands_in_reaches_no_page_alive(sample):
    hand_in_hostile(sample)
    outcome = sample.grade(limits=Limits(cell_seconds=5, seconds=60))
    assert _publish(sample.course, (), outcome) == 0
    stored = [path.read_text() for path in (sample.root / "state" / "autograded").rglob("*.ipynb")]
    pages = [path.read_text() for path in (sample.root / "state" / "feedback").glob("*/*/*.html")]
    indexes = [path.read_text() for path in (sample.root / "state" / "feedback").glob("*/index.html")]
    assert len(stored) == len(pages) == len(indexes) == len(FIELDS)
    for page in [*pages, *indexes]:
        assert "default-src 'none'" in page[: page.index("</head>")] and "width=device-width" in page
        assert not LIVE.search(page), LIVE.search(page)
    with gradebook.opened(sample.course) as book:
        comments = [
            c.comment or "" for entry in book.assignment_submissions(LESSON) for c in entry.notebooks[0].comments
        ]
    assert any("alert" in comment for comment in comments)
    assert not [comment for comment in comments if LIVE.search(rendered(comment))]


def test_one_page_that_cannot_be_made_stops_nothing(sample, capsys):
    for student in ("ana", "ben", "cleo"):
        sample.hand_in(student, half=WRONG["half"])
    outcome = sample.grade()
    path = sample.root / "state" / "autograded" / "ben" / LESSON / f"{LESSON}.ipynb"
    broken = json.loads(path.read_text())
    broken["cells"][1]["execution_count"] = "x"
    path.write_text(json.dumps(broken))
    assert _publish(sample.course, (), outcome) == 1
    assert f"feedback of ben/{LESSON}: expected a page of feedback" in capsys.readouterr().err
    assert sorted(p.parts[-3] for p in (sample.root / "state" / "feedback").glob("*/*/*.html")) == ["ana", "cleo"]
    assert (sample.root / "build" / "grades.csv").exists() and (
        sample.root / "build" / "report" / "index.html"
    ).exists()


def test_hidden_tests_marked_by_a_student_cost_no_time(sample):
    marks = "### BEGIN HIDDEN TESTS\n" * 8000
    data = sample.fill()
    for number in range(20):
        data["cells"].insert(
            3, {"cell_type": "code", "id": f"m{number}", "metadata": {}, "outputs": [], "source": f"{marks}{number}"}
        )
    sample.hand_in("ana", data)
    sample.hand_in("ben", half="def half(x):\n    raise ValueError('x < ' * 100_000)")
    sample.hand_in("cleo", half="def half(x):\n    return half(x) + " + "1 + " * 40_000 + "1")
    sample.grade()
    began = time.process_time()
    assert convert.feedback(sample.course, LESSON) == []
    assert time.process_time() - began < 20
    assert all(path.stat().st_size < 5_000_000 for path in (sample.root / "state" / "feedback").rglob("*.html"))


def test_a_student_id_that_is_html_is_refused_by_name(sample):
    sample.hand_in("<img src=x onerror=alert(1)>")
    sample.hand_in("ana")
    outcome = sample.grade()
    assert [graded.submission.student for graded in outcome.graded] == ["ana"]
    assert "none of" in str(outcome.stray[0])
    assert "onerror" not in report.write(sample.course, sample.root / "report").read_text()
