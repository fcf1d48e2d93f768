"""The gates that run answers: untouched exercises score nothing, right answers everything, wrong ones lose points and
are told why."""

import ast
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gates import trials
from gates.findings import Finding, Gate
from gates.subjects import REFERENCE_SECONDS, Subject, each, limits, name, named, references, trial
from gates.trials import Outcome, Trial
from grader.notebooks import SOLUTION
from lab import exercises

SEEDS = 100
SECONDS_PER_EXERCISE, SECONDS_TRAINING = 0.5, 2.0
VISIBLE, WRITTEN = 0.8, 0.95  # wrong answers refused at a visible test, and by a written message


def untouched(subjects: list[Subject]) -> Gate:
    """The exercise as handed out scores 0 on every graded cell and says that it is not written yet."""
    findings, graded_cells = [], 0
    for tried, result in trials.run([trial(s, e, _stub(e)) for s, e in each(subjects)]):
        subject, _ = tried.key
        graded_cells += len(tried.tests)
        for outcome in result.outcomes:
            if outcome.passed:
                findings.append(
                    Finding(subject.where(outcome.name), "0 points for an untouched exercise", "full points")
                )
        first = result.first_failure
        if first and "is not written yet" not in first.message:
            findings.append(
                Finding(subject.where(first.name), "a message that it is not written yet", repr(first.message))
            )
    return Gate("untouched", f"{graded_cells - len(findings)} of {graded_cells} graded cells score 0", tuple(findings))


def _stub(exercise):
    return SOLUTION.sub(lambda _: exercises.STUB + "\n", exercise.solution.source + "\n").rstrip()


def reference(subjects: list[Subject]) -> Gate:
    """The reference solutions get full points, alone, quickly, silently, and with 100 seeds in shuffled order."""
    findings, slowest, alone = [], 0.0, references(subjects)
    for tried, result in trials.run(alone):
        subject, exercise = tried.key
        spent = sum(outcome.seconds for outcome in result.outcomes)
        slowest = max(slowest, spent)
        findings += _alone(subject, exercise, result.outcomes)
        limit = SECONDS_TRAINING if "trains" in exercise.tags else SECONDS_PER_EXERCISE
        if spent > 2 * limit:  # twice: another trial may share this core
            findings.append(Finding(subject.where(exercise.name), f"tests of at most {limit} s", f"{spent:.2f} s",
                                    "Tag the solution trains where training is the point."))
    flaky = 0
    for tried, result in trials.run(_seeded(subjects)):
        if not result.passed:
            flaky += 1
            first = result.first_failure or Outcome("?", "dead", "nothing ran")
            findings.append(
                Finding(
                    tried.key.where(first.name), "full points with every seed", f"seed {tried.seed}: {first.message}"
                )
            )
    figure = f"{len(alone)} alone, slowest {slowest:.2f} s; {SEEDS} seeds in shuffled order, {flaky} failures"
    return Gate("reference", figure, tuple(findings[:40]))


def _alone(subject, exercise, outcomes) -> Iterator[Finding]:
    """Yield what a reference solution, run alone, shows that it should not: points lost, noise, missing lines."""
    hidden = {name(cell) for cell in exercise.hidden}
    for outcome in outcomes:
        where, wanted = subject.where(outcome.name), int(outcome.name not in hidden)
        if not outcome.passed:
            yield Finding(where, "full points for the reference solution alone", outcome.message)
        elif len(outcome.printed.splitlines()) != wanted:
            yield Finding(where, f"{wanted} line printed", repr(outcome.printed[:200]))
        if outcome.warned:
            yield Finding(where, "nothing on stderr", repr(outcome.warned[:200]))


def _seeded(subjects) -> Iterator[Trial]:
    """Yield one trial per lesson and seed, the exercises in an order that the seed decides."""
    for subject, seed in itertools.product(subjects, range(1, SEEDS + 1)):
        order = list(subject.sheet.exercises)
        random.Random(seed).shuffle(order)
        cells = (*named(subject.sheet.setup), *(cell for e in order for cell in named((e.solution, *e.tests))))
        yield Trial(
            subject, cells, frozenset(name(c) for e in order for c in e.tests), seed=seed, seconds=REFERENCE_SECONDS
        )


# --- right and wrong answers ----------------------------------------------------------------------------------------


@dataclass
class Fates:
    """What came of the answers to one exercise."""

    counts: Counter = field(default_factory=Counter)
    findings: list = field(default_factory=list)


