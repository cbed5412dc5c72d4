"""What scoring raises."""

from __future__ import annotations

from w2s_bench.contracts.errors import W2SError


class ShapeError(W2SError):
    """Arrays that cannot be paired example by example, or that hold no example."""


class DomainError(W2SError):
    """Values for which the quantity is not defined: NaN, infinity, rows that are no distribution, a radius
    below 0."""
