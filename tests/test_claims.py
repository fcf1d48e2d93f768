"""What never ends is ended from outside and told with its cell; a fork that cannot pass as it is proves nothing."""

import re

import jupytext
import pytest

from gates import claims, sources
from grader import notebooks
from grader.errors import MachineError

TINY = '''
# %% [markdown]
# # Tiny

# %%
import os, time
chain, x = os.getpid(), 6

# %% tags=["concept:six"]
x = 2 * 3
assert x == 6

# %%
x
'''
ROWS = [sources.Row("six", "01_tiny", "Twice three is six.", "run")]


@pytest.fixture
def proved(tmp_path, monkeypatch):
    """Return a function: the claims of the tiny lesson with one change, each process ended after some seconds."""
    monkeypatch.setattr(claims, "fresh_namespace", dict)  # no framework

    def prove(old, new, seconds):
        notebook = notebooks.tidy(jupytext.reads(TINY.replace(old, new).lstrip(), fmt="py:percent"))
        notebooks.write(notebook, tmp_path / "01_tiny.ipynb")
        return claims.run([sources.read(tmp_path / "01_tiny.ipynb", ROWS)], 2, seconds)

    return prove


def test_a_claim_is_noticed_without_the_cells_after_it(proved):
    assert [(claim.name, claim.noticed) for claim in proved("", "", 60)] == [("concept:six", True)]


@pytest.mark.parametrize(
    "endless", ["time.sleep(600)", "while True: pass", "os.waitpid(os.fork() or time.sleep(600), 0)"]
)
def test_a_lesson_that_does_not_end_is_ended_and_told_with_its_cell(endless, proved):
    found = proved("# %%\nx", f"# %%\n{endless}", 2)
    problems = [str(finding) for finding in claims.findings(found)]
    assert len(problems) == 2 and any(claim.noticed for claim in found)
    for name in ("run", "run without TensorFlow"):
        cell = found[-1].cell
        assert any(
            f'cell "{cell}": expected a run without errors, got {name}: stopped after 2 s, ' in problem
            for problem in problems
        )


def test_a_process_that_dies_is_told_with_its_cell(proved):
    assert "the process died" in proved("# %%\nx", "# %%\nos.kill(os.getpid(), 9)", 60)[-1].problem


@pytest.mark.parametrize("blocked, said", [
    ("time.sleep(600)", "timeout"), ("raise OSError('no pool')", "stopped"), ("assert False", "noticed")])
def test_a_cell_that_does_not_pass_in_a_fork_is_told(blocked, said, proved, monkeypatch):
    monkeypatch.setattr(claims, "CELL", 1)
    found = proved("x = 2 * 3", f"x = 2 * 3\nif os.getpid() != chain: {blocked}", 60)
    assert not found[0].noticed and re.match(rf"{said} after \d+ s in a fork of the cell as written", found[0].problem)


def test_a_corruption_that_does_not_end_counts_as_not_noticed(proved):
    claim, = proved("x = 2 * 3", "while not x: pass", 60)
    assert not claim.noticed and not claim.problem and claim.tried == 2  # `while not not x` never ends


def test_proving_never_waits_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "START", 0)
    with pytest.raises(MachineError, match="none in time"):
        claims.prove([], tmp_path / "concepts.csv", seconds=0)
