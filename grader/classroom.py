"""Grade many submissions: any executor, one writer, progress, resume.

A submission is done when its executed notebook, marked with what was graded, lies in the autograded folder; that is the
last thing written. A run that was killed at any moment goes on where it stopped when it is started again.
"""

import contextlib
import hashlib
import os
import random
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass

from grader import answers, assemble, gradebook, intake, judge, notebooks, sheets
from grader.errors import AnswersError, ExerciseError, GraderError, MachineError
from grader.execute import Canary, Limits, Task, execute, find_kernel, sweep


@dataclass(frozen=True)
class Graded:
    """One submission's verdicts by notebook name; `error` where the machine failed, so that it is still to be graded."""

    submission: gradebook.Submission
    verdicts: dict
    error: str = ""


@dataclass(frozen=True)
class Plan:
    """One notebook of a lesson, ready to grade with: as handed out, its files, its canaries, a fingerprint of its tests."""

    untouched: object
    files: dict
    canaries: tuple
    tests: str


@dataclass(frozen=True)
class Outcome:
    """What a run did: graded now, done before, done before with other tests, folders of no lesson, words for the instructor."""

    graded: tuple
    done: int
    outdated: tuple
    stray: tuple
    notes: tuple


def grade(course, names=(), student="", workers=0, scheduler="", kernel="", force=False, dry_run=False, limits=None, show=True):
    """Grade what lies in the submitted folders and is not graded yet; return the Outcome.

    `force` grades again what is graded; `dry_run` grades and writes nothing.
    """
    wanted = gradebook.lessons(course, names)
    found, stray = gradebook.submissions(course, wanted, student)
    kernel, note = find_kernel(kernel or course.kernel)
    notes = [note] if note else []
    limits = limits or Limits(cell_seconds=float(course.config.get("Execute", {}).get("timeout", 30) or 30))
    sweep()
    gradebook.sweep(course)
    waiting, done = _waiting(course, found, force)
    if not waiting:
        return Outcome((), len(done), _outdated(course, done), tuple(stray), tuple(notes))
    if not dry_run:
        gradebook.backup(course)
    results = []
    with _executor(workers, scheduler) as (pool, width), _progress(show) as progress:
        plans = {}
        for lesson in dict.fromkeys(submission.lesson for submission in waiting):
            plans[lesson] = _plans(course, lesson, kernel, limits, pool, notes, dry_run)
        bar = progress("grading", total=len(waiting))
        with contextlib.nullcontext() if dry_run else gradebook.opened(course) as book:
            for submission, runs in _in_any_order(waiting, plans, pool, width, kernel, limits):
                results.append(_finish(course, book, submission, runs, plans[submission.lesson], kernel))
                bar()
    return Outcome(
        tuple(sorted(results, key=lambda g: (g.submission.lesson, g.submission.student))),
        len(done),
        _outdated(course, done),
        tuple(stray),
        tuple(dict.fromkeys(notes)),
    )


def _waiting(course, found, force):
    """Return (to grade, graded already)."""
    waiting, done = [], []
    for submission in found:
        (done if not force and _is_done(course, submission) else waiting).append(submission)
    return waiting, done


def _is_done(course, submission):
    """Return whether what lies in the submitted folder now is what was graded."""
    marks = gradebook.marks(course, submission)
    if not marks:
        return False
    target = course.folder("autograded", submission.student, submission.lesson)
    new, old = gradebook.timestamp(submission.folder), gradebook.timestamp(target)
    if not all(marks.values()):  # graded by nbgrader itself, whose rule is the timestamp
        return not (new and old and new > old)
    return new == old and all(mark.get("digest") == _digest(submission, name) for name, mark in marks.items())


def _digest(submission, name):
    """Return the fingerprint of a submitted notebook; intake's, so that renamed files count too."""
    return intake.digest(submission.folder, name)


def _outdated(course, done):
    """Return the submissions that were graded with tests that have changed since."""
    now = {}
    for lesson in {submission.lesson for submission in done}:
        with contextlib.suppress(GraderError):
            now[lesson] = {name: _fingerprint(notebook) for name, notebook in gradebook.untouched(course, lesson).items()}
    return tuple(
        submission
        for submission in done
        for name, mark in gradebook.marks(course, submission).items()
        if mark and submission.lesson in now and mark.get("tests") != now[submission.lesson].get(name)
    )


