"""The student's own copies in work/: each exercise is handed out once, then left alone."""

import os
import shutil
import time
from pathlib import Path

from grader.errors import LessonError

ROOT = Path(__file__).resolve().parent.parent


def hand_out(root=ROOT):
    """Copy what is absent from work/ out of exercises/ and return it; what is there already is the student's."""
    copied = []
    for given in sorted((root / "exercises").rglob("*")):
        own = root / "work" / given.relative_to(root / "exercises")
        if given.is_file() and ".ipynb_checkpoints" not in given.parts and not os.path.lexists(own):
            own.parent.mkdir(parents=True, exist_ok=True)
            copy_whole(given, own)
            copied.append(own)
    return copied


def reset(said, root=ROOT):
    """Put a fresh exercise into work/ and return where the old copy now lies: beside it, or None where there was
    none."""
    lesson = named(said, root)
    own, kept = root / "work" / lesson, None
    if os.path.lexists(own):
        kept = beside(own)
        own.rename(kept)
    hand_out(root)
    return kept


def named(said, root=ROOT):
    """Return the exercise that is meant by 03, 3, autograd or 03_autograd; LessonError where none is."""
    known = sorted(folder.name for folder in (root / "exercises").glob("*/"))
    for name in known:
        number, _, topic = name.partition("_")
        if said in (name, topic) or said.isdigit() and said.lstrip("0") == number.lstrip("0"):
            return name
    raise LessonError(f"exercise {said!r}" if said else "no exercise was named",
                      f"expected one of {', '.join(known) or 'none: exercises/ is empty'}",
                      f"Name one of them, such as {known[0].partition('_')[0]}." if known else "Get the course again.")


def beside(own):
    """Return a free name next to the student's folder that says when it was put there."""
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    names = [own.with_name(f"{own.name}.{stamp}")] + [own.with_name(f"{own.name}.{stamp}-{n}") for n in range(2, 100)]
    return next(name for name in names if not os.path.lexists(name))


def copy_whole(given, own):
    """Copy in one step: a name in work/ never stands for half a file, and a file that is there is never replaced."""
    part = own.with_name(f".{own.name}.part")
    shutil.copyfile(given, part)
    try:
        os.link(part, own)  # fails where the name is taken, where rename would replace it
    except FileExistsError:
        pass
    except OSError:  # a disk without hard links
        part.rename(own)
        return
    part.unlink()
