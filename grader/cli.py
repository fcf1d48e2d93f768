"""The commands: parse and print, decide nothing."""

import argparse
import sys
from pathlib import Path

from grader.errors import GraderError


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
            sub.add_argument(name, nargs="*" if name in ("lessons", "paths", "options") else None)
        for name, settings in options.items():
            sub.add_argument(f"--{name.replace('_', '-')}", **settings)
        sub.set_defaults(run=run)
        return sub

    command(tidy, "paths")
    command(exercises, "lessons")
    command(check, "lessons", only={"action": "append", "default": [], "metavar": "GATE"})
    command(lab, "options")
    command(instructor, "options")
    command(reset, "exercise")
    command(release)
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
    from grader import exercises, notebooks

    for path in exercises.generate(notebooks.lessons(arguments.lessons)):
        print(f"wrote {path.relative_to(notebooks.ROOT)}")


def check(arguments):
    """hold every promise about the sources: form, structure, leaks, answers, mutants"""
    from grader import check, notebooks

    return check.run(notebooks.lessons(arguments.lessons), arguments.only)


def lab(arguments):
    """open the course in JupyterLab"""
    from grader import lab

    copied = lab.hand_out()
    for path in copied:
        print(f"yours to write in: {path.relative_to(lab.ROOT)}")
    lab.start("student", arguments.options)


def instructor(arguments):
    """open JupyterLab with formgrader and Create Assignment"""
    from grader import lab

    lab.start("instructor", arguments.options)


def reset(arguments):
    """put a fresh copy of one exercise into work/, the old one beside it"""
    from grader import lab

    kept = lab.reset(arguments.exercise)
    print(f"work/{arguments.exercise} is fresh" + (f"; your old copy is {kept.relative_to(lab.ROOT)}" if kept else ""))


def release(arguments):
    """make the students' zip, proven free of solutions and hidden tests"""
    from grader import notebooks, release

    path = release.release()
    print(f"{path.relative_to(notebooks.ROOT)}: {path.stat().st_size / 1e6:.1f} MB, no line of a solution or hidden test in it")
