"""Would the tests notice? Small faults in the reference solutions must lose points; so must a result cut off its
graph."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gates import faults, trials
from gates.findings import Finding, Gate
from gates.subjects import Subject, each, limits, trial

EACH, COURSE, EQUIVALENT = 0.9, 0.95, 0.05  # at least killed of an exercise's, of all; at most argued away


@dataclass
class Tally:
    """What came of the mutants of one exercise; a survivor is argued for in answers.py or left."""

    subject: Subject
    exercise: object
    made: int = 0
    killed: int = 0
    argued: list = field(default_factory=list)
    left: list = field(default_factory=list)
    flowing: int = 0  # results that had a gradient to cut
    uncut: list = field(default_factory=list)  # those that passed without it

    @property
    def counted(self) -> int:
        return self.made - len(self.argued)

    @property
    def where(self) -> str:
        return self.subject.where(self.exercise.name)


def gate(subjects: list[Subject]) -> Gate:
    """At least 95 % of the course's mutants lose points, 90 % of each exercise's, and every result that is cut off its
    graph."""
    tallies = {(s.name, e.name): Tally(s, e) for s, e in each(subjects)}
    arguments = {
        (s.name, a.exercise, squeezed(a.source)) for s in subjects for a in s.answers if a.verdict == "equivalent"
    }
    for done, result in trials.run(_trials(subjects)):
        _count(tallies[done.key[0].name, done.key[1].name], done.key[2], result, arguments)
    killed, counted = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("killed", "counted"))
    findings = [finding for tally in tallies.values() for finding in _short(tally)] + list(
        _idle(arguments, tallies.values())
    )
    if counted and killed < COURSE * counted:
        findings.append(Finding("mutants", f"at least {COURSE:.0%} killed", f"{killed} of {counted}"))
    numbers = {}
    for (lesson, _), tally in tallies.items():
        numbers.setdefault(lesson, Counter()).update(
            mutants=tally.made, killed=tally.killed, equivalent=len(tally.argued)
        )
    equivalent, flowing = (
        sum(tally.made - tally.counted for tally in tallies.values()),
        sum(tally.flowing for tally in tallies.values()),
    )
    figure = (f"{killed} of {counted} killed ({100 * killed / max(1, counted):.1f} %), {equivalent} equivalent; "
              f"{flowing} detached results where a gradient flows")
    notes = tuple(
        f"{tally.where}: survives: {mutant.line}   ({mutant.kind})"
        for tally in tallies.values()
        for mutant in tally.left
    )
    return Gate("mutants", figure, tuple(findings), {name: dict(count) for name, count in numbers.items()}, notes)


def _trials(subjects) -> Iterator[trials.Trial]:
    seconds = limits(subjects)
    for subject, exercise in each(subjects):
        source = exercise.solution.source
        for mutant in (*faults.mutants(source, region(source)), *faults.detached(source, region(source))):
            yield trial(
                subject, exercise, mutant.source, mutant, seconds=seconds[subject.name, exercise.name], stop=True
            )


def _count(tally, mutant, result, arguments):
    """Enter one mutant's fate."""
    if mutant.kind == "detach_result":
        tally.flowing += result.grad
        tally.uncut += [mutant] if result.grad and result.passed else []
        return
    tally.made += 1
    tally.killed += not result.passed
    if result.passed:
        argued = (tally.subject.name, tally.exercise.name, squeezed(mutant.line)) in arguments
        (tally.argued if argued else tally.left).append(mutant)


def _short(tally) -> Iterator[Finding]:
    """Yield where the tests of one exercise fall short."""
    for mutant in tally.uncut:
        yield Finding(tally.where, "a test that a gradient flows", f"a detached result passed: {mutant.line}")
    if len(tally.argued) > max(1, EQUIVALENT * tally.made):
        yield Finding(
            tally.where, f"at most {EQUIVALENT:.0%} equivalent mutants", f"{len(tally.argued)} of {tally.made}"
        )
    if tally.counted and tally.killed < EACH * tally.counted:
        yield Finding(tally.where, f"at least {EACH:.0%} of mutants killed", f"{tally.killed} of {tally.counted}")


def _idle(arguments, tallies) -> Iterator[Finding]:
    """Yield the arguments in answers.py for mutants that are none, or that the tests notice."""
    used = {
        (tally.subject.name, tally.exercise.name, squeezed(mutant.line)) for tally in tallies for mutant in tally.argued
    }
    for lesson, exercise, line in sorted(arguments - used):
        yield Finding(f"solutions/{lesson}/answers.py, {exercise}", "an equivalent mutant that survives",
                      f"none with the line {line!r}", "Delete the cell.")


def region(source: str) -> tuple[int, int]:
    """Return the first and last line of the solution in its cell."""
    lines = source.splitlines()
    return (next(i for i, line in enumerate(lines, 1) if "### BEGIN SOLUTION" in line) + 1,
            next(i for i, line in enumerate(lines, 1) if "### END SOLUTION" in line) - 1)


def squeezed(text: str) -> str:
    """Return a line of code with single spaces."""
    return re.sub(r"\s+", " ", text.strip())
