"""The gates that run: untouched exercises score nothing, right answers everything, wrong answers and mutants lose points."""

import ast
import itertools
import random
import re
from collections import Counter

from gates import forks, mutants, trials
from gates.findings import Finding, Gate
from gates.trials import Outcome, Trial
from grader import notebooks
from grader.notebooks import SOLUTION
from lab import exercises

SEEDS = 100
REFERENCE_SECONDS, SECONDS_PER_EXERCISE, SECONDS_TRAINING = 60.0, 0.5, 2.0


def learn(subjects):
    """Let the process that forks import once what the exercises import late."""
    forks.learn(_references(subjects))


# --- trials -------------------------------------------------------------------------------------------------------


def cells(subject, exercise, source):
    """Return the (name, source) cells that try `source` as the answer to one exercise, nothing of the others."""
    names = {name for parts in (subject.sheet.setup, [exercise.solution], exercise.tests) for name in map(_name, parts)}
    found = [(_name(cell), cell.source) for cell in subject.sheet.notebook.cells if cell.cell_type == "code" and _name(cell) in names]
    return tuple((name, source if name == exercise.name else text) for name, text in found)


def _name(cell):
    return notebooks.graded(cell).get("grade_id") or cell.id


def _trial(key, subject, exercise, source, **settings):
    return Trial(key, cells(subject, exercise, source), frozenset(_name(cell) for cell in exercise.tests), **settings)


def named_cells(found) -> tuple:
    """Return (name, source) of the cells, as trials take them."""
    return tuple((_name(cell), cell.source) for cell in found)


def cells_around(key, subject, exercise, source, after, **settings):
    """Return a trial of `source` with the code `after` run between it and the tests."""
    found = []
    for name, text in cells(subject, exercise, source):
        found += [(name, text), ("after", after)] if name == exercise.name else [(name, text)]
    return Trial(key, tuple(found), frozenset(_name(cell) for cell in exercise.tests), **settings)


def each(subjects):
    """Yield every (subject, exercise)."""
    return ((subject, exercise) for subject in subjects for exercise in subject.sheet.exercises)


def reference_seconds(subjects):
    """Return {(lesson, exercise): seconds} of the reference solutions."""
    return {(trial.key[0].name, trial.key[1].name): result.seconds for trial, result in trials.run(_references(subjects))}


def _references(subjects):
    return [_trial((s, e), s, e, e.solution.source, seconds=REFERENCE_SECONDS) for s, e in each(subjects)]


def untouched(subjects):
    """The exercise as handed out scores 0 on every graded cell and says that it is not written yet."""
    findings, graded_cells = [], 0
    jobs = []
    for subject, exercise in each(subjects):
        stub = SOLUTION.sub(lambda match: exercises.STUB + "\n", exercise.solution.source + "\n").rstrip()
        jobs.append(_trial((subject, exercise), subject, exercise, stub))
    for trial, result in trials.run(jobs):
        subject, exercise = trial.key
        graded_cells += len(trial.tests)
        for outcome in result.outcomes:
            if outcome.passed:
                findings.append(Finding(subject.where(outcome.name), "0 points for an untouched exercise", "full points"))
        first = result.first_failure
        if first and "is not written yet" not in first.message:
            findings.append(Finding(subject.where(first.name), "a message that it is not written yet", repr(first.message)))
    return Gate("untouched", f"{graded_cells - len(findings)} of {graded_cells} graded cells score 0", tuple(findings))


def reference(subjects):
    """The reference solutions get full points, alone, quickly, silently, and with 100 seeds in shuffled order."""
    findings, slowest, alone = [], 0.0, _references(subjects)
    for trial, result in trials.run(alone):
        subject, exercise = trial.key
        spent = sum(outcome.seconds for outcome in result.outcomes)
        slowest = max(slowest, spent)
        findings += _alone(subject, exercise, result.outcomes)
        limit = SECONDS_TRAINING if "trains" in exercise.tags else SECONDS_PER_EXERCISE
        if spent > 2 * limit:  # twice: another trial may share this core
            findings.append(Finding(subject.where(exercise.name), f"tests of at most {limit} s", f"{spent:.2f} s",
                                    "Tag the solution trains where training is the point."))
    flaky = 0
    for trial, result in trials.run(_seeded(subjects)):
        if not result.passed:
            flaky += 1
            first = result.first_failure or Outcome("?", "dead", "nothing ran")
            findings.append(Finding(trial.key.where(first.name), "full points with every seed", f"seed {trial.seed}: {first.message}"))
    figure = f"{len(alone)} alone, slowest {slowest:.2f} s; {SEEDS} seeds in shuffled order, {flaky} failures"
    return Gate("reference", figure, tuple(findings[:40]))


