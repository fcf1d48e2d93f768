"""The command line: one list of commands in the repository, the zip and the wheel; wrong input is one sentence."""

import shutil
import subprocess
import sys

import pytest

from grader import cli
from grader.notebooks import ROOT

GRADING = {"grade", "autograde", "regrade", "report", "export", "roster", "collect", "missing", "flag", "doctor"}


def listed(folder):
    """Return the commands that `python -m grader` lists in a folder that holds nothing but what was copied there."""
    told = subprocess.run(
        [sys.executable, "-m", "grader"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    return {line.split()[0] for line in told.partition("Commands:\n")[2].splitlines()}


def test_the_grader_alone_lists_grading_alone(tmp_path):
    shutil.copytree(ROOT / "grader", tmp_path / "grader")
    assert listed(tmp_path) == GRADING


def test_the_repository_lists_every_houses_commands():
    names = {
        "lab",
        "instructor",
        "reset",
        "tidy",
        "exercises",
        "release",
        "demo",
        "check",
        "course",
        "gpu",
        "numbers",
        "bench",
    }
    assert listed(ROOT) >= GRADING | names


@pytest.mark.parametrize("words, said", [
    (["nothing"], "grader nothing: No such command 'nothing'."),
    (["flag", "ana"], "grader flag: Missing argument"),
    (["flag", "ana", "03_autograd", "perhaps"], "grader flag: decision: expected accept, zero or note, got 'perhaps'"),
    (["grade", "--wrokers", "2"], "grader grade: No such option"),
    (["grade", "--course", "/nowhere"], "grader grade: /nowhere: expected a course"),
    (["check", "99_x"], "grader check: lesson '99_x': expected one of 01_numpy"),
])
def test_wrong_input_is_one_sentence_and_exit_code_2(words, said, capsys):
    assert cli.main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith(said) and told.count("\n") == 1


def test_every_command_says_in_its_help_what_it_does():
    commands = cli.commands()
    for name in commands.list_commands(None):
        assert len(commands.get_command(None, name).help) > 20, name
