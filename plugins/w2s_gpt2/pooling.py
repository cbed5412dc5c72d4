"""One vector a text from the hidden states of its tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pooling:
    """How the states of a text become one vector: `pooled`, and scaled to length 1 where normalised."""

    kind: str
    normalised: bool = False

    def __call__(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Hidden states (n, t, d) and mask (n, t), 1 on real tokens, to (n, d) float32."""
        found = pooled(hidden, mask, self.kind)
        return torch.nn.functional.normalize(found, dim=1) if self.normalised else found


def pooled(hidden: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """Hidden states (n, t, d) and mask (n, t), 1 on real tokens, to (n, d) float32.

    pooling: mean over the real tokens, the last real token, the first one (cls), or the largest value of each dimension (max).
    Padding has no part in it.
    """
    if pooling == "cls":
        return hidden[:, 0].float()
    if pooling == "max":
        return hidden.float().masked_fill(mask.unsqueeze(-1) == 0, -torch.inf).amax(dim=1)
    lengths = mask.sum(dim=1, keepdim=True)
    if pooling == "last":
        index = (lengths - 1).unsqueeze(-1).expand(-1, 1, hidden.shape[-1])
        return hidden.gather(1, index).squeeze(1).float()
    weights = mask.unsqueeze(-1).float()
    return (hidden.float() * weights).sum(dim=1) / lengths.float()
