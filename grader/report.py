"""The class in pictures: one HTML page and a CSV file, made from the gradebook and the executed notebooks."""

import csv
import hashlib
import html
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from grader import gradebook, marks
from grader.folders import Course, Submission
from grader.gradebook import Grade
from grader.marks import Mark

UNWRITTEN = "is not written yet"  # what the notebooks' own `attempt` says of a stub
STYLE = """
:root { color-scheme: light dark; --line: #8888; --pass: #0072B2; --miss: #B54708 }
@media (prefers-color-scheme: dark) { :root { --pass: #56B4E9; --miss: #E69F00 } }
body { background: Canvas; color: CanvasText; font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { line-height: 1.2 } h2 { margin-top: 2.5rem } h3 { margin-top: 1.5rem }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
figure { margin: 1rem 0 } svg { max-width: 100%; height: auto } svg text { fill: currentColor; font-size: 12px }
td { overflow-wrap: anywhere } td code { display: inline-block; min-width: min(18rem, 30vw) }
.pass { color: var(--pass) } .miss { color: var(--miss); font-weight: 600 } .key { opacity: .8; font-size: .9rem }
"""


@dataclass(frozen=True)
class Entry:
    """One graded notebook of one student: its mark, and the name under which it is shown."""

    student: str
    shown: str
    lesson: str
    mark: Mark


def write(course: Course, into: str | os.PathLike, pseudonyms: bool = False) -> Path:
    """Write index.html and points.csv below `into`; return the path of the page."""
    into = Path(into)
    into.mkdir(parents=True, exist_ok=True)
    grades = gradebook.grades(course)
    entries = _entries(course, grades, pseudonyms)
    shown = {entry.student: entry.shown for entry in entries}
    for name, text in (("index.html", page(grades, entries)), ("points.csv", None)):
        part = into / f".{name}.part"
        if text is None:
            _csv(part, grades, shown)
        else:
            part.write_text(text, encoding="utf-8")
        part.replace(into / name)
    return into / "index.html"


def _entries(course: Course, grades: list[Grade], pseudonyms: bool) -> list[Entry]:
    """Return an Entry for each executed notebook; one that nbgrader graded has an empty mark."""
    found = []
    for student, lesson in sorted({(g.student, g.lesson) for g in grades}, key=lambda pair: pair[::-1]):
        shown = pseudonym(student, course) if pseudonyms else student
        for mark in marks.read(course, Submission(student, lesson, Path())).values():
            found.append(Entry(student, shown, lesson, mark or Mark("", "", "")))
    return found


def pseudonym(student: str, course: Course) -> str:
    """Return a name that says nothing about the student and stays the same in this course."""
    return "s" + hashlib.blake2s(student.encode(), key=str(course.root).encode()[-32:], digest_size=3).hexdigest()


def _csv(path, grades, shown):
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("lesson", "student", "cell", "points", "max_points", "given_by_a_person", "waits_for_a_person"))
        for g in sorted(grades, key=lambda g: (g.lesson, g.student, g.cell)):
            if g.student in shown:
                out.writerow(
                    (
                        g.lesson,
                        _safe(shown[g.student]),
                        g.cell,
                        f"{g.points:g}",
                        f"{g.max_points:g}",
                        int(g.manual is not None),
                        int(g.waiting),
                    )
                )


def _safe(text):
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def page(grades: list[Grade], entries: list[Entry]) -> str:
    """Return the whole page."""
    lessons = sorted({entry.lesson for entry in entries})
    parts = [_lesson(lesson, [g for g in grades if g.lesson == lesson], [e for e in entries if e.lesson == lesson]) for lesson in lessons]
    body = "".join(parts) or "<p>Nothing has been graded yet.</p>"
    students = len({entry.student for entry in entries})
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Class report</title><style>{STYLE}</style></head><body><main><h1>Class report</h1>"
        f"<p>Students: {students}. Lessons: {len(lessons)}. Submissions: {len(entries)}.</p>{_flags(entries)}{body}</main></body></html>\n"
    )


def _lesson(lesson, grades, entries):
    points, full = _per_student(grades), sum({g.cell: g.max_points for g in grades}.values())
    shown = {entry.student: entry.shown for entry in entries}
    times = [entry.mark.seconds for entry in entries]
    return (
        f"<section><h2>{_e(lesson)}</h2>"
        f"<p>Mean {mean(points.values()) if points else 0:.1f} of {full:g} points; {mean(times) if times else 0:.1f} s per submission, "
        f"the slowest {max(times, default=0):.1f} s.</p>"
        f"{_histogram(list(points.values()), full)}{_students(lesson, entries, grades, shown)}{_hardest(lesson, entries)}</section>"
    )


def _per_student(grades):
    points = Counter()
    for g in grades:
        points[g.student] += g.points
    return points


