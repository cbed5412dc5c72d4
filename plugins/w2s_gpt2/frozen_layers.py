"""GPT-2's layers for passes that only read: weights packed once, the activation made inside the product before it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class PackedLayer(torch.nn.Module):
    """A dense layer whose weights lie as oneDNN multiplies them, on the CPU; it cannot be trained or saved.

    A plain product packs its weights anew at each call, and writes its result before another pass over it applies the
    activation; here both are part of the product. Results differ from the plain layer's by rounding.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, gelu: bool) -> None:
        """Weight (inputs, outputs) and bias (outputs,); gelu: whether the tanh form of GELU follows."""
        super().__init__()
        self.packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach().t().contiguous())
        self.bias = bias.detach()
        self.activation = ("gelu", "tanh") if gelu else ("none", "")

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
    """Put layers that only read in the place of a GPT-2's: packed ones on a CPU whose oneDNN multiplies the model's dtype."""
    gelu = model.config.activation_function == "gelu_pytorch_tanh"
    packed = device == "cpu" and multiplies(model.dtype)
    for block in model.h:
        if gelu:
            block.mlp.act = torch.nn.Identity() if packed else GeluInPlace()
        if packed:
            for part, name, followed in ((block.attn, "c_attn", False), (block.attn, "c_proj", False),
                                         (block.mlp, "c_fc", gelu), (block.mlp, "c_proj", False)):
                layer = getattr(part, name)
                setattr(part, name, PackedLayer(layer.weight, layer.bias, gelu=followed))
