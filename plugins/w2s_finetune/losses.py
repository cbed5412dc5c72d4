"""Losses for training on soft weak labels: pure functions of logits (n, k), labels (n, k) and progress in [0, 1).

Torch is not imported here: a loss is written in the methods of the tensors that it is given. p are the student's
probabilities, w the weak labels, k the classes; every loss is a mean over the rows of the batch, in nats but for `mse`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

CLASSES = frozenset({"classes"})
REGRESSION = frozenset({"regression"})

FLOOR = 1e-7
"""Smallest weak probability where the loss takes its logarithm."""


def _cross_entropy(target: Any, logits: Any) -> Any:
    """−Σ_c target_c log p_c of each row, (n,)."""
    return -(target * logits.log_softmax(dim=-1)).sum(dim=-1)


def _reverse_cross_entropy(labels: Any, logits: Any) -> Any:
    """−Σ_c p_c log w_c of each row, (n,)."""
    return -(logits.softmax(dim=-1) * _log_weak(labels)).sum(dim=-1)


def _log_weak(labels: Any) -> Any:
    """Logarithms of the weak labels, clipped to [1e-7, 1] and renormalised."""
    clipped = labels.clamp(FLOOR, 1.0)
    return (clipped / clipped.sum(dim=-1, keepdim=True)).log()


def _ramp(progress: float, warmup: float) -> float:
    """0 at the start, rising linearly to 1 at the share `warmup` of the training."""
    return min(1.0, progress / warmup) if warmup > 0 else 1.0


@dataclass(frozen=True)
class CrossEntropy:
    """CE(w, p) = −Σ_c w_c log p_c: what Burns et al. (2023, arXiv 2312.09390) call naive fine-tuning."""

    outputs = CLASSES

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return _cross_entropy(labels, logits).mean()


@dataclass(frozen=True)
class LogConfidence:
    """The auxiliary confidence loss of Burns et al. (2023, section 4.3.2): (1 − a) CE(w, p) + a CE(p̂, p).

    p̂ is the student's own prediction, hardened with a threshold that keeps the class balance of the weak labels in the
    batch: class 0 where p₀ is at least its quantile at the weak labels' mean of class 1, as in their `logconf_loss_fn`
    (openai/weak-to-strong; quantiles are interpolated linearly); no gradient passes through it. a rises linearly from 0 to
    `alpha` over the first `warmup` of the training, as the paper has it; their released code climbs to warmup · alpha
    and jumps from there (their pull request 33). For k > 2, where there is no source, every class has a threshold of its
    own, the quantile of p_c at 1 − mean(w_c), and p̂ is the class that exceeds its threshold most; for k = 2 that is the
    binary rule.
    """

    outputs = CLASSES
    alpha: float = 0.5
    warmup: float = 0.1

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        share = self.alpha * _ramp(progress, self.warmup)
        target = (1 - share) * labels + share * hardened(logits.softmax(dim=-1).detach(), labels)
        return _cross_entropy(target, logits).mean()


def hardened(predictions: Any, labels: Any) -> Any:
    """Predictions (n, k) as one-hot rows whose class balance is that of the labels (n, k)."""
    k = predictions.shape[-1]
    balance = labels.mean(dim=0).clamp(0.0, 1.0)
    if k == 2:
        first = predictions[:, 0] >= predictions[:, 0].quantile(balance[1].to(predictions.dtype))
        chosen = (~first).long()
    else:
        excess = [predictions[:, c] - predictions[:, c].quantile((1 - balance[c]).to(predictions.dtype)) for c in range(k)]
        chosen = _columns(predictions, excess).argmax(dim=-1)
    return predictions.new_zeros(predictions.shape).scatter(1, chosen[:, None], 1.0)


def _columns(like: Any, columns: list[Any]) -> Any:
    table = like.new_empty(like.shape)
    for index, column in enumerate(columns):
        table[:, index] = column
    return table


@dataclass(frozen=True)
class Product:
    """CE(q, p) with q ∝ p^beta · w^alpha, through which no gradient passes: `product_loss_fn` of openai/weak-to-strong.

    alpha, beta: how much the weak label and the student's own prediction count. Any k.
    """

    outputs = CLASSES
    alpha: float = 1.0
    beta: float = 1.0

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        own = logits.log_softmax(dim=-1).detach()
        smallest = 1.2e-38  # of float32: a hard label stays hard without a logarithm of 0
        target = (self.beta * own + self.alpha * labels.clamp_min(smallest).log()).softmax(dim=-1)
        return _cross_entropy(target, logits).mean()


@dataclass(frozen=True)
class Entropy:
    """(1 − a) CE(w, p) + a H(p): confidence through the entropy of the student's own predictions.

    EleutherAI's `entropy` loss (github.com/EleutherAI/w2s) puts the soft p where `logconf` has the hardened one. Its last
    version lets no gradient pass through that p, which leaves the term without any; here the entropy is differentiated.
    a: as in `logconf`. Any k.
    """

    outputs = CLASSES
    alpha: float = 0.5
    warmup: float = 0.1

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        share = self.alpha * _ramp(progress, self.warmup)
        return _cross_entropy((1 - share) * labels + share * logits.softmax(dim=-1), logits).mean()


@dataclass(frozen=True)
class Window:
    """CE(w, p) on the rows where the student is unsure, max p < 0.5 + radius; 0 on the others; their mean over all rows.

    EleutherAI's `confidence_window_loss` (github.com/EleutherAI/w2s). radius: half the width of the window, or "midweak",
    the median of |w − 0.5| (there over the training labels, here over the batch's). For k > 2 confidence is rescaled so
    that 1/k and 1 lie where 0.5 and 1 do for k = 2.
    """

    outputs = CLASSES
    radius: float | Literal["midweak"] = 0.15

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        radius = _confidence(labels).median() if self.radius == "midweak" else self.radius
        unsure = _confidence(logits.softmax(dim=-1).detach()) < radius
        return (_cross_entropy(labels, logits) * unsure).mean()


def _confidence(probabilities: Any) -> Any:
    """(max p − 1/k) / (2 − 2/k) of each row: from 0 to 0.5, and max p − 0.5 for k = 2."""
    k = probabilities.shape[-1]
    return (probabilities.max(dim=-1).values - 1 / k) / (2 - 2 / k)


@dataclass(frozen=True)
class ForwardKL:
    """KL(w ‖ p) = Σ_c w_c log(w_c / p_c): `xent` less the entropy of the labels, so with its gradient. Any k."""

    outputs = CLASSES

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return (_cross_entropy(labels, logits) + labels.xlogy(labels).sum(dim=-1)).mean()


@dataclass(frozen=True)
class ReverseKL:
    """KL(p ‖ w) = Σ_c p_c log(p_c / w_c): the misfit that Mulgund & Pabbaraju (ICML 2025, arXiv 2501.19105) minimise.

    Weak labels are clipped to [1e-7, 1] and renormalised. Any k.
    """

    outputs = CLASSES

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        log_p = logits.log_softmax(dim=-1)
        return (log_p.exp() * (log_p - _log_weak(labels))).sum(dim=-1).mean()


@dataclass(frozen=True)
class ReverseCrossEntropy:
    """RCE(w, p) = −Σ_c p_c log w_c: the misfit of `reverse-kl` less the student's entropy, so that p goes to the weak model's
    likeliest class (Yao et al. 2025, arXiv 2502.11107; Xu et al., ICML 2026, arXiv 2505.24313).

    Weak labels are clipped to [1e-7, 1] and renormalised, as for `reverse-kl`; the released code of Xu et al.
    (Gengze/W2SG-Bregman) clips log w at −100 instead. Any k.
    """

    outputs = CLASSES

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return _reverse_cross_entropy(labels, logits).mean()


@dataclass(frozen=True)
class ConfidenceAdaptive:
    """CACE of Xu et al. (ICML 2026, arXiv 2505.24313): CE(w, p) on rows where the weak model is sure, |w − 0.5| ≥ threshold, and
    RCE(w, p), which a teacher's doubt moves less, on the others; their mean over all rows.

    As in their released code (Gengze/W2SG-Bregman, `CACE_loss`), whose class has the threshold 0.01 and whose example runs
    0.1, the default here. For k > 2, where there is no source, confidence is rescaled as for `window`. The clip is that of
    `reverse-xent`.
    """

    outputs = CLASSES
    threshold: float = 0.1

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        sure = _confidence(labels) >= self.threshold
        return (_cross_entropy(labels, logits) * sure + _reverse_cross_entropy(labels, logits) * ~sure).mean()


@dataclass(frozen=True)
class Symmetric:
    """alpha · CE(w, p) + beta · RCE(w, p): symmetric cross-entropy (Wang et al. 2019, arXiv 1908.06112), as Xu et al. (ICML 2026,
    arXiv 2505.24313) compare with it; alpha 1 and beta 0.1 are the defaults of their released code. The clip is that of
    `reverse-xent`; Wang et al. have −4 for log 0. Any k.
    """

    outputs = CLASSES
    alpha: float = 1.0
    beta: float = 0.1

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return (self.alpha * _cross_entropy(labels, logits) + self.beta * _reverse_cross_entropy(labels, logits)).mean()


@dataclass(frozen=True)
class SquaredError:
    """‖f − w‖², summed over the k numbers of a row: the misfit of Charikar et al. (2024, arXiv 2405.15116)."""

    outputs = REGRESSION

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return (logits - labels).square().sum(dim=-1).mean()
