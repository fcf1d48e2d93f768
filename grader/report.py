"""The class in pictures: one HTML page and a CSV file, made from the gradebook and the executed notebooks.

Beside the feedback a page for each student leads to all of it.
"""

import csv
import hashlib
import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader import gradebook, marks, notebooks, overview
from grader.folders import Course, Submission
from grader.gradebook import Grade
from grader.marks import Mark
from grader.overview import Overview
from grader.platforms import safe
from grader.table import number, short

UNWRITTEN = "is not written yet"  # what the notebooks' own `attempt` says of a stub
BINS = 10


@dataclass(frozen=True)
class Entry:
    """One graded notebook of one student: its mark, the name under which it is shown, where its feedback lies."""

    student: str
    shown: str
    lesson: str
    mark: Mark
    feedback: str = ""


def write(course: Course, into: str | os.PathLike, pseudonyms: bool = False) -> Path:
    """Write index.html and points.csv below `into`; return the path of the page."""
    into = Path(into)
    grades = gradebook.grades(course)
    entries = _entries(course, grades, pseudonyms, into)
    shown = {entry.student: entry.shown for entry in entries}
    found = defaultdict(list)
    for entry in entries:
        found[entry.student, entry.lesson].append(entry.mark)
    alias = partial(pseudonym, course=course) if pseudonyms else None
    with notebooks.whole(into / "index.html") as part:
        part.write_text(page(grades, entries, overview.overview(course, found, alias)), encoding="utf-8")
    with notebooks.whole(into / "points.csv") as part:
        _csv(part, [g for g in grades if g.student in shown], shown)
    return into / "index.html"


def hand_back(course: Course) -> list[Path]:
    """Write a page for each student beside their feedback, which leads to all of it; return the pages."""
    made, template = [], _pages().get_template("hand_back.html.jinja")
    mine = defaultdict(list)
    for total in gradebook.totals(course):
        mine[total.student].append(total)
    for student, totals in mine.items():
        folders = {total.lesson: course.folder("feedback", student, total.lesson) for total in totals}
        home = next(iter(folders.values())).parent
        if home.name != student:
            continue  # a course that sorts by lesson first has no folder for a student
        rows = [{"total": total, "pages": sorted(path.name for path in folders[total.lesson].glob("*.html"))}
                for total in totals]
        if any(row["pages"] for row in rows):
            with notebooks.whole(home / "index.html") as part:
                part.write_text(template.render(student=student, name=totals[0].name, rows=rows), encoding="utf-8")
            made.append(home / "index.html")
    return made


def _entries(course: Course, grades: list[Grade], pseudonyms: bool, into: Path) -> list[Entry]:
    """Return an Entry for each executed notebook; one that nbgrader graded has an empty mark."""
    found = []
    for student, lesson in {(g.student, g.lesson) for g in grades}:
        shown = pseudonym(student, course) if pseudonyms else student
        for name, mark in marks.read(course, Submission(student, lesson, Path())).items():
            page = course.folder("feedback", student, lesson) / f"{name}.html"
            there = "" if pseudonyms or not page.exists() else quote(Path(os.path.relpath(page, into)).as_posix())
            found.append(Entry(student, shown, lesson, mark or Mark("", "", ""), there))
    return sorted(found, key=lambda entry: (entry.lesson, entry.shown))


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


def page(grades: list[Grade], entries: list[Entry], table: Overview) -> str:
    """Return the whole page."""
    lessons = sorted({entry.lesson for entry in entries})
    return _pages().get_template("report.html.jinja").render(
        overview=table,
        submissions=len(entries),
        flags=[(entry, flag) for entry in entries for flag in entry.mark.flags],
        lessons=[
            _lesson(name, [g for g in grades if g.lesson == name], [e for e in entries if e.lesson == name])
            for name in lessons
        ],
    )


def _pages() -> Environment:
    """Return what fills our templates: everything is escaped, and a name that is not given stops."""
    pages = Environment(
        loader=PackageLoader("grader", ""), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    pages.tests["waiting"] = marks.waits
    pages.filters |= {"plain": number, "short": short, "anchor": _anchor, "wrapping": _wrapping}
    return pages


def _anchor(text: str) -> str:
    """Return a name for a place in the page; those of students can hold anything."""
    return quote(text, safe="").replace("%", ".")


def _wrapping(name: str) -> Markup:
    """Return a name that may be wrapped after its underscores."""
    return Markup("_<wbr/>").join(name.split("_"))


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