def _alone(subject, exercise, outcomes):
    """Yield what a reference solution, run alone, shows that it should not: points lost, noise, missing lines."""
    hidden = {_name(cell) for cell in exercise.hidden}
    for outcome in outcomes:
        where, wanted = subject.where(outcome.name), int(outcome.name not in hidden)
        if not outcome.passed:
            yield Finding(where, "full points for the reference solution alone", outcome.message)
        elif len(outcome.printed.splitlines()) != wanted:
            yield Finding(where, f"{wanted} line printed", repr(outcome.printed[:200]))
        if outcome.warned:
            yield Finding(where, "nothing on stderr", repr(outcome.warned[:200]))


def _seeded(subjects):
    """Yield one trial per lesson and seed, the exercises in an order that the seed decides."""
    for subject, seed in itertools.product(subjects, range(1, SEEDS + 1)):
        order = list(subject.sheet.exercises)
        random.Random(seed).shuffle(order)
        blocks = [(_name(c), c.source) for c in subject.sheet.setup]
        for exercise in order:
            own = {exercise.name, *map(_name, exercise.tests)}
            blocks += [block for block in cells(subject, exercise, exercise.solution.source) if block[0] in own]
        tests = frozenset(_name(c) for e in order for c in e.tests)
        yield Trial(subject, tuple(blocks), tests, seed=seed, seconds=REFERENCE_SECONDS)


# --- answers ------------------------------------------------------------------------------------------------------


def right_and_wrong(subjects):
    """Right answers get full points; wrong ones lose points with the message that names the mistake."""
    findings, counts = [], {s.name: Counter(right_accepted=0, wrong_refused=0, wrong_named=0) for s in subjects}
    seconds = reference_seconds(subjects)
    jobs = []
    for subject, exercise in each(subjects):
        mine = [a for a in subject.answers if a.exercise == exercise.name and a.verdict != "equivalent"]
        findings += _enough(subject, exercise, mine)
        limit = max(2.0, 10 * seconds[subject.name, exercise.name])
        jobs += [_trial((subject, exercise, a), subject, exercise, a.source, seconds=limit + 1) for a in mine]
    visible, written = Counter(), 0
    for trial, result in trials.run(jobs):
        subject, exercise, answer = trial.key
        count = counts[subject.name]
        count[answer.verdict] += 1
        first = result.first_failure
        if answer.verdict == "right":
            count["right_accepted"] += result.passed
            if not result.passed:
                came = f"{first.name}: {first.message}" if first else "nothing ran"
                findings.append(Finding(subject.answer(answer), "full points", came))
            continue
        count["wrong_refused"] += not result.passed
        if result.passed:
            findings.append(Finding(subject.answer(answer), "points lost", "full points", "Sharpen the tests."))
            continue
        visible[subject.name, exercise.name] += first.name in map(_name, exercise.visible)
        written += first.kind == "failed" and " stopped with " not in first.message
        count["wrong_named"] += answer.says in first.message
        if answer.says not in first.message:
            findings.append(Finding(subject.answer(answer), f"a first failing message with {answer.says!r}",
                                    f"{first.name}: {first.message!r}"))
    wrong = sum(c["wrong"] for c in counts.values())
    for subject, exercise in each(subjects):
        total = sum(a.verdict == "wrong" and a.exercise == exercise.name for a in subject.answers)
        if total and visible[subject.name, exercise.name] < 0.8 * total:
            findings.append(Finding(subject.where(exercise.name), "4 of 5 wrong answers refused at a visible test",
                                    f"{visible[subject.name, exercise.name]} of {total}"))
    if wrong and written < 0.95 * wrong:
        findings.append(Finding("answers", "a written message first for at least 95 % of wrong answers", f"{written} of {wrong}"))
    sums = Counter()
    for count in counts.values():
        sums.update(count)
    figure = (f"{sums['right_accepted']} of {sums['right']} right accepted, {sums['wrong_refused']} of {sums['wrong']} wrong refused, "
              f"{sums['wrong_named']} with their message, {sum(visible.values())} at a visible test, {written} by a written message")
    return Gate("answers", figure, tuple(findings), {name: dict(count) for name, count in counts.items()})


