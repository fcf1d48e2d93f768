"""Every command that README.md, CONTRIBUTING.md and docs/ show works as it is typed, in a scratch copy of the
course."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import click
import pytest

from grader import cli
from grader.notebooks import ROOT

PAGES = ["README.md", "CONTRIBUTING.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md"))]
BLOCK = re.compile(r"(?ms)^ *```sh\n(.*?)^ *```")
PROGRAM = re.compile(
    r"(\w+=\S* )*(make|grader|nbgrader|jupyter|git|python3?|uv|pip|sudo|wsl|conda|source|\.venv/bin/\w+)( |$)"
)
APART = {  # what is not run here, and why
    r"make (lab|instructor)": "opens a server: test_release starts it, test_browser works in it",
    r"(TORCH=\w+ )?make (setup|lab)": "installs: test_install and test_wheel do",
    r"make (course )?site": "installs Sphinx and runs every lesson: test_site makes it",
    r"python3 lab/install.py \w": "installs what is tested beside: test_hub, test_slurm",
    r"python3 -m http.server": "serves until it is stopped",
    r"(sudo|wsl|conda|pip) ": "changes the machine",
    r"make (tidy check )?test": "is what runs this",
    r"make (tidy )?check$": "every gate on every lesson takes minutes: make check LESSON= is run",
    r"make (demo|bench)": "takes minutes: test_folders runs it small",
    r"\.venv/bin/python -m pytest": "is a test itself",
    r"make gpu PYTHON=": "needs a GPU: make gpu DEVICE=cpu is run",
    r"grader \w+ --scheduler": "needs a cluster: test_classroom starts one",
    r"git checkout --ours": "has a meaning in a conflict alone",
    r"(nbgrader autograde|make( submit)?|grader|python3|\.venv/bin/python -m grader)$":
        "names a program, not all of a command",
}
LESSON = "01_numpy"
FILLED_IN = {
    "LESSON=NAME": f"LESSON={LESSON}", "LESSON=03 ": "LESSON=01 ", "NN_name": LESSON, "03_autograd": LESSON,
    "COMMAND": "grade", "FILE": "build/copy.csv", "DIR": ".", "/tmp/03.py": "build/03.py",
}
ROSTER = "id,first_name,last_name,email\nana,Ana,Alvarez,ana@example.org\n"


def shown():
    """Return the commands that the pages show, in their order, as (page, command), each once a page."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for block, inline in re.findall(BLOCK.pattern + r"|`([^`]+)`", text, re.M | re.S):
            lines = block.replace("\\\n", " ").splitlines() if block else [inline.replace("\n", " ")]
            found += [
                (page, " ".join(line.partition(" #")[0].split())) for line in lines if PROGRAM.match(line.strip())
            ]
    return list(dict.fromkeys(found))


def reason(command):
    """Return why a command is set apart, or ""."""
    return next((why for pattern, why in APART.items() if re.match(pattern, command)), "")


def filled(command):
    """Return the command with names that are there in place of those that stand for any."""
    for placeholder, value in FILLED_IN.items():
        command = command.replace(placeholder, value)
    return command


SHOWN = shown()
RUN = {filled(command): page for page, command in SHOWN if not reason(command)}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of what git tracks, with one submission in it and this environment as its .venv."""
    root = tmp_path_factory.mktemp("clone") / "course"
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / ".venv").symlink_to(sys.prefix)
    who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
    for command in (["init", "-q"], ["config", "log.showRoot", "false"], ["add", "-A"], [*who, "commit", "-qm", "All"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    (root / "class.csv").write_text(ROSTER)
    (root / "build").mkdir()
    shutil.copytree(root / "exercises" / LESSON, root / "state" / "submitted" / "ana" / LESSON)
    with zipfile.ZipFile(root / "handed_in.zip", "w") as archive:  # as Moodle makes it
        notebook = root / "exercises" / LESSON / f"{LESSON}.ipynb"
        archive.write(notebook, f"Ana Alvarez_7_assignsubmission_file_/{LESSON}.ipynb")
    return root


def test_every_page_shows_commands_and_every_reason_is_needed():
    assert len(SHOWN) > 50 and len(RUN) > 25
    for pattern in APART:
        assert any(re.match(pattern, command) for _, command in SHOWN), f"no page shows {pattern}: take it out of APART"


@pytest.mark.parametrize("page, command", [pair for pair in SHOWN if re.match(r"grader [a-z]", pair[1])])
def test_every_grader_command_that_is_shown_is_understood(page, command):
    _, name, *words = command.replace("COMMAND", "grade").split()
    if words != ["--help"] and not reason(command):
        with click.Context(click.Group()) as context:
            found = cli.commands().get_command(context, name)
            assert found, f"{page} shows {command!r}: there is no command {name}"
            found.make_context(name, [word.strip('"') for word in words])


@pytest.mark.slow
@pytest.mark.parametrize("command, page", RUN.items())
def test_every_command_that_is_shown_works(clone, command, page):
    command = re.sub(r"\bmake ", "make -o setup ", command)  # the environment is there
    command = re.sub(r"^grader ", ".venv/bin/python -m grader ", command)
    env = os.environ | {
        "PATH": f"{clone}/.venv/bin:{os.environ['PATH']}",
        "GRADER_IDLE": "60",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
    }
    done = subprocess.run(
        ["bash", "-ec", command], cwd=clone, env=env, capture_output=True, text=True, errors="replace", timeout=900
    )
    said = done.stdout[-2000:] + done.stderr[-4000:]
    assert done.returncode == 0 and "Traceback (most recent call last)" not in said, f"{page} shows {command!r}: {said}"
