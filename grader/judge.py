"""From an executed notebook to points and evidence; pure: reads no file, runs nothing."""

import ast
import re
from dataclasses import dataclass

from grader import notebooks
from grader.assemble import is_test

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"(?:Cell )?In\[\d+\](?:, line |:)(\d+)")
HIDDEN_MARK = "### BEGIN HIDDEN TESTS"
REACH = {
    "sys": {"_getframe", "settrace", "setprofile", "excepthook", "modules", "_current_frames"},
    "inspect": None,
    "ctypes": None,
    "gc": None,
    "socket": None,
    "subprocess": None,
    "signal": None,
    "urllib": None,
    "requests": None,
    "mmap": None,
    "_thread": None,
    "multiprocessing": None,
    "builtins": None,
    "IPython": None,
    "ipykernel": None,
    "zmq": None,
    "importlib": {"reload"},
    "unittest": None,
    **dict.fromkeys("threading asyncio concurrent traceback linecache dis code bdb pdb weakref atexit marshal".split()),
    **dict.fromkeys("sqlite3 http ftplib smtplib select selectors psutil tornado jupyter_client".split()),
    "os": {"fork", "system", "popen", "_exit", "kill", "environ", "execv", "execve", "spawnl"},
}
NAMES = set("get_ipython __builtins__ __import__ _ih _oh _i _ii _iii In globals locals exec eval compile".split())
METHODS = {"__torch_function__", "__torch_dispatch__", "__instancecheck__", "__eq__", "__ne__", "__class__", "__del__"}
ATTRIBUTES = {
    "__globals__",
    "__code__",
    "f_back",
    "f_globals",
    "f_locals",
    "tb_frame",
    "gi_frame",
    "__subclasses__",
    "__closure__",
    "_dispatch",
    "__torch_function__",
    "__torch_dispatch__",
    "__instancecheck__",
    "__kwdefaults__",
    "__defaults__",
    "_getframe",
    "_current_frames",
    "settrace",
    "setprofile",
    "pub_thread",
    "f_code",
}
WORDS = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(ATTRIBUTES | METHODS))})(?!\w)")  # in a text: a format string reads attributes too
MAGIC = re.compile(r"^([ \t]*)(%{1,2}\w+|!)(.*)$", re.MULTILINE)
MAGICS = {"matplotlib", "time", "timeit", "config", "precision", "autoreload", "load_ext", "reset"}
SHARED = {"torch", "numpy", "np", "math", "random", "tf"}  # imported before any answer
PLACES = re.compile(r"/proc/|gradebook\.db|/submitted/|/autograded/|/solutions/|answers\.py")


@dataclass(frozen=True)
class CellScore:
    """The points of one graded cell; None where a person has to give them. `message` is what its student reads."""

    grade_id: str
    points: float | None
    max_points: float
    message: str = ""
    exercise: str = ""
    hidden: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Flag:
    """Something for a person to look at, with what was seen; `holds` where the points wait for that."""

    exercise: str
    seen: str
    holds: bool = False


@dataclass(frozen=True)
class Verdict:
    """All that one run says about one submitted notebook."""

    scores: tuple
    comments: dict  # grade_id of a solution cell -> text
    flags: tuple = ()
    notes: tuple = ()
    refusal: str = ""
    seconds: float = 0.0

    @property
    def points(self):
        return sum(score.points or 0 for score in self.scores)

    @property
    def max_points(self):
        return sum(score.max_points for score in self.scores)


def judge(run, assembled, intake, untouched, canaries=()):
    """Return the Verdict on an executed notebook; `untouched` is the notebook as handed out, `canaries` what should have been tried."""
    cells = dict(enumerate(run.notebook.cells))
    scores = [_score(i, cell, assembled.exercises[i], run, untouched) for i, cell in cells.items() if notebooks.graded(cell).get("grade")]
    flags = _flags(run, assembled, intake, scores, canaries)
    held = {flag.exercise for flag in flags if flag.holds}
    silent = {name for name in held if _unanswered(name, intake, untouched)}
    scores = [_hold(score, score.exercise in silent) if score.exercise in held and score.points else score for score in scores]
    comments = {name: _comment(name, scores, run, assembled, intake, untouched, flags) for name in _solutions(run.notebook)}
    return Verdict(tuple(scores), comments, tuple(flags), intake.notes, intake.refusal, run.seconds)


