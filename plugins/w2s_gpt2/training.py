"""The network of `nano`, its training loop and its features. Nothing global is changed: seeds and settings
are put back.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2Model

from w2s_bench.contracts import Array, DataError, Diverged, tell
from w2s_gpt2.batches import padded
from w2s_gpt2.bytes import BEGIN, PAD, VOCABULARY
from w2s_gpt2.pooling import pooled

WARM_UP = 0.1
"""Share of the steps over which the learning rate rises."""

DECAY, CLIP, POOL = 0.01, 1.0, 16
"""Weight decay; largest norm of a gradient; batches whose texts are sorted by length together."""


@dataclass(frozen=True)
class Architecture:
    """positions: tokens that a text may have, the beginning included."""

    width: int
    layers: int
    heads: int
    positions: int

    def build(self) -> Any:
        """A GPT-2 with fresh weights, drawn from torch's generator, without dropout."""
        return GPT2Model(
            GPT2Config(
                vocab_size=VOCABULARY,
                n_positions=self.positions,
                n_embd=self.width,
                n_layer=self.layers,
                n_head=self.heads,
                activation_function="gelu_pytorch_tanh",
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                bos_token_id=BEGIN,
                eos_token_id=BEGIN,
                use_cache=False,
            )
        )


def network(architecture: Architecture, weights: Mapping[str, Array]) -> Any:
    """The network with the given weights. Raises DataError where they are not those of this architecture."""
    with _own_randomness(0):
        model = architecture.build()
    tensors = {name: torch.from_numpy(np.array(array, dtype=np.float32)) for name, array in weights.items()}
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise DataError(
            f"the stored weights do not fit: {str(error).splitlines()[0]}", where="nano"
        ) from error
    return model.eval()


def features(model: Any, tokens: Array, mask: Array, pooling: str) -> Array:
    """Tokens and mask (n, t), padded on the right, to (n, width) float32.

    Attention is causal, so real tokens never see the padding behind them, and pooling leaves it out.
    """
    with torch.inference_mode():
        hidden = model(input_ids=torch.from_numpy(tokens)).last_hidden_state
        out: Array = pooled(hidden, torch.from_numpy(mask), pooling).numpy()
    return out


def train(
    architecture: Architecture,
    documents: Sequence[Array],
    targets: Array | None,
    *,
    steps: int,
    batch: int,
    lr: float,
    schedule: str,
    seed: int,
    kept: Collection[int],
) -> tuple[dict[int, dict[str, Array]], Array]:
    """Weights by name after each step that is kept (0: before the first), float32, and the loss of each step,
    (steps,) float32, of `steps` steps of AdamW on next-byte prediction.

    documents: bytes of each text, uint8; a longer one is cropped to a random window in each step. targets:
    (n, m) float32 to regress the mean state on, or None. Raises Diverged at the first loss that is not
    finite.
    """
    random = np.random.default_rng(seed)
    curve = np.zeros(steps, dtype=np.float32)
    with _own_randomness(seed), _deterministic():
        model = architecture.build().train()
        head = None if targets is None else nn.Linear(architecture.width, targets.shape[1])
        parameters = [*model.parameters(), *(head.parameters() if head else ())]
        optimiser = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.98), weight_decay=DECAY)
        weights = {0: _weights(model)} if 0 in kept else {}
        batches = _batches([len(document) for document in documents], batch, random)
        for step, chosen in zip(range(steps), batches, strict=False):
            for group in optimiser.param_groups:
                group["lr"] = lr * _pace(step, steps, schedule)
            tokens, mask = padded(
                [_window(documents[index], architecture.positions, random) for index in chosen], PAD
            )
            answers = None if targets is None else torch.from_numpy(targets[chosen])
            loss = _loss(model, torch.from_numpy(tokens), torch.from_numpy(mask), head, answers)
            curve[step] = _finite(loss.item(), step, steps, lr)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, CLIP)
            optimiser.step()
            tell(step + 1, steps, "steps")
            if step + 1 in kept:
                weights[step + 1] = _weights(model)
    return weights, curve


def _weights(model: Any) -> dict[str, Array]:
    """A copy of the weights by name, float32. Raises Diverged where they are not finite."""
    weights = {
        name: tensor.detach().numpy().astype(np.float32) for name, tensor in model.state_dict().items()
    }
    if not all(np.isfinite(weight).all() for weight in weights.values()):
        raise Diverged("the trained weights are not finite", where="nano")
    return weights


def _finite(loss: float, step: int, steps: int, lr: float) -> float:
    if not math.isfinite(loss):
        raise Diverged(
            f"the loss is {loss} at step {step + 1} of {steps}",
            where="nano",
            hint=f"a smaller learning rate than lr={lr:g} may help",
        )
    return loss


def _loss(model: Any, tokens: Tensor, mask: Tensor, head: nn.Module | None, targets: Tensor | None) -> Tensor:
    hidden = model(input_ids=tokens).last_hidden_state
    real = mask[:, 1:].bool()
    scores = hidden[:, :-1][real] @ model.wte.weight.T
    loss = nn.functional.cross_entropy(scores, tokens[:, 1:][real])
    if head is not None and targets is not None:
        loss = loss + nn.functional.mse_loss(head(pooled(hidden, mask, "mean")), targets)
    return loss


def _batches(lengths: Sequence[int], batch: int, random: np.random.Generator) -> Iterator[Array]:
    """Batches without end: each pass visits every text that is not empty once, like lengths together."""
    usable = np.flatnonzero(lengths)
    if not len(usable):
        raise DataError("the corpus holds no text that is not empty", where="nano")
    sizes = np.asarray(lengths)
    while True:
        order = random.permutation(usable)
        for start in range(0, len(order), batch * POOL):
            pool = order[start : start + batch * POOL]
            pool = pool[np.argsort(sizes[pool], kind="stable")]
            cuts = [pool[at : at + batch] for at in range(0, len(pool), batch)]
            for index in random.permutation(len(cuts)):
                yield cuts[index]


def _window(document: Array, positions: int, random: np.random.Generator) -> Array:
    room = positions - 1
    start = int(random.integers(len(document) - room + 1)) if len(document) > room else 0
    return np.concatenate([[BEGIN], document[start : start + room]]).astype(np.int64)


def _pace(step: int, steps: int, schedule: str) -> float:
    """Learning rate of a step as a share of its peak: a linear warm-up, then constant or a cosine down to
    zero.
    """
    rise = max(1, round(WARM_UP * steps))
    if step < rise:
        return (step + 1) / rise
    return (
        1.0
        if schedule == "constant"
        else 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))
    )


@contextlib.contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    before, warn = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn)
