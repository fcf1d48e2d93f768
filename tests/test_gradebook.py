"""nbgrader's gradebook and folders, written by us and read by nbgrader."""

import csv
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import FULL, LESSON, RIGHT, ROOT, WRONG
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.plugins.export import CsvExportPlugin
from sqlalchemy import text

from grader import convert, export, flags, folders, gradebook, marks, roster
from grader.errors import GraderError, LessonError, MachineError, SubmissionError


def test_a_gradebook_that_was_killed_while_it_was_made_is_made_anew(sample, monkeypatch):
    path = sample.root / "state" / "gradebook.db"
    shutil.rmtree(path.parent, ignore_errors=True)

    def killed():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gradebook.MigrationContext, "configure", lambda connection: killed())
        with pytest.raises(KeyboardInterrupt), gradebook.opened(sample.course):
            pass
    assert not path.exists()
    with gradebook.opened(sample.course) as book:
        assert book.students == []
    assert [file.name for file in path.parent.iterdir()] == ["gradebook.db"]


def test_a_roster_gives_names(sample, tmp_path):
    (tmp_path / "class.csv").write_text(
        "id;first_name;last_name;email\nana;Ana;Alm;a@example.org\n", encoding="utf-8-sig"
    )
    assert roster.enrol(sample.course, tmp_path / "class.csv") == 1
    sample.hand_in("ana")
    sample.grade()
    assert [(t.student, t.name, t.points) for t in gradebook.totals(sample.course)] == [("ana", "Ana Alm", FULL)]


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "a line for each student"),
        ("name\nAna\n", "line 2: expected a student id"),
        ("id\n../x\n", "can name a folder"),
        ("id,last_name\nana,Berg\nbo,Dahl\nana,Alm\n", "line 4: expected each student id once, got 'ana' in line 2"),
    ],
)
def test_a_roster_that_is_none_is_refused_and_nobody_entered(sample, tmp_path, text, words):
    (tmp_path / "class.csv").write_text(text)
    with pytest.raises(GraderError, match=words):
        roster.enrol(sample.course, tmp_path / "class.csv")
    assert not (sample.root / "state" / "gradebook.db").exists()


def test_a_folder_that_is_no_course_is_refused(tmp_path):
    with pytest.raises(LessonError, match="expected a course"):
        folders.open_course(tmp_path)


def test_late_work_is_penalised_as_nbgrader_would(sample):
    sample.course.config.LateSubmissionPlugin.penalty_method = "zero"
    sample.hand_in("ana", stamp="2026-01-03 12:00:00 UTC")
    sample.hand_in("ben", stamp="2026-01-01 12:00:00 UTC")
    gradebook.register(sample.course, LESSON)
    with gradebook.opened(sample.course) as book:
        book.update_or_create_assignment(LESSON, duedate="2026-01-02 12:00:00 UTC")
    sample.grade()
    assert {total.student: total.penalty for total in gradebook.totals(sample.course)} == {"ana": FULL, "ben": 0.0}


