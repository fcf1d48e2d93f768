"""Open the course in JupyterLab; hand each exercise to the student once, then leave it alone."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from grader.errors import LessonError

ROOT = Path(__file__).resolve().parent.parent
START = "course/00_start_here.ipynb"
KERNEL = Path(__file__).parent / "kernels" / "start.py"


def start(role, options=(), root=ROOT):
    """Become JupyterLab on the start page, with the settings of the role: student or instructor."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{START}"]
    os.chdir(root)  # nbgrader looks for nbgrader_config.py here
    variables = environment(role, root)
    if "GRADER_OWNER" in variables:
        subprocess.run([sys.executable, KERNEL], env=variables)  # the frameworks are imported while JupyterLab starts
    sys.stdout.flush()
    os.execve(sys.executable, command + list(options), variables)


def environment(role, root=ROOT):
    """Return the variables for JupyterLab: .venv first on PATH (nbgrader starts alembic by name), the role's settings."""
    settings = [str(root / "settings" / role), os.environ.get("JUPYTER_CONFIG_PATH")]
    path = [str(Path(sys.executable).parent), os.environ.get("PATH")]
    variables = {**os.environ, "PATH": os.pathsep.join(filter(None, path)),
                 "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings))}
    if role == "student" and sys.platform == "linux":
        variables |= _fast_start(root)
    return variables


def _fast_start(root):
    """Let the kernel `python3` be the one of settings/student, whose frameworks stay imported as long as JupyterLab runs."""
    data = [str(root / "settings" / "student"), os.environ.get("JUPYTER_PATH")]
    # what lessons set before they import TensorFlow, and here must be set earlier
    tensorflow = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    return {"JUPYTER_PATH": os.pathsep.join(filter(None, data)), "GRADER_OWNER": str(os.getpid()), "GRADER_IDLE": "3600", **tensorflow}


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


def reset(lesson, root=ROOT):
    """Put a fresh exercise into work/ and return where the old copy now lies: beside it, or None where there was none."""
    known = sorted(folder.name for folder in (root / "exercises").glob("*/"))
    if lesson not in known:
        raise LessonError(f"EXERCISE={lesson}", f"expected one of {', '.join(known) or 'none: exercises/ is empty'}",
                          "Try make reset EXERCISE=" + (known[0] if known else "NAME"))
    own, kept = root / "work" / lesson, None
    if os.path.lexists(own):
        kept = beside(own)
        own.rename(kept)
    hand_out(root)
    return kept


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
