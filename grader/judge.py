"""From what the parent saw to points, comments and flags. Decides, and runs nothing."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from nbformat import NotebookNode

from grader import hidden, inert, notebooks, suspicion, vocabulary
from grader.assemble import is_test
from grader.marks import CellScore, Flag, Verdict
from grader.seen import Attempt, CellRun

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"(?:Cell )?In\[\d+\](?:, line |:)(\d+)")

UNKNOWN = ("a hook of the notebook's shell was changed", "what it changed could not be looked at")  # put back by nobody


def judge(attempt: Attempt) -> Verdict:
    """Return the Verdict on one submitted notebook; one that was not run gets no points, and the reason everywhere."""
    if attempt.run is None:
        return _refuse(attempt)
    cells = attempt.run.notebook.cells
    scores = [_score(index, attempt) for index, cell in enumerate(cells) if _has_points(cell)]
    flags = _flags(attempt, scores)
    held = {flag.exercise for flag in flags if flag.holds}
    reads = {flag.exercise for flag in flags if flag.reads}
    scores = [_hold(score, attempt) if score.exercise in held and score.points else score for score in scores]
    scores = [_keep_back(score) if score.exercise in reads and score.points == 0 else score for score in scores]
    comments = {
        name: inert.markdown(_comment(name, attempt, scores, flags)) for name in _answers(attempt.run.notebook)
    }
    return Verdict(tuple(scores), comments, tuple(flags), attempt.intake.notes, "", attempt.run.seconds)


def _refuse(attempt: Attempt) -> Verdict:
    why, notebook = attempt.intake.refusal, attempt.assembled.notebook
    graded = [notebooks.graded(cell) for cell in notebook.cells if _has_points(cell)]
    scores = tuple(CellScore(info["grade_id"], 0.0, float(info["points"]), why) for info in graded)
    comments = dict.fromkeys(_answers(notebook), inert.markdown(f"This submission could not be graded: {why}."))
    return Verdict(scores, comments, (), attempt.intake.notes, why)


def _has_points(cell: NotebookNode) -> bool:
    info = notebooks.graded(cell)
    return bool(info.get("grade") or info.get("task"))


def _answers(notebook: NotebookNode) -> list[str]:
    """Return the grade_ids of the cells that students write in."""
    infos = map(notebooks.graded, notebook.cells)
    return [info["grade_id"] for info in infos if info.get("solution") or info.get("task")]


def _score(index: int, attempt: Attempt) -> CellScore:
    """Return the score of one graded cell: what the parent saw decides; stderr never does."""
    cell, exercise = attempt.run.notebook.cells[index], attempt.assembled.exercises[index]
    info = notebooks.graded(cell)
    name, full = info["grade_id"], float(info["points"])
    if not is_test(cell):  # a person reads it, unless it was handed back with nothing written
        empty = info.get("solution") and name in attempt.intake.sources and _unanswered(name, attempt)
        return CellScore(name, 0.0 if empty else None, full, "", exercise)
    seen = attempt.run.cells.get(index)
    if seen is None:
        return CellScore(name, 0.0, full, "this test was not run", exercise)
    if seen.status == "passed":
        return CellScore(name, _partial(cell, full), full, "", exercise, seconds=seen.seconds)
    unseen = seen.status == "failed" and _in_hidden(cell)
    return CellScore(name, 0.0, full, _message(seen, unseen), exercise, unseen, seen.seconds)


def _message(seen: CellRun, unseen: bool) -> str:
    """Return what a student is told of a test that was not passed."""
    told = seen.error == "AssertionError" and seen.message
    message = seen.message if told else f"{seen.error}: {seen.message}".rstrip(": ")
    return f"{'hidden test: ' if unseen else ''}{notebooks.printable(message)[:1000]}"


def _partial(cell: NotebookNode, full: float) -> float:
    """Return the points of a test that ran through: all, or the number its last expression gives (partial credit)."""
    for output in reversed(cell.outputs):  # the last: what an answer shows while it is called comes before
        if output.output_type == "execute_result":
            try:
                points = float(output.data.get("text/plain", ""))
            except (TypeError, ValueError):
                return full
            return min(max(points, 0.0), full) if points == points else 0.0  # nan is no number of points
    return full


def _in_hidden(cell: NotebookNode) -> bool:
    """Return whether the failing line of a test cell stands in its hidden region."""
    if hidden.MARK not in cell.source:
        return False
    begin = next(n for n, line in enumerate(cell.source.splitlines(), 1) if hidden.MARK in line)
    trace = "\n".join("\n".join(output.traceback) for output in cell.outputs if output.output_type == "error")
    lines = [int(number) for number in FRAME.findall(ANSI.sub("", trace))]
    return not lines or lines[0] > begin


def _hold(score: CellScore, attempt: Attempt) -> CellScore:
    """Return the score without its points: none where nothing was answered, else waiting for a person."""
    if _unanswered(score.exercise, attempt):
        return replace(score, points=0.0, message="passed without an answer")
    return replace(score, points=None, message="held back until a person has looked at it")


def _keep_back(score: CellScore) -> CellScore:
    """Return the score without the words of an answer that may have read other tests."""
    return replace(score, message="what it says is not shown until a person has looked at it")


def _unanswered(name: str, attempt: Attempt) -> bool:
    """Return whether this exercise's answer is what was handed out, or missing."""
    handed_out = (cell for cell in attempt.untouched.cells if notebooks.graded(cell).get("grade_id") == name)
    given = next((cell.source for cell in handed_out), "")
    return attempt.intake.sources.get(name, given).strip() == given.strip()


