"""The commands: parse and print, decide nothing."""

import argparse
import sys
from pathlib import Path

from grader.errors import GraderError

COURSE = {"default": ".", "metavar": "DIR", "help": "any nbgrader course directory; this one by default"}
DATABASE = {"default": "", "metavar": "URL", "help": "another gradebook, such as postgresql+psycopg://user@host/grades"}
WORKERS = {"type": int, "default": 0, "metavar": "N", "help": "submissions at once; as many as there are cores by default"}

NAMED = {
    "lessons": "such as 03_autograd; all by default", "paths": "notebooks; all by default", "options": "after --, for JupyterLab",
    "exercise": "such as 03_autograd", "file": "UTF-8, with a first line id,first_name,last_name,email", "student": "id of the student",
    "lesson": "such as 03_autograd", "decision": "accept (full points for what was held), zero, or note (the flag stays)",
}


def main(argv=None):
    """Run one command; 0 when all is well, 1 when a gate falls short, 2 when the input is wrong."""
    arguments = parser().parse_args(argv)
    try:
        return arguments.run(arguments) or 0
    except GraderError as error:
        print(f"grader {arguments.command}: {error}", file=sys.stderr)
        return 2


def parser():
    """Return the argument parser; each command imports what it needs when it runs."""
    top = argparse.ArgumentParser(prog="grader", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    def command(run, *names, **options):
        sub = commands.add_parser(run.__name__.replace("_", "-"), help=run.__doc__)
        for name in names:
            sub.add_argument(name, nargs="*" if name in ("lessons", "paths", "options") else None, help=NAMED[name])
        for name, settings in options.items():
            sub.add_argument(f"--{name.replace('_', '-')}", **settings)
        sub.set_defaults(run=run)
        return sub

    command(tidy, "paths")
    command(exercises, "lessons")
    command(check, "lessons", only={"action": "append", "default": [], "metavar": "GATE"})
    command(course, "lessons", kernel={"default": "", "metavar": "NAME", "help": "another kernel than the first one installed"},
            device={"default": "", "metavar": "NAME", "help": "what the notebooks get as their parameter: cpu, cuda, mps"},
            fast={"action": "store_true", "help": "shorter timing series"},
            workers={"type": int, "default": 0, "metavar": "N", "help": "notebooks at once; as many as there are cores by default"})
    command(gpu, "lessons", device={"default": "cuda", "metavar": "NAME", "help": "another torch device; cpu for a rehearsal"})
    command(numbers)
    command(lab, "options")
    command(instructor, "options")
    command(reset, "exercise")
    command(release)
    command(demo, "lessons", workers=WORKERS)
    grading = {
        "course": COURSE, "db": DATABASE, "workers": WORKERS,
        "scheduler": {"default": "", "metavar": "ADDRESS", "help": "a dask scheduler, tcp://host:8786; the kernels run on its workers"},
        "student": {"default": "", "metavar": "ID", "help": "this student alone"},
        "kernel": {"default": "", "metavar": "NAME", "help": "another kernel than the one nbgrader_config.py names"}}
    command(regrade, "lessons", **grading)
    for run in (grade, autograde):
        command(run, "lessons", **grading,
                force={"action": "store_true", "help": "grade again what is graded"},
                resume={"action": "store_true", "help": "grade only what is not graded yet: the default"},
                dry_run={"action": "store_true", "help": "grade, print, write nothing"})
    nameless = {"action": "store_true", "help": "names that say nothing, the same in every report"}
    command(report, course=COURSE, db=DATABASE, pseudonyms=nameless)
    command(export, course=COURSE, db=DATABASE, to={"default": "", "metavar": "FILE", "help": "build/grades.csv by default"})
    command(roster, "file", course=COURSE, db=DATABASE)
    command(bench, size={"type": int, "default": 30, "help": "submissions in the class"},
            stock={"type": int, "default": 4, "help": "submissions that stock nbgrader grades"},
            growth={"type": int, "default": 0, "metavar": "SIZE", "help": "also grade classes of 30, 300 and SIZE, such as 1000, three "
                    "times each, and compare what one submission costs in the largest and in the smallest, best of three; takes an hour"})
    command(flag, "student", "lesson", "decision", course=COURSE, db=DATABASE,
            text={"default": "", "metavar": "WORDS", "help": "kept with the decision"})
    command(doctor, kernel={"default": "warm-python3", "metavar": "NAME", "help": "another kernel to try"})
    return top


def tidy(arguments):
    """bring notebooks to their canonical form"""
    from grader import notebooks

    paths = [Path(p) for p in arguments.paths] or sorted(
        path for folder in ("course", "solutions", "exercises") for path in notebooks.ROOT.glob(f"{folder}/**/*.ipynb"))
    for path in paths:
        if not notebooks.is_tidy(path):
            notebooks.write(notebooks.tidy(notebooks.read(path)), path)
            print(f"tidied {path}")


def exercises(arguments):
    """make the student version from solutions/"""
    from grader import notebooks
    from lab import exercises

    for path in exercises.generate(notebooks.lessons(arguments.lessons)):
        print(f"wrote {path.relative_to(notebooks.ROOT)}")


def check(arguments):
    """hold every promise about the sources: form, structure, leaks, answers, mutants"""
    from gates import check

    return check.run(arguments.lessons, arguments.only)


def course(arguments):
    """run lessons and solutions into build/, with a table of times"""
    from gates import executed, numbers

    given = {"device": arguments.device, "fast": arguments.fast}
    runs = executed.run(arguments.lessons, kernel=arguments.kernel, workers=arguments.workers,
                      parameters={name: value for name, value in given.items() if value})
    gate, = executed.gates(runs)
    numbers.save(gate.numbers)
    print(gate.figure)
    return int(bool(gate.findings))


def gpu(arguments):
    """run lessons and solutions on a GPU and on the CPU with this interpreter, and compare what they compute"""
    from gates import gpu

    return gpu.run(arguments.lessons, arguments.device)


def numbers(arguments):
    """publish what the gates measured, one row per lesson"""
    from gates import numbers, sources
    from grader import notebooks

    print(numbers.publish(notebooks.lessons()))
    print(numbers.concepts(sources.sources()))


def doctor(arguments):
    """say what this machine's sandbox holds, by trying each forbidden act in it"""
    from grader.kernels import doctor

    report = doctor.doctor(arguments.kernel)
    for act in report.acts:
        print(f"{'refused' if act.refused else 'NOT REFUSED':12} {act.name}: {act.said}")
    print(f"kernel {arguments.kernel}: sandbox level {report.level}, {'warm' if report.warm else 'cold'}, ready after {report.ready:.2f} s")
    print(report.summary)
    return not report.holds


def lab(arguments):
    """open the course in JupyterLab"""
    from lab import server, work

    for path in work.hand_out():
        print(f"yours to write in: {path.relative_to(work.ROOT)}")
    server.start("student", arguments.options)


def instructor(arguments):
    """open JupyterLab with formgrader and Create Assignment"""
    from lab import server

    server.start("instructor", arguments.options)


def reset(arguments):
    """put a fresh copy of one exercise into work/, the old one beside it"""
    from lab import work

    kept = work.reset(arguments.exercise)
    print(f"work/{arguments.exercise} is fresh" + (f"; your old copy is {kept.relative_to(work.ROOT)}" if kept else ""))


def release(arguments):
    """make the students' zip, proven free of solutions and hidden tests"""
    from grader import notebooks
    from lab import release

    path = release.release()
    print(f"{path.relative_to(notebooks.ROOT)}: {path.stat().st_size / 1e6:.1f} MB, no line of a solution or hidden test in it")


def demo(arguments):
    """hand out, solve and grade a sample class in build/demo"""
    from rich import print as show

    from lab import demo

    course, outcome = demo.run(arguments.lessons, workers=arguments.workers)
    _told(outcome)
    show(demo.table(course))
    for path in demo.paths(course):
        print(f"look at {path}")
    return bool(outcome.stray) or any(graded.error for graded in outcome.graded)


def grade(arguments):
    """grade what lies in the submitted folder: points, feedback, CSV and report"""
    from rich import print as show

    from grader import classroom, gradebook
    from lab import demo

    course = gradebook.open_course(arguments.course, arguments.db)
    outcome = classroom.grade(course, force=arguments.force, dry_run=arguments.dry_run, **_options(arguments))
    _told(outcome)
    if arguments.dry_run:
        for graded in outcome.graded:
            for name, verdict in graded.verdicts.items():
                print(f"{graded.submission.student}/{name}: {verdict.points:g} of {verdict.max_points:g} points (nothing was written)")
    else:
        _published(course, outcome)
        show(demo.table(course, arguments.lessons))
    return _code(outcome)


def autograde(arguments):
    """the same as grade"""
    return grade(arguments)


def regrade(arguments):
    """grade again with today's tests and list every changed grade; a person's points and comments stay"""
    from grader import classroom, gradebook

    course = gradebook.open_course(arguments.course, arguments.db)
    outcome, changes = classroom.regrade(course, arguments.lessons, **_options(arguments))
    _told(outcome)
    _published(course, outcome)
    for change in changes:
        kept = " (a person's points were kept)" if change.manual else ""
        print(f"{change.student}/{change.lesson}, {change.cell}: {change.before:g} -> {change.after:g}{kept}")
    print(f"{len(changes)} grades changed")
    return _code(outcome)


def report(arguments):
    """draw the class: build/report/index.html and points.csv"""
    from grader import gradebook, report

    course = gradebook.open_course(arguments.course, arguments.db)
    print(f"look at {report.write(course, course.root / 'build' / 'report', arguments.pseudonyms)}")


def export(arguments):
    """write nbgrader's CSV of all grades"""
    from grader import gradebook

    course = gradebook.open_course(arguments.course, arguments.db)
    path = Path(arguments.to) if arguments.to else course.root / "build" / "grades.csv"
    gradebook.export(course, path)
    print(f"wrote {path}")


def roster(arguments):
    """enter students from a CSV file: id,first_name,last_name,email"""
    from grader import gradebook

    print(f"{gradebook.enrol(gradebook.open_course(arguments.course, arguments.db), arguments.file)} students entered")


def flag(arguments):
    """record a decision on a flagged submission: accept, zero or note"""
    from grader import gradebook

    if arguments.decision not in ("accept", "zero", "note"):
        raise GraderError("decision", f"expected accept, zero or note, got {arguments.decision!r}", "Name one of them.")
    course = gradebook.open_course(arguments.course, arguments.db)
    changed = gradebook.review(course, arguments.student, arguments.lesson, arguments.decision, arguments.text)
    print(f"{arguments.student}/{arguments.lesson}: {arguments.decision}; {len(changed)} grades changed")


def bench(arguments):
    """grade the same class with stock nbgrader and with ours: ratios into build/bench.json"""
    from benchmarks import bench

    bench.run(arguments.size, arguments.stock, arguments.growth)


def _options(arguments):
    names = ("student", "workers", "scheduler", "kernel")
    return {"names": arguments.lessons} | {name: getattr(arguments, name) for name in names}


def _published(course, outcome):
    """Write feedback for the lessons just graded, the CSV and the report."""
    from grader import gradebook, report

    for lesson in sorted({graded.submission.lesson for graded in outcome.graded if graded.verdicts}):
        gradebook.feedback(course, lesson)
    gradebook.export(course, course.root / "build" / "grades.csv")
    report.write(course, course.root / "build" / "report")


def _told(outcome):
    """Print what an instructor should know about a run, one line each."""
    for note in outcome.notes:
        print(note)
    for graded in outcome.graded:
        who = f"{graded.submission.student}/{graded.submission.lesson}"
        if graded.error:
            print(f"{who}: not graded, to be tried again ({graded.error})")
        for verdict in graded.verdicts.values():
            if verdict.refusal:
                print(f"{who}: 0 points, {verdict.refusal}")
            for seen in verdict.flags:
                print(f"{who}, {seen.exercise}: {seen.seen}{' (its points wait for you)' if seen.holds else ''}")
    print(f"graded {sum(not graded.error for graded in outcome.graded)}, done before {outcome.done}")
    if outcome.outdated:
        lessons = " ".join(sorted({submission.lesson for submission in outcome.outdated}))
        print(f"{len(outcome.outdated)} were graded with tests that have changed since: grader regrade {lessons}")


def _code(outcome):
    """Return 2 where a folder belongs to no lesson, 1 where the machine failed, else 0."""
    for error in outcome.stray:
        print(f"grader: {error}", file=sys.stderr)
    return 2 if outcome.stray else int(any(graded.error for graded in outcome.graded))
