"""make gpu: what it needs, what it runs, what it calls the same."""

import ast
import importlib.util
import json
import sys

import numpy as np
import pytest

import gates.cells
from gates import gpu
from gates.cells import names, numbers
from grader import errors

PARAMETERS = ("parameters", "device = None\nseed = 0", ["parameters"])


def cells(*given):
    return [
        {"cell_type": "code", "id": name, "source": source, "metadata": {"tags": list(tags)}}
        for name, source, *(tags,) in (cell if len(cell) == 3 else (*cell, ()) for cell in given)
    ]


@pytest.fixture
def executed(monkeypatch):
    """Return a function that runs cells in this process and gives back its __main__ afterwards."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    return lambda *given, device="cpu", apart=None: gpu.execute(cells(*given), device, apart or {})


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return the root of a course with one lesson, whose value depends on the device, and a machine of its own."""
    def write(lesson, solution="assert device"):
        for folder, source in (("course", lesson), ("solutions/01_sample", solution)):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            page = {"cells": cells(PARAMETERS, ("answer", source))}
            (tmp_path / folder / "01_sample.ipynb").write_text(json.dumps(page))
        return tmp_path

    monkeypatch.setattr(
        gpu, "machine", lambda device: {"torch": "2", "python": "3", "device": "a GPU", "date": "2000-01-01"}
    )
    return write


def test_it_imports_the_standard_library_alone_until_cells_run():
    for module in (gpu, gates.cells, errors):
        top = [
            node
            for node in ast.parse(open(module.__file__).read()).body
            if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        found = {
            name
            for node in top
            for name in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        }
        others = {name for name in found if name.partition(".")[0] not in sys.stdlib_module_names}
        assert others <= {"gates.cells", "grader.errors"}


def test_what_is_missing_is_named_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "NEEDS", ("json", "no_such_package", "nor_this_one"))
    assert gpu.main([]) == 2
    said = capsys.readouterr().err
    assert "missing: no_such_package, nor_this_one" in said and said.count("\n") == 1


def test_without_the_device_one_line_says_so(capsys):
    assert gpu.main(["--device", "xla:7"]) == 2
    said = capsys.readouterr().err
    assert "device xla:7: PyTorch cannot use it here" in said and said.count("\n") == 1


def test_a_name_that_is_no_lesson_is_refused(course):
    with pytest.raises(errors.LessonError, match="expected one of 01_sample"):
        gpu.run(["02_other"], root=course("x = 1"))


def test_a_course_that_computes_the_same_passes(course, capsys):
    root = course("import numpy as np\nx = np.arange(3.0) + (device == 'cuda') * 1e-12")
    assert gpu.run(root=root) == 0
    report = json.loads((root / "build" / "gpu.json").read_text())
    assert report["device"] == "a GPU" and report["date"] == "2000-01-01"
    assert [(row["notebook"], row["ran"]) for row in report["notebooks"]] == [
        ("course/01_sample", 2),
        ("solutions/01_sample", 2),
    ]
    assert 0 < report["notebooks"][0]["largest"] < 1e-11
    assert "2 of 2 notebooks compute the same" in capsys.readouterr().out


def test_a_value_that_differs_is_named(course, capsys):
    assert gpu.run(root=course("x = 1.0 if device == 'cpu' else 1.1")) == 1
    assert 'course/01_sample, cell "answer": x (number) differs by 1.0e-01' in capsys.readouterr().out


def test_a_test_that_fails_on_the_device_alone_is_named(course, capsys):
    assert gpu.run(root=course("x = 1", "assert device == 'cpu', 'made on the wrong device'")) == 1
    said = capsys.readouterr().out
    assert (
        'solutions/01_sample, cell "answer": on cuda: AssertionError: made on the wrong device' in said
        and "on cpu" not in said
    )


def test_a_process_that_dies_is_a_failure(course, capsys):
    assert gpu.run(root=course("import os\nos._exit(3)")) == 1
    assert "the process ended with code 3" in capsys.readouterr().out


def test_the_device_is_put_into_the_parameters(executed):
    came = executed(PARAMETERS, ("where", "here = [len(device), seed]"), device="cuda")
    assert came.values["where"]["here"][1].tolist() == [4, 0]


