"""Would a lesson's asserts notice a false claim? Corrupt the cells that show something, one small fault at a time.

A cell that proves a concept must fail, in an assert of its own or of the next code cell, under at least one corruption;
the PyTorch cell of a twin under one that the comparing cell notices. A notebook run costs seconds and there are
thousands of corruptions, so each lesson runs once, in one process, which forks at the cells in question.

TensorFlow and torch are held to one thread each: a fork of a process with a pool of threads waits for ever for them.
Functions traced by tf.function use a pool all the same, so the forks run them eagerly.
"""

import ast
import contextlib
import json
import linecache
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from itertools import count, islice, pairwise
from pathlib import Path

from grader import lessons, notebooks
from grader.errors import MachineError
from grader.findings import Finding, Gate
from grader.trials import limit_memory

SINGLE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "MPLBACKEND": "agg", "CUDA_VISIBLE_DEVICES": "",
}
MOST = 40  # corruptions tried per cell; a cell whose first 40 go unnoticed proves nothing
LEAST_SECONDS, TIMES_REFERENCE, LONGEST = 2.0, 10, 300


@dataclass(frozen=True)
class Claim:
    """What cell `cell` shows, and whether an assert noticed a corruption of it; `problem` where that could not be tried."""

    lesson: str
    name: str  # concept:<id> or twin:<name>
    cell: str
    noticed: bool
    tried: int
    corruption: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Target:
    """A cell to corrupt and the next ones to run: positions in the lesson."""

    name: str
    position: int
    then: tuple
    bare: bool  # without the cell's own asserts, so that only the cells after it can notice


def gate(sources, workers=None):
    """Return the Gate over all lessons; its numbers count the concepts that are shown, proof `run` only where an assert noticed."""
    lessons_only = [source for source in sources if source.number]
    claims = prove([source.folder / f"{source.name}.ipynb" for source in lessons_only],
                   lessons_only[0].folder / "concepts.csv", workers) if lessons_only else []
    numbers = {source.name: {"concepts_shown": shown(source, claims)} for source in lessons_only}
    tried = [claim for claim in claims if not claim.problem]
    figure = f"{sum(claim.noticed for claim in tried)} of {len(tried)} claims defended, {sum(claim.tried for claim in tried)} corruptions"
    return Gate("claims", figure, tuple(findings(claims)), numbers)


def shown(source, claims):
    """Count the rows that a cell carries and, where they promise a run, an assert defends."""
    defended = {claim.name for claim in claims if claim.lesson == source.name and claim.noticed}
    carried = {f"concept:{name}" for name in lessons.families(source, "concept:")}
    return sum(f"concept:{row.id}" in (defended if row.proof == "run" else carried) for row in source.rows)


def prove(paths, concepts, workers=None):
    """Return the claims of the lessons at `paths`, tried in a process of its own that imports the frameworks once."""
    request = json.dumps([[str(path) for path in paths], str(concepts), workers or os.cpu_count() or 1])
    command = [sys.executable, "-m", "grader.claims", request]
    done = subprocess.run(command, cwd=notebooks.ROOT, env=os.environ | SINGLE_THREAD, capture_output=True, text=True)
    if done.returncode:
        raise MachineError("grader.claims", f"expected the lessons' claims, got exit code {done.returncode}",
                           done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "")
    return [Claim(**fields) for fields in json.loads(done.stdout)]


def findings(claims):
    """Return a finding for each claim that no assert defends."""
    defended = {(claim.lesson, claim.name) for claim in claims if claim.noticed}
    for claim in claims:
        where = f'course/{claim.lesson}.ipynb, cell "{claim.cell}"'
        if claim.problem:
            yield Finding(where, "a run without errors", claim.problem, "Mend the cell.")
        elif (claim.lesson, claim.name) not in defended:
            came = f"none in {claim.tried} corruptions" if claim.tried else "no statement but asserts"
            yield Finding(where, f"an assert that fails where {claim.name} is false", came,
                                "Compute the value in the cell and assert it.")


# --- in the process that forks ------------------------------------------------------------------


def main(request):
    """Import once, run each lesson in a fork, print the claims as JSON."""
    paths, concepts, workers = json.loads(request)
    preload()
    rows = lessons.concept_rows(concepts)
    sources = [lessons.read(Path(path), rows) for path in paths]
    print(json.dumps([asdict(claim) for claim in run(sources, workers)]))