class HalfAPoint(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 0.5 * total_seconds_late / 86400


def test_a_course_may_bring_its_own_rule_for_late_days(sample):
    sample.course.config.AssignLatePenalties.plugin_class = HalfAPoint
    sample.hand_in("ana", stamp="2026-01-04 12:00:00 UTC")
    gradebook.register(sample.course, LESSON)
    with gradebook.opened(sample.course) as book:
        book.update_or_create_assignment(LESSON, duedate="2026-01-02 12:00:00 UTC")
    sample.grade()
    assert {total.student: total.penalty for total in gradebook.totals(sample.course)} == {"ana": 1.0}


@pytest.mark.parametrize("schema, words", [("ffffffffffff", "does not know"), ("167914646830", "nbgrader db upgrade")])
def test_a_gradebook_of_another_schema_is_named_and_left_alone(sample, schema, words):
    sample.hand_in("ana")
    gradebook.register(sample.course, LESSON)
    with gradebook.opened(sample.course) as book:
        book.db.execute(text(f"UPDATE alembic_version SET version_num = '{schema}'"))
        book.db.commit()
    with pytest.raises(MachineError, match=words):
        sample.grade()


def test_a_full_disk_leaves_nothing_half_written_and_the_others_graded(sample, monkeypatch):
    real = marks._fill

    def fill(part, course, submission, made):
        real(part, course, submission, made)
        if submission.student == "ana":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(marks, "_fill", fill)
    sample.hand_in("ana")
    sample.hand_in("ben")
    errors = {g.submission.student: g.error for g in sample.grade().graded}
    assert "disk full" in errors["ana"] and not errors["ben"]
    assert not list((sample.root / "state" / "autograded" / "ana").iterdir())
    monkeypatch.undo()
    assert sample.grade().done == 1 and sample.points() == {"ana": FULL, "ben": FULL}


def test_each_run_backs_the_gradebook_up(sample):
    sample.hand_in("ana")
    gradebook.register(sample.course, LESSON)
    sample.grade()
    assert list((sample.root / "state" / "backups").glob("gradebook-*.db"))


@pytest.mark.parametrize("decision, points", [("accept", 3), ("zero", 0), ("note", 0)])
def test_a_persons_decision_is_recorded_and_outlives_regrading(sample, decision, points):
    trick = "get_ipython().input_transformers_cleanup.append(lambda lines: [])\ndef half(x):\n    return 0"
    sample.hand_in("eve", half=trick, grad_of=None, larger=None)
    sample.grade()
    flags.review(sample.course, "eve", LESSON, decision, "talked to her")
    assert sample.points()["eve"] == points
    sample.grade(force=True)
    assert sample.points()["eve"] == points and "talked to her" in sample.comments("eve")["half"]


def test_a_decision_can_be_changed_outlives_regrading_and_said_twice_counts_once(sample):
    trick = "get_ipython().input_transformers_cleanup.append(lambda lines: [])\ndef half(x):\n    return 0"
    sample.hand_in("eve", half=trick, grad_of=None, larger=None)
    sample.grade()

    def state():
        with gradebook.opened(sample.course) as book:
            notebook = book.find_submission(LESSON, "eve").notebooks[0]
            return notebook.score, notebook.flagged, notebook.needs_manual_grade, notebook.comments[0].comment

    assert flags.review(sample.course, "eve", LESSON, "zero") and state()[:3] == (0, False, False)
    assert not flags.review(sample.course, "eve", LESSON, "zero") and state()[3].count("Reviewed") == 1
    assert len(flags.review(sample.course, "eve", LESSON, "accept")) == 2 and state()[:3] == (3, False, False)
    for _ in range(2):
        sample.grade(force=True)
        assert state()[:3] == (3, False, False) and state()[3].count("Reviewed") == 2
    assert not flags.review(sample.course, "eve", LESSON, "note") and state()[:3] == (3, True, False)


def test_points_that_a_person_gave_since_are_not_taken_back(sample):
    trick = "get_ipython().input_transformers_cleanup.append(lambda lines: [])\ndef half(x):\n    return 0"
    sample.hand_in("eve", half=trick, grad_of=None, larger=None)
    sample.grade()
    flags.review(sample.course, "eve", LESSON, "zero")
    with gradebook.opened(sample.course) as book:
        book.find_grade("half-value", LESSON, LESSON, "eve").manual_score = 1.5
        book.db.commit()
    flags.review(sample.course, "eve", LESSON, "accept")
    assert sample.points()["eve"] == 1.5 + 1


def test_a_decision_finds_its_tests_by_the_exercise_they_belong_to(sample):
    path = sample.root / "solutions" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text().replace("half-value", "correct_halves"))
    trick = "get_ipython().input_transformers_cleanup.append(lambda lines: [])\ndef half(x):\n    return 0"
    sample.hand_in("eve", half=trick)
    sample.grade()
    assert {"correct_halves", "half-hidden-value"} <= set(flags.review(sample.course, "eve", LESSON, "accept"))


def test_a_decision_on_nothing_is_refused(sample):
    with pytest.raises(SubmissionError, match="expected a graded submission"):
        flags.review(sample.course, "ana", LESSON, "accept")


