"""Set-up: what it says on a machine that lacks something, and that a second run does nothing."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lab import install

SCRIPT = Path(install.__file__)
LOCK = SCRIPT.parent.parent / "requirements.lock"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A course in a folder of its own, with a .venv that looks ready."""
    monkeypatch.setattr(install, "ROOT", str(tmp_path))
    (tmp_path / "requirements.lock").write_text("torch==2.15.0\nnvidia-cublas==13.4.1.3\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / "bin" / "pip").write_text(f"#!{tmp_path}/.venv/bin/python\n")
    return tmp_path


@pytest.fixture
def steps(monkeypatch):
    """The commands that set-up would have run."""
    commands = []
    monkeypatch.setattr(install, "run", commands.append)
    monkeypatch.setattr(install, "check_disk", lambda renewal: None)
    return commands


def test_the_script_is_readable_by_an_old_python():
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


def test_an_old_python_hands_over_to_a_newer_one_or_says_so():
    old = next((name for name in ("python3.8", "python3.9", "python3.10") if install.python_version(name)), None)
    if not old:
        pytest.skip("no Python 3.8 to 3.10 on PATH")
    code = f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import install; print(install.find_python())"
    found = subprocess.run([old, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0 and re.search(r"python3\.1[123]", found.stdout) or "needs Python 3.11" in found.stderr


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 14)])
def test_too_old_and_too_new_are_named_with_the_remedy(monkeypatch, version):
    here = getattr(sys, "_base_executable", sys.executable)
    monkeypatch.setattr(install, "python_version", lambda python: version if python == here else None)
    with pytest.raises(install.Missing, match=r"needs Python 3\.11.*found {}\.{} at .*PYTHON=".format(*version)):
        install.find_python()


def test_a_newer_python_on_the_path_is_taken(monkeypatch):
    monkeypatch.setattr(install, "python_version", lambda python: (3, 12) if python == "python3.12" else (3, 9))
    assert "python3.12" in install.find_python()


def test_a_second_run_installs_nothing(root, steps):
    install.install()
    done = len(steps)
    install.install()
    assert done and len(steps) == done


def test_set_up_brings_the_kernels_that_grade(root, steps):
    kernels, project = Path("share/jupyter/kernels"), LOCK.parent
    shutil.copy(project / "pyproject.toml", root)
    shutil.copytree(project / "grader" / "kernels", root / "grader" / "kernels")
    install.install()
    data = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    found = {str(spec.parent.relative_to(root / ".venv")) for spec in (root / ".venv" / kernels).glob("*/kernel.json")}
    assert found == set(data)  # what a wheel brings, set-up brings too


def test_a_changed_lock_installs_again(root, steps):
    install.install()
    (root / "requirements.lock").write_text("torch==2.16.0\n")
    done = len(steps)
    install.install()
    assert len(steps) > done


def test_a_set_up_that_stopped_half_way_is_taken_up_again(root, steps, monkeypatch):
    install.install()
    monkeypatch.setattr(install, "run", lambda command: (_ for _ in ()).throw(install.Missing("no network")))
    (root / "requirements.lock").write_text("torch==2.16.0\n")
    with pytest.raises(install.Missing):
        install.install()
    assert install.read_stamp() == {}


def test_a_moved_folder_gets_a_venv_of_its_own(root, steps):
    (root / ".venv" / "bin" / "pip").write_text("#!/elsewhere/.venv/bin/python\n")
    install.make_venv(sys.executable, anew=False)
    assert install.same_place()


def test_torch_cpu_leaves_cuda_out_and_is_remembered(root, steps, monkeypatch):
    monkeypatch.setattr(install, "make_venv", lambda python, anew: None)
    install.install("cpu")
    assert ["--torch-backend=cpu" in step for step in steps].count(True) == 1
    assert (root / ".venv" / "requirements-cpu.lock").read_text() == "torch==2.15.0\n"
    done = len(steps)
    install.install()
    assert len(steps) == done and install.read_stamp()["torch"] == "cpu"


def test_another_torch_makes_the_venv_anew(root, steps, monkeypatch):
    anew = []
    monkeypatch.setattr(install, "make_venv", lambda python, anew: anew_is(anew))
    anew_is = anew.append
    for torch in ("cpu", None, "cuda", None, "cpu"):
        install.install(torch)
    assert anew == [False, True, True]


def test_an_unknown_torch_is_refused(root):
    with pytest.raises(install.Missing, match='TORCH was "gpu". Use TORCH=cpu'):
        install.install("gpu")


def test_only_cuda_lines_leave_the_lock():
    lines = LOCK.read_text().splitlines()
    gone = set(lines) - set(install.without_cuda(lines))
    assert len(gone) > 10 and {line.split("==")[0].split("-")[0] for line in gone} == {"nvidia", "cuda", "triton"}


