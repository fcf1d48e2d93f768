"""`make check`: run every gate on the sources, print its figure, name what falls short, keep the numbers."""

import time

from rich.console import Console
from rich.markup import escape

from gates import (
    answers,
    claims,
    forks,
    gamed,
    hints,
    lessons,
    mutation,
    names,
    numbers,
    raw,
    sources,
    structure,
    subjects,
)
from grader import notebooks
from grader.errors import LessonError

EXERCISES = {
    "form": structure.form,
    "structure": structure.structure,
    "release": structure.release,
    "taught": names.taught_before_asked,
    "hints": hints.gate,
    "untouched": answers.untouched,
    "reference": answers.reference,
    "answers": answers.right_and_wrong,
    "raw": raw.gate,
    "gamed": gamed.gate,
    "mutants": mutation.gate,
}
LESSONS = ("lessons", "claims")


def run(chosen: list[str] = (), only: list[str] = (), console: Console | None = None) -> int:
    """Run the gates (all, or those named in `only`) on all pages or those `chosen`; return 1 where one falls short."""
    console = console or Console()
    for name in only:
        if name not in (*EXERCISES, *LESSONS):
            raise LessonError(
                f"gate {name!r}", f"expected one of {', '.join((*EXERCISES, *LESSONS))}", "Name one of them."
            )
    held = []
    for gates in _gates(chosen, only):
        began = time.perf_counter()
        for gate in gates():
            held.append(gate)
            show(console, gate, time.perf_counter() - began)
    for gate in held:
        numbers.save(gate.numbers)
    return int(any(gate.findings for gate in held))


def _gates(chosen, only):
    """Yield functions that hold the pages to one or more gates."""
    alone = [name for name in chosen if name in structure.ALONE]
    solved = [name for name in chosen if name not in structure.ALONE]
    found = notebooks.lessons(solved) if solved or not chosen else []
    wanted = set(only) or {*EXERCISES, *LESSONS}
    if found and wanted & set(EXERCISES):
        forks.warm()
        taught = [subjects.read(lesson) for lesson in found]
        subjects.learn(taught)
        for name in EXERCISES:
            if name in wanted:
                yield lambda gate=EXERCISES[name]: [gate(taught)]
    pages = sources.sources({*alone, "00_start_here", *(lesson.name for lesson in found)} if chosen else ())
    if "lessons" in wanted:
        yield lambda: lessons.gates(pages)
    if "claims" in wanted:
        yield lambda: [claims.gate(pages)]


def show(console, gate, seconds):
    """Print a gate's figure, then each place that falls short."""
    mark = "[bold]holds[/]" if not gate.findings else f"[bold red]{len(gate.findings)} fall short[/]"
    console.print(
        f"{gate.name:<14} {mark}  {escape(gate.figure)}  [dim]{seconds:.1f} s[/]", highlight=False, soft_wrap=True
    )
    for note in gate.notes:
        console.print(f"  [dim]{escape(note)}[/]", highlight=False, soft_wrap=True)
    for finding in gate.findings:
        console.print(f"  - {escape(str(finding))}", highlight=False, soft_wrap=True)