def refuse(assembled, intake):
    """Return the Verdict on a submission that was not run: no points, and the reason on every exercise."""
    tests = [cell for cell in assembled.notebook.cells if notebooks.graded(cell).get("grade")]
    scores = tuple(
        CellScore(cell.metadata.nbgrader["grade_id"], 0.0, float(cell.metadata.nbgrader["points"]), intake.refusal) for cell in tests
    )
    text = f"This submission could not be graded: {intake.refusal}."
    return Verdict(scores, dict.fromkeys(_solutions(assembled.notebook), text), (), intake.notes, intake.refusal)


def _solutions(notebook):
    return [info["grade_id"] for info in map(notebooks.graded, notebook.cells) if info.get("solution") or info.get("task")]


def _score(index, cell, exercise, run, untouched):
    """Return the score of one graded cell: what the parent saw decides; stderr never does."""
    info = notebooks.graded(cell)
    name, full = info["grade_id"], float(info["points"])
    if not is_test(cell):  # a written answer: a person reads it, unless nothing was written
        empty = any(
            notebooks.graded(given).get("grade_id") == name and given.source.strip() == cell.source.strip() for given in untouched.cells
        )
        return CellScore(name, 0.0 if empty and not info.get("task") else None, full, "", exercise)
    seen = run.cells.get(index)
    if seen is None:
        return CellScore(name, 0.0, full, "this test was not run", exercise)
    if seen.status == "passed":
        return CellScore(name, _partial(cell, full), full, "", exercise, seconds=seen.seconds)
    hidden = seen.status == "failed" and _in_hidden(cell)
    message = seen.message if seen.error == "AssertionError" and seen.message else f"{seen.error}: {seen.message}".rstrip(": ")
    return CellScore(name, 0.0, full, f"{'hidden test: ' if hidden else ''}{ANSI.sub('', message)[:1000]}", exercise, hidden, seen.seconds)


def _partial(cell, full):
    """Return the points of a test that ran through: all, or the number that its last expression gives (nbgrader's partial credit)."""
    for output in reversed(cell.outputs):  # the last: what an answer shows while it is called comes before
        if output.output_type == "execute_result":
            try:
                points = float(output.data.get("text/plain", ""))
            except (TypeError, ValueError):
                return full
            return min(max(points, 0.0), full) if points == points else 0.0  # nan is no number of points
    return full


def _in_hidden(cell):
    """Return whether the failing line of a test cell stands in its hidden region."""
    if HIDDEN_MARK not in cell.source:
        return False
    begin = next(n for n, line in enumerate(cell.source.splitlines(), 1) if HIDDEN_MARK in line)
    trace = "\n".join("\n".join(output.traceback) for output in cell.outputs if output.output_type == "error")
    lines = [int(number) for number in FRAME.findall(ANSI.sub("", trace))]
    return not lines or lines[0] > begin


def _hold(score, silent):
    """Return the score without its points: none where nothing was answered, else waiting for a person."""
    points, message = (0.0, "passed without an answer") if silent else (None, "held back until a person has looked at it")
    return CellScore(score.grade_id, points, score.max_points, message, score.exercise, score.hidden, score.seconds)


def _unanswered(name, intake, untouched):
    """Return whether this exercise's answer is what was handed out, or missing."""
    given = next((cell.source for cell in untouched.cells if notebooks.graded(cell).get("grade_id") == name), "")
    return intake.sources.get(name, given).strip() == given.strip()


def _flags(run, assembled, intake, scores, canaries):
    """Return what a person should look at: canaries that passed, replaced machinery, unusual reach in the source."""
    scored = {score.exercise for score in scores if score.points}
    through = {seen.canary.exercise for seen in run.canaries if seen.passed}
    died = {seen.canary.exercise for seen in run.canaries if seen.died}
    missing = {canary.exercise for canary in canaries} - {seen.canary.exercise for seen in run.canaries}
    flags = [
        Flag(name, "an answer that must fail passes its tests after this submission has run", True) for name in sorted(through & scored)
    ]
    flags += [
        Flag(name, "its tests could not be checked with a wrong answer afterwards")
        for name in sorted(((died | missing) & scored) - through)
    ]
    flags += [Flag(name, what) for name, what in dict.fromkeys(run.changed)]
    texts = list(intake.sources.items()) + [
        (name, cell.source)
        for name, cell in zip(assembled.exercises, assembled.notebook.cells, strict=True)
        if cell.cell_type == "code" and cell.metadata.get("grader", {}).get("before")
    ]
    flags += [Flag(name, f"its source uses {what}") for name, source in texts for what in sorted(reach(source))]
    return list(dict.fromkeys(flags))


