"""The class in pictures: one HTML page and a CSV file, made from the gradebook and the executed notebooks."""

import csv
import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from jinja2 import Environment, PackageLoader, StrictUndefined

from grader import gradebook, marks, notebooks
from grader.folders import Course, Submission
from grader.gradebook import Grade
from grader.marks import Mark
from grader.platforms import safe

UNWRITTEN = "is not written yet"  # what the notebooks' own `attempt` says of a stub
BINS = 10


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
    grades = gradebook.grades(course)
    entries = _entries(course, grades, pseudonyms)
    shown = {entry.student: entry.shown for entry in entries}
    with notebooks.whole(into / "index.html") as part:
        part.write_text(page(grades, entries), encoding="utf-8")
    with notebooks.whole(into / "points.csv") as part:
        _csv(part, [g for g in grades if g.student in shown], shown)
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
            points = f"{g.points:g}", f"{g.max_points:g}", int(g.manual is not None), int(g.waiting)
            out.writerow((g.lesson, safe(shown[g.student]), g.cell, *points))


def page(grades: list[Grade], entries: list[Entry]) -> str:
    """Return the whole page."""
    pages = Environment(
        loader=PackageLoader("grader", ""), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    pages.tests["waiting"] = marks.waits
    pages.filters["plain"] = "{:g}".format
    lessons = sorted({entry.lesson for entry in entries})
    return pages.get_template("report.html.jinja").render(
        students=len({entry.student for entry in entries}),
        submissions=len(entries),
        flags=[(entry, flag) for entry in entries for flag in entry.mark.flags],
        lessons=[
            _lesson(name, [g for g in grades if g.lesson == name], [e for e in entries if e.lesson == name])
            for name in lessons
        ],
    )


def _lesson(name: str, grades: list[Grade], entries: list[Entry]) -> dict:
    """Return what the page says of a lesson."""
    points, full = _per_student(grades), sum({g.cell: g.max_points for g in grades}.values())
    times = [entry.mark.seconds for entry in entries]
    counts = Counter(min(int(BINS * p / full) if full else 0, BINS - 1) for p in points.values())
    return {
        "name": name,
        "full": full,
        "bins": [counts[i] for i in range(BINS)],
        "mean": mean(points.values()) if points else 0,
        "seconds": mean(times) if times else 0,
        "slowest": max(times, default=0),
        "words": f"Histogram of points: {sum(p >= full for p in points.values())} of {len(points)} with all {full:g} "
        f"points, {sum(p == 0 for p in points.values())} with none.",
        "refused": any(entry.mark.refusal for entry in entries),
        "hardest": _hardest(entries),
    } | _students(entries, grades)


def _per_student(grades):
    points = Counter()
    for g in grades:
        points[g.student] += g.points
    return points


def _students(entries, grades):
    """Return the exercises, and a row of points for each student."""
    scores = [score for entry in entries for score in entry.mark.scores]
    owner = {score.grade_id: score.exercise or score.grade_id for score in scores}
    exercises = list(dict.fromkeys(owner.values()))
    table, full = Counter(), Counter()
    for g in grades:
        table[g.student, owner.get(g.cell, g.cell)] += g.points
    for cell, most in {g.cell: g.max_points for g in grades}.items():
        full[owner.get(cell, cell)] += most
    rows = [{"entry": entry, "points": [(table[entry.student, name], full[name]) for name in exercises],
             "total": sum(table[entry.student, name] for name in exercises)} for entry in entries]
    return {"exercises": exercises, "rows": rows}


def _hardest(entries):
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
    return [{"name": name, "lost": count, "tried": tried[name], "said": said[name].most_common(1)[0][0]}
            for name, count in lost.most_common(8)]
