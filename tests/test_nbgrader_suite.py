"""nbgrader's own autograde tests, on the warm kernel: stock commands, another kernel behind the name `python3`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader import kernels

# each with its reason in docs/nbgrader_differences.md
DIFFERENCES = {"test_side_effects"}


@pytest.mark.slow
def test_nbgraders_own_autograde_tests_pass_on_the_warm_kernel(tmp_path):
    specs = tmp_path / "kernels"
    shutil.copytree(Path(kernels.__file__).parent / "warm-python3", specs / "python3")
    bin_first = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader starts alembic by bare name
    env = os.environ | {"JUPYTER_PATH": str(specs.parent), "PATH": bin_first}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--pyargs",
        "nbgrader.tests.apps.test_nbgrader_autograde",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=1500)
    failed = set(re.findall(r"^FAILED .*::(\w+)", done.stdout, re.M))
    passed = int(re.search(r"(\d+) passed", done.stdout).group(1))
    assert failed == DIFFERENCES, done.stdout[-3000:]
    assert passed >= 39
