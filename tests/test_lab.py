"""JupyterLab's settings, and the promise that nothing writes over what a student wrote."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader import cli
from grader.errors import LessonError
from lab import server, work

ROOT = work.ROOT


@pytest.fixture
def root(tmp_path):
    """A course with one exercise."""
    given = tmp_path / "exercises" / "01_one" / "01_one.ipynb"
    given.parent.mkdir(parents=True)
    given.write_text("given")
    return tmp_path


def test_an_exercise_is_handed_out_once(root):
    own = root / "work" / "01_one" / "01_one.ipynb"
    assert work.hand_out(root) == [own] and own.read_text() == "given"
    assert work.hand_out(root) == []


def test_what_a_student_wrote_stays(root):
    own = work.hand_out(root)[0]
    own.write_text("mine")
    (root / "exercises" / "01_one" / "01_one.ipynb").write_text("newer")
    (root / "exercises" / "01_one" / "data.csv").write_text("1,2")
    assert [path.name for path in work.hand_out(root)] == ["data.csv"]
    assert own.read_text() == "mine"


def test_a_link_that_leads_nowhere_is_the_students_too(root):
    own = root / "work" / "01_one" / "01_one.ipynb"
    own.parent.mkdir(parents=True)
    own.symlink_to(root / "gone.ipynb")
    assert work.hand_out(root) == [] and own.is_symlink()


def test_a_file_that_appears_meanwhile_is_not_replaced(root):
    own = root / "mine.ipynb"
    own.write_text("mine")
    work.copy_whole(root / "exercises" / "01_one" / "01_one.ipynb", own)
    assert own.read_text() == "mine" and not list(root.glob(".*.part"))


def test_reset_keeps_each_old_copy_beside_the_fresh_one(root):
    own = work.hand_out(root)[0]
    for text in ("first", "second"):
        own.write_text(text)
        work.reset("01_one", root)
    assert own.read_text() == "given"
    assert sorted(path.read_text() for path in root.glob("work/01_one.*/01_one.ipynb")) == ["first", "second"]


def test_reset_of_something_not_begun_hands_it_out(root):
    assert work.reset("01_one", root) is None
    assert (root / "work" / "01_one" / "01_one.ipynb").exists()


@pytest.mark.parametrize("said", ["01_one", "01", "1", "one"])
def test_reset_understands_a_number_and_a_topic(root, said):
    work.reset(said, root)
    assert (root / "work" / "01_one" / "01_one.ipynb").exists()


@pytest.mark.parametrize("name", ["99_x", "", "0", "..", "../exercises/01_one"])
def test_reset_of_an_unknown_exercise_touches_nothing(root, name):
    work.hand_out(root)
    with pytest.raises(LessonError, match="expected one of 01_one.*Name one of them, such as 01"):
        work.reset(name, root)
    assert [path.name for path in (root / "work").iterdir()] == ["01_one"]


def test_unknown_exercise_is_one_line_and_a_failing_command(capsys):
    assert cli.main(["reset", "99_x"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_reset_without_a_name_says_so_in_plain_words(capsys):
    assert cli.main(["reset", ""]) == 2
    assert capsys.readouterr().err.startswith("grader reset: no exercise was named: expected one of 01_numpy, ")


@pytest.mark.parametrize("role", ["student", "instructor"])
def test_jupyterlab_reads_the_settings_of_the_role(role):
    code = "from jupyter_core.paths import jupyter_config_path; print(jupyter_config_path()[0])"
    told = subprocess.run(
        [sys.executable, "-c", code], env=server.environment(role), capture_output=True, text=True, check=True
    )
    assert (Path(told.stdout.strip()) / "labconfig" / "default_setting_overrides.json").exists()


def test_jupyterlab_knows_what_the_course_asks_of_it():
    """Each flag is a trait of this release, and the folders are the course's own, one workspace a role."""
    from jupyter_client.multikernelmanager import MultiKernelManager
    from jupyter_server.serverapp import ServerApp
    from jupyterlab.labapp import LabApp

    known = {cls.__name__: cls.class_trait_names(config=True) for cls in (ServerApp, LabApp, MultiKernelManager)}
    student, instructor = server.flags("student"), server.flags("instructor")
    assert all(name.split(".")[1] in known[name.split(".")[0]] for name in student)
    assert student["LabApp.workspaces_dir"] != instructor["LabApp.workspaces_dir"]


