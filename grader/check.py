"""The gates on sources: every promise about notebooks, exercises and answers, one function each.

A gate takes the lessons' sheets (and, where tests are run, a Bench of results) and returns a Gate: the figure it
measured and a Finding for each place that falls short. The gates on lessons are in lessons.py.
"""

import ast
import itertools
import json
import re
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from grader import answers, exercises, mutants, notebooks, trials
from grader.findings import Finding, Gate
from grader.notebooks import HIDDEN, ROOT, SOLUTION
from grader.trials import Trial

KINDS = {"Warm-up": 2, "Core": 3, "Stretch": 1}
SEEDS, BATCHES = 100, 4
REFERENCE_SECONDS, SECONDS_PER_EXERCISE, SECONDS_TRAINING = 60.0, 0.5, 2.0


@dataclass(frozen=True)
class Subject:
    """One lesson under the gates: its solution notebook taken apart, its answers, and its cells' places by name."""

    sheet: exercises.Sheet
    answers: tuple

    @property
    def name(self):
        return self.sheet.lesson.name

    def where(self, cell):
        return f'solutions/{self.name}/{self.name}.ipynb, cell "{cell}"'

    def answer(self, answer):
        return f"solutions/{self.name}/answers.py, cell {answer.number} ({answer.exercise}, {answer.verdict})"


def run(lessons, only=(), console=None):
    """Run the gates (all, or those named in `only`), print each one's figure, and return 1 where one falls short."""
    console = console or Console()
    trials.warm()
    subjects = [_subject(lesson) for lesson in lessons]
    trials.learn([_trial((s.name, e.name), s, e, e.solution.source, seconds=REFERENCE_SECONDS) for s, e in each(subjects)])
    names = list(GATES) if not only else only
    held = []
    for name in names:
        began = time.perf_counter()
        for gate in _as_list(GATES[name](subjects)):
            held.append(gate)
            mark = "[bold]holds[/]" if not gate.findings else f"[bold red]{len(gate.findings)} fall short[/]"
            console.print(f"{gate.name:<14} {mark}  {escape(gate.figure)}  [dim]{time.perf_counter() - began:.1f} s[/]", highlight=False, soft_wrap=True)
            for finding in gate.findings:
                console.print(f"  - {escape(str(finding))}", highlight=False, soft_wrap=True)
    save_numbers(held)
    return int(any(gate.findings for gate in held))


def _as_list(gates):
    return gates if isinstance(gates, list) else [gates]


def _subject(lesson):
    sheet = exercises.read(lesson)
    return Subject(sheet, tuple(answers.read(sheet)))


def save_numbers(gates, root=ROOT):
    """Add what the gates measured per lesson to build/numbers.json, for course_in_numbers."""
    path = root / "build" / "numbers.json"
    numbers = json.loads(path.read_text()) if path.exists() else {}
    for gate in gates:
        for lesson, values in gate.numbers.items():
            numbers.setdefault(lesson, {}).update(values)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(numbers, indent=1, sort_keys=True) + "\n")


# --- form ---------------------------------------------------------------------------------------------------------


def form(subjects):
    """Every notebook is valid and canonical; no output is stored."""
    findings, count = [], 0
    root = subjects[0].sheet.lesson.root if subjects else ROOT
    wanted = {subject.name for subject in subjects} | {"00_start_here"}
    for path in sorted(path for folder in ("course", "solutions", "exercises") for path in root.glob(f"{folder}/**/*.ipynb")):
        if path.stem in wanted and ".ipynb_checkpoints" not in path.parts:
            count += 1
            if not notebooks.is_tidy(path):
                findings.append(Finding(str(path.relative_to(root)), "the canonical form", "another one", "Run make tidy."))
    return Gate("form", f"{count} notebooks read, {count - len(findings)} canonical", tuple(findings))


# --- structure ----------------------------------------------------------------------------------------------------


