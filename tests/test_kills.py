"""Killed at any moment and started again, every submission is graded once and rightly, and nothing is left behind."""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from conftest import FULL, ROOT, WRONG

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
GRADE = """
import os, sys, threading, time
sys.path.insert(0, sys.argv[2])
from grader import classroom, gradebook
if sys.argv[3] == "database":
    real = gradebook.record
    def record(course, book, *rest):
        threading.Timer(float(sys.argv[4]), lambda: book.db.connection().connection.driver_connection.close()).start()
        return real(course, book, *rest)
    gradebook.record = record
classroom.grade(gradebook.open_course(sys.argv[1]), show=False)
"""
IDLE = "4321"  # seconds; a zygote of this test's own, to be told from everybody else's


def processes(*words):
    """Return the ids of the processes whose command line holds all words."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if all(word in line for word in words):
            found.append(int(path.name))
    return found


def zygotes():
    return processes("zygote.py", f'"idle": {float(IDLE)}')


def below(pid):
    """Return the ids of the processes that descend from this one."""
    tree = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            tree.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
        except OSError:
            continue
    found = tree.get(pid, [])
    for child in found:
        found = found + below(child)
    return found


def kill(victim, child):
    """Send SIGKILL to one process of ours."""
    targets = {"grader": [child.pid], "zygote": zygotes(), "kernel": [p for z in zygotes() for p in below(z) if p not in zygotes()][-1:]}
    for pid in targets.get(victim, []):
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass


def survive(sample, monkeypatch, kills):
    monkeypatch.setenv("GRADER_IDLE", IDLE)
    monkeypatch.setenv("GRADER_PRELOAD", "numpy torch")
    students = {f"s{i}": FULL - i % 2 for i in range(12)}
    for i, student in enumerate(students):
        sample.hand_in(student, **({"half": WRONG["half"]} if i % 2 else {}))
    try:
        sample.grade(student="s0")
        for number, victim in enumerate(kills, 1):
            for student in random.sample(sorted(students), 6):  # handed in anew, so that there is always something to do
                stamp = sample.folder(student) / "timestamp.txt"
                stamp.write_text(f"2026-01-01 12:00:{number:02} UTC")
            command = [sys.executable, "-c", GRADE, str(sample.root), str(ROOT), victim, str(random.random() / 50)]
            child = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(2.0, 6.0))
            kill(victim, child)
            child.wait(120)
        sample.grade()
        assert sample.points() == students and sample.grade().done == len(students)
    finally:
        for pid in zygotes():
            os.kill(pid, 9)
    until = time.monotonic() + 10
    while zygotes() and time.monotonic() < until:
        time.sleep(0.1)
    assert not zygotes() and not processes(str(sample.root))
    own = [p for p in Path(tempfile.gettempdir()).glob("grader-work-*") if not Path(f"/proc/{p.name.split('-')[2]}").exists()]
    assert not own


@pytest.mark.slow
def test_twenty_kills_lose_nothing(sample, monkeypatch):
    victims = ["grader", "zygote", "kernel", "database"] * 5
    random.shuffle(victims)
    survive(sample, monkeypatch, victims)
