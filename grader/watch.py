"""Runs inside the kernel: keep exercises from leaking into each other, and notice what was replaced.

`execute` sends this file's text and calls it through user_expressions, so nothing of it becomes a cell. It imports
nothing that the notebook has not imported. What shares a process can be forged: this is evidence, never proof.
"""

import builtins
import contextlib
import copy
import os
import sys
import types
import warnings

WATCHED = (
    "builtins",
    "math",
    "random",
    "numpy",
    "numpy.testing",
    "numpy.linalg",
    "torch",
    "torch.testing",
    "torch.nn.functional",
    "torch.autograd",
    "tensorflow",
    "json",
    "unittest.mock",
)
CLOSELY = ("torch.testing", "numpy.testing", "unittest")  # what decides: their parts, classes, functions and tables too
OPERATORS = (  # that comparisons come down to; a library can register others for them
    "isclose allclose equal eq.Tensor eq.Scalar ne.Tensor ne.Scalar lt.Tensor lt.Scalar le.Tensor le.Scalar gt.Tensor gt.Scalar "
    "ge.Tensor ge.Scalar abs sub.Tensor all any isnan isfinite _local_scalar_dense is_nonzero logical_and bitwise_and.Tensor"
).split()
SHELL = (
    "user_expressions",
    "run_cell",
    "run_cell_async",
    "run_code",
    "run_ast_nodes",
    "showtraceback",
    "_showtraceback",
    "showsyntaxerror",
    "set_custom_exc",
    "execute_request",
    "do_execute",
)
EXPECTED = ("matplotlib", "IPython", "ipykernel", "torch", "functools")  # whose hooks come by themselves, as with %matplotlib inline
SHELL_NAMES = {"exit", "quit", "open", "In", "Out", "get_ipython", "display"}  # which the shell itself puts there
PARTS = ("__code__", "__defaults__", "__kwdefaults__")
PLAIN = (str, int, float, bool, bytes, tuple, frozenset, type(None))
kept_modes = []
kept, names, defaults, classes, functions, tables, values, operators = {}, {}, {}, {}, {}, {}, {}, {}


def remember(namespace, own):
    """Keep what the instructor's cells have set up, before or between exercises; `own` are the names that answers may define."""
    names.update(
        {
            key: value
            for key, value in namespace.items()
            if not key.startswith("_")
            and key not in {"In", "Out", "exit", "quit", "open", *own}
            and isinstance(value, (types.ModuleType, types.FunctionType, type))
        }
    )
    for name in (*WATCHED, *(name for name in list(sys.modules) if name.startswith(CLOSELY))):
        if name in sys.modules and name not in kept:
            kept[name] = dict(vars(sys.modules[name]))
    for owner in _classes():
        classes.setdefault(owner, dict(vars(owner)))
    for function in [*names.values(), *(value for owner in _closely() for value in vars(owner).values())]:
        if isinstance(function, types.FunctionType):
            functions.setdefault(function, [copy.copy(getattr(function, part)) for part in PARTS])
    tables.update({id(value): (value, dict(value)) for owner in _closely() for key, value in vars(owner).items() if _is_table(key, value)})
    values.update({key: value for key, value in namespace.items() if key not in own and key[0] != "_" and isinstance(value, PLAIN)})
    kept.setdefault("shell", _shell())
    operators.update(_operators() | operators)
    defaults.update(_defaults())
    return len(names)


def restore(namespace, own, between=True):
    """Put back what an exercise replaced; return what that was. `between` exercises, what it left behind goes too."""
    changed = [f"{name} was replaced" for name, value in names.items() if namespace.get(name) is not value]
    namespace.update(names)
    changed += _restore_parts()
    for module, before in kept.items():
        owner = sys.modules.get(module) if module != "shell" else None
        for key, value in before.items() if owner is not None else ():
            if vars(owner).get(key, owner) is not value and _matters(key, value):
                changed.append(f"{module}.{key} was replaced")
                setattr(owner, key, value)
    hidden = [name for name, value in namespace.items() if hasattr(builtins, name) and _matters(name, value) and name not in SHELL_NAMES]
    changed += [f"Python's own {name} was hidden by another" for name in hidden if name not in names and name not in own]
    if between:
        now = _operators()
        changed += [f"torch's operator {name} was written anew" for name, text in now.items() if operators.get(name, text) != text]
        operators.update(now)
        namespace.update(values)
        for name in [name for name in namespace if hasattr(builtins, name) and name not in {*names, *own, *SHELL_NAMES} and name[0] != "_"]:
            del namespace[name]
    if _shell() != kept.get("shell"):
        kept["shell"] = _shell()
        changed.append("a hook of the notebook's shell was changed")
    changed += _restore_defaults()
    return changed[:20]


def _closely():
    """Return the loaded modules that decide what a test says, and their classes."""
    loaded = [sys.modules.get(name) for name in list(sys.modules) if name.startswith(CLOSELY)]  # touching all copies their pages
    found = [module for module in loaded if isinstance(module, types.ModuleType)]
    return found + [value for module in found for value in list(vars(module).values()) if _is_own_class(value)]


def _is_own_class(value):
    return isinstance(value, type) and str(getattr(value, "__module__", "")).startswith(CLOSELY)


def _is_table(key, value):
    return type(value) is dict and not key.startswith("__")


def _classes():
    """Return the classes whose attributes are watched, also those that are added."""
    torch = sys.modules.get("torch")
    tensor = [cls for cls in torch.Tensor.__mro__ if cls is not object] if torch else []
    return [*tensor, *(torch.nn.Module.__mro__[:-1] if torch else ()), *(owner for owner in _closely() if isinstance(owner, type))]


