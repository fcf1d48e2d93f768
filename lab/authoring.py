"""The commands of those who write and teach the course."""

import shutil
from pathlib import Path

import click

commands = click.Group()
LESSONS = click.argument("lessons", nargs=-1)


@commands.command()
@click.argument("options", nargs=-1)
def instructor(options):
    """Open JupyterLab with formgrader and Create Assignment; options after -- go on to it."""
    from lab import server

    server.start("instructor", options)


@commands.command()
@click.argument("paths", nargs=-1)
def tidy(paths):
    """Bring notebooks to their canonical form, all or those named."""
    from grader import notebooks

    found = [
        path for folder in ("course", "solutions", "exercises") for path in notebooks.ROOT.glob(f"{folder}/**/*.ipynb")
    ]
    for path in map(Path, paths or sorted(found)):
        if not notebooks.is_tidy(path):
            notebooks.write(notebooks.tidy(notebooks.read(path)), path)
            print(f"tidied {path}")


@commands.command()
@LESSONS
def exercises(lessons):
    """Make the student version from solutions/."""
    from grader import notebooks
    from lab import exercises

    for path in exercises.generate(notebooks.lessons(lessons)):
        print(f"wrote {path.relative_to(notebooks.ROOT)}")


@commands.command()
def release():
    """Make the students' zip, proven free of solutions and hidden tests."""
    from grader import notebooks
    from lab import release

    path = release.release()
    size = path.stat().st_size / 1e6
    print(f"{path.relative_to(notebooks.ROOT)}: {size:.1f} MB, no line of a solution or hidden test in it")


@commands.command()
@LESSONS
@click.option("--workers", default=0, metavar="N", help="submissions at once; as many as there are cores by default")
def demo(lessons, workers):
    """Hand out, solve and grade a sample class in build/demo."""
    from grader import table
    from grader.commands import tell
    from lab import demo

    course, outcome = demo.run(lessons, workers=workers)
    tell(outcome)
    print(table.table(course, width=shutil.get_terminal_size().columns))
    for path in demo.paths(course):
        print(f"look at {path}")
    return bool(outcome.stray) or any(graded.error for graded in outcome.graded)
