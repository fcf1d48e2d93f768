"""What is wrong with a course or its machine is said in one sentence; nothing stays half-written, the others are
graded."""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import courses
import pytest
from courses.catalogue import COURSES
from nbgrader.preprocessors import SaveCells

from grader import cli, preload

PLAIN = COURSES["plain"]
CLASS = {name: PLAIN.honest[name] for name in ("solution", "wrong", "stops")}
EARNED = {"solution": 4.5, "wrong": 1.5, "stops": 0}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A course that a class has worked on: nbgrader takes its time to hand it out."""
    root = tmp_path_factory.mktemp("plain")
    courses.write(PLAIN, root)
    courses.hand_in(PLAIN, root, CLASS)
    return root


@pytest.fixture
def told(handed_in, tmp_path, capfd):
    """Grade the class with this configuration; return the exit code and what was printed."""
    shutil.copytree(handed_in, tmp_path, dirs_exist_ok=True)

    def run(config):
        (tmp_path / "nbgrader_config.py").write_text(config)
        capfd.readouterr()
        code = cli.main(["grade", "--course", str(tmp_path)])
        return code, "".join(capfd.readouterr())

    return run


@pytest.mark.parametrize("config, said", [
    ("1 / 0", "expected a configuration, got ZeroDivisionError: division by zero. Mend it."),
    ("c = get_config(", "got SyntaxError: '(' was never closed"),
    ("import sys\nsys.exit(3)", "expected a configuration, got SystemExit: 3. Mend it."),
    ("raise ValueError('two\\nlines.')", "expected a configuration, got ValueError: two lines. Mend it."),
    ("get_config().CourseDirectory.db_url = 3", "expected a setting of its kind, got: The 'db_url' trait"),
    ("get_config().Execute.timeout = 'soon'", "expected a setting of its kind, got: The 'timeout' trait"),
    ("get_config().Grader.preload = 3", "expected a setting of its kind, got: The 'preload' trait"),
    ("get_config().GenerateAssignment.preprocessors = ['no.such']", "c.GenerateAssignment.preprocessors: expected "
     "classes, got ModuleNotFoundError: No module named 'no'. Mend it."),
])
def test_a_broken_configuration_is_one_sentence_and_nobody_is_graded(told, tmp_path, config, said):
    code, words = told(config)
    assert code == 2 and words.strip().count("\n") == 0 and words.strip().startswith("grader grade: ") and said in words
    assert "nbgrader_config.py" in words and not (tmp_path / "autograded").exists()


def test_a_preload_that_cannot_be_imported_is_named_and_the_class_is_graded(told, tmp_path, monkeypatch):
    monkeypatch.delenv(preload.VARIABLE, raising=False)
    named = ["no_such_module", "asyncio.windows_events", "unittest.__main__"]  # absent, raises, exits
    code, words = told(f"get_config().Grader.preload = {named}")
    assert "not preloaded: no_such_module: expected installed modules" in words
    assert "not preloaded: asyncio.windows_events (ImportError: win32 only)" in words
    assert "not preloaded: unittest.__main__ (SystemExit: " in words
    assert code == 0 and points(tmp_path) == EARNED


def test_a_disk_that_is_full_before_anybody_is_graded_is_one_sentence(told, tmp_path, monkeypatch):
    def fill(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SaveCells, "preprocess", fill)
    said = "squares.ipynb: expected room to write, found the disk full. Make room and run it again."
    code, words = told("")
    assert code == 2 and words.strip() == f"grader grade: source/{courses.LESSON}/{said}"
    assert not (tmp_path / "autograded").exists()


def points(root):
    """Return {student: points} from the gradebook."""
    return {who: sum(points or 0 for points, _ in cells.values()) for who, cells in courses.grades(root).items()}


FULL_DISK = """
import os, subprocess, sys
from pathlib import Path
disk, left = Path(sys.argv[1]), int(sys.argv[2])
os.chdir(disk.parent)
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)], check=True)
subprocess.run(["cp", "-r", "course", str(disk)], check=True)
with open(disk / "filler", "wb", 0) as filler:
    try:
        while filler.write(bytes(4096)):
            pass
    except OSError:
        filler.truncate(filler.tell() - left * 1024)
grade = [sys.executable, "-m", "grader", "grade", "--course", str(disk / "course")]
print("code", subprocess.run(grade, stderr=subprocess.STDOUT).returncode, flush=True)
print("parts", [str(path) for path in disk.rglob("*") if ".part" in path.name or path.name.endswith("-journal")])
(disk / "filler").unlink()
print("code", subprocess.run(grade, stderr=subprocess.STDOUT).returncode, flush=True)
subprocess.run(["cp", "-r", str(disk / "course"), "graded"], check=True)
"""
CLASS_OF_TWENTY = {f"s{i:02}": work for i, work in enumerate(list(CLASS.values()) * 7)}


@pytest.mark.slow
@pytest.mark.parametrize("left", [0, 200, 300, 520])  # KiB: enough for no copy, the copy, some of them, all but pages
def test_a_full_disk_stops_no_one_for_good(tmp_path, left):
    course, disk = tmp_path / "course", tmp_path / "disk"
    course.mkdir()
    disk.mkdir()
    courses.write(PLAIN, course)
    courses.hand_in(PLAIN, course, CLASS_OF_TWENTY)
    alone = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    env = os.environ | {"PYTHONPATH": str(Path(cli.__file__).parent.parent), "GRADER_IDLE": "60"}
    done = subprocess.run([*alone, sys.executable, "-c", FULL_DISK, str(disk), str(left)], env=env, text=True,
                          capture_output=True, cwd=tmp_path, timeout=300, check=True)
    first, _, again = done.stdout.partition("parts ")
    said = re.findall(r"(?:disk full|disk is full)[.)]", first)
    assert said and "Traceback" not in first and "Error" not in first and "code 0" not in first, first
    assert again.startswith("[]") and "code 0" in again, again
    graded = tmp_path / "graded"
    assert points(graded) == {who: EARNED[list(CLASS)[int(who[1:]) % 3]] for who in CLASS_OF_TWENTY}
    assert len(list(graded.glob("feedback/*/*/*.html"))) == len(CLASS_OF_TWENTY)
