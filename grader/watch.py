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
    "isclose allclose equal eq.Tensor eq.Scalar ne.Tensor ne.Scalar lt.Tensor lt.Scalar le.Tensor le.Scalar gt.Tensor"
    " gt.Scalar ge.Tensor ge.Scalar abs sub.Tensor all any isnan isfinite _local_scalar_dense is_nonzero logical_and"
    " bitwise_and.Tensor"
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
EXPECTED = ("matplotlib", "IPython", "ipykernel", "torch", "functools")  # whose hooks come by themselves
SHELL_NAMES = {"exit", "quit", "open", "In", "Out", "get_ipython", "display"}  # which the shell itself puts there
PARTS = ("__code__", "__defaults__", "__kwdefaults__")
PLAIN = (str, int, float, bool, bytes, tuple, frozenset, type(None))
RANDOM = (
    ("random", "getstate", "setstate"),
    ("numpy.random", "get_state", "set_state"),
    ("torch.random", "get_rng_state", "set_rng_state"),
)
LARGE = 1 << 20  # bytes of an array that are not held on to
kept_modes, marks = [], {}
kept, names, defaults, classes, functions, tables, values, operators = {}, {}, {}, {}, {}, {}, {}, {}


def remember(namespace, own, deciding):
    """Keep what the instructor's cells have set up, before or between exercises: of names, those that decide a test."""
    kinds = (types.ModuleType, types.FunctionType, type)
    shared = {key: namespace[key] for key in deciding if key in namespace and key[0] != "_" and key not in SHELL_NAMES}
    names.update({key: value for key, value in shared.items() if isinstance(value, kinds)})
    values.update({key: value for key, value in shared.items() if isinstance(value, PLAIN)})
    for name in (*WATCHED, *(name for name in list(sys.modules) if name.startswith(CLOSELY))):
        if name in sys.modules and name not in kept:
            kept[name] = dict(vars(sys.modules[name]))
    parts = [(key, value) for owner in _closely() for key, value in vars(owner).items()]
    tables.update({id(value): (value, dict(value)) for key, value in parts if _is_table(key, value)})
    for owner in _classes():
        classes.setdefault(owner, dict(vars(owner)))
    for function in [*names.values(), *(value for _, value in parts)]:
        if isinstance(function, types.FunctionType):
            functions.setdefault(function, [copy.copy(getattr(function, part)) for part in PARTS])
    kept.setdefault("shell", _shell())
    operators.update(_operators() | operators)
    defaults.update(_defaults())
    return len(names)


def restore(namespace, own, between=True):
    """Put back what an exercise replaced; return what that was. `between` exercises, what it left behind goes too."""
    changed = [f"{name} was replaced" for name, value in names.items() if namespace.get(name) is not value]
    namespace.update(names)
    changed += _restore_parts() + _restore_modules()
    hiding = {name for name in namespace if hasattr(builtins, name) and name not in {*SHELL_NAMES, *names, *own}}
    changed += [f"Python's own {name} was hidden by another" for name in hiding if _matters(name, namespace[name])]
    if between:
        changed += _rewritten_operators()
        namespace.update(values)
        for name in hiding:
            if name[0] != "_":
                del namespace[name]
        _restore_defaults()
    if _shell() != kept.get("shell"):
        kept["shell"] = _shell()
        changed.append("a hook of the notebook's shell was changed")
    if defaults:
        sys.stdout, sys.stderr, sys.displayhook = defaults["streams"]
        changed += _leave_modes()
    return changed[:20]


def forget(namespace, own, gone):
    """Take away what an answer has left, so that the next one's tests find what that defines, or nothing."""
    for name in set(gone) - names.keys():
        namespace.pop(name, None)


def mark(namespace, own, exercise):
    """Keep what the names stand for before an exercise's cells, and where the random numbers are."""
    marks[exercise] = {name: value for name, value in namespace.items() if not _is_large(value)}, _random_numbers()