def structure(subjects):
    """Exercises have the promised parts: kinds, points, minutes, hints, asserts with messages, names."""
    findings, numbers = [], {}
    attempts = Counter(_locked(subject.sheet) for subject in subjects)
    usual = attempts.most_common(1)[0][0] if attempts else ""
    for subject in subjects:
        sheet = subject.sheet
        counts = Counter(exercise.kind for exercise in sheet.exercises)
        for kind, least in KINDS.items():
            if counts[kind] < least:
                findings.append(Finding(f"solutions/{subject.name}", f"at least {least} {kind} exercises", str(counts[kind])))
        if len(sheet.exercises) < 6:
            findings.append(Finding(f"solutions/{subject.name}", "at least 6 exercises", str(len(sheet.exercises))))
        if _locked(sheet) != usual:
            findings.append(Finding(subject.where("attempt"), "the same locked cell in every notebook", "another text"))
        for exercise in sheet.exercises:
            findings += _parts(subject, exercise)
        numbers[subject.name] = {
            "exercises": len(sheet.exercises),
            "visible_asserts_min": min((_asserts(e.visible) for e in sheet.exercises), default=0),
            "hidden_asserts_min": min((_asserts(e.hidden) for e in sheet.exercises), default=0),
        }
    total = sum(n["exercises"] for n in numbers.values())
    reads = sum("reads-values" in e.tags for s in subjects for e in s.sheet.exercises)
    least = [min((n[key] for n in numbers.values()), default=0) for key in ("visible_asserts_min", "hidden_asserts_min")]
    figure = f"{total} exercises, at least {least[0]} visible and {least[1]} hidden asserts each, {reads} read values"
    return Gate("structure", figure, tuple(findings), numbers)


def _locked(sheet):
    return next((cell.source for cell in sheet.setup if notebooks.graded(cell).get("grade_id") == "attempt"), "")


def _parts(subject, exercise):
    """Yield what one exercise lacks."""
    def lacks(cell, expected, came, do=""):
        return Finding(subject.where(cell), expected, str(came), do)

    name = exercise.name
    if not exercise.title:
        yield lacks(name, "a heading '## Exercise 3 · Title (3 points, about 8 minutes)'", "none")
    if not exercise.kind:
        yield lacks(name, "**Warm-up.**, **Core.** or **Stretch.** under the heading", "none")
    if exercise.stated_points != exercise.points:
        yield lacks(name, f"{exercise.points:g} points in the heading, as its tests give", exercise.stated_points)
    if exercise.hints != 3:
        yield lacks(name, "three folded hints", exercise.hints)
    if name not in _defined(exercise.solution.source):
        yield lacks(name, f"a function or class named {name}", ", ".join(_defined(exercise.solution.source)) or "nothing")
    if (count := _asserts(exercise.visible)) < 4:
        yield lacks(name, "at least 4 visible asserts", count)
    if (count := _asserts(exercise.hidden)) < 3:
        yield lacks(name, "at least 3 hidden asserts", count)
    if "reads-values" not in exercise.tags and not any("OneDevice" in cell.source for cell in exercise.hidden):
        yield lacks(name, "a hidden test under OneDevice, or the tag reads-values", "neither")
    for cell in exercise.tests:
        grade_id = cell.metadata.nbgrader.grade_id
        prefix = f"{name}-hidden-" if HIDDEN.search(cell.source) else f"{name}-"
        if not grade_id.startswith(prefix) or (cell in exercise.visible and grade_id.startswith(f"{name}-hidden-")):
            yield lacks(grade_id, f"a name that starts with {prefix}", grade_id)
        for bare in _bare_asserts(cell.source):
            yield lacks(grade_id, "a message on every assert", bare)
        if loose := [n for n in _assigned(cell.source) if not n.startswith("_")]:
            yield lacks(grade_id, "only names that start with _", ", ".join(loose))
        if HIDDEN.search(cell.source) and not cell.source.lstrip().startswith("# Hidden tests"):
            yield lacks(grade_id, "a visible first line '# Hidden tests: ...'", cell.source.splitlines()[0])


def _asserts(cells):
    return sum(1 for cell in cells for node in ast.walk(ast.parse(cell.source)) if _is_assert(node))


