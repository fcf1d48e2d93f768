"""Make .venv with what requirements.lock pins: `python3 lab/install.py`, with any Python 3 and nothing installed.

Only the standard library, and only syntax that an old Python reads: it must live long enough to say what is missing.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST, NEWEST = (3, 11), (3, 13)
TOGETHER, APART, RENEWAL = 12, 8, 4  # GB: .venv and uv's cache on one disk share their files, on two they do not
CUDA = re.compile(r"(nvidia|cuda|triton)\b")
OFFLINE = re.compile(
    r"name resolution|dns error|failed to lookup|connection|connect error|error sending request|timed out", re.I
)


class Missing(Exception):
    """What the machine lacks, in one line, with the remedy."""


def main():
    try:
        install(os.environ.get("TORCH"), *sys.argv[1:])
    except Missing as missing:
        sys.exit(f"set-up: {missing}")


def install(torch=None, *groups):
    """Bring .venv to the lock; at once when it is there already. `groups` are those of pyproject.toml."""
    stamp = read_stamp()
    torch = stamp.get("torch", "") if torch is None else torch  # what was chosen once stays
    if torch not in ("", "cpu", "cuda"):
        raise Missing(f'TORCH was "{torch}". Use TORCH=cpu for a machine without a GPU, or leave it out.')
    wanted = {
        "key": key(),
        "torch": torch.replace("cuda", ""),
        "groups": sorted(set(groups) | set(stamp.get("groups", []))),
    }
    if stamp == wanted and os.path.exists(venv("bin", "python")):
        return
    python = find_python()
    check_disk(RENEWAL if stamp else 0)
    start = time.time()
    say(f"setting up .venv with {python}: a few GB, some minutes the first time")
    make_venv(python, anew=stamp.get("torch", wanted["torch"]) != wanted["torch"])
    install_lock(wanted["torch"], wanted["groups"])
    write_stamp(wanted)
    say(f"ready after {time.time() - start:.0f} s")


def key():
    """Say what .venv was made from, and where: it cannot be moved."""
    made_from = hashlib.sha256(ROOT.encode())
    for name in ("requirements.lock", "pyproject.toml"):
        if os.path.exists(path(name)):  # the students' zip has no pyproject.toml
            with open(path(name), "rb") as file:
                made_from.update(file.read())
    return made_from.hexdigest()


def read_stamp():
    try:
        with open(venv("stamp.json")) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def write_stamp(wanted):
    with open(venv("stamp.json"), "w") as file:
        json.dump(wanted, file)


def find_python():
    """Return a Python that the course runs on: the one that runs this file, else the newest on PATH."""
    here = getattr(sys, "_base_executable", None) or sys.executable  # never .venv's own: it may have to go
    names = [f"python{OLDEST[0]}.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    for python in [here] + names:
        version = python_version(python)
        if version and OLDEST <= version <= NEWEST:
            return shutil.which(python) or python
    raise Missing(
        "the course needs Python 3.11, 3.12 or 3.13, and found {}.{} at {}. Install one of them, "
        "then name it: make lab PYTHON=/path/to/python3.12".format(*python_version(here) + (here,)))


def python_version(python):
    """Return (3, 12) for a Python that starts, None for one that does not."""
    if python == sys.executable:
        return sys.version_info[:2]
    try:
        told = subprocess.check_output(
            [python, "-c", "import sys; print(*sys.version_info[:2])"], stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(int(part) for part in told.split())


def check_disk(renewal):
    """Raise where .venv or uv's cache has too little room."""
    places = {".venv": existing(ROOT), "uv's cache": existing(uv_cache())}
    shared = len({os.stat(place).st_dev for place in places.values()}) == 1
    for name, place in places.items():
        need, free = renewal or (TOGETHER if shared else APART), shutil.disk_usage(place).free / 1e9
        if free < need:
            what = ".venv and uv's cache" if shared else name
            raise Missing(
                f"{what} needs {need} GB in {place}, and {free:.1f} GB are free. Make room, "
                "or point UV_CACHE_DIR to a roomier disk.")