def reach(source):
    """Return what a source text reaches for that an exercise has no need of."""
    try:
        return _reach(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    magics = {m[2] for m in MAGIC.finditer(source) if m[2].lstrip("%") not in MAGICS}
    try:
        return magics | _reach(ast.parse(MAGIC.sub(lambda m: m[1] + (m[3].strip() if "time" in m[2] else "") or "pass", source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # what only the shell can read
        return magics | {*PLACES.findall(source), *WORDS.findall(source), *(NAMES & set(re.findall(r"\w+", source)))}


def _reach(tree):
    found = set()
    alias = {a.asname: a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names if a.asname}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if _far(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module:
            wanted = REACH.get(node.module.split(".")[0], ())
            found |= {f"{node.module}.{alias.name}" for alias in node.names if wanted is None or alias.name in wanted}
        elif isinstance(node, ast.Attribute):
            owner = getattr(node.value, "attr", getattr(node.value, "id", ""))
            wanted = REACH.get(alias.get(owner, owner), ())
            if node.attr in ATTRIBUTES or (wanted and node.attr in wanted) or (owner and node.attr != "signal" and _far(node.attr)):
                found.add(f"{owner}.{node.attr}".lstrip("."))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "setattr", "vars"):
            if node.func.id != "vars" and len(node.args) > 1 and not isinstance(node.args[1], ast.Constant | ast.Name):
                found.add(f"{node.func.id} with a name that is put together")
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "type" and len(node.args) == 3:
            found.add("a class made by type()")
        elif isinstance(node, ast.FunctionDef) and node.name in METHODS:
            found.add(node.name)
        elif isinstance(node, ast.Name) and node.id in (METHODS if isinstance(node.ctx, ast.Store) else NAMES):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and PLACES.search(node.value):
            found.add(repr(PLACES.search(node.value).group()))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(WORDS.findall(node.value))
    return found | _put_into_modules(tree)


def _put_into_modules(tree):
    """Return where a source changes what a module holds, or hands on a module that opens all others."""
    nodes = list(ast.walk(tree))
    modules = SHARED | {(a.asname or a.name).split(".")[0] for n in nodes if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}
    plain = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    found = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and _root(node) in modules:
            found |= {f"{ast.unparse(node)}, set to something else"} if "backends" not in ast.unparse(node) else set()
        elif isinstance(node, ast.Attribute) and node.attr == "__dict__" and _root(node) in modules:
            found.add(ast.unparse(node))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("setattr", "delattr", "vars"):
            if not node.args or _root(node.args[0]) in modules:
                found.add(ast.unparse(node)[:80])
        elif isinstance(node, ast.Global):
            found |= {f"global {name}" for name in node.names if name.startswith("_") or name == "attempt"}
        elif isinstance(node, ast.Name) and node.id in ("sys", "os", "importlib") and id(node) not in plain:
            found.add(f"{node.id} under another name")
    return found


def _root(node):
    """Return the name that a chain of attributes starts from, or ""."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return getattr(node, "id", "")


def _far(module):
    """Return whether a module as a whole lies beyond what an exercise needs."""
    return REACH.get(module.split(".")[0], ()) is None


def _comment(name, scores, run, assembled, intake, untouched, flags):
    """Return the comment on one answer, as its student reads it in the feedback; "" where there is nothing to say."""
    mine = [score for score in scores if score.exercise == name]
    if _unanswered(name, intake, untouched) and not any(flag.exercise == name for flag in flags):
        return "No response."
    tests = [score for score in mine if score.points is not None]
    lines = [f"{sum(s.points for s in tests):g} of {sum(s.max_points for s in mine):g} points."] if mine else []
    lines += [f"- {s.grade_id}: {s.message}" for s in mine if s.message]
    broken = _stopped(name, run, assembled)
    if broken:
        lines.append(f"- the answer itself stopped with {broken}")
    lines += [f"- for a person to look at: {flag.seen}" for flag in flags if flag.exercise == name]
    return "\n".join(lines[:1] + [""] + lines[1:] if len(lines) > 1 else lines)


def _stopped(name, run, assembled):
    """Return the error that the answer's own cell stopped with, or ""."""
    for index, seen in run.cells.items():
        info = notebooks.graded(run.notebook.cells[index])
        if assembled.exercises[index] == name and info.get("solution") and seen.status not in ("passed", "skipped"):
            return f"{seen.error}: {ANSI.sub('', seen.message)[:300]}"
    return ""
