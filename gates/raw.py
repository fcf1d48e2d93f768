"""No test dies raw: whatever an answer returns, a test says in words what is wrong with it."""

import copy
from collections import defaultdict
from collections.abc import Iterator
from types import GeneratorType

from gates import trials, wrapped
from gates.findings import Finding, Gate, first_of
from gates.subjects import Subject, each, trial

KINDS = (
    "None",
    "a text",
    "a list",
    "an array",
    "float64",
    "integers",
    "an axis more",
    "no axes",
    "nothing in it",
    "the meta device",
)


def gate(subjects: list[Subject]) -> Gate:
    """Every test, visible or hidden, answers strange results with an assert's message, or lets them pass."""
    found, count = defaultdict(list), 0
    for tried, result in trials.run(_trials(subjects)):
        subject, exercise, what = tried.key
        for outcome in result.outcomes:
            if outcome.name in tried.tests:
                count += 1
                if outcome.kind not in ("passed", "failed"):
                    found[subject.where(outcome.name)].append(f"{what}: {outcome.message.splitlines()[0][:120]}")
    findings = tuple(Finding(where, "a written message whatever the answer returns", first_of(said),
                             "Assert what was returned before it is used.") for where, said in found.items())
    figure = f"{count} tests of strange results, {sum(map(len, found.values()))} die raw"
    return Gate("raw", figure, findings)


def _trials(subjects) -> Iterator[trials.Trial]:
    for subject, exercise in each(subjects):
        for method in wrapped.methods(exercise.solution.source, exercise.name):
            for kind in KINDS:
                spoil = f"from gates.raw import spoil\nspoil(globals(), {exercise.name!r}, {method!r}, {kind!r})"
                what = f"{exercise.name}{'.' if method else ''}{method} returns {kind}"
                yield trial(subject, exercise, exercise.solution.source, what, after=spoil)


# --- in the fork ---------------------------------------------------------------------------------


def spoil(namespace: dict, name: str, method: str, kind: str) -> None:
    """Replace what an answer returns by something of that kind."""
    wrapped.wrap(namespace, name, method, lambda call, args, kwargs: strange(call(*args, **kwargs), kind))


def strange(result: object, kind: str) -> object:
    """Return `result` as something of that kind; what has no such form stays as it is."""
    from torch.utils._pytree import tree_map

    if kind in ("None", "a text"):
        return None if kind == "None" else "strange"
    if isinstance(result, GeneratorType):
        return (strange(item, kind) for item in result)
    if kind == "nothing in it" and isinstance(result, (list, tuple, dict)):
        return type(result)() if not hasattr(result, "_fields") else ()
    return tree_map(lambda leaf: _leaf(leaf, kind), result)


def _leaf(leaf, kind):
    import numpy as np
    import torch

    if isinstance(leaf, torch.nn.Module) and kind in ("float64", "the meta device"):
        return copy.deepcopy(leaf).to(**{"dtype": torch.float64} if kind == "float64" else {"device": "meta"})
    if isinstance(leaf, np.ndarray):
        return _array(leaf, kind)
    if not isinstance(leaf, torch.Tensor):
        return leaf
    change = {
        "a list": lambda: leaf.detach().cpu().tolist(),
        "an array": lambda: leaf.detach().cpu().numpy(),
        "float64": lambda: leaf.to(torch.float32 if leaf.dtype == torch.float64 else torch.float64),
        "integers": lambda: leaf.to(torch.int64),
        "an axis more": lambda: leaf[None],
        "no axes": lambda: leaf.flatten()[0] if leaf.numel() else leaf.sum(),
        "nothing in it": lambda: leaf.flatten()[:0],
        "the meta device": lambda: leaf.to("meta"),
    }
    return leaf if leaf.device.type == "meta" and kind in ("a list", "an array") else change[kind]()


def _array(leaf, kind):
    """Return a NumPy array as something of that kind."""
    import torch

    change = {
        "a list": leaf.tolist,
        "an array": lambda: torch.from_numpy(leaf.copy()),
        "integers": lambda: leaf.astype(int),
        "float64": lambda: leaf.astype("float32" if leaf.dtype == "float64" else "float64"),
        "an axis more": lambda: leaf[None],
        "no axes": lambda: leaf.flatten()[0] if leaf.size else leaf.sum(),
        "nothing in it": lambda: leaf.flatten()[:0],
    }
    return change.get(kind, lambda: leaf)()