def uv_cache():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("UV_CACHE_DIR") or os.path.join(cache, "uv")


def existing(place):
    """Return the folder itself, or the nearest one above it that exists."""
    while not os.path.exists(place):
        place = os.path.dirname(os.path.abspath(place))
    return place


def make_venv(python, anew):
    """Make .venv; anew also where the old one does not start, was moved or has a Python that does not fit."""
    own = python_version(venv("bin", "python"))
    if not anew and own and OLDEST <= own <= NEWEST and same_place():
        return
    told = subprocess.run([python, "-m", "venv", "--clear", venv()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if told.returncode:
        raise Missing(
            f"{python} cannot make a virtual environment. On Debian and Ubuntu its parts are a package of their own: "
            f"sudo apt install python3-venv. It said: {last_line(told.stdout.decode())}")


def same_place():
    """Whether pip's first line names this .venv: scripts keep the path they were made with."""
    if not os.path.exists(venv("bin", "pip")):
        return False
    with open(venv("bin", "pip"), "rb") as file:
        return venv().encode() in file.read(4096)


def install_lock(torch, groups):
    """Bring .venv to exactly what the lock pins, and add the project itself, without its dependencies."""
    forget_stamp()  # a set-up that stops half-way is taken up again by the next
    python = venv("bin", "python")
    run([python, "-m", "pip", "install", "--quiet", "--retries", "2", "uv"])
    lock, pip, backend = path("requirements.lock"), [venv("bin", "uv"), "pip"], ["--python", python]
    if torch == "cpu":
        with open(lock) as file:
            lines = without_cuda(file)
        lock, backend = venv("requirements-cpu.lock"), backend + ["--torch-backend=cpu"]
        with open(lock, "w") as file:
            file.writelines(lines)
    run(pip + ["sync"] + backend + [lock])
    if os.path.exists(path("pyproject.toml")):
        run(pip + ["install", "--no-deps", "--no-build-isolation", "--quiet", "--python", python, "-e", ROOT])
        add_kernels()
    for group in groups:
        run(pip + ["install"] + backend + ["-c", lock, "--group", group])


def add_kernels():
    """Put the grading kernels where Jupyter looks: an editable install leaves a wheel's data files out."""
    for name in ("warm-python3", "warm-python3-open"):
        os.makedirs(venv("share", "jupyter", "kernels", name), exist_ok=True)
        spec = os.path.join(name, "kernel.json")
        shutil.copy(path("grader", "kernels", spec), venv("share", "jupyter", "kernels", spec))


def without_cuda(lines):
    """Leave out the lines of a lock that only a CUDA build of torch needs."""
    return [line for line in lines if not CUDA.match(line)]


def forget_stamp():
    if os.path.exists(venv("stamp.json")):
        os.remove(venv("stamp.json"))


def run(command):
    """Run one step, its progress shown as it comes; where it fails twice, say in a line what stopped it."""
    if subprocess.call(command, cwd=ROOT):
        again = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if again.returncode:
            raise Missing(reason(again.stderr.decode(errors="replace")))


def reason(said):
    """Say in one line why an installer stopped."""
    if OFFLINE.search(said):
        return ("the package index cannot be reached. Check the network and its proxy settings, then run the same "
                "command again: what is here already is kept.")
    if "No space left" in said:
        return "the disk is full. Make room, or point UV_CACHE_DIR to a roomier disk, then run the same command again."
    return f"the step above stopped: {last_line(said)} Run the same command again, or remove .venv first."


def last_line(said):
    lines = said.strip().splitlines()
    return lines[-1] if lines else "(nothing)"


def say(text):
    print(f"set-up: {text}", flush=True)


def venv(*parts):
    return path(".venv", *parts)


def path(*parts):
    return os.path.join(ROOT, *parts)


if __name__ == "__main__":
    main()
