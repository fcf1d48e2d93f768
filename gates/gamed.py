"""Tests that cannot be gamed: no wrong answer passes because it changed its arguments or rebound the names of a test.

A test whose expectation comes from an input that the answer could change, or from a name that it could rebind, agrees
with anything.
"""

import ast
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from gates import forks, trials, wrapped
from gates.findings import Finding, Gate, first_of
from gates.subjects import Subject, each, named

SECONDS, CELL = 120, 1  # for all deeds of one answer; for one test
HANDS_BACK = "hands its first argument back"


@dataclass(frozen=True)
class Game:
    """One wrong answer, tried with each deed against the tests that refuse it when it is honest."""

    key: tuple
    setup: tuple
    answer: str
    name: str
    tests: tuple
    seconds: float = SECONDS

    def work(self, tell: Callable) -> None:
        """Tell each (deed, test) where the test refuses the answer and takes it with the deed."""
        forks.limit_memory()
        namespace = trials.fresh_namespace()
        for name, source in self.setup:
            trials.run_cell(name, source, namespace)
        failing = {name for name, passed in self.play(dict(namespace), None, self.tests) if not passed}
        last = max((place for place, (name, _) in enumerate(self.tests, 1) if name in failing), default=0)
        for deed in DEEDS if failing else ():
            for name, passed in self.play(dict(namespace), DEEDS[deed], self.tests[:last]):
                if passed and name in failing:
                    tell(deed=deed, test=name)

    def play(self, namespace: dict, deed: Callable | None, tests: tuple) -> Iterator[tuple[str, bool]]:
        """Yield (test, whether it passed) in order, the answer wrapped in a deed."""
        trials.seed(0)
        trials.run_cell(self.name, self.answer, namespace)
        for method in wrapped.methods(self.answer, self.name) if deed and self.name in namespace else ():
            with suppress(AttributeError):  # a wrong answer may lack the method
                wrapped.wrap(
                    namespace,
                    self.name,
                    method,
                    lambda call, args, kwargs, method=method: deed(
                        call,
                        args,
                        kwargs,
                        Scene(args[bool(method) and method != "apply" :], kwargs, namespace, assigned(self.tests)),
                    ),
                )
        for name, source in tests:
            with at_most(CELL):
                yield name, trials.run_cell(name, source, namespace).passed


@dataclass(frozen=True)
class Scene:
    """What an answer can reach: its arguments without `self`, and the names that the tests give."""

    args: tuple
    kwargs: dict
    namespace: dict
    names: frozenset


def gate(subjects: list[Subject]) -> Gate:
    """No test that refuses a wrong answer takes it once the answer plays with its arguments or the test's names."""
    found, count, findings = defaultdict(list), 0, []
    for game, report in forks.run(games(subjects)):
        subject, exercise, answer = game.key
        count += len(DEEDS)
        for line in report.lines:
            found[subject.where(line["test"])].append(f"{answer} passes when it {line['deed']}")
        if report.ended != "done":
            findings.append(
                Finding(subject.where(exercise.name), f"{answer} to be tried within {SECONDS} s", report.ended)
            )
    findings += [
        Finding(
            where,
            "a test that no deed of an answer turns",
            first_of(said),
            "Clone inputs before the call; state what is expected after it, from values of the test's own.",
        )
        for where, said in found.items()
    ]
    figure = f"{count} deeds of wrong answers, {sum(map(len, found.values()))} turn a test"
    return Gate("gamed", figure, tuple(findings))


def games(subjects: list) -> Iterator[Game]:
    """Yield a game for each wrong answer, and for one that hands its first argument back."""
    for subject, exercise in each(subjects):
        setup, tests = named(subject.sheet.setup), named(exercise.tests)
        wrong = [(f"answers.py, cell {a.number},", a.source) for a in subject.answers
                 if (a.exercise, a.verdict) == (exercise.name, "wrong")]
        for answer, source in (*wrong, *hands_back(exercise)):
            yield Game((subject, exercise, answer), setup, source, exercise.name, tests)


def hands_back(exercise) -> Iterator[tuple[str, str]]:
    """Yield the laziest of wrong answers to an exercise that asks for a function."""
    for node in ast.parse(exercise.solution.source).body:
        if isinstance(node, ast.FunctionDef) and node.name == exercise.name and node.args.args:
            node.body = [ast.Return(ast.Name(node.args.args[0].arg, ast.Load()))]
            yield f"an answer that {HANDS_BACK}", ast.unparse(ast.fix_missing_locations(node))


# --- deeds, in the fork --------------------------------------------------------------------------


def before(change):
    """Return a deed that changes every argument, then answers."""
    def deed(call, args, kwargs, scene):
        change_all((scene.args, scene.kwargs), change)
        return call(*args, **kwargs)

    return deed


def after(change):
    """Return a deed that answers, then changes every argument."""
    def deed(call, args, kwargs, scene):
        result = call(*args, **kwargs)
        change_all((scene.args, scene.kwargs), lambda item: change(item, result))
        return result

    return deed


def change_all(value: object, change: Callable) -> None:
    """Change what `value` holds, however deep; what cannot be changed stays."""
    import numpy as np
    import torch

    if isinstance(value, (list, tuple, dict)):
        for item in list(value.values()) if isinstance(value, dict) else list(value):
            change_all(item, change)
    elif isinstance(value, torch.nn.Module):
        change_all(list(value.parameters()), change)
    if isinstance(value, (list, dict, torch.Tensor, np.ndarray)):
        with suppress(Exception), torch.no_grad():
            change(value)


def zero(value, result=None):
    if hasattr(value, "zero_"):
        value.zero_()
    elif hasattr(value, "fill"):
        value.fill(0)


def empty(value, result=None):
    if hasattr(value, "clear"):
        value.clear()
    elif hasattr(value, "data_ptr"):
        value.data = value.data.flatten()[:0]
    else:
        value.resize(0, refcheck=False)


def reorder(value, result=None):
    if hasattr(value, "reverse"):
        value.reverse()
    elif hasattr(value, "copy_"):
        value.copy_(value.flip(0))
    else:
        value[...] = value[::-1].copy()


def copy_result(value, result):
    """Let an argument of the result's shape be the result."""
    if hasattr(value, "data_ptr"):
        value.data = result.detach().to(value.dtype).view(value.shape)
    else:
        value[...] = result


def rebind(call, args, kwargs, scene):
    """Answer, then let every name that the tests give be the result; a function returns it."""
    result = call(*args, **kwargs)
    for name in scene.names & scene.namespace.keys():
        scene.namespace[name] = (lambda *a, **k: result) if callable(scene.namespace[name]) else result
    return result


DEEDS = {
    "zeroes its arguments first": before(zero), "zeroes its arguments last": after(zero),
    "empties its arguments first": before(empty), "empties its arguments last": after(empty),
    "reorders its arguments first": before(reorder), "reorders its arguments last": after(reorder),
    "makes its arguments its result": after(copy_result), "rebinds the test's names": rebind,
}


def assigned(tests: tuple) -> frozenset[str]:
    """Return the names with an underscore that the tests give."""
    names = (node for _, source in tests for node in ast.walk(ast.parse(source)))
    given = {
        getattr(node, "id", getattr(node, "name", ""))
        for node in names
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        or isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Store)
    }
    return frozenset(name for name in given if name.startswith("_"))


class at_most:
    """Stop what runs inside after some seconds, by an exception."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def __enter__(self):
        signal.signal(signal.SIGALRM, self.stop)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)

    def stop(self, *_):
        raise TimeoutError(f"stopped after {self.seconds} s")
