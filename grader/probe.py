"""Runs inside the kernel: keep exercises from leaking into each other, and notice what was replaced.

`execute` sends this file's text and calls it through user_expressions, so nothing of it becomes a cell. It imports
nothing that the notebook has not imported. What shares a process can be forged: this is evidence, never proof.
"""

import os
import sys
import types

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
SHELL = (
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
kept, names, defaults = {}, {}, {}


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
    for name in WATCHED:
        if name in sys.modules and name not in kept:
            kept[name] = dict(vars(sys.modules[name]))
    if "torch" in sys.modules:
        kept.setdefault("torch.Tensor", dict(vars(sys.modules["torch"].Tensor)))
    kept.setdefault("shell", _shell())
    kept.setdefault("codes", {name: value.__code__ for name, value in names.items() if isinstance(value, types.FunctionType)})
    defaults.update(_defaults())
    return len(names)


def restore(namespace, own):
    """Put back what an exercise replaced; return what that was."""
    changed = [f"{name} was replaced" for name, value in names.items() if namespace.get(name) is not value]
    namespace.update(names)
    for name, code in kept.get("codes", {}).items():
        if names[name].__code__ is not code:
            names[name].__code__ = code
            changed.append(f"the code of {name} was replaced")
    for module, before in kept.items():
        if module in ("shell", "codes"):
            continue
        owner = sys.modules["torch"].Tensor if module == "torch.Tensor" else sys.modules.get(module)
        for key, value in before.items():
            if owner is not None and vars(owner).get(key, owner) is not value and _matters(key, value):
                changed.append(f"{module}.{key} was replaced")
                setattr(owner, key, value)
    if _shell() != kept.get("shell"):
        kept["shell"] = _shell()
        changed.append("a hook of the notebook's shell was changed")
    _restore_defaults()
    return changed[:20]


def _matters(key, value):
    """Return whether a replaced attribute could change what a test decides: functions and classes, no counters."""
    return callable(value) and not isinstance(value, types.ModuleType) and key not in ("_", "__loader__", "Storage")


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


def _defaults():
    """Return the process-wide settings that exercises may change by accident."""
    found = {"cwd": os.getcwd()}
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None:
        found |= {
            "dtype": torch.get_default_dtype(),
            "device": torch.get_default_device(),
            "grad": torch.is_grad_enabled(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "anomaly": torch.is_anomaly_enabled(),
        }
    if numpy is not None:
        found["errstate"] = numpy.geterr()
    return found


def _restore_defaults():
    now = _defaults()
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if now["cwd"] != defaults.get("cwd", now["cwd"]):
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
