"""Runs inside the kernel: change what an answer gives back, so that tests that look at it must refuse it.

`session` sends this file's text after watch.py's. The answer itself runs whole, is the same object as ever and is
called as ever; only what comes out of its outermost call is another: numbers, arrays, tensors, texts, devices, what it
wrote into its arguments, what its methods return. Like watch.py this imports nothing new.
"""

import copy
import functools
import sys
import types

SPOKEN = {"__call__", "__getitem__", "__iter__", "__next__", "__len__"}  # methods that are called by other means
OF_FUNCTION = {"forward", "backward"}  # of an autograd.Function, which torch calls
DEEPEST = 4
undo, drawn = [], {}


def perturb(namespace, own, wanted, draw):
    """From now on change what the answers `wanted` give back; return how many could be changed.

    `draw` are the numbers to change with, and for each of the next cells after how many calls that begins.
    """
    release(namespace, own)
    drawn.update(draw, inside=False, calls={}, first=_cell() + 1)
    for name in sorted(wanted):
        if name in namespace:
            _change_name(namespace, name)
    return len(undo)


def release(namespace, own):
    """Let the answers give back again what they give."""
    while undo:
        undo.pop()()


def _cell():
    """Return how many cells have begun; what is asked beside the cells does not count."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return len(shell.history_manager.input_hist_raw) if shell else 0


def _is_due():
    """Count a call; return whether what it gives back is to be changed."""
    cell = max(_cell() - drawn["first"], 0)
    drawn["calls"][cell] = calls = drawn["calls"].get(cell, 0) + 1
    skip = drawn["skips"][cell] if cell < len(drawn["skips"]) else None
    return skip is not None and calls > skip


def _change_name(namespace, name):
    """Change what a name of the answer's gives: a function, a class, an object with methods, or a value."""
    value, torch = namespace[name], sys.modules.get("torch")
    if isinstance(value, types.ModuleType):
        return
    if isinstance(value, types.FunctionType) and _swap(value):
        return
    if isinstance(value, type):
        _change_class(value)
    elif torch and isinstance(value, torch.nn.Module):
        _hook(value)
    elif type(value).__module__ == namespace.get("__name__") and not callable(value):
        _change_class(type(value))
    else:
        namespace[name] = _around(value) if callable(value) else _changed(value)
        undo.append(lambda: namespace.__setitem__(name, value))


def _change_class(cls):
    """Change what the methods of a class give back, or where it has none, what its objects hold."""
    torch = sys.modules.get("torch")
    of_function = torch and issubclass(cls, torch.autograd.Function)
    swapped = 0
    for name, member in list(vars(cls).items()):
        if name in (OF_FUNCTION if of_function else SPOKEN) or not (of_function or name.startswith("_")):
            swapped += _swap(_function(member))
    if not swapped:
        _swap(_function(vars(cls).get("__init__")), after=_change_object)


def _function(member):
    """Return the function behind an attribute of a class."""
    for part in ("__func__", "fget", "func"):  # a static or class method, a property, a cached one
        member = getattr(member, part, member)
    return member


def _swap(function, after=None):
    """Put a layer around a function without replacing the function; return whether that went."""
    if not isinstance(function, types.FunctionType):
        return False
    code = function.__code__
    inner = types.FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    inner.__kwdefaults__ = function.__kwdefaults__
    layer = _layer(inner, after)
    constants = tuple(layer if constant == "layer" else constant for constant in _called.__code__.co_consts)
    names = {part: getattr(code, part) for part in ("co_name", "co_qualname", "co_filename", "co_firstlineno")}
    try:
        function.__code__ = _called.__code__.replace(co_consts=constants, co_freevars=code.co_freevars, **names)
    except (TypeError, ValueError):
        return False
    undo.append(lambda: setattr(function, "__code__", code))
    return True


def _called(*args, **kwargs):
    layer = "layer"
    return layer(args, kwargs)


def _around(function):
    """Return another callable that gives back what this one does, changed."""
    layer = _layer(function)

    @functools.wraps(function, updated=())
    def around(*args, **kwargs):
        return layer(args, kwargs)

    return around


def _layer(inner, after=None):
    """Return what stands for a call: the answer's own runs whole, and the outermost one's result is changed."""

    def layer(args, kwargs):
        if drawn["inside"]:
            return inner(*args, **kwargs)
        drawn["inside"] = True
        try:
            result = inner(*args, **kwargs)
        finally:
            drawn["inside"] = False
        if not _is_due():
            return result
        if after:
            after(args[0])
            return result
        if result is None:
            return None if _change_all([*args, *kwargs.values()]) else 1
        return _changed(result)

    return layer


def _changed(value, deep=0):
    """Return another value of the same kind, where there is one."""
    if deep > DEEPEST:
        return value
    try:
        for of, change in CHANGES:
            if of(value):
                return change(value, deep)
        return value + drawn["whole"]  # a fraction, a decimal, a table, a tensor of another library
    except Exception:
        return value


def _change_all(values):
    """Change in place what can be; return whether something was."""
    return any([_change_in_place(value) for value in values])


