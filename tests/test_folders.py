"""What belongs to a person, state/ and work/, stays byte for byte whatever else runs."""

import shutil
import subprocess
import sys

import pytest

from grader.notebooks import ROOT

LESSON = "01_numpy"
QUICK = (["tidy"], ["exercises"], ["release"])
SLOW = (
    ["check", LESSON, "--only", "answers"],
    ["course", LESSON],
    ["demo", LESSON],
    ["bench", "--size", "2", "--stock", "1"],
)
THEIRS = {
    "state/gradebook.db": b"not a database: whoever opens it fails",
    f"state/submitted/ana/{LESSON}/{LESSON}.ipynb": b"{",
    f"state/autograded/ana/{LESSON}/{LESSON}.ipynb": b"{}",
    f"state/feedback/ana/{LESSON}/{LESSON}.html": b"<p>well done",
    f"work/{LESSON}/{LESSON}.ipynb": b"my own words",
    f"work/{LESSON}/notes.txt": b"remember: .grad adds up",
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The course as it stands, in a folder of its own, with a person's files in it."""
    root = tmp_path_factory.mktemp("clone") / "course"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    for name, content in THEIRS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def theirs(root):
    found = (path for top in ("state", "work") for path in (root / top).rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("command", [
    *(pytest.param(command, id=command[0]) for command in QUICK),
    *(pytest.param(command, id=command[0], marks=pytest.mark.slow) for command in SLOW)])
def test_no_other_command_touches_a_persons_folders(clone, command):
    done = subprocess.run(
        [sys.executable, "-m", "grader", *command], cwd=clone, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert theirs(clone) == THEIRS


def test_what_the_exchange_put_beside_a_submission_stays_with_it(sample, tmp_path):
    """Without it nbgrader cannot release the feedback; what a student links there is not followed."""
    from grader import folders, marks
    from grader.folders import Submission
    from grader.marks import Mark

    for student, secret in (("ana", "x1"), ("bo", None)):
        beside = sample.hand_in(student).parent / folders.SECRET
        beside.write_text(secret) if secret else beside.symlink_to("/etc/passwd")
        submission = Submission(student, sample.lesson, sample.folder(student))
        marks.put(sample.course, submission, {sample.lesson: sample.untouched}, {sample.lesson: Mark("", "", "")})
    kept = [path.read_text() for path in (sample.root / "state" / "autograded").glob(f"*/*/{folders.SECRET}")]
    assert kept == ["x1"]
