"""Draw docs/loss_curves.svg: the running example trained three times, and a wrong answer to an exercise."""

import os
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import matplotlib
import numpy as np
import tensorflow as tf
import torch

matplotlib.use("svg")
import matplotlib.pyplot as plt

NUMPY, PYTORCH, TENSORFLOW = "#555555", "#B54708", "#0072B2"
STEPS, RATE = 500, 1e-6
ALT = "Loss of one two-layer net over 500 steps in NumPy, TensorFlow and PyTorch: three curves in one line"


def main():
    """Train, hold the curves equal, draw."""
    rng = np.random.default_rng(0)
    shapes = (64, 1000), (64, 10), (1000, 100), (100, 10)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    curves = {"NumPy, gradients by hand": by_hand(*arrays), "TensorFlow, GradientTape": by_tape(*arrays),
              "PyTorch, backward()": by_backward(*arrays)}
    first, *others = curves.values()
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-8)
    draw(curves)


def by_hand(x, y, w1, w2):
    w1, w2, losses = w1.copy(), w2.copy(), []
    for _ in range(STEPS):
        h = x @ w1
        r = np.maximum(h, 0)
        error = r @ w2 - y
        losses.append((error**2).sum())
        back = (2 * error @ w2.T) * (h > 0)
        w2 -= RATE * r.T @ (2 * error)
        w1 -= RATE * x.T @ back
    return losses


def by_tape(x, y, w1, w2):
    w1, w2, losses = tf.Variable(w1), tf.Variable(w2), []
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((tf.nn.relu(x @ w1) @ w2 - y) ** 2)
        losses.append(float(loss))
        for w, grad in zip((w1, w2), tape.gradient(loss, (w1, w2))):
            w.assign_sub(RATE * grad)
    return losses


def by_backward(x, y, w1, w2):
    x, y, w1, w2 = (torch.tensor(a) for a in (x, y, w1, w2))
    w1.requires_grad_(), w2.requires_grad_()
    losses = []
    for _ in range(STEPS):
        loss = (((x @ w1).relu() @ w2 - y) ** 2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for w in (w1, w2):
                w -= RATE * w.grad
                w.grad = None
    return losses


def draw(curves):
    plt.rcParams["svg.hashsalt"] = "course"
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", width_ratios=(1.15, 1))
    styles = (NUMPY, "-", 8, 0.35), (TENSORFLOW, "-", 3.5, 1), (PYTORCH, (0, (3, 3)), 2, 1)
    for (label, losses), (color, dash, width, alpha) in zip(curves.items(), styles):
        left.semilogy(losses, label=label, color=color, linestyle=dash, linewidth=width, alpha=alpha)
    left.set(xlabel="step", ylabel="summed squared error", title="The same net, three ways")
    left.legend(frameon=False)
    right.axis("off")
    right.set(title="An exercise that answers back", xlim=(0, 1), ylim=(0, 1))
    code = "def grad_of(f, x):\n    x.requires_grad_()\n    f(x).backward()\n    return x.grad.clone()"
    box = {"boxstyle": "round,pad=0.7", "facecolor": "#F5F5F5", "edgecolor": "#999999"}
    right.text(0.04, 0.9, code, family="monospace", fontsize=11, va="top", linespacing=1.5, bbox=box)
    right.text(
        0.04,
        0.28,
        "AssertionError: the second call\ndiffers: .grad adds up over calls",
        family="monospace",
        fontsize=11,
        va="center",
        linespacing=1.5,
        color=PYTORCH,
        bbox=box | {"facecolor": "white", "edgecolor": PYTORCH},
    )
    target = Path(__file__).with_suffix(".svg")
    fig.savefig(target, facecolor="white", metadata={"Date": None, "Title": ALT})


if __name__ == "__main__":
    main()