def test_jupyterlab_serves_the_courses_style_and_keeps_a_persons_own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "own"))
    (tmp_path / "settings" / "student").mkdir(parents=True)
    (tmp_path / "settings" / "student" / "custom").symlink_to(ROOT / "settings" / "student" / "custom")
    server.put_on_style("student", tmp_path)
    variables, flags = server.environment("student", tmp_path), server.flags("student", tmp_path)
    code = "from jupyter_server.serverapp import ServerApp; print(ServerApp().static_custom_path[0])"
    told = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    style = (Path(told.stdout.strip()) / "custom.css").read_text()
    assert ".jp-Cell" in style and 'title*="Path: work/"' in style
    assert str(tmp_path / "own") in variables["JUPYTER_CONFIG_PATH"].split(":")
    assert flags["LabApp.user_settings_dir"].is_relative_to(tmp_path / "own") and flags["LabApp.custom_css"]


@pytest.mark.parametrize(
    "notebook, named",
    [
        ("course/03_autograd.ipynb", True),
        ("exercises/03_autograd/03_autograd.ipynb", False),
        ("course/00_start_here.ipynb", False),  # it names TensorFlow, and is opened before anything else
        ("course/not_there.ipynb", False),
    ],
)
def test_only_a_notebook_that_names_tensorflow_finds_it_imported(monkeypatch, notebook, named):
    from grader.kernels import start

    if sys.platform != "linux":
        pytest.skip("no fast start here")
    for name, value in server._fast_start(ROOT).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GRADER_PRELOAD", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", str(ROOT / notebook))
    monkeypatch.syspath_prepend(str(Path(start.__file__).parent))
    preload = start._setting()["preload"]
    assert ("tensorflow" in preload) == named and "torch" in preload


def test_a_failed_test_shows_its_message_and_an_assert_without_one_its_frames():
    from IPython.core.interactiveshell import InteractiveShell

    shown = []
    shell = InteractiveShell()
    shell._showtraceback = lambda kind, value, lines: shown.append(lines)
    shell.user_ns["get_ipython"] = lambda: shell
    exec((ROOT / "settings/student/kernels/python3/failures.py").read_text(), shell.user_ns)
    shell.run_cell("assert 1 == 2, 'half of 4 is 2'")
    shell.run_cell("assert 1 == 2")
    assert len(shown[0]) == 1 and shown[0][0].endswith(": half of 4 is 2") and len(shown[1]) > 2
    assert "_shorten_failures" not in shell.user_ns


def test_venv_goes_first_on_path():
    assert server.environment("student")["PATH"].startswith(str(Path(sys.executable).parent))


def test_settings_name_what_this_jupyterlab_knows():
    schemas = {f"@jupyterlab/{path.parent.name}:{path.stem}": json.loads(path.read_text()).get("properties", {})
               for path in Path(sys.prefix).glob("share/jupyter/lab/schemas/@jupyterlab/*/*.json")}
    for path in ROOT.glob("settings/*/labconfig/default_setting_overrides.json"):
        for plugin, values in json.loads(path.read_text()).items():
            assert not set(values) - set(schemas[plugin]), f"{path}: {plugin} has no such setting"


def test_students_do_not_see_the_instructors_tools():
    off = json.loads((ROOT / "settings/student/labconfig/page_config.json").read_text())["disabledExtensions"]
    assert {f"@jupyter/nbgrader:{name}" for name in ("formgrader", "create-assignment", "course-list")} <= set(off)
    assert not (ROOT / "settings/instructor/labconfig/page_config.json").exists()


def test_every_make_target_calls_a_command_that_exists():
    known = set(cli.commands().list_commands(None))
    called = set(re.findall(r"\$\(GRADER\) ([a-z-]+)", (ROOT / "Makefile").read_text()))
    assert called <= known, f"Makefile calls {', '.join(sorted(called - known))}; no house has such a command"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "course/00_start_here.ipynb"])
def test_every_make_command_on_the_page_exists(page):
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    named = set(re.findall(r"(?m)(?:^|`)(?:\w+=\w+ )?make ([a-z-]+)", (ROOT / page).read_text()))
    assert named and named <= targets
