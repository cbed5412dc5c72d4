"""The blocks of a network that lie one behind the other, for passes that end before a block whose output nobody reads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn


class _Ended(BaseException):
    """A pass has caught all that it is for. No Exception, so that nothing in the network takes it for a fault."""


@dataclass
class _Wanted:
    """numbers: of the blocks whose inputs are caught. states: those so far."""

    stack: Stack
    numbers: frozenset[int]
    states: dict[int, Tensor] = field(default_factory=dict)


_wanted: ContextVar[_Wanted | None] = ContextVar("wanted", default=None)
"""Of the pass in this thread: several go through one network side by side."""


class Stack:
    """Blocks that are called one after the other, (n, t, width) to (n, t, width)."""

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        self.depth = len(blocks)
        for number, block in enumerate(blocks):
            block.register_forward_pre_hook(functools.partial(_catch, self, number), with_kwargs=True)

    @staticmethod
    def of(network: nn.Module, depth: int) -> Stack | None:
        """The first list of that many blocks in a network, None where there is none; one for each network."""
        if network not in _stacks:
            lists = (part for part in network.modules() if isinstance(part, nn.ModuleList) and len(part) == depth)
            found = next(lists, None)
            _stacks[network] = None if found is None else Stack(list(found))
        return _stacks[network]

    def inputs(self, numbers: frozenset[int], run: Callable[[], object]) -> Mapping[int, Tensor]:
        """What the blocks of these numbers, counted from 0, are given in a run, which ends before the last of them."""
        wanted = _Wanted(self, numbers)
        token = _wanted.set(wanted)
        try:
            run()
        except _Ended:
            pass
        finally:
            _wanted.reset(token)
        return wanted.states


_stacks: WeakKeyDictionary[nn.Module, Stack | None] = WeakKeyDictionary()


def _catch(stack: Stack, number: int, block: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
    wanted = _wanted.get()
    if wanted is None or wanted.stack is not stack or number not in wanted.numbers:
        return
    state = given[0] if given else named.get("hidden_states")
    if state is not None:
        wanted.states[number] = state
    if len(wanted.states) == len(wanted.numbers):
        raise _Ended