def _enough(subject, exercise, mine):
    """Yield what the set of answers to one exercise lacks: number, variety, messages of their own."""
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
            yield Finding(subject.answer(answer), "a method of its own", "the same code as another answer but for names")
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


# --- mutants ------------------------------------------------------------------------------------------------------


def mutation(subjects):
    """Small faults in the reference solutions are noticed; so is a result cut off its graph."""
    seconds = reference_seconds(subjects)
    jobs, total = [], {}
    for subject, exercise in each(subjects):
        source = exercise.solution.source
        region = _region(source)
        limit = max(2.0, 10 * seconds[subject.name, exercise.name])
        for kind, made in (("generic", mutants.generic(source, region)), ("detach", mutants.detached(source, region))):
            total[subject.name, exercise.name, kind] = len(made)
            jobs += [_trial((subject, exercise, kind, m), subject, exercise, m.source, seconds=limit, stop=True) for m in made]
    killed, equivalent, flowing, findings = Counter(), Counter(), Counter(), []
    survivors = []
    for trial, result in trials.run(jobs):
        subject, exercise, kind, mutant = trial.key
        key = subject.name, exercise.name
        if kind == "detach":
            flowing[key] += result.grad
            if result.grad and result.passed:
                findings.append(Finding(subject.where(exercise.name), "a test that a gradient flows",
                                        f"a detached result passed: {mutant.line}"))
            continue
        killed[key] += not result.passed
        if result.passed:
            survivors.append((subject, exercise, mutant))
    argued = {(s.name, a.exercise, _line(a.source)) for s in subjects for a in s.answers if a.verdict == "equivalent"}
    used = set()
    for subject, exercise, mutant in survivors:
        key = (subject.name, exercise.name, _line(mutant.line))
        if key in argued:
            equivalent[key[:2]] += 1
            used.add(key)
    numbers, notes, course_killed, course_counted = {}, [], 0, 0
    for subject, exercise in each(subjects):
        key = subject.name, exercise.name
        made = total[*key, "generic"]
        counted = made - equivalent[key]
        course_killed, course_counted = course_killed + killed[key], course_counted + counted
        left = [m for s, e, m in survivors if (s.name, e.name) == key and (*key, _line(m.line)) not in argued]
        if equivalent[key] > max(1, 0.05 * made):
            findings.append(Finding(subject.where(exercise.name), "at most 5 % equivalent mutants", f"{equivalent[key]} of {made}"))
        if counted and killed[key] < 0.9 * counted:
            findings.append(Finding(subject.where(exercise.name), "at least 90 % of mutants killed", f"{killed[key]} of {counted}"))
        notes += [f"{subject.where(exercise.name)}: survives: {m.line}   ({m.operator})" for m in left]
        values = numbers.setdefault(subject.name, Counter())
        values.update(mutants=made, killed=killed[key], equivalent=equivalent[key])
    for lesson, exercise, line in sorted(argued - used):
        findings.append(Finding(f"solutions/{lesson}/answers.py, {exercise}", "an equivalent mutant that survives",
                                f"none with the line {line!r}", "Delete the cell."))
    if course_counted and course_killed < 0.95 * course_counted:
        findings.append(Finding("mutants", "at least 95 % killed", f"{course_killed} of {course_counted}"))
    share = 100 * course_killed / max(1, course_counted)
    figure = (f"{course_killed} of {course_counted} killed ({share:.1f} %), {sum(equivalent.values())} equivalent; "
              f"{sum(flowing.values())} detached results where a gradient flows")
    return Gate("mutants", figure, tuple(findings), {name: dict(count) for name, count in numbers.items()}, tuple(notes))


def _region(source):
    lines = source.splitlines()
    return (next(i for i, line in enumerate(lines, 1) if "### BEGIN SOLUTION" in line) + 1,
            next(i for i, line in enumerate(lines, 1) if "### END SOLUTION" in line) - 1)


def _line(text):
    return re.sub(r"\s+", " ", text.strip())