def _histogram(points, full):
    """Return a histogram of the points as SVG, with the same in words."""
    bins, step = 10, 36
    counts = Counter(min(int(bins * p / full) if full else 0, bins - 1) for p in points)
    top = max(counts.values(), default=1)
    shapes = ""
    for i in range(bins):
        height, x = 120 * counts[i] / top, 14 + i * step
        shapes += f'<rect x="{x + 2}" y="{140 - height:.0f}" width="{step - 4}" height="{height:.0f}" fill="var(--pass)"/>'
        shapes += f'<text x="{x + step // 2}" y="{135 - height:.0f}" text-anchor="middle">{counts[i] or ""}</text>'
    for i in range(0, bins + 1, 2):
        shapes += f'<text x="{14 + i * step}" y="158" text-anchor="middle">{full * i / bins:g}</text>'
    words = (
        f"Histogram of points: {sum(p >= full for p in points)} of {len(points)} with all {full:g} points, "
        f"{sum(p == 0 for p in points)} with none."
    )
    return (
        f'<figure><svg width="400" viewBox="0 0 400 180" role="img" aria-label="{_e(words)}">{shapes}'
        f'<text x="194" y="176" text-anchor="middle">points</text></svg>'
        f'<figcaption class="key">{_e(words)}</figcaption></figure>'
    )


def _students(lesson, entries, grades, shown):
    """Return the table of points per student and exercise."""
    scores = [score for entry in entries for score in entry.mark.scores]
    owner = {score.grade_id: score.exercise or score.grade_id for score in scores}
    exercises = list(dict.fromkeys(owner.values()))
    table, full = Counter(), Counter()
    for g in grades:
        table[g.student, owner.get(g.cell, g.cell)] += g.points
    for cell, most in {g.cell: g.max_points for g in grades}.items():
        full[owner.get(cell, cell)] += most
    head = "".join(f'<th class="n" scope="col">{_e(name)}</th>' for name in exercises)
    refused = any(entry.mark.refusal for entry in entries)
    rows = ""
    for entry in entries:
        cells = "".join(_points(table[entry.student, name], full[name]) for name in exercises)
        total = sum(table[entry.student, name] for name in exercises)
        reason = f"<td>{_e(entry.mark.refusal)}</td>" if refused else ""
        rows += (
            f'<tr><th scope="row">{_e(shown[entry.student])}</th>{cells}<td class="n">{total:g}</td>'
            f'<td class="n">{entry.mark.seconds:.1f}</td>{reason}</tr>'
        )
    reason = '<th scope="col">not graded because</th>' if refused else ""
    return (
        f'<h3>Points</h3><div class="wide" tabindex="0" role="region" aria-label="Points per student and exercise, {_e(lesson)}"><table>'
        f'<thead><tr><th scope="col">student</th>{head}<th class="n" scope="col">total</th><th class="n" scope="col">seconds</th>'
        f"{reason}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _points(points, full):
    return f'<td class="n {"pass" if points >= full else "miss"}">{points:g}/{full:g}</td>'


def _hardest(lesson, entries):
    """Return the tests that most of those who wrote an answer lose points at, with what they are told most often."""
    lost, said, tried = Counter(), {}, Counter()
    for entry in entries:
        for score in () if entry.mark.refusal else entry.mark.scores:
            message = score.message.splitlines()[0] if score.message else ""
            if UNWRITTEN in message:
                continue
            tried[score.grade_id] += 1
            if (score.points or 0) < score.max_points:
                lost[score.grade_id] += 1
                said.setdefault(score.grade_id, Counter())[message] += 1
    if not lost:
        return ""
    rows = "".join(
        f'<tr><td><code>{_e(name)}</code></td><td class="n">{count} of {tried[name]}</td>'
        f'<td>{_e(said[name].most_common(1)[0][0][:200])}</td></tr>'
        for name, count in lost.most_common(8)
    )
    return (
        f'<h3>Hardest tests</h3><p>Answers that were not written are left out.</p>'
        f'<div class="wide" tabindex="0" role="region" aria-label="Hardest tests, {_e(lesson)}"><table>'
        f'<thead><tr><th scope="col">test</th><th class="n" scope="col">lost by</th>'
        f'<th scope="col">most frequent message</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _flags(entries):
    """Return what a person should look at."""
    rows = "".join(
        f"<tr><td>{_e(entry.shown)}</td><td>{_e(entry.lesson)}</td><td><code>{_e(flag.exercise)}</code></td>"
        f"<td>{_e(flag.seen)}{' (points wait)' if flag.holds else ''}</td></tr>"
        for entry in entries
        for flag in entry.mark.flags
    )
    if not rows:
        return "<p>No flags.</p>"
    return (
        f'<h2>For a person to look at</h2><div class="wide" tabindex="0" role="region" aria-label="Flags"><table>'
        f'<thead><tr><th scope="col">student</th>'
        f'<th scope="col">lesson</th><th scope="col">exercise</th><th scope="col">what was seen</th></tr></thead>'
        f'<tbody>{rows}</tbody></table></div>'
    )


def _e(text):
    return html.escape(str(text), quote=True)