def _fingerprint(notebook):
    """Return a hash of what decides points: every cell's source, name and points."""
    parts = [
        (cell.source, sorted((k, str(v)) for k, v in notebooks.graded(cell).items() if k in ("grade_id", "points")))
        for cell in notebook.cells
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@contextlib.contextmanager
def _executor(workers, scheduler):
    """Yield (executor, how many tasks to keep in it): threads here, or a dask cluster by its address."""
    if not scheduler:
        width = workers or os.cpu_count() or 1
        with ThreadPoolExecutor(width, "grading") as pool:
            yield pool, width
        return
    try:
        from distributed import Client
    except ImportError:
        raise MachineError(f"scheduler {scheduler}", "expected dask.distributed, found none", "pip install distributed") from None
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise MachineError(
            f"scheduler {scheduler}", f"expected a dask scheduler, got {str(error)[:100]}", "Check its address and that it runs."
        ) from None
    with client:
        yield client.get_executor(pure=False, retries=0), 2 * max(1, sum(client.ncores().values()))


@contextlib.contextmanager
def _progress(show):
    """Yield a function that starts a bar and returns what moves it on: rate and time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    class Rate(ProgressColumn):
        def render(self, task):
            return f"{task.speed:.1f}/s" if task.speed else "-/s"

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not show) as shown:

        def start(words, total):
            task = shown.add_task(words, total=total)
            return lambda: shown.advance(task)

        yield start


def _plans(course, lesson, kernel, limits, pool, notes, dry_run):
    """Return {notebook name: Plan}: the lesson is registered, its own solution graded, its canaries chosen."""
    made = gradebook.untouched(course, lesson) if dry_run else gradebook.register(course, lesson)
    files = gradebook.extra_files(course, lesson)
    plans = {}
    for name, untouched in made.items():
        source = notebooks.read(course.folder("source", lesson=lesson) / f"{name}.ipynb")
        solved = {notebooks.graded(cell)["grade_id"]: cell.source for cell in source.cells if notebooks.graded(cell).get("solution")}
        candidates = _candidates(course, lesson, untouched, notes)
        ready = assemble.assemble(untouched, intake.Intake(solved))
        run = pool.submit(execute, Task(ready, kernel, limits, files, candidates)).result()
        _check_reference(course, lesson, name, judge.judge(run, ready, intake.Intake(solved), untouched))
        plans[name] = Plan(untouched, files, _closest(run), _fingerprint(untouched))
    return plans


def _check_reference(course, lesson, name, judged):
    """Raise ExerciseError where the lesson's own solution loses points: then no student could have them."""
    lost = [score for score in judged.scores if score.points is not None and score.points < score.max_points]
    if lost:
        path = course.folder("source", lesson=lesson) / f"{name}.ipynb"
        raise ExerciseError(
            f'{path.relative_to(course.root)}, cell "{lost[0].grade_id}"',
            f"expected the solution to get {lost[0].max_points:g} points on this machine, got {lost[0].points:g} ({lost[0].message[:200]})",
            "Mend the solution or the test; nothing was graded.",
        )


def _candidates(course, lesson, untouched, notes):
    """Return the canaries to choose from: every wrong answer of answers.py, and the stub of each exercise."""
    stubs = [
        Canary(info["grade_id"], cell.source)
        for cell in untouched.cells
        if (info := notebooks.graded(cell)).get("solution") and cell.cell_type == "code" and not info.get("grade")
    ]
    if not (course.folder("source", lesson=lesson) / "answers.py").exists():
        return tuple(stubs)
    try:
        known = answers.read(sheets.read(notebooks.Lesson(lesson, course.root)))
    except (AnswersError, ExerciseError) as error:
        notes.append(f"canaries are the untouched stubs alone: {error}")
        return tuple(stubs)
    names = {canary.exercise for canary in stubs}
    return tuple(stubs + [Canary(a.exercise, a.source) for a in known if a.verdict == "wrong" and a.exercise in names])


def _closest(run):
    """Return for each exercise the stub and the wrong answer that failed fewest tests, with what they failed."""
    chosen = []
    for name in dict.fromkeys(seen.canary.exercise for seen in run.canaries):
        refused = [seen for seen in run.canaries if seen.canary.exercise == name and seen.failed]
        if not refused:
            continue  # tests that refuse nothing can betray nothing
        close = min(refused, key=lambda seen: (len(seen.failed), random.random()))
        far = max(refused, key=lambda seen: (len(seen.failed), "NotImplementedError" in seen.canary.source))
        chosen += [Canary(name, seen.canary.source, seen.failed) for seen in {id(close): close, id(far): far}.values()]
    return tuple(chosen)


def _in_any_order(waiting, plans, pool, width, kernel, limits):
    """Yield (submission, {notebook name: (Intake, Assembled, Run or error or None)}) as they finish, `width` under way at once."""
    queue, running = iter(waiting), {}
    while True:
        while len(running) < width + 1 and (submission := next(queue, None)):
            running |= {
                future: (submission, parts) for future, parts in [_start(submission, plans[submission.lesson], pool, kernel, limits)]
            }
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            submission, parts = running.pop(future)
            try:
                runs = future.result()
            except Exception as error:  # the machine's fault, not the student's: it stays to be graded
                runs = error
            yield submission, {name: (*part, runs if isinstance(runs, Exception) else runs.get(name)) for name, part in parts.items()}


def _start(submission, plans, pool, kernel, limits):
    """Take a submission in and send its notebooks off; return (future, {name: (Intake, Assembled)})."""
    parts, tasks = {}, {}
    for name, plan in plans.items():
        taken = intake.take(submission.folder, name, plan.untouched)
        ready = assemble.assemble(plan.untouched, taken)
        parts[name] = (taken, ready)
        if not taken.refusal:
            tasks[name] = Task(ready, kernel, limits, plan.files, _canaries_for(taken, plan))
    return pool.submit(execute_all, tasks), parts


def _canaries_for(taken, plan):
    """Leave out the exercises that were not touched: there is nothing to forge."""
    return tuple(canary for canary in plan.canaries if canary.exercise in taken.sources)


def execute_all(tasks):
    """Run the notebooks of one submission, one after the other."""
    return {name: execute(task) for name, task in tasks.items()}


def _finish(course, book, submission, runs, plans, kernel):
    """Judge, record, put in place; in this order, so that a kill between two steps only grades this one again."""
    verdicts, executed, marks = {}, {}, {}
    for name, (taken, ready, run) in runs.items():
        if isinstance(run, Exception):
            return Graded(submission, {}, f"{type(run).__name__}: {run}")
        judged = (
            judge.refuse(ready, taken)
            if run is None
            else judge.judge(run, ready, taken, plans[name].untouched, _canaries_for(taken, plans[name]))
        )
        verdicts[name], executed[name] = judged, ready.notebook if run is None else run.notebook
        marks[name] = {"digest": taken.digest, "tests": plans[name].tests, "kernel": kernel, **_summary(judged)}
    try:
        if book is not None:
            gradebook.record(course, book, submission, verdicts)
            gradebook.put(course, submission, executed, marks)
    except Exception as error:  # a full disk, a database that went away: the others go on
        book.db.rollback()
        return Graded(submission, {}, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:300])
    return Graded(submission, verdicts)


def _summary(judged):
    """Return the verdict as plain data for the executed notebook's metadata, where the report reads it."""
    return {
        "seconds": round(judged.seconds, 3),
        "refusal": judged.refusal,
        "notes": list(judged.notes),
        "flags": [asdict(flag) for flag in judged.flags],
        "scores": [asdict(score) for score in judged.scores],
    }


@dataclass(frozen=True)
class Change:
    """One grade that regrading changed."""

    student: str
    lesson: str
    cell: str
    before: float
    after: float
    manual: bool


def regrade(course, names, **options):
    """Grade again what is graded, with today's tests; return (Outcome, Changes). A person's points and comments stay."""
    before = {(g.student, g.lesson, g.cell): g for g in gradebook.grades(course, names)}
    outcome = grade(course, names, force=True, **options)
    after = {(g.student, g.lesson, g.cell): g for g in gradebook.grades(course, names)}
    changes = [
        Change(*key, old.points, after[key].points, old.manual is not None)
        for key, old in sorted(before.items())
        if key in after and (old.points != after[key].points or old.auto != after[key].auto)
    ]
    return outcome, changes
