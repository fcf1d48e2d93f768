"""The commands that prove the course."""

import click

commands = click.Group()
LESSONS = click.argument("lessons", nargs=-1)


@commands.command()
@LESSONS
@click.option("--only", multiple=True, metavar="GATE", help="this gate; may be given several times")
def check(lessons, only):
    """Hold every promise about the sources: form, structure, leaks, answers, mutants."""
    from gates import check

    return check.run(lessons, only)


@commands.command()
@LESSONS
@click.option("--kernel", default="", metavar="NAME", help="another kernel than the first one installed")
@click.option("--device", default="", metavar="NAME", help="what the notebooks get as their parameter: cpu, cuda, mps")
@click.option("--fast", is_flag=True, help="shorter timing series")
@click.option("--workers", default=0, metavar="N", help="notebooks at once; as many as there are cores by default")
def course(lessons, kernel, device, fast, workers):
    """Run lessons and solutions into build/, with a table of times."""
    from gates import executed, numbers

    given = {name: value for name, value in {"device": device, "fast": fast}.items() if value}
    gate, = executed.gates(executed.run(lessons, kernel=kernel, workers=workers, parameters=given))
    numbers.save(gate.numbers)
    print(gate.figure)
    return bool(gate.findings)


@commands.command()
@LESSONS
@click.option("--device", default="cuda", metavar="NAME", help="another torch device; cpu for a rehearsal")
def gpu(lessons, device):
    """Run lessons and solutions on a GPU and on the CPU with this interpreter, and compare what they compute."""
    from gates import gpu

    return gpu.run(lessons, device)


@commands.command()
def numbers():
    """Publish what the gates measured, one row per lesson."""
    from gates import numbers, sources
    from grader import notebooks

    print(numbers.publish(notebooks.lessons()))
    print(numbers.concepts(sources.sources()))
