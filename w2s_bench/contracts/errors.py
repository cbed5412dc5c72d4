"""One family of errors, each written for the person at the prompt: what, where, the nearest right thing."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence

from w2s_bench.contracts.printable import printable


class W2SError(Exception):
    """Something that the caller can mend. `exit_code` is what the command line ends with.

    what: the fault in one sentence. where: file, line, flag or component. hint: the nearest right thing. In each of them control
    characters are written out.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = printable(what), printable(where), printable(hint)
        super().__init__(self.message())

    def message(self) -> str:
        """The whole message as one text of one to three lines."""
        first = f"{self.where}: {self.what}" if self.where else self.what
        return f"{first}\n  {self.hint}" if self.hint else first


class UsageError(W2SError):
    """A wrong word in a command, a spec or a name."""


class DataError(W2SError):
    """A data file or a model folder that cannot be used as it is."""


class PluginError(W2SError):
    """A plugin that breaks the contract."""


class StoreError(W2SError):
    """The store or a run folder cannot be read or written. Finished work stays."""

    exit_code = 3


class WorkerError(W2SError):
    """Processes that compute, and cannot be started. Finished work stays."""

    exit_code = 3


class Diverged(W2SError):
    """A fit that did not return finite numbers; costs its own cells only."""

    exit_code = 3


class ShapeError(W2SError):
    """Arrays that cannot be paired example by example, or that hold no example."""


class DomainError(W2SError):
    """Values for which the quantity is not defined: NaN, infinity, rows that are no distribution, a radius below 0."""


def together(errors: Sequence[W2SError]) -> W2SError:
    """All of these, each once, as one error; one alone as it is. errors: at least one."""
    distinct = list({error.message(): error for error in errors}.values())
    if len(distinct) == 1:
        return distinct[0]
    lines = "\n  ".join(line for error in distinct for line in error.message().split("\n"))
    return UsageError(f"{len(distinct)} things cannot work as they are:\n  {lines}")


def nearest(word: str, known: Iterable[str], n: int = 3) -> str:
    """A hint that lists the known words most like `word`, or all of them when they are few."""
    options = sorted(set(known))
    close = [option for option in options if option.casefold() == word.casefold()]
    close = close or difflib.get_close_matches(word, options, n=n, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not options:
        return "none is registered"
    shown = ", ".join(options[:12])
    return f"known: {shown}{', …' if len(options) > 12 else ''}"


def setting(parameter: str, text: str) -> str:
    """A parameter with its value as a person has to write it: in quotation marks where it would read as something else."""
    plain = re.fullmatch(r'[^\s,\[\]="!]+', text) and not re.match(r"[-+.]?\d", text)
    return f"{parameter}={text if plain else json.dumps(text, ensure_ascii=False)}"
