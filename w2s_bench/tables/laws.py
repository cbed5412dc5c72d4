"""Who says that the gain is the misfit or more."""

from __future__ import annotations

LAWS = {"kl": "Mulgund and Pabbaraju's law"}
"""Who says that the gain is the misfit or more, where it is not Theorem 1 of Charikar et al."""


def law_of(divergences: set[str | None]) -> str:
    """The law that foretells the gain by the misfit, for rows of these divergences."""
    named = {LAWS.get(str(name), "Theorem 1") for name in divergences}
    return named.pop() if len(named) == 1 else "Theorem 1"
