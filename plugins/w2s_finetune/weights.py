"""Which weights of a network are trained: all of them or low-rank adapters, and a linear head; as arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from w2s_bench.contracts import Array, Diverged, TrainableModel, UsageError, seed_for


@dataclass(frozen=True)
class Adapters:
    """Low-rank adapters (LoRA, Hu et al. 2022, arXiv 2106.09685): W + alpha / rank · B A, with B = 0 at the start."""

    rank: int
    alpha: float

    def add(self, model: TrainableModel, seed: int) -> None:
        """Put adapters on the layers that the model names; only they are trained from now on. A drawn by the seed."""
        names = set(model.adapters)
        if not names:
            raise UsageError("the model names no layers for adapters", where="weights=lora", hint="weights=full trains all of it")
        layers = [layer for name, layer in model.network.named_modules() if name in names]
        config = LoraConfig(r=self.rank, lora_alpha=self.alpha, target_modules=sorted(names), lora_dropout=0.0,  # type: ignore[arg-type]
                            fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in layers))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            inject_adapter_in_model(config, model.network)


def new_head(width: int, k: int, start: Literal["zero", "random"], seed: int, bias: bool = True) -> nn.Linear:
    """A linear map from pooled states to logits, numbers or, without a bias, rewards; random: U(±1/√width), drawn by the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for("finetune head", seed=seed))
        head = nn.Linear(width, k, bias=bias)
    if start == "zero":
        for weight in head.parameters():
            nn.init.zeros_(weight)
    return head


def trained_weights(network: Any, head: nn.Linear | None = None) -> dict[str, Tensor]:
    """The tensors that training changes: `network.<name>`, `head.weight` and `head.bias`."""
    named = {f"network.{name}": weight for name, weight in network.named_parameters() if weight.requires_grad}
    return named if head is None else {**named, **{f"head.{name}": weight for name, weight in head.named_parameters()}}


def as_arrays(weights: Mapping[str, Tensor]) -> dict[str, Array]:
    """Copies of the tensors, float32. Raises Diverged where one is not finite."""
    arrays = {name: weight.detach().cpu().numpy().astype(np.float32, copy=True) for name, weight in weights.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise Diverged(f"the trained weights {name} are not finite", where="finetune")
    return arrays


def copy_into(weights: Mapping[str, Tensor], arrays: Mapping[str, Array]) -> None:
    """Set the tensors to the arrays of the same names."""
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(torch.from_numpy(np.ascontiguousarray(arrays[name])).reshape(weight.shape))
