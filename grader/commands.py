"""The commands that grade a class: parse and print, decide nothing; each imports what it needs when it runs."""

import os
import shutil
import sys
from pathlib import Path

import click

commands = click.Group()
LESSONS = click.argument("lessons", nargs=-1)


def _options(*options):
    """Return a decorator that adds these options to a command, in this order."""

    def add(command):
        for option in reversed(options):
            command = option(command)
        return command

    return add


OF_COURSE = (
    click.option(
        "--course", "root", default=".", metavar="DIR", help="any nbgrader course directory; this one by default"
    ),
    click.option(
        "--db", default="", metavar="URL", help="another gradebook, such as postgresql+psycopg://user@host/grades"
    ),
)
GRADING = (
    *OF_COURSE,
    click.option(
        "--workers", default=0, metavar="N", help="submissions at once; as many as there are cores by default"
    ),
    click.option(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="a dask scheduler, tcp://host:8786; the kernels run on its workers",
    ),
    click.option("--student", default="", metavar="ID", help="this student alone"),
    click.option("--kernel", default="", metavar="NAME", help="another kernel than the one nbgrader_config.py names"),
)


@commands.command()
@LESSONS
@_options(*GRADING)
@click.option("--force", is_flag=True, help="grade again what is graded")
@click.option("--resume", is_flag=True, help="grade only what is not graded yet: the default")
@click.option("--dry-run", is_flag=True, help="grade, print, write nothing")
def grade(lessons, root, db, force, resume, dry_run, **options):
    """Grade what lies in the submitted folder: points, feedback, CSV and report."""
    from grader import classroom, folders, preload, table

    course = folders.open_course(root, db)
    with preload.chosen(course) as missing:
        _tell_missing(missing)
        outcome = classroom.grade(course, classroom.Options(lessons, force=force, dry_run=dry_run, **options))
    tell(outcome)
    failed = 0
    if dry_run:
        for graded in outcome.graded:
            for name, verdict in graded.verdicts.items():
                who, points = f"{graded.submission.student}/{name}", f"{verdict.points:g} of {verdict.max_points:g}"
                print(f"{who}: {points} points (nothing was written)")
    else:
        failed = _publish(course, lessons, outcome)
        print(table.table(course, lessons, shutil.get_terminal_size().columns))
    if "GRADER_IDLE" not in os.environ:
        print(f"warm kernels end {preload.SECONDS} s after the last one; GRADER_IDLE=900 keeps them for the next run")
    return _code(outcome) or failed


commands.add_command(grade, "autograde")


@commands.command()
@LESSONS
@_options(*GRADING)
def regrade(lessons, root, db, **options):
    """Grade again with today's tests and list every changed grade; a person's points and comments stay."""
    from grader import classroom, folders, preload

    course = folders.open_course(root, db)
    with preload.chosen(course) as missing:
        _tell_missing(missing)
        outcome, changes = classroom.regrade(course, classroom.Options(lessons, **options))
    tell(outcome)
    failed = _publish(course, lessons, outcome)
    for change in changes:
        kept = " (a person's points were kept)" if change.manual else ""
        print(f"{change.student}/{change.lesson}, {change.cell}: {change.before:g} -> {change.after:g}{kept}")
    print(f"{len(changes)} grades changed")
    return _code(outcome) or failed


@commands.command()
@_options(*OF_COURSE)
@click.option("--pseudonyms", is_flag=True, help="names that say nothing, the same in every report")
def report(root, db, pseudonyms):
    """Draw the class: build/report/index.html and points.csv."""
    from grader import folders, report

    course = folders.open_course(root, db)
    print(f"look at {report.write(course, course.root / 'build' / 'report', pseudonyms)}")


@commands.command()
@_options(*OF_COURSE)
@click.option(
    "--format", "kind", default="csv", metavar="csv|canvas|moodle|table|mail", help="nbgrader's own CSV by default"
)
@click.option("--to", default="", metavar="FILE", help="build/grades.csv by default, build/FORMAT.csv for the others")
def export(root, db, kind, to):
    """Write all grades: nbgrader's CSV, a file for Canvas or Moodle, a plain table, or lines for a mail merge."""
    from grader import export, folders

    course = folders.open_course(root, db)
    path = Path(to) if to else course.root / "build" / f"{'grades' if kind == 'csv' else kind}.csv"
    export.write(course, path, kind)
    print(f"wrote {path}")


