"""How many parameters a GPT-2 has."""

from __future__ import annotations


def gpt2_parameters(width: int, layers: int, positions: int, vocabulary: int) -> int:
    """Weights and biases, the tied output matrix counted once (Radford et al. 2019; 12 w² + 13 w a block)."""
    block = 12 * width**2 + 13 * width
    return (vocabulary + positions) * width + layers * block + 2 * width
