"""Make the students' zip, and prove first that it tells no answer."""

import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from grader import notebooks
from grader.errors import ExerciseError
from grader.notebooks import HIDDEN, ROOT, SOLUTION
from lab import exercises

NAME = "pytorch-for-tensorflow-users"
WHOLE = ("LICENSE", "environment.yml", "requirements.lock", ".gitignore", "docs/loss_curves.svg")
FOLDERS = ("course", "exercises", "settings/student")
PROGRAMS = (  # what `make lab` and `make reset` need
    *(f"grader/{name}" for name in ("__init__", "__main__", "cli", "errors")),
    *(f"grader/kernels/{name}" for name in ("__init__", "address", "start")),
    *(
        f"grader/kernels/{name}"
        for name in "zygote guard kernel landlock learn limits machine outer seccomp walls".split()
    ),
    *(f"lab/{name}" for name in ("__init__", "commands", "install", "progress", "server", "submit", "work", "written")),
)
INSTRUCTORS = "# ---- instructors"  # the Makefile below this line stays at home, as do these sections of the README
SECTIONS = (
    "## Two commands",
    "## For instructors",
    "## Grade your own",
    "## For maintainers",
    "## What the grading promises",
)


def release(root=ROOT):
    """Write dist/NAME.zip and return its path; ExerciseError where it would tell an answer or is out of date."""
    lessons = notebooks.lessons(root=root)
    hold_up_to_date(lessons)
    members = collect(root)
    for told in tells(members, lessons):
        raise ExerciseError(*told)
    return pack(members, root / "dist" / f"{NAME}.zip")


def hold_up_to_date(lessons):
    """Raise where exercises/ is not what solutions/ would make today."""
    with TemporaryDirectory() as folder:
        for lesson, fresh in zip(lessons, exercises.generate(lessons, into=Path(folder))):
            if not lesson.exercise.exists() or lesson.exercise.read_bytes() != fresh.read_bytes():
                where = lesson.exercise.relative_to(lesson.root)
                raise ExerciseError(
                    where, "expected what solutions/ makes today, got another text", "Run make exercises"
                )


def collect(root):
    """Return the zip's files, name -> bytes."""
    files = [root / name for name in WHOLE] + [root / f"{name}.py" for name in PROGRAMS]
    for folder in FOLDERS:
        files += [path for path in (root / folder).rglob("*") if path.is_file() and keep(path.relative_to(root))]
    members = {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
    members["README.md"] = students_readme((root / "README.md").read_text(encoding="utf-8")).encode()
    members["Makefile"] = (root / "Makefile").read_bytes().partition(INSTRUCTORS.encode())[0].rstrip() + b"\n"
    return dict(sorted(members.items()))


def keep(path):
    """Leave out what running notebooks leaves behind."""
    return not any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def students_readme(text):
    """Return the README without the sections for those who have the repository."""
    parts = re.split(r"(?m)^(?=## )", text)
    return "".join(part for part in parts if not part.startswith(SECTIONS))


def tells(members, lessons):
    """Yield (where, problem, remedy) for each file that tells an answer or a hidden test."""
    for name, content in members.items():
        text = content.decode("utf-8", errors="replace")
        if name.endswith("answers.py") or name.startswith("solutions/"):
            yield name, "expected no answers in the students' zip, got this file", "Move it to solutions/"
        if name.startswith(("course/", "exercises/")):
            for mark in re.findall("BEGIN SOLUTION|BEGIN HIDDEN TESTS", text):
                yield name, f'expected no "{mark}" in the students\' zip', "Run make exercises"
        for lesson in lessons:
            for line in secrets(name, readable(name, text), lesson):
                yield name, f"it tells a line of {lesson.solution.relative_to(lesson.root)}: {line}", "Take it out"


def readable(name, text):
    """Return a notebook's sources as they read, any other file as it is."""
    if not name.endswith(".ipynb"):
        return text
    return "\n".join(cell.source for cell in notebooks.nbformat.reads(text, as_version=4).cells)


def secrets(name, text, lesson):
    """Return what `text` tells: single lines of the answers; whole answers where the course teaches or hints at the
    same lines."""
    of_another = name.startswith("exercises/") and not name.startswith(f"exercises/{lesson.name}/")
    if not (of_another or name.startswith(("course/", "docs/"))):
        return exercises.leaks(lesson, text)
    flat, told = squeeze(text), []
    for cell in notebooks.read(lesson.solution).cells:
        for region in SOLUTION.findall(cell.source) + HIDDEN.findall(cell.source):
            if len(region.strip().splitlines()) >= 3 and squeeze(region) in flat:
                told.append(region.strip().splitlines()[0])
    return told


def squeeze(text):
    """Return the text without white space, so that indentation hides nothing."""
    return "".join(text.split())


def pack(members, path):
    """Write the zip in one step; the same files make the same bytes."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(f"{NAME}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    part.replace(path)
    return path
