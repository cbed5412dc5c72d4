"""What a divergence declares, as tables ask for it: its law, the bound that says it in numbers, and its unit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from w2s_bench.registry.measures import measures

if TYPE_CHECKING:
    from w2s_bench.contracts import Divergence

_UNKNOWN_LAW = "the law"


def divergence_of(name: str | None) -> Divergence | None:
    """The divergence of that name; None where no plugin offers it, as for a table that somebody else made."""
    return measures().divergences.get(name) if name is not None else None


def law_of(divergences: Iterable[str | None]) -> str:
    """Who says that the gain is the misfit or more, for rows of these divergences."""
    named = {found.law if (found := divergence_of(name)) else _UNKNOWN_LAW for name in divergences}
    return named.pop() if len(named) == 1 else " and ".join(sorted(named)) or _UNKNOWN_LAW


def unit_of(divergence: str | None, output_unit: str | None) -> str:
    """The unit of D in words, for labels of that unit; nothing where it has none."""
    found = divergence_of(divergence)
    return found.unit_of(output_unit or "") if found else ""


def explicit_bounds() -> dict[str, str]:
    """The bound with an explicit constant, lhs ≤ rhs, by divergence: how far the gain may fall below the misfit."""
    return {name: divergence.explicit for name, divergence in measures().divergences.items()}


def inexact_bounds() -> dict[str, str]:
    """The bound that says the same of a student that is no exact projection, by divergence, where there is one."""
    return {name: divergence.inexact for name, divergence in measures().divergences.items() if divergence.inexact}


def law_bounds() -> dict[str, str]:
    """The bound by which a cell is judged, by divergence: the inexact one, which is the explicit one where δ = 0, else that."""
    return explicit_bounds() | inexact_bounds()


def law_words(divergences: Iterable[str | None]) -> str:
    """The bounds by which rows of these divergences are judged, as "inexact (squared, brier) or kl-explicit (kl)"; nothing
    where none is known. A single one stands alone."""
    of_bound: dict[str, list[str]] = {}
    for name in sorted({name for name in divergences if name is not None}):
        if name in law_bounds():
            of_bound.setdefault(law_bounds()[name], []).append(name)
    if len(of_bound) == 1:
        return next(iter(of_bound))
    return " or ".join(f"{bound} ({', '.join(names)})" for bound, names in of_bound.items())
