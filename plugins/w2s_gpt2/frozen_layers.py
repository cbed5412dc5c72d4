"""Dense layers for passes that only read: weights packed once, the activation made inside the product before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from transformers.pytorch_utils import Conv1D

FAMILIES = frozenset({
    "gpt2", "gpt_neox", "opt", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3", "smollm3",
    "bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "electra", "albert", "modernbert"})
"""Kinds of model (`model_type`) whose dense layers are called and nothing else: no code of theirs reads a weight by its name."""

FOLLOWED = (("c_fc", "act"), ("dense_h_to_4h", "act"), ("fc1", "activation_fn"), ("gate_proj", "act_fn"),
            ("dense", "intermediate_act_fn"), ("lin1", "activation"), ("ffn", "activation"))
"""Names in one module of a dense layer and of the activation that is made of all it gives, in the families above."""

FUSED: tuple[tuple[str, str, Callable[[Tensor], Tensor]], ...] = (
    ("gelu", "tanh", lambda x: torch.nn.functional.gelu(x, approximate="tanh")), ("gelu", "none", torch.nn.functional.gelu),
    ("swish", "", torch.nn.functional.silu), ("relu", "", torch.relu))
"""Activations that oneDNN makes inside a product: its names for kind and form, and what they are."""

Activation = tuple[str, str]
NO_ACTIVATION: Activation = ("none", "")


class PackedLayer(torch.nn.Module):
    """A dense layer whose weights lie as oneDNN multiplies them, on the CPU; it cannot be trained or saved.

    A plain product packs its weights anew at each call, and writes its result before another pass over it applies the
    activation; here both are part of the product. Results differ from the plain layer's by rounding.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, activation: Activation) -> None:
        """Weight (outputs, inputs) and bias (outputs,) or None; activation: what follows, as FUSED names it."""
        super().__init__()
        self.packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous())
        self.bias = None if bias is None else bias.detach()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        kind, form = self.activation
        out: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.packed, self.bias, kind, [], form)
        return out


class GeluInPlace(torch.nn.Module):
    """The tanh form of GELU, written over its argument."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape; the same tensor."""
        out: Tensor = torch.ops.aten.gelu_(x, approximate="tanh")
        return out


def multiplies(dtype: torch.dtype) -> bool:
    """Whether this CPU has oneDNN's products of that dtype: of float32 wherever torch is built with it, of bfloat16 on few."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def freeze_layers(model: Any, device: str) -> None:
    """Put layers that only read in the place of those of a model of FAMILIES; others are left as they are.

    On a CPU whose oneDNN multiplies the model's dtype all dense layers are packed; elsewhere GPT-2's GELU is made in place.
    """
    if model.config.model_type not in FAMILIES:
        return
    packed = device == "cpu" and multiplies(model.dtype)
    for part in list(model.modules()):
        activations = dict(_fused(part))
        if packed:
            for name, layer in list(part.named_children()):
                if isinstance(layer, torch.nn.Linear | Conv1D):
                    weight = layer.weight.t() if isinstance(layer, Conv1D) else layer.weight
                    setattr(part, name, PackedLayer(weight, layer.bias, activations.get(name, ("", NO_ACTIVATION))[1]))
            for follower, _ in activations.values():
                setattr(part, follower, torch.nn.Identity())
        elif model.config.model_type == "gpt2":
            for follower, activation in activations.values():
                if activation == FUSED[0][:2]:
                    setattr(part, follower, GeluInPlace())


def _fused(part: torch.nn.Module) -> Iterator[tuple[str, tuple[str, Activation]]]:
    """Dense layers of a module whose activation can be made inside the product: name, name of the activation, and which it is."""
    here = dict(part.named_children())
    for name, follower in FOLLOWED:
        if name in here and follower in here and (activation := _activation(here[follower])) is not None:
            yield name, (follower, activation)


def _activation(function: Callable[[Tensor], Tensor]) -> Activation | None:
    """Which of FUSED a function is, found by trying, as transformers has many names for each; None for another."""
    tried = torch.linspace(-8.0, 8.0, 321)
    with torch.inference_mode():
        found = function(tried.clone())
        alike = [(kind, form) for kind, form, known in FUSED if torch.allclose(found, known(tried), rtol=0.0, atol=1e-5)]
    return alike[0] if alike else None
