"""Grade a sample class from end to end in a folder of its own: hand out, submit, grade, feedback, table, CSV, report.

The class is made of each lesson's answers.py, so it makes the mistakes that the tests were written for.
"""

import shutil
import time
from pathlib import Path

from grader import answers, classroom, convert, export, folders, notebooks, report, roster, sheets
from grader.classroom import Options

CONFIG = "nbgrader_config.py"
ROSTER = """id,first_name,last_name,email
ada,Ada,Alvarez,ada@example.org
bo,Bo,Berg,bo@example.org
chen,Chen,Castillo,chen@example.org
dina,Dina,Demir,dina@example.org
emil,Emil,Eriksson,emil@example.org
fay,Fay,Fischer,fay@example.org
"""
# student -> which answer to the i-th exercise: right answers and the solution get full points, wrong ones lose some
CLASS = {
    "ada": lambda i, solution, right, wrong: solution,
    "bo": lambda i, solution, right, wrong: None,
    "chen": lambda i, solution, right, wrong: right[i % len(right)] if right else solution,
    "dina": lambda i, solution, right, wrong: wrong[i % len(wrong)] if wrong and i % 3 == 1 else solution,
    "emil": lambda i, solution, right, wrong: (
        wrong[(i + 1) % len(wrong)] if wrong and i % 2 == 0 else (right or [solution])[-1]
    ),
    "fay": lambda i, solution, right, wrong: (
        None if i % 3 == 2 else wrong[(i + 2) % len(wrong)] if wrong and i % 3 == 1 else solution
    ),
}


def run(names=(), root=notebooks.ROOT, into=None, **options):
    """Play the whole cycle in `into` (build/demo by default); return (course, Outcome)."""
    into = into or root / "build" / "demo"
    lessons = notebooks.lessons(names, root)
    for lesson in lessons:
        sheets.read(lesson)  # a solution that is not right stops here, before anything is made
    course = found(root, into, lessons)
    (into / "roster.csv").write_text(ROSTER, encoding="utf-8")
    roster.enrol(course, into / "roster.csv")
    for lesson in lessons:
        convert.release(course, lesson.name)
        hand_in(course, lesson)
    outcome = classroom.grade(course, Options([lesson.name for lesson in lessons], **options))
    for lesson in lessons:
        convert.feedback(course, lesson.name)
    export.csv(course, into / "grades.csv")
    report.hand_back(course)
    report.write(course, into / "report")
    return course, outcome


def found(root, into, lessons):
    """Make a course folder with its own configuration and a copy of the solutions; return the Course."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    shutil.copyfile(root / CONFIG, into / CONFIG)
    for lesson in lessons:
        shutil.copytree(
            lesson.solution.parent, into / "solutions" / lesson.name, ignore=shutil.ignore_patterns(".*", "__pycache__")
        )
    return folders.open_course(into)


def hand_in(course, lesson, students=CLASS):
    """Write each student's notebook into the submitted folder, filled in from the lesson's answers."""
    sheet = sheets.read(lesson)
    known = answers.read(sheet) if lesson.answers.exists() else []
    released = notebooks.read(course.folder("release", lesson=lesson.name) / f"{lesson.name}.ipynb")
    for student, choose in students.items():
        filled = {}
        for i, exercise in enumerate(sheet.exercises):
            right, wrong = (
                [a.source for a in known if a.exercise == exercise.name and a.verdict == v] for v in ("right", "wrong")
            )
            filled[exercise.name] = choose(i, exercise.solution.source, right, wrong)
        target = course.folder("submitted", student, lesson.name)
        notebooks.write(
            answers.fill(released, {name: source for name, source in filled.items() if source is not None}),
            target / f"{lesson.name}.ipynb",
        )
        (target / "timestamp.txt").write_text(time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()), encoding="utf-8")


def paths(course):
    """Return what a run has made, for the closing lines."""
    return [Path(course.root / name) for name in ("report/index.html", "grades.csv")] + [
        course.folder("feedback", "x").parent
    ]
