"""The students' zip tells no answer, and works where it is unpacked."""

import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
import samples

from grader import notebooks
from grader.errors import ExerciseError
from grader.notebooks import ROOT
from lab import exercises, release, work


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A course of one lesson with everything that the zip takes along."""
    root = tmp_path_factory.mktemp("course")
    for name in ("README.md", "Makefile", *release.WHOLE):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for folder in ("grader", "lab", "settings"):
        shutil.copytree(ROOT / folder, root / folder)
    lesson = samples.course(root)
    notebooks.write(nbformat.v4.new_notebook(), lesson.lesson)
    exercises.generate([lesson])
    return lesson


@pytest.fixture
def lesson(made, tmp_path):
    shutil.copytree(made.root, tmp_path, dirs_exist_ok=True)
    return notebooks.Lesson(made.name, tmp_path)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name.removeprefix(f"{release.NAME}/"): archive.read(name).decode() for name in archive.namelist()}


def test_the_zip_holds_course_exercises_and_environment_and_no_more(lesson):
    names = members(release.release(lesson.root))
    assert {"README.md", "Makefile", "requirements.lock", "course/01_doubling.ipynb",
            "exercises/01_doubling/01_doubling.ipynb", "lab/install.py"} <= set(names)
    assert not [name for name in names if name.startswith(("solutions", "state", "work", "tests")) or "answers" in name]


def test_no_line_of_a_solution_or_hidden_test_is_in_it(lesson):
    text = "\n".join(
        text for name, text in members(release.release(lesson.root)).items() if not name.startswith("grader/")
    )
    assert "return x * 2" not in text and "wrong for other values of x" not in text
    assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text


def test_the_same_course_makes_the_same_bytes(lesson):
    first = release.release(lesson.root).read_bytes()
    assert release.release(lesson.root).read_bytes() == first


def test_readme_and_makefile_offer_only_what_the_zip_can_do(lesson):
    names = members(release.release(lesson.root))
    for gone in ("make demo", "make test", "make grade", "CONTRIBUTING", "solutions/"):
        assert gone not in names["README.md"] + names["Makefile"]
    assert "make lab" in names["README.md"] and "lab: setup" in names["Makefile"]


@pytest.mark.parametrize("name, leak, found", [
    ("exercises/01_doubling/notes.txt", 'assert _y.requires_grad, "no gradient flows back to x"', "tells a line"),
    ("course/data/answers.py", "x = 1", "expected no answers"),
    ("exercises/01_doubling/more.py", "### BEGIN HIDDEN TESTS", 'expected no "BEGIN HIDDEN TESTS"'),
    ("settings/student/notes.md", 'so: assert _y.requires_grad, "no gradient flows back to x"', "tells a line"),
])
def test_a_leak_is_refused_and_no_zip_is_written(lesson, name, leak, found):
    path = lesson.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(leak)
    with pytest.raises(ExerciseError, match=found):
        release.release(lesson.root)
    assert not (lesson.root / "dist").exists()


def test_a_lesson_that_tells_a_whole_hidden_test_is_refused(lesson):
    hidden = notebooks.HIDDEN.search(samples.SOLUTION).group(1)
    told = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(hidden)])
    notebooks.write(told, lesson.lesson)
    with pytest.raises(ExerciseError, match="course/01_doubling.ipynb: it tells a line"):
        release.release(lesson.root)


def test_an_exercise_that_is_out_of_date_is_refused(lesson):
    lesson.exercise.write_text(lesson.exercise.read_text().replace("Return twice x.", "Return it."))
    with pytest.raises(ExerciseError, match="Run make exercises"):
        release.release(lesson.root)


def test_unpacked_in_an_empty_folder_it_hands_out_and_resets(lesson, tmp_path_factory):
    home = tmp_path_factory.mktemp("empty")
    shutil.unpack_archive(release.release(lesson.root), home)
    home /= release.NAME
    grader = [sys.executable, "-m", "grader"]
    for _ in range(2):
        subprocess.run([*grader, "reset", "01_doubling"], cwd=home, check=True, capture_output=True)
    assert len(list(home.glob("work/01_doubling*/01_doubling.ipynb"))) == 2


def test_unpacked_it_opens_jupyterlab(lesson, tmp_path_factory):
    home = tmp_path_factory.mktemp("empty")
    shutil.unpack_archive(release.release(lesson.root), home)
    told = subprocess.run([sys.executable, "-m", "grader", "lab", "--", "--version"], cwd=home / release.NAME,
                          capture_output=True, text=True)
    assert "yours to write in: work/01_doubling/01_doubling.ipynb" in told.stdout
    assert told.stdout.strip().splitlines()[-1].startswith("4."), told.stderr


@pytest.mark.slow
def test_unpacked_it_sets_itself_up(lesson, tmp_path_factory):
    home = tmp_path_factory.mktemp("empty")
    shutil.unpack_archive(release.release(lesson.root), home)
    told = subprocess.run(["make", "lab", f"PYTHON={sys.executable}", "LAB_ARGS=--version"], cwd=home / release.NAME,
                          capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


def test_what_the_student_and_the_instructor_hold_is_left_alone(lesson):
    held = {
        lesson.root / name: name
        for name in ("work/01_doubling/01_doubling.ipynb", "state/gradebook.db", "state/submitted/ana/a.txt")
    }
    for path, text in held.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    exercises.generate([lesson])
    work.hand_out(lesson.root)
    release.release(lesson.root)
    assert {
        path: path.read_text()
        for folder in ("work", "state")
        for path in (lesson.root / folder).rglob("*")
        if path.is_file()
    } == held