@commands.command()
@click.argument("path")
@_options(*OF_COURSE)
@click.option("--lesson", default="", metavar="NAME", help="where the files do not say which lesson they are of")
def collect(path, root, db, lesson):
    """Put what was handed in in place: zips of make submit, a bulk download of Moodle or Canvas, a folder of them."""
    from grader import collect, folders

    done = collect.collect(folders.open_course(root, db), path, lesson)
    for student, name in done.taken:
        print(f"took {student}/{name}")
    for told in (*done.notes, *done.left):
        print(told)
    print(f"{len(done.taken)} taken, {done.same} there already, {len(done.left)} left")


@commands.command()
@click.argument("lesson")
@_options(*OF_COURSE)
def missing(lesson, root, db):
    """Name who of the roster has handed in nothing for a lesson, one id a line."""
    from grader import collect, folders

    print("\n".join(collect.missing(folders.open_course(root, db), lesson)))


@commands.command()
@click.argument("file")
@_options(*OF_COURSE)
def roster(file, root, db):
    """Enter students from a CSV file in UTF-8 whose first line is id,first_name,last_name,email."""
    from grader import folders, roster

    print(f"{roster.enrol(folders.open_course(root, db), file)} students entered")


@commands.command()
@click.argument("student")
@click.argument("lesson")
@click.argument("decision", metavar="accept|zero|note")
@_options(*OF_COURSE)
@click.option("--text", default="", metavar="WORDS", help="kept with the decision")
def flag(student, lesson, decision, root, db, text):
    """Decide on a flagged submission: accept gives what was held, zero takes it, note leaves the flag."""
    from grader import flags, folders

    changed = flags.review(folders.open_course(root, db), student, lesson, decision, text)
    print(f"{student}/{lesson}: {decision}; {len(changed)} grades changed")


@commands.command()
@_options(*OF_COURSE)
@click.option("--kernel", default="warm-python3", metavar="NAME", help="another kernel to try")
def doctor(root, db, kernel):
    """Say what this machine has for walls, and what they hold: each forbidden act is tried, the course's paths too."""
    from grader import folders
    from grader.kernels import doctor

    for place, state in doctor.offers().items():
        print(f"{place}: {state}")
    report = doctor.doctor(kernel, folders.private_paths(root, db))
    for act in report.acts:
        print(f"{'refused' if act.refused else 'NOT REFUSED':12} {act.name}: {act.said}")
    start = "warm" if report.warm else "cold"
    print(f"kernel {kernel}: level {report.level}, {start}, ready after {report.ready:.2f} s")
    print(report.summary)
    return not report.holds


def _publish(course, lessons, outcome):
    """Write feedback for the lessons just graded and those that lack it, index, CSV and report always; return 1 where
    a page is missing."""
    from grader import convert, export, report
    from grader.errors import GraderError

    failed = []
    graded = {graded.submission.lesson for graded in outcome.graded if graded.verdicts}
    for lesson in sorted(graded | convert.lacking(course, lessons)):
        try:
            failed += convert.feedback(course, lesson)
        except GraderError as error:
            failed.append(error)
    export.csv(course, course.root / "build" / "grades.csv")
    report.hand_back(course)
    report.write(course, course.root / "build" / "report")
    for error in failed:
        print(f"grader: {error}", file=sys.stderr)
    return int(bool(failed))


def _tell_missing(modules):
    if modules:
        print(
            f"not preloaded: {', '.join(modules)}: expected installed modules. Install them, or set c.Grader.preload."
        )


def tell(outcome):
    """Print what an instructor should know about a run, one line each."""
    from grader import marks

    for note in outcome.notes:
        print(note)
    for graded in outcome.graded:
        who = f"{graded.submission.student}/{graded.submission.lesson}"
        if graded.error:
            print(f"{who}: not graded, to be tried again ({graded.error})")
        for name, verdict in graded.verdicts.items():
            if verdict.refusal:
                print(f"{who}, {name}.ipynb: 0 of {verdict.max_points:g} points, {verdict.refusal}")
            for seen in verdict.flags:
                waits = " (its points wait for you)" if marks.waits(seen, verdict.scores) else ""
                print(f"{who}, {seen.exercise}: {seen.seen}{waits}")
    print(f"graded {sum(not graded.error for graded in outcome.graded)}, done before {outcome.done}")
    if outcome.outdated:
        lessons = " ".join(sorted({submission.lesson for submission in outcome.outdated}))
        print(f"{len(outcome.outdated)} were graded with tests that have changed since: grader regrade {lessons}")


def _code(outcome):
    """Return 2 where a folder belongs to no lesson or a lesson is broken, 1 where the machine failed, else 0."""
    for error in (*outcome.stray, *outcome.broken):
        print(f"grader: {error}", file=sys.stderr)
    return 2 if outcome.stray or outcome.broken else int(any(graded.error for graded in outcome.graded))
