"""Whatever a student hands in becomes sources and notes, or a refusal in words; never an exception, never another's
loss."""

import json
import os

import pytest
from conftest import LESSON, RIGHT, WRONG

from grader import intake, submitted


def take(sample, student="ana"):
    return intake.take(sample.folder(student), LESSON, sample.untouched)


def test_only_solution_sources_are_taken(sample):
    data = sample.fill()
    data["cells"][-1]["source"] = "assert True"
    data["cells"][-1]["metadata"]["nbgrader"]["points"] = 1000
    sample.hand_in("ana", data)
    taken = take(sample)
    assert taken.sources == RIGHT and not taken.helpers
    assert taken.notes == ('cell "larger-hidden-value" was changed; the course\'s own was used',)


@pytest.mark.parametrize(
    "name",
    [f"{LESSON} (1).ipynb", f"{LESSON}-Copy1.ipynb", f"{LESSON}.ipynb.txt", "homework.ipynb", f"deep/{LESSON}.ipynb"],
)
def test_a_renamed_notebook_is_found(sample, name):
    path = sample.hand_in("ana")
    target = path.parent / name
    target.parent.mkdir(exist_ok=True)
    path.rename(target)
    taken = take(sample)
    assert taken.sources == RIGHT and any("was taken for" in note for note in taken.notes)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("half", "half").encode("latin-1"),
    ],
    ids=["bom", "utf-16", "crlf", "latin-1"],
)
def test_any_encoding_is_read(sample, encode):
    sample.hand_in(
        "ana",
        encode(json.dumps(sample.fill(half="def half(x):\n    'é'\n    return x / 2"), ensure_ascii=False, indent=1)),
    )
    assert take(sample).sources["half"].endswith("return x / 2")


REFUSED = {
    "empty": (b"", "is empty"),
    "cut off": (b'{"cells": [{"cell_type": "co', "is not a whole notebook"),
    "a list": (b"[]", "is not a notebook"),
    "no cells": (b"{}", "has no cells"),
    "merge": (b'{"cells": [\n<<<<<<< HEAD\n]}', "unsolved merge"),
    "python": (b"def half(x):\n    return x / 2\n", "is not a whole notebook"),
    "deep": (b"[" * 200_000, "nested too deep"),
    "binary": (os.urandom(2000), "is not a whole notebook"),
    "another lesson": (b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "none of the exercises"),
    "large": (b" " * (submitted.MAX_BYTES + 1), "at most 60"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(sample, kind):
    data, words = REFUSED[kind]
    sample.hand_in("ana", data)
    taken = take(sample)
    assert words in taken.refusal and not taken.sources


def test_links_pipes_and_folders_are_not_followed(sample, tmp_path):
    secret = sample.hand_in("bea")
    link = sample.folder("ana") / f"{LESSON}.ipynb"
    link.symlink_to(secret)
    assert "is a link" in take(sample).refusal
    link.unlink()
    os.mkfifo(link)
    assert "is not a file" in take(sample).refusal
    link.unlink()
    link.mkdir()
    assert take(sample).refusal


def _again(data, **cell):
    """Put another copy of the cell for half before the one that stands there."""
    half = next(cell for cell in data["cells"] if cell["metadata"]["nbgrader"]["grade_id"] == "half")
    data["cells"].insert(data["cells"].index(half), {**half, "id": "copy", **cell})


def test_an_answer_over_two_cells_is_run_in_their_order(sample):
    data = sample.fill(half="def half(x):\n    return divided(x, 2)")
    _again(data, source="def divided(x, by):\n    return x / by")
    sample.hand_in("ana", data)
    taken = take(sample)
    assert [(h.source, h.before) for h in taken.helpers] == [("def divided(x, by):\n    return x / by", "half")]
    assert "run in their order" in taken.notes[0]


def test_a_filled_copy_beside_a_blank_notebook_is_taken(sample):
    path = sample.hand_in("ana", sample.exercise())
    assert take(sample).sources["half"] != RIGHT["half"]
    (path.parent / f"{LESSON}-Copy1.ipynb").write_text(json.dumps(sample.fill()))
    taken = take(sample)
    assert taken.sources["half"] == RIGHT["half"] and f"{LESSON}-Copy1.ipynb was taken" in taken.notes[0]


def test_outputs_do_not_count_as_size(sample):
    data = sample.fill()
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 25_000_000}
    next(cell for cell in data["cells"] if cell["cell_type"] == "code")["outputs"] = [output]
    sample.hand_in("ana", data)
    assert take(sample).sources["half"] == RIGHT["half"]


def test_a_files_name_cannot_command_a_terminal(sample):
    path = sample.hand_in("ana")
    (path.parent / "a\x1b[2J\x1b]0;t\x07b.txt").write_text("")
    assert "not used: ab.txt" in take(sample).notes[0]


def test_a_cell_that_stands_twice_counts_as_last_filled_in(sample):
    data = sample.fill()
    _again(data, source=WRONG["half"])
    sample.hand_in("ana", data)
    taken = take(sample)
    assert taken.sources["half"] == RIGHT["half"] and "stands there 2 times" in taken.notes[0]


def test_stripped_metadata_is_matched_by_content(sample):
    data = sample.fill()
    for cell in data["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    sample.hand_in("ana", data)
    taken = take(sample)
    assert taken.sources == RIGHT and not taken.helpers


def test_an_old_notebook_format_is_read(sample):
    cells = [
        {
            "cell_type": "code",
            "input": cell["source"],
            "metadata": cell["metadata"],
            "language": "python",
            "outputs": [],
        }
        for cell in sample.fill()["cells"]
        if cell["cell_type"] == "code"
    ]
    sample.hand_in("ana", {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]})
    assert take(sample).sources == RIGHT


def test_helper_cells_are_bound_to_what_follows_them(sample):
    data = sample.fill()
    position = next(i for i, cell in enumerate(data["cells"]) if cell["metadata"]["nbgrader"]["grade_id"] == "grad_of")
    data["cells"].insert(position, {"cell_type": "code", "source": "import math", "metadata": {}})
    sample.hand_in("ana", data)
    assert [(h.source, h.before) for h in take(sample).helpers] == [("import math", "grad_of")]


def test_a_missing_answer_is_noted(sample):
    data = sample.fill()
    data["cells"] = [cell for cell in data["cells"] if cell["metadata"]["nbgrader"]["grade_id"] != "half"]
    sample.hand_in("ana", data)
    taken = take(sample)
    assert "half" not in taken.sources and 'cell "half" is missing; its tests have nothing to test' in taken.notes


@pytest.mark.parametrize(
    "broken",
    [
        {"cells": [None, 3, "x"]},
        {"cells": [{"source": {"a": 1}}]},
        {"cells": [{"cell_type": 7, "metadata": [1]}]},
        {"cells": [{"metadata": {"nbgrader": "x"}, "source": [1, None, "a"]}]},
    ],
)
def test_cells_of_any_shape_are_survived(sample, broken):
    sample.hand_in("ana", broken)
    assert take(sample).refusal


def test_digest_is_what_take_gives(sample):
    sample.hand_in("ana")
    assert intake.digest(sample.folder("ana"), LESSON) == take(sample).digest
