"""What grading a lesson takes: its notebooks as handed out, kernel, limits, files, and wrong answers that must fail.

The lesson's own solution is graded as a student's is: what stops there is the course's or the grader's fault, and
nobody is graded by it.
"""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbformat import NotebookNode

from grader import (
    assemble,
    canaries,
    execute,
    folders,
    gradebook,
    handout,
    intake,
    judge,
    libraries,
    notebooks,
    perturbed,
    session,
    settings,
)
from grader.errors import NO_ROOM, ExerciseError, GraderError, MachineError, is_full
from grader.execute import Task
from grader.folders import Course, Submission
from grader.handout import HandedOut
from grader.intake import Intake
from grader.libraries import Words
from grader.marks import Verdict
from grader.pool import Pool
from grader.seen import Attempt, Canary, Limits, Way
from grader.submitted import Beside
from grader.vocabulary import Vocabulary

LONGEST_CELLS = 20  # as many cells of a notebook may take all their time


@dataclass(frozen=True)
class Options:
    """What to grade, where and how: all lessons and students on all cores of this machine by default."""

    names: Sequence[str] = ()  # of lessons
    student: str = ""
    workers: int = 0
    scheduler: str = ""  # the address of a dask cluster
    kernel: str = ""  # nbgrader_config.py's, or the walled one
    force: bool = False  # also what is graded
    dry_run: bool = False  # write nothing
    limits: Limits | None = None
    show: bool = True  # a progress bar


DEFAULTS = Options()


@dataclass(frozen=True)
class Plan:
    """One notebook of a lesson, ready to grade with: as handed out, its own answers, files, canaries, kernel, limits.

    `tests` is a fingerprint of what decides points.
    """

    handed_out: HandedOut
    solved: dict[str, str]
    files: dict[str, bytes]
    beside: Beside
    kernel: str
    limits: Limits
    tests: str
    hides: bool = True  # hidden tests from the students
    canaries: tuple[Canary, ...] = ()
    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)  # to change an exercise's results
    vocabulary: Vocabulary | None = None


def plan_all(
    course: Course, waiting: list[Submission], options: Options, workers: Pool
) -> tuple[dict[str, dict[str, Plan]], list[str], list[GraderError]]:
    """Return a Plan by lesson and notebook, words on them, and why other lessons cannot be graded.

    A lesson that cannot be graded leaves the others alone; where none can, its error is raised.
    """
    plans, notes, broken, words = {}, [], [], libraries.Words(course)
    for lesson in dict.fromkeys(submission.lesson for submission in waiting):
        try:
            plans[lesson] = _plan(course, lesson, options, workers, words, notes)
        except GraderError as error:
            broken.append(error)
    if broken and not plans:
        raise broken[0]
    return plans, notes, broken


def _plan(
    course: Course, lesson: str, options: Options, workers: Pool, words: Words, notes: list[str]
) -> dict[str, Plan]:
    """Register the lesson, grade its own solution, choose its canaries; return a Plan by notebook."""
    made = handout.prepare(course, lesson) if options.dry_run else gradebook.register(course, lesson)
    files = folders.extra_files(course, lesson)
    plans = {}
    for name, handed_out in made.items():
        kernel, note = session.find_kernel(course.kernel, handed_out.tested, options.kernel)
        notes += [note] if note else []
        seconds = settings.cell_seconds(course.config, handed_out.tested.cells)
        limits = options.limits or Limits(seconds, max(Limits.seconds, LONGEST_CELLS * seconds))
        beside = _beside(course, lesson, files, set(made) - {name})
        solved = _solutions(notebooks.read(course.folder("source", lesson=lesson) / f"{name}.ipynb"))
        tests, hides = fingerprint(handed_out.tested), not course.settings.show_hidden_tests
        plan = Plan(handed_out, solved, files, beside, kernel, limits, tests, hides)
        if session.is_python(handed_out.tested):
            plan = replace(plan, vocabulary=words.of(handed_out.tested, kernel, limits, workers.run))
        plans[name] = _with_canaries(course, lesson, name, plan, workers, notes)
    return plans


