"""The commands of everyone who opens the course; the students' zip brings these."""

import click

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
