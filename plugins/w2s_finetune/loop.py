"""The training loop: AdamW, a schedule, early stopping, and checkpoints from which a killed fit goes on bit for bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from w2s_bench.contracts import Array, Checkpoints, Diverged, in_memory, tell
from w2s_finetune.batches import Order
from w2s_finetune.hardware import random_state, restore_random_state
from w2s_finetune.weights import as_arrays, copy_into


class Objective(Protocol):
    """What a loop minimises."""

    def gradient(self, rows: Array, at_once: int, progress: float) -> float:
        """Add the gradient of the rows' loss to the weights, passing `at_once` rows through the network; the loss."""

    def held_out(self) -> float | None:
        """The loss on labels that are not trained on, or None where none are held out."""


@dataclass(frozen=True)
class Schedule:
    """How a rate moves. kind: after its rise. warmup: share of the steps over which it rises."""

    kind: Literal["linear", "cosine", "constant"]
    warmup: float

    def share(self, step: int, steps: int) -> float:
        """The learning rate of a step as a share of its peak."""
        rise = round(self.warmup * steps)
        if step < rise:
            return (step + 1) / rise
        done = (step - rise) / max(1, steps - rise)
        return {"constant": 1.0, "linear": 1 - done, "cosine": 0.5 * (1 + math.cos(math.pi * done))}[self.kind]


@dataclass(frozen=True)
class Settings:
    """accumulate: parts of a batch. clip: largest norm of a gradient, 0 for any. patience: epochs. every: steps between
    checkpoints, 0 for none.
    """

    schedule: Schedule
    accumulate: int
    clip: float
    patience: int
    every: int


@dataclass
class Progress:
    """step: steps done. at_once: rows in a pass. best: weights with the least held-out loss, its value in `least`.

    stale: epochs since then.
    """

    step: int = 0
    at_once: int = 1
    stale: int = 0
    least: float = math.inf
    best: dict[str, Array] = field(default_factory=dict)


def rates(weights: Mapping[str, Tensor], peak: float, head_peak: float, decay: float) -> list[dict[str, Any]]:
    """Parameter groups of AdamW: the head has a rate of its own, and only matrices decay."""
    groups = []
    for is_head, rate in ((False, peak), (True, head_peak)):
        for is_matrix in (True, False):
            chosen = [weight for name, weight in weights.items()
                      if name.startswith("head.") == is_head and (weight.ndim > 1) == is_matrix]
            if chosen:
                groups.append({"params": chosen, "lr": rate, "peak": rate, "weight_decay": decay if is_matrix else 0.0})
    return groups


def train(objective: Objective, weights: Mapping[str, Tensor], groups: list[dict[str, Any]], order: Order, settings: Settings,
          accelerator: Any, checkpoints: Checkpoints | None) -> None:
    """Train the weights in place; they end as those of the last step, or of the best epoch where labels are held out.

    Raises Diverged at the first loss that is not finite, MemoryError where half a part of a batch does not fit.
    """
    optimiser = torch.optim.AdamW(groups)
    progress = _restored(checkpoints, weights, optimiser) or Progress(at_once=-(-order.batch // settings.accumulate))
    whole = -(-order.batch // settings.accumulate)
    while progress.step < order.steps and progress.stale < settings.patience:
        rows = order.rows(progress.step)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * settings.schedule.share(progress.step, order.steps)

        def gradient(at_once: int, rows: Array = rows) -> float:
            optimiser.zero_grad(set_to_none=True)
            loss = objective.gradient(rows, at_once, progress.step / order.steps)
            progress.at_once = at_once
            return loss

        _check(in_memory(gradient, progress.at_once, halve=progress.at_once == whole), progress.step, order.steps)
        if settings.clip:
            accelerator.clip_grad_norm_(list(weights.values()), settings.clip)
        in_memory(lambda _: optimiser.step(), 1)
        progress.step += 1
        tell(progress.step, order.steps, "steps")
        if progress.step % order.per_epoch == 0:
            _compare(progress, objective.held_out(), weights)
        if checkpoints and settings.every and progress.step % settings.every == 0 and progress.step < order.steps:
            checkpoints.save(_packed(progress, weights, optimiser))
    if progress.best:
        copy_into(weights, progress.best)


def _check(loss: float, step: int, steps: int) -> None:
    if not math.isfinite(loss):
        raise Diverged(f"the loss is {loss} at step {step + 1} of {steps}", where="finetune",
                       hint="a smaller learning rate may help")


def _compare(progress: Progress, loss: float | None, weights: Mapping[str, Tensor]) -> None:
    """Keep the weights of an epoch that is better than all before it."""
    if loss is None:
        return
    progress.stale += 1
    if loss < progress.least:
        progress.least, progress.stale, progress.best = loss, 0, as_arrays(weights)


def _packed(progress: Progress, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer) -> dict[str, Array]:
    """Everything that the next step depends on. Its rows and its learning rate follow from the step's number."""
    moments = {f"moments/{name}/{kind}": value.detach().cpu().numpy() for name, weight in weights.items()
               for kind, value in optimiser.state.get(weight, {}).items()}
    counts = np.array([progress.step, progress.at_once, progress.stale])
    device = next(iter(weights.values())).device
    return {"counts": counts, "least": np.array([progress.least]), **_under("weights", as_arrays(weights)), **moments,
            **_under("best", progress.best), **_under("random", random_state(device))}


def _restored(checkpoints: Checkpoints | None, weights: Mapping[str, Tensor],
              optimiser: torch.optim.Optimizer) -> Progress | None:
    """The progress of a fit that was ended before, with weights, moments and generators as they were then."""
    kept = checkpoints.load() if checkpoints else None
    if kept is None:
        return None
    copy_into(weights, _below("weights", kept))
    moments = _below("moments", kept)
    for name, weight in weights.items():
        optimiser.state[weight] = {
            kind: torch.from_numpy(np.array(value)).reshape(() if kind == "step" else weight.shape).to(
                "cpu" if kind == "step" else weight.device)
            for kind, value in _below(name, moments).items()}
    restore_random_state(_below("random", kept))
    step, at_once, stale = (int(count) for count in kept["counts"])
    return Progress(step, at_once, stale, float(kept["least"][0]), _below("best", kept))


def _under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _below(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(f"{prefix}/"): array for name, array in arrays.items() if name.startswith(f"{prefix}/")}