def _beside(course: Course, lesson: str, files: dict[str, bytes], others: set[str]) -> Beside:
    """Return what may lie beside a submitted notebook: by nbgrader's own list, a student's copy may replace a file."""
    replaceable = settings.own_files(course.config, lesson)
    allowed = (*course.settings.student_files, *replaceable)
    return Beside(frozenset(files) - set(replaceable), frozenset(others), allowed)


def _with_canaries(
    course: Course, lesson: str, name: str, plan: Plan, workers: Pool, notes: list[str]
) -> Plan:
    """Grade the lesson's own solution as a student's is, and choose the canaries by what its tests refuse."""
    path = course.folder("source", lesson=lesson) / f"{name}.ipynb"
    candidates, note = canaries.candidates(notebooks.Lesson(lesson, course.root), plan.handed_out.tested)
    notes += [note] if note else []
    taken = intake.take(path.parent, name, plan.handed_out.seen, plan.beside)
    try:
        tried, task = attempt(plan, replace(taken, sources=plan.solved, helpers=()), candidates)
        run = workers.run(execute.execute, replace(task, ways=perturbed.candidates(task.assembled)))
        _check_reference(course, path, judge.judge(replace(tried, run=run)), notes)
    except GraderError:
        raise
    except Exception as error:  # whatever stops here would stop for every student
        if is_full(error):
            raise MachineError(tempfile.gettempdir(), *NO_ROOM) from None
        came = f"expected its own solution to be graded, got {type(error).__name__}: {error}"
        raise GraderError(_shown(course, path), came, "This is the grader's fault: please report it.") from error
    notes += [f"kernel {plan.kernel}: {run.lack}"] if run.lack else []
    ways = perturbed.noticed(run)
    return replace(plan, canaries=canaries.closest(run, ways), ways=ways)


def _shown(course: Course, path: Path) -> str:
    return str(path.relative_to(course.root) if path.is_relative_to(course.root) else path)


def _solutions(source: NotebookNode) -> dict[str, str]:
    """Return what the instructor's own notebook answers, by grade_id."""
    cells = [(notebooks.graded(cell), cell.source) for cell in source.cells]
    return {info["grade_id"]: text for info, text in cells if info.get("solution")}


def _check_reference(course: Course, path: Path, verdict: Verdict, notes: list[str]) -> None:
    """Say where the lesson's own solution loses points; ExerciseError where the course is strict about that."""
    for score in verdict.scores:
        if score.points is not None and score.points < score.max_points:
            expected = f"expected the solution to get {score.max_points:g} points on this machine"
            came = f"{expected}, got {score.points:g} ({score.message[:200]})"
            remedy = "Mend the solution or the test; the lesson was not graded: c.Grader.strict asks for that."
            error = ExerciseError(f'{_shown(course, path)}, cell "{score.grade_id}"', came, remedy)
            if course.settings.strict:
                raise error
            notes.append(f"{error.where}: {error.problem}. The lesson was graded nevertheless.")


def attempt(plan: Plan, taken: Intake, tried: tuple[Canary, ...]) -> tuple[Attempt, Task]:
    """Return a submitted notebook on its way, and what of it is to be run."""
    untouched = plan.handed_out.tested
    ready = assemble.assemble(untouched, taken, plan.solved)
    files = plan.files | taken.files
    ways = {name: ways for name, ways in plan.ways.items() if name in taken.sources}
    task = Task(ready, plan.kernel, plan.limits, files, tried, ways)
    return Attempt(untouched, taken, ready, tried, None, ways, plan.vocabulary), task


def fingerprint(notebook: NotebookNode) -> str:
    """Return a hash of what decides points: every cell's source, name and points."""
    parts = [
        (cell.source, sorted((k, str(v)) for k, v in notebooks.graded(cell).items() if k in ("grade_id", "points")))
        for cell in notebook.cells
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