def preload():
    """Import what lessons use; no operation may run here."""
    # tensorflow after torch: the other way round the two copies of LLVM abort the process
    for name in ("matplotlib.pyplot", "torch.func", "torchvision", "tensorflow"):
        import_module(name)
    for _ in range(100):  # threads that only live during an import
        if not os.path.isdir("/proc/self/task") or len(os.listdir("/proc/self/task")) == 1:
            return
        time.sleep(0.05)
    raise MachineError("grader.claims", f"expected one thread before forking, found {len(os.listdir('/proc/self/task'))}")


def run(sources, workers):
    """Return the claims of all lessons, `workers` lessons at once, each with and once without TensorFlow."""
    waiting = [(source, without) for source in sources if source.number for without in (False, True)]
    running, claims = {}, []
    while waiting or running:
        while waiting and len(running) < workers:
            source, without = waiting.pop(0)
            file = tempfile.TemporaryFile("w+")
            running[fork(partial(lesson_run, source, without, file))] = (source, file)
        pid, status = os.wait()
        source, file = running.pop(pid)
        file.seek(0)
        lines = [Claim(**json.loads(line)) for line in file]
        claims += lines
        if status and not any(claim.problem for claim in lines):
            claims.append(Claim(source.name, "run", "?", False, 0, problem=f"the process ended with status {status}"))
    return sorted(claims, key=lambda claim: claim.lesson)


def fork(work):
    """Return the pid of a process that does `work` and ends."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        status = work() or 0
    finally:
        os._exit(status)


def lesson_run(source, without, file):
    """Run the lesson's code cells in order; at each target, first its corruptions, each in a fork."""
    signal.alarm(2 * LONGEST)
    with lesson_folder(source.folder):
        namespace = fresh_namespace()
        targets = {} if without else find_targets(source)
        for position, cell in enumerate(source.cells):
            if cell.cell_type != "code" or without and "tensorflow" in notebooks.tags(cell):
                continue
            for target in targets.get(position, ()):
                claim = try_target(source, target, namespace)
                print(json.dumps(asdict(claim)), file=file, flush=True)
            if problem := execute(cell, namespace):
                name = "run without TensorFlow" if without else "run"
                claim = Claim(source.name, name, cell.id, False, 0, problem=f"{name}: {problem}")
                print(json.dumps(asdict(claim)), file=file, flush=True)
                return 1
            if "parameters" in notebooks.tags(cell):
                namespace["fast"] = True