def test_conda_installs_what_the_lock_pins_and_no_package_of_its_own():
    listed = [
        line.split("- ", 1)[1] for line in (LOCK.parent / "environment.yml").read_text().splitlines() if "- " in line
    ]
    python = tuple(map(int, listed[0].removeprefix("python=").split(".")))
    assert install.OLDEST <= python <= install.NEWEST
    assert listed[1:] == ["pip", "make", "pip:", "-r requirements.lock"]


def test_binder_reads_what_conda_reads():
    """Binder takes environment.yml, unless a folder of its own stands before it."""
    assert not any((LOCK.parent / name).exists() for name in (".binder", "binder", "Dockerfile", "Pipfile"))


def test_the_dev_container_sets_up_from_the_lock_with_a_python_that_fits():
    said = json.loads((LOCK.parent / ".devcontainer" / "devcontainer.json").read_text())
    python = tuple(map(int, said["image"].rpartition(":")[2].split(".")))
    assert install.OLDEST <= python <= install.NEWEST and "features" not in said
    assert said["postCreateCommand"] == "make setup" and said["containerEnv"] == {"TORCH": "cpu"}
    interpreter = said["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter == "${containerWorkspaceFolder}/.venv/bin/python"
    walls = [line for line in (LOCK.parent / "docs" / "grading.md").read_text().splitlines() if "seccomp=" in line]
    assert said["runArgs"] and " ".join(said["runArgs"]) in walls[0]  # else its grading kernels have no walls


def test_every_place_that_installs_the_course_takes_a_python_of_the_wheel():
    pattern = re.compile(r"""python(?:-version)?: (?:\[(.*)\]|"(.*)")""")
    for path in (LOCK.parent / ".github" / "workflows").glob("*.yml"):
        named = [one or two for one, two in pattern.findall(path.read_text())]
        versions = re.findall(r"3\.\d+", " ".join(named))
        assert versions and all(install.OLDEST <= (3, int(one[2:])) <= install.NEWEST for one in versions)


def test_the_pythons_of_set_up_are_those_of_the_wheel():
    said = tomllib.loads((LOCK.parent / "pyproject.toml").read_text())["project"]["requires-python"]
    assert said == ">={}.{},<{}.{}".format(*install.OLDEST, install.NEWEST[0], install.NEWEST[1] + 1)


def test_the_lock_holds_whatever_the_wheel_and_the_course_need():
    project = tomllib.loads((LOCK.parent / "pyproject.toml").read_text())
    needs = project["project"]["dependencies"] + project["dependency-groups"]["course"]
    pinned = {line.partition("==")[0] for line in LOCK.read_text().splitlines()}
    assert {re.match(r"[\w-]+", need).group() for need in needs} <= pinned


def test_the_lock_pins_each_line_and_names_no_index():
    assert not [
        line for line in LOCK.read_text().splitlines() if not re.fullmatch(r"[\w.-]+==[^\s;/]+( ; [^/]+)?", line)
    ]


@pytest.mark.parametrize("short", [".venv", "cache"])
def test_both_places_are_checked_for_room(tmp_path, monkeypatch, short):
    places = {name: tmp_path / name for name in (".venv", "cache")}
    for place in places.values():
        place.mkdir()
    monkeypatch.setattr(install, "ROOT", str(places[".venv"]))
    monkeypatch.setenv("UV_CACHE_DIR", str(places["cache"]))
    free = {str(place): (1e9 if name == short else 50e9) for name, place in places.items()}
    monkeypatch.setattr(install.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(1e12, 0, free[place]))
    with pytest.raises(install.Missing, match=f"needs 12 GB in .*{short}, and 1.0 GB are free.*UV_CACHE_DIR"):
        install.check_disk(0)


def test_room_is_asked_for_less_when_only_the_lock_changed(monkeypatch):
    monkeypatch.setattr(install.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(1e12, 0, 5e9))
    install.check_disk(install.RENEWAL)


@pytest.mark.parametrize("said", [
    "WARNING: Retrying after connection broken by 'NewConnectionError'",
    "cause: dns error: failed to lookup address information: Temporary failure in name resolution",
    "error: Request failed after 3 retries\n  cause: operation timed out",
])
def test_no_network_is_said_in_one_line(said):
    assert install.reason(said).startswith("the package index cannot be reached. Check the network")


def test_another_stop_shows_the_last_line_said():
    assert "no such version" in install.reason("a\nno such version\n")


def test_a_full_disk_is_named():
    assert install.reason("error: No space left on device (os error 28)").startswith("the disk is full")


@pytest.mark.slow
def test_without_a_network_set_up_ends_with_one_line(tmp_path):
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    (tmp_path / "lab").mkdir()
    shutil.copy(SCRIPT, tmp_path / "lab")
    shutil.copy(LOCK, tmp_path)
    told = subprocess.run(
        ["unshare", "-rn", sys.executable, "lab/install.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache"), "TORCH": ""},
    )
    assert told.returncode == 1
    assert told.stderr.strip().splitlines()[-1].startswith("set-up: the package index cannot be reached.")
