"""Grade many submissions: plan each lesson, run them in a pool, judge and write them one by one; progress, resume.

A submission is done when its marks lie in the autograded folder; that is the last thing written. A run that was killed
at any moment goes on where it stopped when it is started again.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from grader import (
    canaries,
    execute,
    flags,
    folders,
    gradebook,
    handout,
    hidden,
    inert,
    intake,
    judge,
    marks,
    plans,
    pool,
)
from grader.errors import NO_ROOM, GraderError, is_full
from grader.execute import Task
from grader.folders import Course, Submission
from grader.marks import Mark, Verdict
from grader.plans import DEFAULTS, Options, Plan
from grader.seen import Attempt, Run
from grader.submitted import Beside


@dataclass(frozen=True)
class Graded:
    """One submission's verdicts by notebook; `error` where the machine failed, so that it is still to be graded."""

    submission: Submission
    verdicts: dict[str, Verdict]
    error: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a run did: graded now, done before, done before with other tests, folders of no lesson, words on it.

    `broken` says which lessons could not be graded, and why; the others were.
    """

    graded: tuple[Graded, ...]
    done: int
    outdated: tuple[Submission, ...]
    stray: tuple[GraderError, ...]
    notes: tuple[str, ...]
    broken: tuple[GraderError, ...] = ()


@dataclass(frozen=True)
class Paper:
    """One submission on its way through the pool."""

    submission: Submission
    plans: dict[str, Plan]
    attempts: dict[str, Attempt]


def grade(course: Course, options: Options = DEFAULTS) -> Outcome:
    """Grade what lies in the submitted folders and is not graded yet."""
    found, stray = folders.submissions(course, folders.lessons(course, options.names), options.student)
    execute.sweep()
    marks.sweep(course)
    done = [] if options.force else [submission for submission in found if _is_done(course, submission)]
    settled = set(done)
    waiting = [submission for submission in found if submission not in settled]
    graded, notes, broken = _grade_all(course, waiting, options) if waiting else ([], [], [])
    graded.sort(key=lambda one: (one.submission.lesson, one.submission.student))
    notes = dict.fromkeys(notes)
    return Outcome(tuple(graded), len(done), _outdated(course, done), tuple(stray), tuple(notes), tuple(broken))


def _grade_all(
    course: Course, waiting: list[Submission], options: Options
) -> tuple[list[Graded], list[str], list[GraderError]]:
    """Grade these submissions; return them, words for the instructor, and what stopped single lessons."""
    if not options.dry_run:
        gradebook.backup(course)
    graded = []
    with pool.opened(options.workers, options.scheduler) as workers, _progress(options.show) as progress:
        planned, notes, broken = plans.plan_all(course, waiting, options, workers)
        waiting = [submission for submission in waiting if submission.lesson in planned]
        advance = progress("grading", len(waiting))
        work = (_start(submission, planned[submission.lesson]) for submission in waiting)
        with contextlib.nullcontext() if options.dry_run else gradebook.opened(course) as book:
            for paper, runs in workers.finished(execute.execute_all, work):
                graded.append(_finish(course, book, paper, runs))
                advance()
    return graded, notes, broken


def _is_done(course: Course, submission: Submission) -> bool:
    """Return whether what lies in the submitted folder now is what was graded."""
    kept = marks.read(course, submission)
    if not kept:
        return False
    target = course.folder("autograded", submission.student, submission.lesson)
    new, old = folders.timestamp(submission.folder), folders.timestamp(target)
    if None in kept.values():  # graded by nbgrader itself, whose rule is the timestamp
        return not (new and old and new > old)
    return new == old and all(
        mark.digest == intake.digest(submission.folder, name, Beside(notebooks=frozenset(kept) - {name}))
        for name, mark in kept.items()
    )


def _outdated(course: Course, done: list[Submission]) -> tuple[Submission, ...]:
    """Return the submissions that were graded with tests that have changed since."""
    now: dict[str, dict[str, str]] = {}
    for lesson in {submission.lesson for submission in done}:
        with contextlib.suppress(GraderError):
            made = handout.prepare(course, lesson)
            now[lesson] = {name: plans.fingerprint(one.tested) for name, one in made.items()}
    return tuple(
        submission
        for submission in done
        if submission.lesson in now
        for name, mark in marks.read(course, submission).items()
        if mark and mark.tests != now[submission.lesson].get(name)
    )


def _start(submission: Submission, planned: dict[str, Plan]) -> tuple[Paper, dict[str, Task]]:
    """Take a submission in; return it with its attempts, and what of it is to be run."""
    attempts, tasks = {}, {}
    for name, plan in planned.items():
        taken = intake.take(submission.folder, name, plan.handed_out.seen, plan.beside)
        attempts[name], task = plans.attempt(plan, taken, canaries.for_answered(plan.canaries, taken))
        if not taken.refusal:
            tasks[name] = task
    return Paper(submission, planned, attempts), tasks


def _finish(
    course: Course, book: gradebook.Gradebook | None, paper: Paper, runs: dict[str, Run] | Exception
) -> Graded:
    """Judge, record, put in place; in this order, so that a kill between two steps only grades this one again."""
    submission = paper.submission
    if isinstance(runs, Exception):  # the machine's fault, not the student's: it stays to be graded
        return Graded(submission, {}, f"{type(runs).__name__}: {runs}")
    attempts = {
        name: hidden.kept_back(replace(attempt, run=runs.get(name)), paper.plans[name].hides)
        for name, attempt in paper.attempts.items()
    }
    verdicts = {name: judge.judge(attempt) for name, attempt in attempts.items()}
    if book is None:
        return Graded(submission, verdicts)
    executed = {name: inert.notebook((attempt.run or attempt.assembled).notebook) for name, attempt in attempts.items()}
    made = {
        name: Mark.of(verdicts[name], attempt.intake.digest, paper.plans[name].tests, paper.plans[name].kernel)
        for name, attempt in attempts.items()
    }
    try:
        before = marks.read(course, submission)
        gradebook.record(course, book, submission, verdicts)
        marks.put(course, submission, executed, flags.keep(book, submission, made, before))
    except Exception as error:  # a full disk, a database that went away: the others go on
        book.db.rollback()
        words = str(error).splitlines()[0] if str(error) else ""
        return Graded(submission, {}, NO_ROOM[0] if is_full(error) else f"{type(error).__name__}: {words}"[:300])
    return Graded(submission, verdicts)


@contextlib.contextmanager
def _progress(show: bool) -> Iterator[Callable[[str, int], Callable[[], None]]]:
    """Yield a function that starts a bar and returns what moves it on: rate and time left."""
    from rich import progress

    class Rate(progress.ProgressColumn):
        def render(self, task):
            return f"{task.speed:.1f}/s" if task.speed else "-/s"

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        Rate(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, disable=not show) as shown:

        def start(words: str, total: int) -> Callable[[], None]:
            task = shown.add_task(words, total=total)
            return lambda: shown.advance(task)

        yield start


@dataclass(frozen=True)
class Change:
    """One grade that regrading changed."""

    student: str
    lesson: str
    cell: str
    before: float
    after: float
    manual: bool


def regrade(course: Course, options: Options = DEFAULTS) -> tuple[Outcome, list[Change]]:
    """Grade again what is graded, with today's tests, and list what changed. A person's points and comments stay."""
    before = {(g.student, g.lesson, g.cell): g for g in gradebook.grades(course, options.names)}
    outcome = grade(course, replace(options, force=True))
    after = {(g.student, g.lesson, g.cell): g for g in gradebook.grades(course, options.names)}
    changes = [
        Change(*key, old.points, after[key].points, old.manual is not None)
        for key, old in sorted(before.items())
        if key in after and (old.points != after[key].points or old.auto != after[key].auto)
    ]
    return outcome, changes