@contextlib.contextmanager
def lesson_folder(beside):
    """Work in a copy of what lies beside the lesson: a corrupted cell may write anywhere below it."""
    with tempfile.TemporaryDirectory(prefix="lesson-") as folder:
        work = os.path.join(folder, "course")
        shutil.copytree(beside, work, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
        os.chdir(work)
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # autograph writes files that a killed fork cannot remove
        sys.path.insert(0, work)
        for number in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        sys.stdout = sys.stderr = open(os.devnull, "w")
        yield
        os.chdir("/")


def fresh_namespace():
    """Return what a notebook's first cell finds."""
    import torch
    from IPython.display import display

    torch.set_num_threads(1)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.display = display
    return module.__dict__


def find_targets(source):
    """Return {position: targets} for the rows with proof `run` and the twins."""
    found = {}
    codes = [i for i, cell in enumerate(source.cells) if cell.cell_type == "code"]
    following = dict(pairwise(codes))
    places = lessons.families(source, "concept:")
    for row in source.rows:
        for position in places.get(row.id, []) if row.proof == "run" else []:
            if position in codes:
                then = (following[position],) if position in following else ()
                found.setdefault(position, []).append(Target(f"concept:{row.id}", position, then, False))
    for name, cells in lessons.families(source, "twin:").items():
        if len(cells) == 3 and set(cells) <= set(codes):
            found.setdefault(cells[1], []).append(Target(f"twin:{name}", cells[1], (cells[2],), True))
    return found


def try_target(source, target, namespace):
    """Corrupt the target's cell until an assert notices, at most MOST times; each try in a fork."""
    cell = source.cells[target.position]
    code = strip_asserts(cell.source) if target.bare else cell.source
    then = [source.cells[position] for position in target.then]
    began = time.monotonic()
    outcome = attempt(code, cell, then, namespace, LONGEST)
    if outcome != "passed":
        return Claim(source.name, target.name, cell.id, False, 0, problem=f"{outcome} in a fork of the cell as written")
    seconds = max(LEAST_SECONDS, TIMES_REFERENCE * (time.monotonic() - began))
    tried = 0
    for tried, (line, corrupted) in enumerate(corruptions(code), 1):
        if attempt(corrupted, cell, then, namespace, seconds) == "noticed":
            return Claim(source.name, target.name, cell.id, True, tried, line)
        if tried == MOST:
            break
    return Claim(source.name, target.name, cell.id, False, tried)


def attempt(code, cell, then, namespace, seconds):
    """Return what came of `code` and the cells after it in a fork: passed, noticed, stopped (an error) or timeout."""
    outcomes = {0: "passed", 1: "noticed", 2: "stopped"}

    def work():
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        limit_memory()
        os.chdir(shutil.copytree(os.getcwd(), os.path.join(tempfile.mkdtemp(dir=os.path.dirname(os.getcwd())), "course")))
        if "tf" in namespace:
            namespace["tf"].config.run_functions_eagerly(True)
        for each, text in [(cell, code), *((one, one.source) for one in then)]:
            problem = execute(each, namespace, text)
            if problem:
                return 1 if problem.startswith("AssertionError") else 2

    pid = fork(work)
    _, status = os.waitpid(pid, 0)
    return outcomes.get(os.waitstatus_to_exitcode(status), "timeout")


def execute(cell, namespace, text=None):
    """Run a cell as Jupyter would; return what it raised, if it should not have."""
    source = cell.source if text is None else text
    filename = f"<{cell.id}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)  # for inspect.getsource
    try:
        exec(compile(source, filename, "exec"), namespace)
    except AssertionError as error:
        return f"AssertionError: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
    except BaseException as error:  # SystemExit included
        if "raises-exception" not in notebooks.tags(cell):
            return f"{type(error).__name__}: {str(error)[:200]}"
    return None


# --- corruptions --------------------------------------------------------------------------------

OTHER = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult, ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}


PAIRS = (
    "float32 float64", "int32 int64", "zeros ones", "zeros_like ones_like", "sum mean", "min max", "argmin argmax", "sin cos", "exp log",
    "view reshape", "permute reshape", "detach clone", "train eval", "randn rand", "tensor as_tensor", "from_numpy tensor",
    "item tolist", "no_grad enable_grad", "relu sigmoid", "maximum minimum", "squeeze unsqueeze", "cat stack", "shape dtype",
)
NAMES = dict(pair.split() for pair in PAIRS) | dict(pair.split()[::-1] for pair in reversed(PAIRS))


def corruptions(code):
    """Yield (changed line, code) with one small fault in a statement that is neither assert nor import, likeliest first."""
    original = ast.unparse(ast.parse(code))
    seen = {original}
    for kind in KINDS:
        for number in count():
            tree = ast.parse(code)
            changes = (change for node in open_nodes(tree) for change in kind(node))
            change = next(islice(changes, number, None), None)
            if change is None:
                break
            change()
            text = ast.unparse(ast.fix_missing_locations(tree))
            if text not in seen:
                seen.add(text)
                yield changed_line(original, text), text


def open_nodes(tree):
    """Return the nodes that may be corrupted: all but asserts, imports, docstrings and what lies in them."""
    nodes, waiting = [], [tree]
    while waiting:
        node = waiting.pop(0)
        if not closed(node):
            nodes.append(node)
            waiting += ast.iter_child_nodes(node)
    return nodes


def closed(node):
    """Tell a statement that stays as it is."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.Import, ast.ImportFrom)) or is_assertion(node) or is_text


def is_assertion(node):
    """Tell a statement that only asserts: `assert ...` or `np.testing.assert_allclose(...)`."""
    return isinstance(node, ast.Assert) or isinstance(node, ast.Expr) and lessons.is_assert_call(node.value)


def strip_asserts(code):
    """Return `code` without its asserts."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for block in blocks(node):
            block[:] = [ast.Pass() if is_assertion(statement) else statement for statement in block]
    return ast.unparse(ast.fix_missing_locations(tree))