def test_feedback_shows_points_and_message_and_no_hidden_line(sample):
    sample.hand_in("ana", grad_of=WRONG["grad_of"])
    sample.hand_in("spy", half="import inspect\ndef half(x):\n    print(In[-1], _ih[-1])\n    return x / 2")
    sample.grade()
    convert.feedback(sample.course, LESSON)
    for student in ("ana", "spy"):
        page = (sample.root / "state" / "feedback" / student / LESSON / f"{LESSON}.html").read_text()
        assert "_secret_tensor" not in page and "hidden test" in page
    assert "8 of 9 points" in (sample.root / "state" / "feedback" / "ana" / LESSON / f"{LESSON}.html").read_text()


def test_the_export_is_nbgraders(sample, tmp_path):
    sample.hand_in("ana", half=None)
    sample.grade()
    export.csv(sample.course, tmp_path / "out" / "grades.csv")
    with gradebook.opened(sample.course) as book:
        CsvExportPlugin(to=str(tmp_path / "nbgraders.csv")).export(book)
    assert (tmp_path / "out" / "grades.csv").read_text() == (tmp_path / "nbgraders.csv").read_text()
    row = next(csv.DictReader((tmp_path / "out" / "grades.csv").open()))
    assert (row["student_id"], row["score"], row["max_score"]) == ("ana", str(FULL - 3), str(FULL))


@pytest.mark.slow
def test_nbgraders_own_commands_work_on_the_same_folders(sample):
    sample.hand_in("ana", half=WRONG["half"])
    convert.release(sample.course, LESSON)
    environment = os.environ | {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    for command in (["autograde", LESSON], ["generate_feedback", LESSON], ["export"]):
        done = subprocess.run(
            [f"{os.path.dirname(sys.executable)}/nbgrader", *command],
            cwd=sample.root,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    assert sample.points() == {"ana": FULL - 1}
    assert sample.grade().done == 1  # what nbgrader has graded is left alone
    page = (sample.root / "state" / "feedback" / "ana" / LESSON / f"{LESSON}.html").read_text()
    assert "hidden test" in page and "_secret_tensor" not in page


@pytest.fixture
def server():
    """A PostgreSQL server of our own, where the machine has one."""
    binary = shutil.which("postgres") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres")), None)
    if not binary or not shutil.which("psql"):
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    pytest.importorskip("psycopg")
    tools, data = (
        os.path.dirname(os.path.realpath(binary)),
        tempfile.mkdtemp(prefix="pg-"),
    )  # pytest's folders are closed to its user
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(data, "postgres", "postgres")
    subprocess.run(
        [*as_user, f"{tools}/initdb", "-D", data, "-A", "trust", "-U", "grader"], check=True, capture_output=True
    )
    options = f"-p 54329 -k {data} -c listen_addresses=127.0.0.1"
    subprocess.run(
        [*as_user, f"{tools}/pg_ctl", "-D", data, "-w", "-o", options, "-l", f"{data}/log", "start"],
        check=True,
        capture_output=True,
    )
    try:
        yield "postgresql+psycopg://grader@127.0.0.1:54329/postgres"
    finally:
        subprocess.run([*as_user, f"{tools}/pg_ctl", "-D", data, "-m", "immediate", "stop"], capture_output=True)
        shutil.rmtree(data, ignore_errors=True)


@pytest.mark.slow
def test_a_postgresql_gradebook_holds_the_same_grades(sample, server):
    sample.course = folders.open_course(sample.root, server)
    sample.hand_in("ana")
    sample.hand_in("ben", **{**dict.fromkeys(RIGHT)})
    sample.grade()
    assert sample.points() == {"ana": FULL, "ben": 0} and sample.grade().done == 2


@pytest.mark.slow
def test_a_server_that_drops_every_connection_loses_nothing(sample, server, monkeypatch):
    import psycopg

    real = gradebook.record
    drop = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and usename = 'grader'"

    def record(*arguments):
        with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(drop)
        return real(*arguments)

    monkeypatch.setattr(gradebook, "record", record)
    sample.course = folders.open_course(sample.root, server)
    for student in ("ana", "ben", "cem"):
        sample.hand_in(student)
    outcome = sample.grade()
    assert not [graded.error for graded in outcome.graded if graded.error]
    assert sample.points() == dict.fromkeys(("ana", "ben", "cem"), FULL) and sample.grade().done == 3
