"""The commands as a person types them: the class is graded, regraded and decided on."""

import csv
import io
import sys

import pytest
from conftest import FULL, LESSON, RIGHT, WRONG

from grader import cli


@pytest.fixture
def told(sample, capsys):
    """Run a command on the sample course; return its exit code and what it printed."""

    def run(*words):
        code = cli.main([*words, "--course", str(sample.root)])
        return code, "".join(capsys.readouterr())

    return run


def test_a_class_is_graded_regraded_and_a_flag_decided(sample, told):
    sample.hand_in("ana", larger=WRONG["larger"])
    sample.hand_in(
        "eve", half="get_ipython().input_transformers_cleanup.append(lambda l: [])\ndef half(x):\n    return 0"
    )
    assert told("grade")[0] == 0
    path = sample.root / "solutions" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text().replace("larger, 3, -4) == 3", "larger, 5, -4) == 5"))
    code, said = told("regrade", LESSON)
    assert code == 0 and "ana/03_sample, larger-hidden-value: 0 -> 1" in said and "1 grades changed" in said
    assert told("flag", "eve", LESSON, "accept") == (0, f"eve/{LESSON}: accept; 9 grades changed\n".replace("9", "6"))
    assert sample.points() == {"ana": FULL, "eve": FULL}


def test_names_are_harmless_in_the_csv_and_on_any_terminal(sample, told, monkeypatch):
    for student in ("=1+HYPERLINK(1,2)", "\N{SNOWMAN}"):
        sample.hand_in(student, **dict.fromkeys(RIGHT))
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", write_through=True)
    monkeypatch.setattr(sys, "stdout", latin)
    assert told("grade")[0] == 0
    assert "HYPERLINK" in latin.buffer.getvalue().decode("latin-1")
    with (sample.root / "build" / "grades.csv").open() as file:
        assert {row["student_id"] for row in csv.DictReader(file)} == {"'=1+HYPERLINK(1,2)", "\N{SNOWMAN}"}
