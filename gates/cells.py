"""Run a notebook's code cells in this process, with whatever is installed, and keep the numbers that they leave."""

import ast
import importlib.util
import linecache
import random
import sys
import time
import types
from dataclasses import dataclass, field

TIMES = "times"  # why a cell's numbers are kept and not compared


@dataclass
class Outcome:
    """What came of a notebook on one device: failures as (cell, error), values and times by cell and name."""

    ran: int = 0
    left_out: int = 0
    missing: set = field(default_factory=set)
    seconds: float = 0.0
    failures: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    times: dict = field(default_factory=dict)


def execute(cells, device, apart):
    """Run the code cells as this process's __main__ and return their Outcome; a cell that fails does not stop the
    others."""
    main = sys.modules["__main__"] = types.ModuleType("__main__")  # what a notebook pickles is found by this name
    came, began = Outcome(), time.perf_counter()
    tensorflow, absent, seeded = importlib.util.find_spec("tensorflow"), set(), False
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        tags, tree = cell["metadata"].get("tags", []), ast.parse("".join(cell["source"]))
        used, makes = names(tree)
        if "tensorflow" in tags and not tensorflow or (used - makes) & absent:
            came.left_out += 1
            absent |= makes if "tensorflow" not in tags else set()
            continue
        value, error = evaluate(tree, cell, vars(main))
        if isinstance(error, ModuleNotFoundError):
            came.left_out, absent = came.left_out + 1, absent | makes
            came.missing.add(error.name)
            continue
        came.ran, absent = came.ran + 1, absent - makes
        if error and "raises-exception" not in tags:
            said = str(error).strip().partition("\n")[0]
            came.failures.append((cell["id"], f"on {device}: {type(error).__name__}: {said}"))
        if "parameters" in tags:
            main.device = device
        why = next((apart[name] for name in sorted(used | makes) if name in apart), None)
        if why == TIMES and "figure" not in tags:
            times = {name: series(vars(main).get(name)) for name in sorted(used | makes)}
            came.times[cell["id"]] = {name: found for name, found in times.items() if found}
        elif not why:
            bound = {name: vars(main)[name] for name in sorted(makes & vars(main).keys()) if not name.startswith("_")}
            came.values[cell["id"]] = dict(numbers(bound | {"its value": value}))
        if "torch" in sys.modules and (why or not seeded):  # draws on a GPU leave the CPU's generator where it was
            sys.modules["torch"].manual_seed(0)
            random.seed(0)
            seeded = True
        if "tensorflow" in sys.modules and device != "cpu":
            keep_off_the_gpu(sys.modules["tensorflow"])
    came.seconds = time.perf_counter() - began
    return came


def evaluate(tree, cell, scope):
    """Run a cell in `scope`; return the value of the expression that it ends with, or None, and the error that stopped
    it."""
    name, source = f"{cell['id']}.py", "".join(cell["source"])
    linecache.cache[name] = (
        len(source),
        None,
        source.splitlines(True),
        name,
    )  # tracebacks and torch.compile read it there
    last = ast.Expression(tree.body[-1].value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    try:
        exec(compile(ast.Module(tree.body[:-1] if last else tree.body, []), name, "exec", dont_inherit=True), scope)
        return eval(compile(last, name, "eval", dont_inherit=True), scope) if last else None, None
    except Exception as error:
        return None, error


def names(tree):
    """Return two sets: the names that a cell reads, and those that it binds."""
    read, bound = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
    return read, bound


def keep_off_the_gpu(tensorflow):
    """TensorFlow would take the GPU's whole memory at its first operation, and round float32 more coarsely there."""
    if tensorflow.config.get_visible_devices("GPU"):
        tensorflow.config.set_visible_devices([], "GPU")


def numbers(value, name=""):
    """Yield (name, (kind, array)) of each number, list of numbers, array, tensor and module within `value`."""
    import numpy as np

    torch = sys.modules.get("torch")
    if isinstance(value, dict):
        for key, part in value.items():
            yield from numbers(part, f"{name}[{key!r}]" if name else str(key))
    elif torch and type(value) in (torch.Tensor, torch.nn.Parameter):
        if not value.is_meta and value.layout is torch.strided:
            dtype = torch.float64 if value.is_floating_point() else value.dtype  # NumPy has no bfloat16
            yield name, (str(value.dtype).removeprefix("torch."), value.detach().to("cpu", dtype, copy=True).numpy())
    elif torch and isinstance(value, torch.nn.Module):
        yield from numbers(dict(value.state_dict()), name)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        yield name, (value.dtype.name, value.copy())  # a later cell may write into it
    elif (
        isinstance(value, (bool, int, float, np.number, np.bool_)) or isinstance(value, (list, tuple)) and series(value)
    ):
        array = np.array(value)
        yield name, ("number" if array.dtype.kind == "f" else array.dtype.name, array)
    elif isinstance(value, (list, tuple)):
        for place, part in enumerate(value):
            yield from numbers(part, f"{name}[{place}]")


def series(value):
    """Return a list of plain numbers, or a dict of such lists, as JSON can hold it; None for anything else."""
    if isinstance(value, dict):
        found = {str(key): series(part) for key, part in value.items()}
        return found if found and all(found.values()) else None
    numeric = isinstance(value, (list, tuple)) and all(isinstance(part, (int, float)) for part in value)
    return [part if isinstance(part, int) else float(part) for part in value] if numeric else None