def _restore_parts():
    """Put back attributes of classes, the inner parts of functions, and tables; return what had changed."""
    changed = []
    for owner, before in classes.items():
        now = dict(vars(owner))
        for key in now.keys() | before.keys():
            if now.get(key) is not before.get(key) and (_matters(key, now.get(key)) or _matters(key, before.get(key))):
                changed.append(f"{owner.__name__}.{key} was replaced")
                setattr(owner, key, before[key]) if key in before else delattr(owner, key)
    for function, before in functions.items():
        for part, value in zip(PARTS, before, strict=True):
            now = getattr(function, part)
            if now is not value and now != value:  # comparing equal code takes its time
                changed.append(f"the {part.strip('_')} of {function.__name__} was replaced")
                setattr(function, part, copy.copy(value))
    for table, before in tables.values():
        if table.keys() != before.keys() or any(table[key] is not before[key] for key in before):
            changed.append("a table of the comparing functions was changed")
            table.clear()
            table.update(before)
    return changed


def _matters(key, value):
    """Return whether a replaced attribute could change what a test decides: functions and classes, no counters."""
    decides = callable(value) or isinstance(value, property)
    return decides and not isinstance(value, types.ModuleType) and key not in ("_", "__loader__", "Storage")


def _shell():
    """Return what decides how a cell is run and how its error is told."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return ()
    kernel = getattr(shell, "kernel", None)
    return (
        tuple(sorted(set(vars(shell)) & set(SHELL))),
        tuple(sorted(set(vars(kernel) if kernel else ()) & set(SHELL))),
        tuple(id(getattr(cls, name, None)) for cls in (type(shell), type(kernel)) for name in SHELL),
        len(shell.ast_transformers),
        len(shell.input_transformers_cleanup),
        len(shell.input_transformers_post),
        sum(not str(getattr(hook, "__module__", "")).startswith(EXPECTED) for hooks in shell.events.callbacks.values() for hook in hooks),
        shell.custom_exceptions,
        id(sys.excepthook),
        sys.gettrace() is None,
        sys.getprofile() is None,
    )


def _operators():
    """Return what torch runs for each operator, as it tells it."""
    dump = getattr(getattr(sys.modules.get("torch"), "_C", None), "_dispatch_dump", None)
    dumps = {name: dump(f"aten::{name}").splitlines() for name in OPERATORS} if dump else {}
    return {name: [line for line in lines if not line.startswith("Meta")] for name, lines in dumps.items()}


def _defaults():
    """Return the process-wide settings that exercises may change by accident."""
    found = {
        "cwd": defaults.get("cwd", "/"),
        "environ": dict(os.environ),
        "path": list(sys.path),
        "recursion": sys.getrecursionlimit(),
        "warnings": list(warnings.filters),
        "streams": (sys.stdout, sys.stderr, sys.displayhook),
    }
    with contextlib.suppress(OSError):  # the folder may be gone
        found["cwd"] = os.getcwd()
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None:
        found |= {
            "dtype": torch.get_default_dtype(),
            "device": torch.get_default_device(),
            "grad": torch.is_grad_enabled(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "anomaly": torch.is_anomaly_enabled(),
            "inference": torch.is_inference_mode_enabled(),
            "modes": (torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack()),
        }
    if numpy is not None:
        found["errstate"] = numpy.geterr()
        found["printing"] = numpy.get_printoptions()
    return found


def _restore_defaults():
    """Put back what holds for the whole process; return what no accident leaves behind."""
    now = _defaults()
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if not defaults:
        return []
    if now["environ"] != defaults["environ"]:
        os.environ.clear()
        os.environ.update(defaults["environ"])
    sys.path[:], warnings.filters[:] = defaults["path"], defaults["warnings"]
    sys.stdout, sys.stderr, sys.displayhook = defaults["streams"]
    sys.setrecursionlimit(defaults["recursion"])
    if now["cwd"] != defaults.get("cwd", now["cwd"]):
        with contextlib.suppress(OSError):
            os.chdir(defaults["cwd"])
    if torch is not None and "dtype" in defaults:
        if now["dtype"] != defaults["dtype"]:
            torch.set_default_dtype(defaults["dtype"])
        if now["device"] != defaults["device"]:
            torch.set_default_device(defaults["device"])
        if now["grad"] != defaults["grad"]:
            torch.set_grad_enabled(defaults["grad"])
        if now["deterministic"] != defaults["deterministic"]:
            torch.use_deterministic_algorithms(defaults["deterministic"])
        if now["anomaly"] != defaults["anomaly"]:
            torch.autograd.set_detect_anomaly(defaults["anomaly"])
    if numpy is not None and now["errstate"] != defaults.get("errstate"):
        numpy.seterr(**defaults.get("errstate", now["errstate"]))
    if numpy is not None and "printing" in defaults and now["printing"] != defaults["printing"]:
        numpy.set_printoptions(**defaults["printing"])
    return _leave_modes(torch) if torch is not None and "modes" in defaults else []


def _leave_modes(torch):
    """Leave the modes of torch that were entered and never left."""
    changed = []
    if torch.is_inference_mode_enabled() != defaults["inference"]:
        kept_modes.append(torch.inference_mode(defaults["inference"]))
        kept_modes[-1].__enter__()
    for count, pop, size in zip(
        (torch._C._len_torch_function_stack, torch._C._len_torch_dispatch_stack),
        (torch._C._pop_torch_function_stack, torch._C._pop_torch_dispatch_stack),
        defaults["modes"],
        strict=True,
    ):
        while count() > size:
            pop()
            changed.append("a mode of torch was left on")
    return changed