def _change_in_place(value):
    """Change what an answer may have written into an argument; return whether it could be."""
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    try:
        if torch and isinstance(value, torch.nn.Module):
            return _change_all(list(value.parameters()))
        if torch and isinstance(value, torch.optim.Optimizer):
            return bool(_change_optimizer(value, 0))
        if torch and isinstance(value, torch.Tensor):
            value.data.copy_(_changed(value.data))  # unseen by autograd, which would refuse to go back
        elif numpy and isinstance(value, numpy.ndarray):
            value[...] = _changed(value)
        elif isinstance(value, (list, tuple, dict, set)) and _change_all(_parts(value)):
            return True
        elif isinstance(value, (list, bytearray)):
            value[:] = _changed(value)
        elif isinstance(value, dict):
            value.update(_changed(dict(value)))
        elif isinstance(value, set):
            value.add(drawn["text"])
        else:
            return hasattr(value, "__dict__") and not callable(value) and _change_object(value)
    except Exception:
        return False
    return True


def _parts(value):
    """Return what a container holds, the keys of a dictionary among it."""
    return [*value, *value.values()] if isinstance(value, dict) else list(value)


def _change_object(value):
    """Change what an object holds; return whether it holds something."""
    torch = sys.modules.get("torch")
    if torch and isinstance(value, torch.nn.Module):
        return _hook(value)
    held = {name: _changed(part, 1) for name, part in vars(value).items()}
    for name, part in held.items():
        object.__setattr__(value, name, part)
    return bool(held)


def _hook(module):
    """Change what a module of torch gives."""
    handle = module.register_forward_hook(lambda module, given, result: _changed(result) if _is_due() else result)
    undo.append(handle.remove)
    return True


def _is_a(*names):
    """Return a test for classes, each named by its module and itself, of modules that are imported."""

    def of(value):
        found = (vars(sys.modules[module]).get(name) for module, name in names if module in sys.modules)
        return isinstance(value, tuple(cls for cls in found if isinstance(cls, type)))

    return of


def _has(name):
    return lambda value: hasattr(value, name)


def _change_tensor(value, deep):
    if value.dtype is sys.modules["torch"].bool:
        return ~value
    if value.is_floating_point() or value.is_complex():
        return value * drawn["scale"] + drawn["shift"]
    return value + drawn["whole"]


def _change_float(value, deep):
    return value * drawn["scale"] + drawn["shift"]


def _change_array(value, deep):
    if value.dtype == bool:
        return ~value
    if value.dtype.kind in "fc":
        return (value * drawn["scale"] + drawn["shift"]).astype(value.dtype)
    return (value + drawn["whole"]).astype(value.dtype) if value.dtype.kind in "iu" else value[::-1]


def _change_tuple(value, deep):
    parts = [_changed(part, deep + 1) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts or [0])


def _change_dict(value, deep):
    other = value.copy()
    other.update({key: _changed(part, deep + 1) for key, part in value.items()} or {0: 0})
    return other


def _change_iterator(value, deep):
    return (_changed(part, deep + 1) for part in value)


async def _change_awaited(value, deep):
    return _changed(await value, deep + 1)


def _change_module(value, deep):
    _hook(value)
    return value


def _change_optimizer(value, deep):
    for group in value.param_groups:
        group["lr"] = group["lr"] * 2 + 1
    return value


def _change_loader(value, deep):
    collate = value.collate_fn
    value.collate_fn = lambda parts: _changed(collate(parts))
    return value


def _change_device(value, deep):
    return type(value)("cpu" if value.type == "meta" else "meta")


def _change_type(value, deep):
    torch = sys.modules["torch"]
    return torch.float64 if value is torch.float32 else torch.float32


def _change_copy(value, deep):
    other = copy.copy(value)
    vars(other).update({name: _changed(part, deep + 1) for name, part in vars(value).items()})
    return other


def _is_callable(value):
    return callable(value) and not isinstance(value, type)


CHANGES = (  # the first that fits
    (_is_a(("builtins", "bool")), lambda value, deep: not value),
    (_is_a(("builtins", "float"), ("builtins", "complex")), _change_float),
    (_is_a(("builtins", "int")), lambda value, deep: value + drawn["whole"]),
    (_is_a(("builtins", "str")), lambda value, deep: value + drawn["text"]),
    (_is_a(("builtins", "bytes")), lambda value, deep: value + drawn["text"].encode()),
    (_is_a(("builtins", "type"), ("types", "ModuleType"), ("pathlib", "PurePath")), lambda value, deep: value),
    (_is_a(("torch", "Tensor")), _change_tensor),
    (_is_a(("numpy", "ndarray")), _change_array),
    (_is_a(("numpy", "bool_")), lambda value, deep: ~value),
    (_is_a(("numpy", "generic")), lambda value, deep: type(value)(value + drawn["whole"])),
    (_is_a(("builtins", "dict")), _change_dict),
    (_is_a(("builtins", "list"), ("builtins", "tuple"), ("builtins", "set"), ("builtins", "frozenset")), _change_tuple),
    (_is_a(("builtins", "range")), lambda value, deep: range(value.start, value.stop + drawn["whole"], value.step)),
    (_is_a(("builtins", "slice")), lambda value, deep: slice(value.start, value.stop, 2)),
    (_is_a(("torch", "device")), _change_device),
    (_is_a(("torch", "dtype")), _change_type),
    (_is_a(("torch.nn", "Module")), _change_module),
    (_is_a(("torch.optim", "Optimizer")), _change_optimizer),
    (_is_a(("torch.utils.data", "DataLoader")), _change_loader),
    (_has("__await__"), _change_awaited),
    (_has("__next__"), _change_iterator),
    (_is_callable, lambda value, deep: _around(value)),
    (lambda value: hasattr(value, "__dict__") and not hasattr(value, "__array__"), _change_copy),
)
