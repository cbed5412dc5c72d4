"""Forward passes of a network that others built: what goes in and comes out is found by trying, never taken from its settings."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from w2s_bench.contracts import Array, DataError, tell
from w2s_gpt2.batches import padded, token_batches
from w2s_gpt2.early_layers import Stack
from w2s_gpt2.pooling import Pooling
from w2s_gpt2.side_by_side import side_by_side

TRIED = 16
"""Tokens of the sequence that a network is tried on."""

APART = {torch.float32: 1e-3, torch.bfloat16: 0.1}
"""Share of a state by which padding may change it: rounding. Networks that read padding change it by a multiple of that."""

CONSTANT = 1e-5
"""Features whose spread is that small a share of the largest one are the same for every text."""


@dataclass(frozen=True)
class Passes:
    """A network read at one layer. layer: 0 is the embedding, -1 what the network gives. where: for messages.

    takes_mask: whether it is told what is padding. width: values of a state. masks: whether padding changes no real state.
    damaged: weights that are not finite. stack, number: the network's blocks, and the one whose input is the layer: a pass ends
    before it; None where the network has to go on, or shows no such block.
    """

    network: Any
    layer: int
    where: str
    takes_mask: bool = True
    width: int = 0
    masks: bool = True
    damaged: tuple[str, ...] = ()
    stack: Stack | None = None
    number: int | None = None

    @staticmethod
    def of(network: Any, layer: int, tokens: Array, pad: int, where: str) -> Passes:
        """The network tried on a part of token ids (t,), alone and beside the whole. Raises DataError where it fails."""
        taken = inspect.signature(network.forward).parameters
        plain = Passes(network, layer, where, "attention_mask" in taken)
        short = tokens[: max(1, len(tokens) // 2)]
        alone, beside = plain._tried([short], pad), plain._tried([short, tokens], pad)[: len(short)]
        apart = np.linalg.norm(beside - alone, axis=1) > APART[network.dtype] * np.linalg.norm(alone, axis=1)
        damaged = tuple(name for name, weight in network.named_parameters() if not torch.isfinite(weight.detach().sum()))
        found = Passes(network, layer, where, plain.takes_mask, alone.shape[1], not apart.any(), damaged)
        return found if layer == -1 else found._ending_early(short, pad)

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Token ids and mask (n, t) to hidden states (n, t, width). Raises DataError for whatever goes wrong in the network,
        but for a lack of memory.
        """
        return _states_of([self], tokens, mask)[0]

    def features(self, sequences: list[Array], pad: int, budget: int, pooling: Pooling) -> Array:
        """Pooled hidden states (n, width) float32 of token ids, in batches of at most `budget` tokens; of sequences of one
        length where the network does not mask padding.

        Raises DataError for features that are not finite, or the same for sequences that differ.
        """
        return features_of_layers([self], sequences, pad, budget, pooling)[0]

    def run(self, tokens: Tensor, mask: Tensor, *, every_layer: bool) -> Any:
        """What the network gives for token ids and mask (n, t). Raises as `states` does."""
        told = {"attention_mask": mask} if self.takes_mask else {}
        try:
            return self.network(input_ids=tokens, **told, **({"output_hidden_states": True} if every_layer else {}))
        except (DataError, MemoryError):
            raise
        except Exception as error:
            if "memory" in str(error):
                raise
            raise DataError(f"{type(self.network).__name__} fails in its own code, on {tokens.shape[0]} texts of up to "
                            f"{tokens.shape[1]} tokens: {type(error).__name__}: {error}", where=self.where,
                            hint="its configuration may not fit its weights; a shorter max_length helps where texts are too "
                            "long for it") from error

    def picked(self, out: Any, tokens: Tensor) -> Tensor:
        """The states (n, t, width) of this layer. Raises DataError where there are none, or not one for each token."""
        return self.states_checked(out.last_hidden_state if self.layer == -1 else self._at_layer(out.hidden_states), tokens)

    def states_checked(self, hidden: Tensor, tokens: Tensor) -> Tensor:
        """The states (n, t, width). Raises DataError where there is not one for each token."""
        if hidden.ndim != 3 or hidden.shape[:2] != tokens.shape:
            raise DataError(f"{type(self.network).__name__} gives states of shape {tuple(hidden.shape)} for tokens of shape "
                            f"{tuple(tokens.shape)}, and one state a token is read", where=self.where)
        return hidden

    def check(self, features: Array, sequences: list[Array]) -> None:
        """Raises DataError for features (n, width) that are not finite, or the same for sequences that differ."""
        self._check_finite(features)
        if len({sequence.tobytes() for sequence in sequences}) > 1 and _constant(features):
            raise DataError(f"the features of all {len(features)} texts are the same, so nothing can be fitted to them",
                            where=self.where, hint="layer=0 with pooling=last reads the last token alone; else its weights are "
                            "not whole, or all zero")

    def _tried(self, sequences: list[Array], pad: int) -> Array:
        """States (t, width) of the first sequence."""
        tokens, mask = (torch.from_numpy(array).to(self.network.device) for array in padded(sequences, pad))
        with torch.inference_mode():
            states: Array = self.states(tokens, mask)[0, : len(sequences[0])].float().cpu().numpy()
        return states

    def _ending_early(self, sequence: Array, pad: int) -> Passes:
        """The same, with passes that end before the first block that nobody reads, where that is seen to change no state."""
        tokens, mask = (torch.from_numpy(array).to(self.network.device) for array in padded([sequence], pad))
        with torch.inference_mode():
            every = self.run(tokens, mask, every_layer=True).hidden_states
            depth = len(every) - 1
            number = self.layer % len(every)
            stack = None if number == depth else Stack.of(self.network, depth)
            if stack is None:
                return self
            found = stack.inputs(frozenset({number}), lambda: self.run(tokens, mask, every_layer=False))
            alike = number in found and torch.equal(found[number], every[number])
        return replace(self, stack=stack, number=number) if alike else self

    def _at_layer(self, states: Any) -> Any:
        if not states:
            raise DataError("gives the states of its last layer alone", where=self.where, hint="layer=-1")
        if not -len(states) <= self.layer < len(states):
            raise DataError(f"layer={self.layer}, and the model has layers 0 to {len(states) - 1}", where=self.where,
                            hint="-1 is the last")
        return states[self.layer]

    def _check_finite(self, features: Array) -> None:
        bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if not len(bad):
            return
        lost = self.damaged
        raise DataError(
            f"the features of {len(bad)} of {len(features)} texts are not finite"
            + (f": {len(lost)} of its weights are not, such as {lost[0]}" if lost else ""), where=self.where,
            hint="take an earlier checkpoint: this training diverged" if lost else "its states overflow; try dtype=float32")


