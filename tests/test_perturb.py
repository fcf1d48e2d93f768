"""What an answer gives back is changed, its own code runs whole, and nothing of that is left afterwards."""

import collections
import fractions
import pathlib
import types

import numpy
import pytest
import torch

from grader import perturb

DRAW = {"scale": 1.5, "shift": 1.0, "whole": 2, "text": "x", "skips": [0]}
Pair = collections.namedtuple("Pair", "a b")


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    perturb.release({}, ())


def wrapped(source, *names, **draw):
    """Run an answer, change what it gives; return the namespace."""
    namespace = {"__name__": "__main__", "torch": torch, "np": numpy}
    exec(source, namespace)
    assert perturb.perturb(namespace, (), names, DRAW | draw)
    return types.SimpleNamespace(**namespace)


@pytest.mark.parametrize("value", [
    1, 2.5, True, "word", b"word", 1j, [1, 2], (1, 2.0), {"a": 1}, {1, 2}, [], (), {}, Pair(1, 2), range(3),
    slice(1, 4), torch.Size([2]), torch.ones(2), torch.arange(3), torch.tensor([True]), torch.device("cpu"),
    torch.float32, numpy.ones(2), numpy.arange(3), numpy.float32(2), numpy.int64(2), numpy.array(["a", "b"]),
    fractions.Fraction(1, 2), [[1]], {"a": torch.ones(1)},
])  # fmt: skip
def test_every_kind_of_result_becomes_another_of_its_kind(value):
    perturb.drawn.update(DRAW)
    changed = perturb._changed(value)
    assert type(changed) is type(value) and str(changed) != str(value)
    perturb.drawn.clear()


def test_an_answer_stays_the_object_it_was_and_runs_whole():
    made = wrapped(
        "ran = []\ndef half(x, y=2, *, z=1):\n    ran.append(x)\n    return x / y\nme, code = half, half.__code__",
        "half",
    )
    assert (
        made.half is made.me and made.half(4.0) == 2.0 * 1.5 + 1 and made.ran == [4.0] and made.half.__name__ == "half"
    )
    perturb.release({}, ())
    assert made.half(4.0) == 2.0 and made.half.__code__ is made.code


def test_only_the_outermost_call_is_changed():
    made = wrapped("def fact(n):\n    return 1.0 if n == 0 else n * fact(n - 1)", "fact")
    assert made.fact(4) == 24 * 1.5 + 1


def test_calls_can_be_left_as_they_are():
    made = wrapped("def one():\n    return 1.0", "one", skips=[2])
    assert [made.one() for _ in range(3)] == [1.0, 1.0, 2.5]
    assert wrapped("def one():\n    return 1.0", "one", skips=[None]).one() == 1.0


def test_what_was_written_into_an_argument_is_changed():
    source = "def fill(x):\n    x.fill_(3)\ndef push(values):\n    values.append(1)\ndef nothing():\n    pass"
    made = wrapped(source, "fill", "push", "nothing")
    x, values = torch.zeros(2), [5]
    assert made.fill(x) is None and x.tolist() == [5.5, 5.5] and made.push(values) is None and values == [7, 3]
    assert made.nothing() == 1


def test_what_was_written_into_the_parts_of_an_argument_is_changed():
    made = wrapped("def step(params, state):\n    for p in params:\n        state[p] = p.data.zero_()", "step")
    first, second = torch.ones(1, requires_grad=True), torch.ones(1)
    kept = (first * first).sum()
    made.step((first, second), {})
    assert first.item() != 0 and second.item() != 0 and kept.backward() is None


CLASSES = """
class Net(torch.nn.Module):
    def forward(self, x):
        return x * 2
class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 3
    def __getitem__(self, i):
        return float(i)
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2
class Plain:
    def __init__(self):
        self.size = 3
    total = property(lambda self: 4) if False else None
class Iterator:
    def __iter__(self):
        return iter([1])
    @classmethod
    def make(cls):
        return 1
    @property
    def size(self):
        return 1
net = torch.nn.Linear(1, 1)
"""


def test_classes_are_changed_through_their_methods_or_their_objects():
    made = wrapped(CLASSES, "Net", "Data", "Twice", "Plain", "Iterator", "net")
    x = torch.ones(1, requires_grad=True)
    (grad,) = torch.autograd.grad(made.Twice.apply(x), x)
    assert made.Net()(torch.ones(1)).item() == 4.0 and made.Twice.apply(x).item() == 4.0 and grad.item() == 4.0
    assert len(made.Data()) == 5 and made.Data()[1] == 2.5 and made.Plain().size == 5
    assert list(made.Iterator()) == [3] and made.Iterator.make() == 3 and made.Iterator().size == 3
    before = made.net(x).item()
    perturb.release({}, ())
    assert made.net(x).item() * 1.5 + 1 == pytest.approx(before) and made.Net()(torch.ones(1)).item() == 2.0
    assert made.Plain().size == 3 and len(made.Data()) == 3


def test_what_gives_values_later_is_changed_when_it_does():
    made = wrapped(
        "def steps():\n    yield 1\n    yield 2\nasync def later():\n    return 1\n"
        "def adder(n):\n    return lambda x: x + n\n"
        "def model():\n    return torch.nn.Identity()\ndef loader():\n    return torch.utils.data.DataLoader([1.0])\n"
        "def closed(n):\n    def inner():\n        return n\n    return inner\nfixed = closed(1)\nvalue = 3",
        "steps", "later", "adder", "model", "loader", "fixed", "value",
    )  # fmt: skip
    assert list(made.steps()) == [3, 4] and made.adder(1)(1) == 4 and made.model()(torch.ones(1)).item() == 2.5
    assert [batch.tolist() for batch in made.loader()] == [[2.5]] and made.fixed() == 3
    with pytest.raises(StopIteration, match="3"):
        made.later().send(None)


def test_a_path_leads_where_it_led():
    perturb.drawn.update(DRAW)
    assert perturb._changed(pathlib.Path("a")) == pathlib.Path("a")
