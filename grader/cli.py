"""The command line: the commands of every house that is here; wrong input is told in one sentence, with exit code 2."""

import logging
import sys
from importlib import import_module
from pathlib import Path

import click
from traitlets import TraitError

from grader.errors import NO_ROOM, GraderError, is_full

HERE = Path(__file__).resolve().parent.parent
# each brings a click group called `commands`; the wheel holds the first alone, the students' zip the second
HOUSES = (
    "grader.commands",
    "lab.commands",
    "lab.authoring",
    "gates.commands",
    "website.commands",
    "benchmarks.commands",
)


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when a gate falls short, 2 when the input is wrong."""
    given = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal may lack a letter of somebody's name
            stream.reconfigure(errors="replace")
    logging.getLogger("tornado.application").setLevel("CRITICAL")  # where nbgrader's gradebook says what it also raises
    try:
        return int(commands().main(given or ["--help"], prog_name="grader", standalone_mode=False) or 0)
    except click.ClickException as error:
        said = error.format_message()
    except GraderError as error:
        said = str(error)
    except click.Abort:
        said = "stopped"
    except TraitError as error:  # of nbgrader's own settings
        said = str(GraderError("nbgrader_config.py", f"expected a setting of its kind, got: {error}", "Mend it."))
    except Exception as error:
        if not is_full(error):
            raise
        said = str(GraderError(getattr(error, "filename", "") or "the disk", *NO_ROOM))
    name = next((word for word in given if not word.startswith("-")), "")
    print(f"grader {name}: {said}" if name else f"grader: {said}", file=sys.stderr)
    return 2


def commands() -> click.CommandCollection:
    """Return the commands of the houses that lie beside this package."""
    here = [name for name in HOUSES if HERE.joinpath(*name.split(".")).with_suffix(".py").is_file()]
    return click.CommandCollection(
        "grader",
        sources=[import_module(name).commands for name in here],
        help="Grade nbgrader courses. grader COMMAND --help says more.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    )
