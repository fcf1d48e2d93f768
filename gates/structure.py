"""The gates that read: notebooks in canonical form, exercises with every promised part, a student version that leaks
nothing."""

import ast
import tempfile
from collections import Counter
from pathlib import Path

from gates.findings import Finding, Gate
from gates.sources import too_wide
from gates.subjects import Subject
from grader import notebooks
from grader.notebooks import HIDDEN, ROOT
from lab import exercises

ALONE = {"00_start_here", "A1_then_and_now"}  # pages of course/ without exercises
KINDS = {"Warm-up": 2, "Core": 3, "Stretch": 1}


# --- form ---------------------------------------------------------------------------------------------------------


def form(subjects: list[Subject]) -> Gate:
    """Every notebook is valid and canonical; no output is stored."""
    findings, count = [], 0
    root = subjects[0].sheet.lesson.root if subjects else ROOT
    wanted = {subject.name for subject in subjects} | ALONE
    for path in sorted(
        path for folder in ("course", "solutions", "exercises") for path in root.glob(f"{folder}/**/*.ipynb")
    ):
        if path.stem in wanted and ".ipynb_checkpoints" not in path.parts:
            count += 1
            if not notebooks.is_tidy(path):
                findings.append(
                    Finding(str(path.relative_to(root)), "the canonical form", "another one", "Run make tidy.")
                )
    solved = {path.parent.name for path in root.glob("solutions/*/*.ipynb") if path.stem == path.parent.name}
    taught = {path.stem for path in root.glob("course/*.ipynb")} - ALONE
    if taught and solved <= wanted:  # all lessons are here, not one that was named
        findings += [
            Finding(f"solutions/{name}", f"a lesson course/{name}.ipynb", "none") for name in sorted(solved - taught)
        ]
        findings += [
            Finding(f"course/{name}.ipynb", f"exercises in solutions/{name}", "none")
            for name in sorted(taught - solved)
        ]
    return Gate("form", f"{count} notebooks read, {count - len(findings)} canonical", tuple(findings))


# --- structure ----------------------------------------------------------------------------------------------------


def structure(subjects: list[Subject]) -> Gate:
    """Exercises have the promised parts: kinds, points, minutes, hints, asserts with messages, names."""
    findings, numbers = [], {}
    attempts = Counter(_locked(subject.sheet) for subject in subjects)
    usual = attempts.most_common(1)[0][0] if attempts else ""
    for subject in subjects:
        sheet = subject.sheet
        counts = Counter(exercise.kind for exercise in sheet.exercises)
        for kind, least in KINDS.items():
            if counts[kind] < least:
                findings.append(
                    Finding(f"solutions/{subject.name}", f"at least {least} {kind} exercises", str(counts[kind]))
                )
        if len(sheet.exercises) < 6:
            findings.append(Finding(f"solutions/{subject.name}", "at least 6 exercises", str(len(sheet.exercises))))
        if _locked(sheet) != usual:
            findings.append(Finding(subject.where("attempt"), "the same locked cell in every notebook", "another text"))
        for cell in sheet.notebook.cells:
            # the locked cell stays as it was handed out: submissions carry it
            if cell.cell_type == "code" and cell.id != "attempt" and (line := too_wide(cell.source)):
                findings.append(
                    Finding(
                        subject.where(cell.id), "lines of at most 100 columns", repr(line.strip()[:60]), "Break it."
                    )
                )
        for exercise in sheet.exercises:
            findings += _parts(subject, exercise)
        numbers[subject.name] = {
            "exercises": len(sheet.exercises),
            "visible_asserts_min": min((_asserts(e.visible) for e in sheet.exercises), default=0),
            "hidden_asserts_min": min((_asserts(e.hidden) for e in sheet.exercises), default=0),
        }
    total = sum(n["exercises"] for n in numbers.values())
    reads = sum("reads-values" in e.tags for s in subjects for e in s.sheet.exercises)
    least = [
        min((n[key] for n in numbers.values()), default=0) for key in ("visible_asserts_min", "hidden_asserts_min")
    ]
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
        yield lacks(
            name, f"a function or class named {name}", ", ".join(_defined(exercise.solution.source)) or "nothing"
        )
    if (count := _asserts(exercise.visible)) < 4:
        yield lacks(name, "at least 4 visible asserts", count)
    if (count := _asserts(exercise.hidden)) < 3:
        yield lacks(name, "at least 3 hidden asserts", count)
    if "reads-values" not in exercise.tags and not any("OneDevice" in cell.source for cell in exercise.tests):
        yield lacks(name, "a test under OneDevice, or the tag reads-values", "neither")
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
        own = {
            id(name) for part in ast.walk(node) if isinstance(part, ast.comprehension) for name in ast.walk(part.target)
        }
        for part in ast.walk(node) if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ():
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and id(part) not in own:
                names.add(part.id)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return sorted(names)


# --- the student version ------------------------------------------------------------------------------------------


def release(subjects: list[Subject]) -> Gate:
    """exercises/ is what solutions/ makes, and holds no line of a solution, a hidden test or an answer."""
    findings, lines = [], 0
    with tempfile.TemporaryDirectory() as folder:
        fresh = exercises.generate([subject.sheet.lesson for subject in subjects], Path(folder))
        for subject, path in zip(subjects, fresh):
            committed = subject.sheet.lesson.exercise
            if not committed.exists() or committed.read_text() != path.read_text():
                findings.append(
                    Finding(f"exercises/{subject.name}", "what solutions/ makes", "another text", "Run make exercises.")
                )
            plain = "\n".join(cell.source for p in (path, committed) if p.exists() for cell in notebooks.read(p).cells)
            leaked = exercises.leaks(subject.sheet.lesson, plain)
            lines += len(leaked)
            findings += [
                Finding(f"exercises/{subject.name}", "no line of a solution or hidden test", repr(line))
                for line in leaked
            ]
    return Gate("release", f"{len(subjects)} student notebooks regenerated, {lines} lines leaked", tuple(findings))