def right_and_wrong(subjects: list[Subject]) -> Gate:
    """Right answers get full points; wrong ones lose points with the message that names the mistake, most at a visible
    test."""
    fates = {(s.name, e.name): Fates(findings=list(_enough(s, e))) for s, e in each(subjects)}
    for tried, result in trials.run(_answers(subjects)):
        subject, exercise, answer = tried.key
        fate = fates[subject.name, exercise.name]
        fate.counts[answer.verdict] += 1
        fate.findings += (_right if answer.verdict == "right" else _wrong)(
            fate.counts, subject, exercise, answer, result
        )
    for subject, exercise in each(subjects):
        counts = fates[subject.name, exercise.name].counts
        if counts["visible"] < VISIBLE * counts["wrong"]:
            seen = f"{counts['visible']} of {counts['wrong']}"
            fates[subject.name, exercise.name].findings.append(
                Finding(subject.where(exercise.name), "4 of 5 wrong answers refused at a visible test", seen))
    sums = sum((fate.counts for fate in fates.values()), Counter())
    findings = [finding for fate in fates.values() for finding in fate.findings]
    if sums["written"] < WRITTEN * sums["wrong"]:
        findings.append(Finding("answers", f"a written message first for at least {WRITTEN:.0%} of wrong answers",
                                f"{sums['written']} of {sums['wrong']}"))
    figure = (
        f"{sums['right_accepted']} of {sums['right']} right accepted, {sums['wrong_refused']} of {sums['wrong']} wrong "
        f"refused, "
        f"{sums['wrong_named']} with their message, {sums['visible']} at a visible test, {sums['written']} by a "
        f"written message"
    )
    numbers = {
        s.name: dict.fromkeys(("right", "wrong", "right_accepted", "wrong_refused", "wrong_named"), 0) for s in subjects
    }
    for (lesson, _), fate in fates.items():
        numbers[lesson] |= {column: before + fate.counts[column] for column, before in numbers[lesson].items()}
    return Gate("answers", figure, tuple(findings), numbers)


def _answers(subjects) -> Iterator[Trial]:
    seconds = limits(subjects)
    for subject, exercise in each(subjects):
        for answer in subject.answers:
            if answer.exercise == exercise.name and answer.verdict != "equivalent":
                yield trial(subject, exercise, answer.source, answer, seconds=seconds[subject.name, exercise.name] + 1)


def _right(counts, subject, exercise, answer, result) -> Iterator[Finding]:
    """Count a right answer; yield where it loses points."""
    counts["right_accepted"] += result.passed
    if not result.passed:
        first = result.first_failure
        yield Finding(
            subject.answer(answer), "full points", f"{first.name}: {first.message}" if first else "nothing ran"
        )


def _wrong(counts, subject, exercise, answer, result) -> Iterator[Finding]:
    """Count a wrong answer; yield where it gets full points, or loses them without its own message."""
    if result.passed:
        yield Finding(subject.answer(answer), "points lost", "full points", "Sharpen the tests.")
        return
    first = result.first_failure
    counts["wrong_refused"] += 1
    counts["visible"] += first.name in map(name, exercise.visible)
    counts["written"] += first.kind == "failed" and " stopped with " not in first.message
    counts["wrong_named"] += answer.says in first.message
    if answer.says not in first.message:
        yield Finding(
            subject.answer(answer), f"a first failing message with {answer.says!r}", f"{first.name}: {first.message!r}"
        )


def _enough(subject, exercise) -> Iterator[Finding]:
    """Yield what the set of answers to one exercise lacks: number, variety, messages of their own."""
    mine = [answer for answer in subject.answers if answer.exercise == exercise.name and answer.verdict != "equivalent"]
    where = f"solutions/{subject.name}/answers.py, {exercise.name}"
    right, wrong = ([a for a in mine if a.verdict == verdict] for verdict in ("right", "wrong"))
    if len(right) < 3:
        yield Finding(where, "at least 3 right answers", str(len(right)))
    if len(wrong) < 5:
        yield Finding(where, "at least 5 wrong answers", str(len(wrong)))
    shapes = Counter(_shape(answer.source) for answer in [*right, *wrong])
    shapes.update([_shape(exercise.solution.source)])
    for answer in mine:
        if shapes[_shape(answer.source)] > 1:
            yield Finding(
                subject.answer(answer), "a method of its own", "the same code as another answer but for names"
            )
    for says, count in Counter(answer.says for answer in wrong).items():
        if count > 1:
            yield Finding(where, "a message of its own for each wrong answer", f"{says!r} {count} times")


def _shape(source):
    """Return the syntax tree of `source` without names of its own, docstrings and comments."""
    tree = ast.parse(source)
    own = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.arg):
            own.setdefault(node.arg, f"v{len(own)}")
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.setdefault(node.id, f"v{len(own)}")
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.arg = own[node.arg]
        elif isinstance(node, ast.Name):
            node.id = own.get(node.id, node.id)
    return ast.dump(tree)