def _is_assert(node):
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.Call) and isinstance(node.func, (ast.Attribute, ast.Name))
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id) == "assert_close")


def _bare_asserts(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert) and node.msg is None:
            yield ast.unparse(node)
        elif _is_assert(node) and isinstance(node, ast.Call) and not any(k.arg == "msg" for k in node.keywords):
            yield ast.unparse(node)


def _defined(source):
    return [node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


def _assigned(source):
    """Return the names that a cell defines at its top level, loop and with targets included."""
    names = set()
    for node in ast.parse(source).body:
        for part in ast.walk(node) if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ():
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                names.add(part.id)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return sorted(names)


# --- the student version ------------------------------------------------------------------------------------------


def release(subjects):
    """exercises/ is what solutions/ makes, and holds no line of a solution, a hidden test or an answer."""
    findings, lines = [], 0
    with tempfile.TemporaryDirectory() as folder:
        fresh = exercises.generate([subject.sheet.lesson for subject in subjects], Path(folder))
        for subject, path in zip(subjects, fresh):
            committed = subject.sheet.lesson.exercise
            if not committed.exists() or committed.read_text() != path.read_text():
                findings.append(Finding(f"exercises/{subject.name}", "what solutions/ makes", "another text", "Run make exercises."))
            plain = "\n".join(cell.source for p in (path, committed) if p.exists() for cell in notebooks.read(p).cells)
            leaked = exercises.leaks(subject.sheet.lesson, plain)
            lines += len(leaked)
            findings += [Finding(f"exercises/{subject.name}", "no line of a solution or hidden test", repr(line)) for line in leaked]
    return Gate("release", f"{len(subjects)} student notebooks regenerated, {lines} lines leaked", tuple(findings))


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


def each(subjects):
    """Yield every (subject, exercise)."""
    return ((subject, exercise) for subject in subjects for exercise in subject.sheet.exercises)


def reference_seconds(subjects):
    """Return {(lesson, exercise): seconds} of the reference solutions."""
    jobs = [_trial((s.name, e.name), s, e, e.solution.source, seconds=REFERENCE_SECONDS) for s, e in each(subjects)]
    return {trial.key: result.seconds for trial, result in trials.run(jobs)}


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
    return Gate("untouched", f"{graded_cells} graded cells, all 0 points" if not findings else f"{graded_cells} graded cells", tuple(findings))


def reference(subjects):
    """The reference solutions get full points, alone, quickly, silently, and with 100 seeds in shuffled order."""
    findings, slowest = [], 0.0
    alone = [_trial((s, e), s, e, e.solution.source, seconds=REFERENCE_SECONDS) for s, e in each(subjects)]
    for trial, result in trials.run(alone):
        subject, exercise = trial.key
        limit = SECONDS_TRAINING if "trains" in exercise.tags else SECONDS_PER_EXERCISE
        spent = sum(outcome.seconds for outcome in result.outcomes)
        slowest = max(slowest, spent)
        findings += [Finding(subject.where(o.name), "full points for the reference solution alone", o.message) for o in result.outcomes if not o.passed]
        findings += [Finding(subject.where(o.name), "nothing on stderr", repr(o.warned[:200])) for o in result.outcomes if o.warned]
        for outcome, cell in ((o, c) for o in result.outcomes for c in exercise.tests if _name(c) == o.name):
            wanted = 0 if HIDDEN.search(cell.source) else 1
            if outcome.passed and len(outcome.printed.splitlines()) != wanted:
                findings.append(Finding(subject.where(outcome.name), f"{wanted} line printed", repr(outcome.printed[:200])))
        if spent > 2 * limit:  # twice: this machine may be busy with another trial
            findings.append(Finding(subject.where(exercise.name), f"tests of at most {limit} s", f"{spent:.2f} s", "Tag the solution trains where training is the point."))
    flaky = Counter()
    for trial, result in trials.run(_seeded(subjects)):
        if not result.passed:
            first = result.first_failure
            flaky[trial.key[0].where(first.name if first else "?")] += 1
            findings.append(Finding(trial.key[0].where(first.name if first else "?"), "full points with every seed", f"seed {trial.seed}: {first.message if first else 'nothing ran'}"))
    figure = f"{len(alone)} of {len(alone)} alone, slowest {slowest:.2f} s; {SEEDS} seeds in shuffled order, {sum(flaky.values())} failures"
    return Gate("reference", figure, tuple(findings[:40]))


def _seeded(subjects):
    """Yield one trial per lesson and seed, the exercises in an order that the seed decides."""
    import random

    for subject, seed in itertools.product(subjects, range(1, SEEDS + 1)):
        order = list(subject.sheet.exercises)
        random.Random(seed).shuffle(order)
        blocks = [(_name(c), c.source) for c in subject.sheet.setup]
        for exercise in order:
            blocks += [(n, s) for n, s in cells(subject, exercise, exercise.solution.source) if n == exercise.name or n in map(_name, exercise.tests)]
        tests = frozenset(_name(c) for e in order for c in e.tests)
        yield Trial((subject, seed), tuple(blocks), tests, seed=seed, seconds=REFERENCE_SECONDS)


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
                findings.append(Finding(subject.answer(answer), "full points", f"{first.name}: {first.message}" if first else "nothing ran"))
            continue
        count["wrong_refused"] += not result.passed
        if result.passed:
            findings.append(Finding(subject.answer(answer), "points lost", "full points", "Sharpen the tests."))
            continue
        visible[subject.name, exercise.name] += first.name in map(_name, exercise.visible)
        written += first.kind == "failed" and " stopped with " not in first.message
        count["wrong_named"] += answer.says in first.message
        if answer.says not in first.message:
            findings.append(Finding(subject.answer(answer), f"a first failing message with {answer.says!r}", f"{first.name}: {first.message!r}"))
    wrong = sum(c["wrong"] for c in counts.values())
    for subject, exercise in each(subjects):
        total = sum(a.verdict == "wrong" and a.exercise == exercise.name for a in subject.answers)
        if total and visible[subject.name, exercise.name] < 0.8 * total:
            findings.append(Finding(subject.where(exercise.name), "4 of 5 wrong answers refused at a visible test", f"{visible[subject.name, exercise.name]} of {total}"))
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
                findings.append(Finding(subject.where(exercise.name), "a test that a gradient flows", f"a detached result passed: {mutant.line}"))
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
    numbers, course_killed, course_counted = {}, 0, 0
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
        for mutant in left:
            print(f"    survivor in {subject.name} {exercise.name}: {mutant.line}   ({mutant.operator})")
        values = numbers.setdefault(subject.name, Counter())
        values.update(mutants=made, killed=killed[key], equivalent=equivalent[key])
    for lesson, exercise, line in sorted(argued - used):
        findings.append(Finding(f"solutions/{lesson}/answers.py, {exercise}", "an equivalent mutant that survives", f"none with the line {line!r}", "Delete the cell."))
    if course_counted and course_killed < 0.95 * course_counted:
        findings.append(Finding("mutants", "at least 95 % killed", f"{course_killed} of {course_counted}"))
    figure = (f"{course_killed} of {course_counted} killed ({100 * course_killed / max(1, course_counted):.1f} %), {sum(equivalent.values())} equivalent; "
              f"{sum(flowing.values())} detached results where a gradient flows")
    return Gate("mutants", figure, tuple(findings), {name: dict(count) for name, count in numbers.items()})


def _region(source):
    lines = source.splitlines()
    return (next(i for i, line in enumerate(lines, 1) if "### BEGIN SOLUTION" in line) + 1,
            next(i for i, line in enumerate(lines, 1) if "### END SOLUTION" in line) - 1)


def _line(text):
    return re.sub(r"\s+", " ", text.strip())


GATES = {
    "form": form,
    "structure": structure,
    "release": release,
    "untouched": untouched,
    "reference": reference,
    "answers": right_and_wrong,
    "mutants": mutation,
}