def test_cells_that_need_tensorflow_are_left_out_where_it_is_missing(executed, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorflow" else found(name))
    came = executed(("one", "x = 1"), ("two", "1 / 0", ["tensorflow"]))
    assert (came.ran, came.left_out, came.failures) == (1, 1, [])


def test_cells_that_need_another_missing_package_are_left_out_with_those_that_build_on_them(executed):
    came = executed(("needs", "import no_such_package\nmade = 1"), ("builds", "def built():\n    return made"),
                    ("builds on that", "built()"), ("uses the package", "no_such_package.x"), ("free", "x = 1"),
                    ("makes it anew", "made = 2"), ("uses it", "y = made"))
    assert (came.ran, came.left_out, came.missing, came.failures) == (3, 4, {"no_such_package"}, [])
    assert came.values["uses it"]["y"][1] == 2


def test_a_failing_cell_stops_no_other(executed):
    came = executed(("bad", "1 / 0"), ("expected", "1 / 0", ["raises-exception"]), ("good", "x = 2"))
    assert came.failures == [("bad", "on cpu: ZeroDivisionError: division by zero")]
    assert came.values["good"]["x"][1] == 2


def test_a_cell_runs_as_main_and_shows_its_source(executed):
    came = executed(("class", "class Kept:\n    pass"), ("function", "def kept():\n    return 1"),
                    ("pickled", "import pickle\nassert pickle.loads(pickle.dumps(Kept)) is Kept"),
                    ("source", "import inspect\nassert 'return 1' in inspect.getsource(kept)"))
    assert came.failures == []


def test_cells_set_apart_are_not_compared_and_times_are_kept(executed):
    came = executed(("timed", "sizes, took, note = [1, 2], {'here': (0.5, 0.7)}, 'x'"), ("drawn", "y = 3"),
                    apart={"took": gpu.TIMES, "y": gpu.DRAWN})
    assert came.values == {} and came.times == {"timed": {"sizes": [1, 2], "took": {"here": [0.5, 0.7]}}}


def test_names_set_apart_are_bound_in_their_lessons():
    for stem, apart in gpu.SET_APART.items():
        page = json.loads((gpu.ROOT / "course" / f"{stem}.ipynb").read_text())
        codes = [ast.parse("".join(cell["source"])) for cell in page["cells"] if cell["cell_type"] == "code"]
        assert set(apart) <= set().union(*(names(tree)[1] for tree in codes)), (
            f"{stem} has lost a name of SET_APART"
        )


@pytest.mark.parametrize("path", sorted(gpu.ROOT.glob("course/*.ipynb")), ids=lambda path: path.stem)
def test_lessons_import_all_of_torch_before_tensorflow(path):
    """Triton and TensorFlow bring an LLVM each: a kernel that meets TensorFlow's first dies at the first optimizer."""
    code = "\n".join(
        "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"
    )
    before = code.partition("import tensorflow")[0]
    assert "import tensorflow" not in code or "import torch" not in before or "torch._dynamo" in before


def test_values_keep_what_they_were_when_the_cell_ended(executed):
    came = executed(("make", "import numpy as np\nx = np.zeros(2)\nx"), ("write", "x[0] = 5"))
    assert came.values["make"]["x"][1].tolist() == came.values["make"]["its value"][1].tolist() == [0, 0]


@pytest.mark.parametrize("kind, ours, theirs, expected", [
    ("float64", [1.0, 1e-12], [1.0, 2e-12], 1e-12),  # an entry by the largest entry
    ("number", [1.0, 1e-12], [1.0, 2e-12], 1.0),  # a number by its own size
    ("number", [np.nan, np.inf, 2.0], [np.nan, np.inf, 2.0], 0.0),
    ("number", [np.nan], [1.0], np.inf),
    ("float64", [1.0, np.inf], [1.0, -np.inf], np.inf),
    ("number", [0.0], [1e-30], np.inf),
    ("float64", [1.0], [1.0, 1.0], np.inf),
    ("float64", [], [], 0.0),
])
def test_differences_are_relative(kind, ours, theirs, expected):
    assert gpu.difference(kind, np.array(ours), np.array(theirs)) == pytest.approx(expected)


def test_whole_numbers_and_truth_values_must_be_equal(tmp_path):
    here, there = (gpu.Outcome(values={"c": dict(numbers({"n": [10**9, n], "flag": n > 1}))}) for n in (1, 2))
    row = gpu.compare(tmp_path / "course" / "x.ipynb", here, there)
    assert row.compared == 2 and len(row.failures) == 2
