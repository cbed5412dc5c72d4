"""What a component can do beside what every one of its kind can: declared by words, never found by looking.

A class says `capabilities = frozenset({"fit_many", "untrained"})`; without the line it has none. A word that its kind does
not know, a word without its member, and a member of that name, or almost, that is not declared are errors of planning.
Where `capabilities` is a property, the component decides for itself which of its members count.
"""

from __future__ import annotations

from typing import TypeVar, cast

T = TypeVar("T")


def can(component: object, word: str) -> bool:
    """Whether a component declares this capability."""
    return word in getattr(component, "capabilities", ())


def declared(component: object, word: str, otherwise: T) -> T:
    """The member that a capability is named after, where the component declares it."""
    return cast(T, getattr(component, word)) if can(component, word) else otherwise
