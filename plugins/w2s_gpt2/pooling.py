"""One vector a text from the hidden states of its tokens."""

from __future__ import annotations

from torch import Tensor


def pooled(hidden: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """Hidden states (n, t, d) and mask (n, t), 1 on real tokens, to (n, d) float32.

    pooling: mean over the real tokens, or the last real token. Padding has no part in it.
    """
    lengths = mask.sum(dim=1, keepdim=True)
    if pooling == "last":
        index = (lengths - 1).unsqueeze(-1).expand(-1, 1, hidden.shape[-1])
        return hidden.gather(1, index).squeeze(1).float()
    weights = mask.unsqueeze(-1).float()
    return (hidden.float() * weights).sum(dim=1) / lengths.float()
