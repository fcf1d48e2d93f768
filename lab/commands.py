"""The commands of everyone who opens the course; the students' zip brings these."""

import click

from grader.errors import GraderError

commands = click.Group()


@commands.command()
@click.argument("options", nargs=-1)
def lab(options):
    """Open the course in JupyterLab; options after -- go on to it."""
    from lab import server, work

    for path in work.hand_out():
        print(f"yours to write in: {path.relative_to(work.ROOT)}")
    server.start("student", options)


@commands.command()
@click.argument("exercise", default="")
def reset(exercise):
    """Put a fresh copy of one exercise into work/, the old one beside it."""
    from lab import work

    name = work.named(exercise)
    kept = work.reset(name)
    print(f"work/{name} is fresh" + (f"; your old copy is {kept.relative_to(work.ROOT)}" if kept else ""))


@commands.command()
@click.option("--html", "as_page", is_flag=True, help="for a notebook's output")
def progress(as_page):
    """Show how your exercises stand: right, wrong and why, or still open; your files are not touched."""
    from lab import progress

    rows = progress.board()
    print(progress.page(rows) if as_page else progress.text(rows, progress.terminal_width()))


@commands.command()
@click.argument("lesson", default="")
@click.option("--name", default="", help="your id; kept for the next time")
def submit(lesson, name):
    """Pack one lesson (03, autograd, ... or all) into a zip to hand in, checked first."""
    from lab import submit, work, written

    student = submit.who(name)
    begun = (
        [one for one in written.lessons() if not all(e.untouched for e in written.read(one).exercises)]
        if lesson == "all"
        else []
    )
    if lesson == "all" and not begun:
        raise GraderError("work/", "expected at least one exercise with an answer, found none", "Write one first.")
    for one in begun or [work.named(lesson)]:
        print(submit.told(*submit.submit(one, student)))
    print(submit.where())
