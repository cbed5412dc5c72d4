"""Checks of losses: the value, its slope, and what they leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from w2s_bench.contracts import Array, Loss
from w2s_bench.testing.checks import Broken, Subject, check
from w2s_bench.testing.global_randomness import random_state_kept, seed_all

if TYPE_CHECKING:
    from torch import Tensor

_ROWS = 12
_STEP, _SLOPE = 1e-6, 1e-5
"""Of a difference quotient in float64, and what it may be off beside the largest slope."""

_ROUNDING = 1e-5
_PROGRESS = (0.0, 0.5, 0.99)
_EXTREME = 1e4
_WIDTHS = {"classes": (2, 3), "regression": (1, 2)}


def _tried(subject: Subject) -> bool:
    """Whether the kit has labels for what a loss is meant for."""
    return not _WIDTHS.keys().isdisjoint(subject.made.outputs)


@check("losses", says="it gives one finite number, whatever the share of the training that is done", when=_tried)
def gives_one_number(subject: Subject) -> None:
    """A tensor without dimensions, with a slope."""
    for logits, labels in _batches(subject):
        for progress in _PROGRESS:
            value, slope = _value_and_slope(subject.made, logits, labels, progress)
            if not np.isfinite(value) or not np.isfinite(slope).all():
                raise Broken(f"is {value} at progress {progress}, or its slope is not finite")


@check("losses", says="its slope is what a small step changes it by", when=_tried)
def slope_is_numeric(subject: Subject) -> None:
    """Autograd's gradient and central differences, in float64."""
    for logits, labels in _batches(subject, double=True):
        _, slope = _value_and_slope(subject.made, logits, labels, 0.5)
        quotient = np.zeros_like(slope)
        for place in np.ndindex(*slope.shape):
            ends = []
            for sign in (1.0, -1.0):
                moved = np.array(logits)
                moved[place] += sign * _STEP
                ends.append(_value_and_slope(subject.made, moved, labels, 0.5)[0])
            quotient[place] = (ends[0] - ends[1]) / (2.0 * _STEP)
        off = float(np.abs(slope - quotient).max())
        if off > _SLOPE * (1.0 + float(np.abs(quotient).max())):
            raise Broken(f"the gradient is off by {off:.2g} from a difference quotient, where the steepest is "
                         f"{np.abs(quotient).max():.2g}")


@check("losses", says="it and its slope are finite at extreme logits and hard labels", when=_tried)
def finite_at_extremes(subject: Subject) -> None:
    """A network that is sure and wrong is where training is most likely to break."""
    for logits, labels in _batches(subject):
        hard = labels if _is_regression(subject) else np.eye(labels.shape[1], dtype=np.float32)[labels.argmax(axis=1)]
        for scale in (_EXTREME, -_EXTREME):
            value, slope = _value_and_slope(subject.made, (np.sign(logits) * scale).astype(np.float32), hard, 0.5)
            if not np.isfinite(value) or not np.isfinite(slope).all():
                raise Broken(f"is {value} at logits of {_EXTREME:g}" if not np.isfinite(value) else
                             f"has a slope that is not finite at logits of {_EXTREME:g}")


@check("losses", says="it does not grow with the number of rows", when=_tried)
def mean_over_rows(subject: Subject) -> None:
    """A batch of one row again and again: rates of learning mean the same for each size of batch."""
    for logits, labels in _batches(subject):
        few, many = (_value_and_slope(subject.made, np.repeat(logits[:1], n, axis=0), np.repeat(labels[:1], n, axis=0), 0.5)[0]
                     for n in (4, 32))
        if abs(few - many) > _ROUNDING * (abs(few) + 1e-3):
            raise Broken(f"is {few:.6g} for 4 rows and {many:.6g} for 32 that are the same")


@check("losses", says="the order of the rows does not matter, up to rounding", when=_tried)
def order_of_rows(subject: Subject) -> None:
    """The batch the other way round."""
    for logits, labels in _batches(subject):
        value, slope = _value_and_slope(subject.made, logits, labels, 0.5)
        turned, slopes = _value_and_slope(subject.made, logits[::-1].copy(), labels[::-1].copy(), 0.5)
        if abs(value - turned) > _ROUNDING * (abs(value) + 1e-3):
            raise Broken(f"is {value:.6g}, and {turned:.6g} for the same rows the other way round")
        if np.abs(slope - slopes[::-1]).max() > _ROUNDING * (np.abs(slope).max() + 1e-3):
            raise Broken("the rows the other way round have other slopes")


@check("losses", says="the same batch gives the same bytes, whatever the global random state", when=_tried)
def same_twice(subject: Subject) -> None:
    """One instance asked twice, and another."""
    import torch  # noqa: F401  # so that its generator is among those that are seeded

    loss = subject.made
    with random_state_kept():
        for logits, labels in _batches(subject):
            found = []
            for seed, made in ((1, loss), (2, loss), (2, subject.made)):
                seed_all(seed)
                value, slope = _value_and_slope(made, logits, labels, 0.5)
                found.append((value, slope.tobytes()))
            if len(set(found)) > 1:
                raise Broken(f"is {', '.join(f'{value:.9g}' for value, _ in found)} for one batch")


@check("losses", says="logits and labels are as they were afterwards", when=_tried)
def batch_not_changed(subject: Subject) -> None:
    """Labels are used again in the next pass."""
    import torch

    for logits, labels in _batches(subject):
        given, beside = torch.from_numpy(logits.copy()), torch.from_numpy(labels.copy())
        subject.made(given, beside, 0.5)
        for name, tensor, array in (("logits", given, logits), ("labels", beside, labels)):
            if tensor.numpy().tobytes() != array.tobytes():
                raise Broken(f"changes the {name} in place")


def _is_regression(subject: Subject) -> bool:
    return "regression" in subject.made.outputs


def _batches(subject: Subject, *, double: bool = False) -> list[tuple[Array, Array]]:
    """Logits and soft labels (n, k) for each kind and width that a loss is meant for."""
    found = []
    for kind, widths in _WIDTHS.items():
        for k in widths if kind in subject.made.outputs else ():
            drawn = np.random.default_rng(k)
            logits, labels = drawn.normal(size=(_ROWS, k)), drawn.normal(size=(_ROWS, k))
            if kind == "classes":
                labels = np.exp(labels) / np.exp(labels).sum(axis=1, keepdims=True)
            dtype = np.float64 if double else np.float32
            found.append((logits.astype(dtype), labels.astype(dtype)))
    return found


def _value_and_slope(loss: Loss, logits: Array, labels: Array, progress: float) -> tuple[float, Array]:
    """Raises Broken for what is no number with a slope."""
    import torch

    given = torch.from_numpy(np.array(logits)).requires_grad_()
    value: Tensor = loss(given * 1.0, torch.from_numpy(np.array(labels)), progress)
    if not isinstance(value, torch.Tensor) or value.shape != ():
        shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
        raise Broken(f"gives {shape}, where one number is wanted")
    if not value.requires_grad:
        raise Broken("gives a number without a slope")
    (slope,) = torch.autograd.grad(value, given)
    array: Array = slope.numpy()
    return float(value.detach()), array
