"""What was typed after a command, as one record."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import msgspec

Words = TypeVar("Words", bound=msgspec.Struct)
Result = TypeVar("Result")


class TableWords(msgspec.Struct, frozen=True, kw_only=True):
    """What `table_options` asks for."""

    runs: tuple[str, ...]
    condition: str | None
    by: str | None
    latest: bool
    over: str
    as_json: bool
    as_csv: bool


def as_record(kind: type[Words]) -> Callable[[Callable[[Words], Result]], Callable[..., Result]]:
    """Hands the values of click's options, which stand above it, to a function as one record of this kind."""
    def decorate(function: Callable[[Words], Result]) -> Callable[..., Result]:
        @functools.wraps(function)
        def called(**words: object) -> Result:
            return function(kind(**words))

        return called

    return decorate
