"""Losses, one of which is sound."""

from __future__ import annotations

from typing import Any

import torch


class Sound:
    """The mean squared error."""

    BREAKS = ""
    outputs = frozenset({"regression"})

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return (logits - labels).square().sum(dim=-1).mean()


class LostAtTheEnd(Sound):
    BREAKS = "gives_one_number"

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return super().__call__(logits, labels, progress) * (float("nan") if progress > 0.9 else 1.0)


class TwiceAsSteep(Sound):
    BREAKS = "slope_is_numeric"

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        loss = super().__call__(logits, labels, progress)
        return 2.0 * loss - loss.detach()


class Overflowing(Sound):
    BREAKS = "finite_at_extremes"

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return super().__call__(logits, labels, progress) + logits.exp().mean()


class Summed(Sound):
    BREAKS = "mean_over_rows"

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return super().__call__(logits, labels, progress) * len(logits)


class LaterRowsCountMore(Sound):
    BREAKS = "order_of_rows"

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        weights = torch.arange(1, len(logits) + 1, dtype=logits.dtype)
        return ((logits - labels).square().sum(dim=-1) * weights / weights.sum()).sum()


class Counting(Sound):
    BREAKS = "same_twice"

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        self.calls += 1
        return super().__call__(logits, labels, progress) + 1e-3 * self.calls


class Nudging(Sound):
    BREAKS = "batch_not_changed"

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        loss = super().__call__(logits, labels.clone(), progress)
        labels += 1e-3
        return loss