def _is_large(value):
    """Return whether a value is an array that is not to be held on to."""
    try:
        return value.nbytes > LARGE
    except Exception:  # whatever an answer's own object does
        return False


def rewind(namespace, own, exercise):
    """Let names and random numbers be what they were when the exercise began; return whether that is known."""
    before, numbers = marks.get(exercise, ({}, []))
    for name in [name for name in namespace if before and name not in before and name not in SHELL_NAMES]:
        del namespace[name]
    namespace.update(before)
    for put, state in numbers:
        put(state)
    return bool(before)


def _random_numbers():
    """Return how each library's random numbers are put back, and where they are."""
    found = [(sys.modules[name], get, put) for name, get, put in RANDOM if name in sys.modules]
    return [(getattr(module, put), getattr(module, get)()) for module, get, put in found]


def _restore_modules():
    """Put back what modules held; return what had changed."""
    changed = []
    for module, before in kept.items():
        owner = sys.modules.get(module) if module != "shell" else None
        for key, value in before.items() if owner is not None else ():
            if vars(owner).get(key, owner) is not value and _matters(key, value):
                changed.append(f"{module}.{key} was replaced")
                setattr(owner, key, value)
    return changed


def _rewritten_operators():
    """Return which of torch's operators were written anew since they were last looked at."""
    now = _operators()
    changed = [name for name, text in now.items() if operators.get(name, text) != text]
    operators.update(now)
    return [f"torch's operator {name} was written anew" for name in changed]


def _closely():
    """Return the loaded modules that decide what a test says, and their classes."""
    # by name: touching all modules would copy their pages
    loaded = [sys.modules.get(name) for name in list(sys.modules) if name.startswith(CLOSELY)]
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
    module = torch.nn.Module.__mro__[:-1] if torch else ()
    return [*tensor, *module, *(owner for owner in _closely() if isinstance(owner, type))]


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
    hooks = [hook for hooks in shell.events.callbacks.values() for hook in hooks]
    return (
        tuple(sorted(set(vars(shell)) & set(SHELL))),
        tuple(sorted(set(vars(kernel) if kernel else ()) & set(SHELL))),
        tuple(id(getattr(cls, name, None)) for cls in (type(shell), type(kernel)) for name in SHELL),
        len(shell.ast_transformers),
        len(shell.input_transformers_cleanup),
        len(shell.input_transformers_post),
        sum(not str(getattr(hook, "__module__", "")).startswith(EXPECTED) for hook in hooks),
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
    """Put back what holds for the whole process: no exercise starts with what another has set."""
    if not defaults:
        return
    now = _defaults()
    if now["environ"] != defaults["environ"]:
        os.environ.clear()
        os.environ.update(defaults["environ"])
    sys.path[:], warnings.filters[:] = defaults["path"], defaults["warnings"]
    sys.setrecursionlimit(defaults["recursion"])
    if now["cwd"] != defaults["cwd"]:
        with contextlib.suppress(OSError):
            os.chdir(defaults["cwd"])
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if numpy is not None and "errstate" in defaults:
        _put_back(now, "errstate", lambda value: numpy.seterr(**value))
        _put_back(now, "printing", lambda value: numpy.set_printoptions(**value))
    if torch is None or "dtype" not in defaults:
        return
    _put_back(now, "dtype", torch.set_default_dtype)
    _put_back(now, "device", torch.set_default_device)
    _put_back(now, "grad", torch.set_grad_enabled)
    _put_back(now, "deterministic", torch.use_deterministic_algorithms)
    _put_back(now, "anomaly", torch.autograd.set_detect_anomaly)


def _put_back(now, name, setter):
    """Set a default again where it is another now."""
    if now[name] != defaults[name]:
        setter(defaults[name])


def _leave_modes():
    """Leave the modes of torch that were entered and never left; return which no accident leaves behind."""
    torch, changed = sys.modules.get("torch"), []
    if torch is None or "modes" not in defaults:
        return changed
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