def features_of_layers(passes: Sequence[Passes], sequences: list[Array], pad: int, budget: int, pooling: Pooling) -> list[Array]:
    """What `Passes.features` gives for each layer of one network, from one pass over each batch. Raises as it does."""
    found = [np.zeros((len(sequences), each.width), dtype=np.float32) for each in passes]
    device = passes[0].network.device
    done, one_at_a_time = 0, threading.Lock()

    def read(batch: Array) -> None:
        nonlocal done
        tokens, mask = (torch.from_numpy(array).to(device) for array in padded([sequences[index] for index in batch], pad))
        with torch.inference_mode():
            for features, states in zip(found, _states_of(passes, tokens, mask), strict=True):
                features[batch] = pooling(states, mask).cpu().numpy()
        with one_at_a_time:
            done += len(batch)
            tell(done, len(sequences), "texts")

    alike = not all(each.masks for each in passes)
    side_by_side(read, token_batches([len(sequence) for sequence in sequences], budget, alike=alike), str(device))
    for each, features in zip(passes, found, strict=True):
        each.check(features, sequences)
    return found


def _states_of(passes: Sequence[Passes], tokens: Tensor, mask: Tensor) -> list[Tensor]:
    """The states of each layer. Where gradients are asked for the whole network is passed: it may draw random numbers."""
    first = passes[0]
    numbers = [each.number for each in passes if each.number is not None]
    if first.stack is not None and len(numbers) == len(passes) and not torch.is_grad_enabled():
        caught = first.stack.inputs(frozenset(numbers), lambda: first.run(tokens, mask, every_layer=False))
        if all(number in caught for number in numbers):
            return [each.states_checked(caught[number], tokens) for each, number in zip(passes, numbers, strict=True)]
    out = passes[0].run(tokens, mask, every_layer=any(each.layer != -1 for each in passes))
    return [each.picked(out, tokens) for each in passes]


def trial_tokens(vocabulary: int, context: int, avoided: set[int]) -> Array:
    """Up to TRIED ids (t,) int64 spread over a vocabulary, without the avoided ones."""
    spread = np.unique(np.linspace(0, vocabulary - 1, TRIED + len(avoided)).astype(np.int64))
    chosen = spread[~np.isin(spread, list(avoided))][: max(1, min(TRIED, context))]
    return chosen if len(chosen) else np.zeros(1, dtype=np.int64)


def _constant(features: Array) -> bool:
    return bool(np.ptp(features, axis=0).max() <= CONSTANT * np.abs(features).max())