def blocks(node):
    """Return the lists of statements that `node` holds."""
    fields = (getattr(node, name, None) for name in ("body", "orelse", "finalbody"))
    return [block for block in fields if isinstance(block, list)]


def changed_line(before, after):
    """Return the first line of `after` that is not at its place in `before`."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    old, new = next((one.strip(), two.strip()) for one, two in pairs if one != two)
    return f"without {old}" if new == "pass" else new


def change_number(node):
    """`3` becomes `4`."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield partial(setattr, node, "value", node.value + 1)


def swap_operator(node):
    """`a + b` becomes `a - b`, `a < b` becomes `a >= b`, `a and b` becomes `a or b`."""
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in OTHER:
        yield partial(setattr, node, "op", OTHER[type(node.op)]())
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            yield partial(node.ops.__setitem__, place, OTHER[type(operator)]())


def flip_constant(node):
    """`True` becomes `False`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield partial(setattr, node, "value", not node.value)


def drop_sign(node):
    """`-x` becomes `--x`, `not x` becomes `not not x`."""
    if isinstance(node, ast.UnaryOp):
        yield partial(setattr, node, "operand", ast.UnaryOp(node.op, node.operand))


def delete_statement(node):
    """A statement becomes `pass`."""
    for block in blocks(node):
        for place, statement in enumerate(block):
            if not closed(statement) and not isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Pass)):
                yield partial(block.__setitem__, place, ast.Pass())


def drop_context(node):
    """`with torch.no_grad(): y = f(x)` becomes `y = f(x)`."""
    for block in blocks(node):
        for place, statement in enumerate(block):
            if isinstance(statement, ast.With) and not any(item.optional_vars for item in statement.items):
                yield partial(block.__setitem__, slice(place, place + 1), statement.body)


def drop_keyword(node):
    """`f(x, dim=0)` becomes `f(x)`."""
    if isinstance(node, ast.Call):
        for place in range(len(node.keywords)):
            yield partial(node.keywords.pop, place)


def drop_call(node):
    """`y.detach() + 1` becomes `y + 1`."""
    for field, value in ast.iter_fields(node):
        if is_bare_call(value):
            yield partial(setattr, node, field, value.func.value)
        for place, item in enumerate(value if isinstance(value, list) else ()):
            if is_bare_call(item):
                yield partial(value.__setitem__, place, item.func.value)


def is_bare_call(node):
    """Tell a call of a method without arguments."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords


def drop_underscore(node):
    """`x.add_(1)` becomes `x.add(1)`."""
    if isinstance(node, ast.Attribute) and node.attr.endswith("_") and not node.attr.startswith("_"):
        yield partial(setattr, node, "attr", node.attr.removesuffix("_"))


def change_name(node):
    """`x.sum()` becomes `x.mean()`, `torch.float32` becomes `torch.float64`."""
    for field in ("attr", "id"):
        name = getattr(node, field, None)
        if name in NAMES and not isinstance(getattr(node, "ctx", None), ast.Store):
            yield partial(setattr, node, field, NAMES[name])


def swap_arguments(node):
    """`f(a, b)` becomes `f(b, a)`."""
    if isinstance(node, ast.Call) and len(node.args) > 1:
        yield partial(setattr, node, "args", [node.args[1], node.args[0], *node.args[2:]])


def change_text(node):
    """`"cpu"` becomes `"cpu_"`, `dict(a=1)` becomes `dict(a_=1)`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield partial(setattr, node, "value", node.value + "_")
    if isinstance(node, ast.keyword) and node.arg:
        yield partial(setattr, node, "arg", node.arg + "_")


def double_value(node):
    """`y = f(x)` becomes `y = 2 * f(x)`."""
    if isinstance(node, ast.Assign) and not isinstance(node.value, (ast.Constant, ast.Lambda)):
        yield partial(setattr, node, "value", ast.BinOp(ast.Constant(2), ast.Mult(), node.value))


KINDS = (change_number, swap_operator, flip_constant, drop_sign, drop_underscore, change_name, drop_context, delete_statement,
         drop_keyword, drop_call, swap_arguments, double_value, change_text)

if __name__ == "__main__":
    main(sys.argv[1])
