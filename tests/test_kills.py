"""Killed at any moment and started again, every submission is graded once and rightly, and nothing is left behind."""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import FULL, ROOT, WRONG

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
GRADERS = """
import os, random, sys, threading
sys.path.insert(0, sys.argv[2])
from grader import classroom, folders, gradebook
real, at = gradebook.record, 0

def record(course, book, *rest):
    global at
    at -= 1
    if at < 0:
        close = book.db.connection().connection.driver_connection.close
        threading.Timer(random.random() / 50, close).start()
    return real(course, book, *rest)

for victim in sys.stdin:  # a fork for each run: what is imported once need not be imported twenty times
    if (child := os.fork()) == 0:
        random.seed()
        if victim.strip() == "database":
            gradebook.record, at = record, random.randrange(3)
        try:
            classroom.grade(folders.open_course(sys.argv[1]), classroom.Options(show=False))
        except Exception as error:
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""
STUDENTS = {f"s{i:02}": FULL - i % 2 for i in range(12)}
IDLE = f"20.{random.randrange(10**8):08}"  # seconds; zygotes of this test's own, to be told from everybody else's


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
    return sorted(found)


def zygotes():
    """Return our zygotes and all that they forked: a fork keeps the command line."""
    return processes("zygote.py", f'"idle": {float(IDLE)}')


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def kill(victim, grader):
    """Send SIGKILL to one process of ours; return whether there was one."""
    ours = zygotes()
    forked = [pid for pid in ours if parent(pid) in ours and parent(parent(pid)) in ours]
    targets = {
        "grader": [grader],
        "zygote": [pid for pid in ours if pid not in forked],
        "worker": forked and [random.choice(forked)],
    }
    for pid in targets[victim]:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            return False
    return bool(targets[victim])


def strike(sample, graders, victim, seconds):
    """Hand four in anew, grade, and kill within the seconds that grading takes; return (what came of it, seconds it
    took)."""
    for student in random.sample(sorted(STUDENTS), 4):
        (sample.folder(student) / "timestamp.txt").write_text(f"2026-01-01 12:00:00.{random.randrange(10**6):06} UTC")
    print(victim, file=graders.stdin, flush=True)
    grader, began, struck = int(graders.stdout.readline()), time.monotonic(), True
    if victim in ("grader", "zygote", "worker"):
        time.sleep(random.uniform(0, seconds))
        while not (struck := kill(victim, grader)) and parent(grader):  # between two kernels there is no worker
            time.sleep(0.01)
    status = int(graders.stdout.readline())
    return ("too late" if not struck else "ended" if status else "ran to its end"), time.monotonic() - began


def survive(sample, monkeypatch, kills):
    """Grade a class under these kills; every grade is right, each submission graded, and nothing of ours is left."""
    own = sample.root / "own"
    own.mkdir()
    for name, value in {"GRADER_IDLE": IDLE, "GRADER_PRELOAD": "numpy torch", "TMPDIR": str(own)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", None)
    for i, student in enumerate(STUDENTS):
        sample.hand_in(student, **({"half": WRONG["half"]} if i % 2 else {}))
    sample.grade()
    command = [sys.executable, "-c", GRADERS, str(sample.root), str(ROOT)]
    graders = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    seconds = strike(sample, graders, "none", 0)[1]
    found = Counter()
    for victim in kills:
        for _ in range(20):
            came = strike(sample, graders, victim, seconds)[0]
            found[victim, came] += 1
            if came != "too late":  # it was done before its moment came
                break
    graders.stdin.close()
    graders.stdout.close()
    graders.wait(60)
    outcome = sample.grade()
    right = {student: points == STUDENTS[student] for student, points in sample.points().items()}
    print(
        f"\n{len(kills)} kills within {seconds:.1f} s of grading",
        *(f"{n:5} {what[0]}: {what[1]}" for what, n in sorted(found.items())),
        sep="\n",
    )
    print(f"{sum(right.values())} of {len(STUDENTS)} grades right; {len(outcome.graded)} were still to be graded")
    assert len(right) == len(STUDENTS) and all(right.values()) and sample.grade().done == len(STUDENTS)
    until = time.monotonic() + float(IDLE) + 60
    while zygotes() and time.monotonic() < until:  # nobody comes any more: they end by themselves
        time.sleep(0.5)
    left = [str(path) for path in own.iterdir()] + [
        str(path) for path in (sample.root / "state").rglob(".*") if path.is_dir()
    ]
    print(f"left behind: {len(zygotes()) + len(processes(str(sample.root)))} processes, {len(left)} temporary folders")
    assert not zygotes() and not processes(str(sample.root)) and not left


@pytest.mark.slow
def test_twenty_kills_lose_nothing(sample, monkeypatch):
    victims = ["grader"] * 7 + ["zygote"] * 3 + ["worker"] * 6 + ["database"] * 4
    random.shuffle(victims)
    survive(sample, monkeypatch, victims)


@pytest.mark.slow
def test_a_killed_worker_of_a_cluster_loses_nothing(sample, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("GRADER_PRELOAD", "numpy torch")
    for student, points in STUDENTS.items():
        sample.hand_in(student, **({} if points == FULL else {"half": WRONG["half"]}))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        run = threading.Thread(target=sample.grade, kwargs={"scheduler": cluster.scheduler_address})
        run.start()
        until = time.monotonic() + 120
        while not list(sample.root.glob("state/autograded/s*")) and time.monotonic() < until:
            time.sleep(0.05)
        killed = cluster.workers[0].pid
        os.kill(killed, 9)
        run.join(300)
    assert killed and sample.points() == STUDENTS and sample.grade().done == len(STUDENTS)