def _flags(attempt: Attempt, scores: list[CellScore]) -> list[Flag]:
    """Return what a person should look at: canaries that passed, replaced machinery, unusual reach in the source."""
    run, scored = attempt.run, {score.exercise for score in scores if score.points}
    through = {seen.canary.exercise for seen in run.canaries if seen.passed}
    unclear = {seen.canary.exercise for seen in run.canaries if not (seen.passed or seen.refused)}
    missing = {canary.exercise for canary in attempt.canaries} - {seen.canary.exercise for seen in run.canaries}
    got_through = "an answer that must fail passes its tests after this submission has run"
    flags = [Flag(name, got_through, True) for name in sorted(through & scored)]
    unchecked = "its tests could not be checked with a wrong answer afterwards"
    flags += [Flag(name, unchecked, True) for name in sorted(((unclear | missing) & scored) - through)]
    flags += _survived(attempt, {score.grade_id for score in scores if score.points})
    flags += [Flag(name, what, what in UNKNOWN) for name, what in dict.fromkeys(run.changed)]
    texts = [*_code_answers(attempt), *_helpers(attempt)]
    flags += _beyond(texts, attempt)
    return list(dict.fromkeys(replace(flag, seen=notebooks.printable(flag.seen)) for flag in flags))


def _survived(attempt: Attempt, scored: set[str]) -> Iterator[Flag]:
    """Yield the exercises whose tests did not notice that what the answer gives back was changed."""
    seen = {one.exercise: dict(one.outcomes) for one in attempt.run.perturbed}
    for name, ways in attempt.ways.items():
        known = {test for way in ways for test in way.refused}
        drawn = next((set(one.way.refused) for one in attempt.run.perturbed if one.exercise == name), known)
        came = {seen.get(name, {}).get(test, "unclear") for test in drawn & scored}
        if "passed" in came:
            words = "its tests pass as well when what the answer gives back is changed: something else decides them"
            yield Flag(name, words, True)
        elif "unclear" in came:
            yield Flag(name, "its tests could not be run again with what the answer gives back changed", True)


def _beyond(texts: list[tuple[str, str]], attempt: Attempt) -> list[Flag]:
    """Return what the student's sources name beyond the course's vocabulary."""
    if attempt.vocabulary is None:
        return []
    sizes = itertools.accumulate(len(source) for _, source in texts)
    read = [text for text, size in zip(texts, sizes, strict=True) if size <= suspicion.READ]
    known = vocabulary.with_own(attempt.vocabulary, [source for _, source in read])
    found = [(name, seen) for name, source in read for seen in suspicion.look(source, known)]
    flags = [Flag(name, f"its source {seen.what}", seen.holds, seen.holds) for name, seen in found]
    too_long = "its source was not read: the notebook's code is too long"
    flags += [Flag(name, too_long, True, True) for name, _ in texts[len(read) :]]
    return flags


def _code_answers(attempt: Attempt) -> list[tuple[str, str]]:
    """Return (exercise, source) of the answers that are code: prose reaches for nothing."""
    code = {notebooks.graded(cell).get("grade_id") for cell in attempt.untouched.cells if cell.cell_type == "code"}
    return [(name, source) for name, source in attempt.intake.sources.items() if name in code]


def _helpers(attempt: Attempt) -> list[tuple[str, str]]:
    """Return (exercise, source) of the code cells that the student added."""
    cells = zip(attempt.assembled.exercises, attempt.assembled.notebook.cells, strict=True)
    return [
        (name, cell.source)
        for name, cell in cells
        if cell.cell_type == "code" and cell.metadata.get("grader", {}).get("before")
    ]


def _comment(name: str, attempt: Attempt, scores: list[CellScore], flags: list[Flag]) -> str:
    """Return the comment on one answer, as its student reads it in the feedback; "" where there is nothing to say."""
    mine = [score for score in scores if score.exercise == name]
    seen = [flag.seen for flag in flags if flag.exercise == name]
    if _unanswered(name, attempt) and not seen:
        return "" if any(score.points is None for score in mine) else "No response."
    points = sum(score.points for score in mine if score.points is not None)
    lines = [f"{points:g} of {sum(score.max_points for score in mine):g} points."] if mine else []
    lines += [f"- {score.grade_id}: {score.message}" for score in mine if score.message]
    if broken := _stopped(name, attempt):
        lines.append(f"- the answer itself stopped with {broken}")
    lines += [f"- for a person to look at: {what}" for what in seen]
    return "\n".join(lines[:1] + [""] + lines[1:] if len(lines) > 1 else lines)


def _stopped(name: str, attempt: Attempt) -> str:
    """Return the error that the answer's own cell stopped with, or ""."""
    for index, seen in attempt.run.cells.items():
        info = notebooks.graded(attempt.run.notebook.cells[index])
        own = attempt.assembled.exercises[index] == name and info.get("solution")
        if own and seen.status not in ("passed", "skipped"):
            return f"{seen.error}: {notebooks.printable(seen.message)[:300]}"
    return ""
