"""The command that makes the website."""

import click

commands = click.Group()


@commands.command()
def site():
    """Make build/site from the lessons that `make course` has run."""
    from website import build

    print(build.build())
