"""Losses against numbers worked by hand, and their gradients."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
import w2s_finetune
from torch import Tensor

from w2s_bench.contracts import Loss
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

ln = math.log


def make(name: str, **settings: Any) -> Any:
    entry = next(entry for entry in w2s_finetune.w2s_losses() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name), name)


def logits(*rows: tuple[float, ...]) -> Tensor:
    """Logits that stand for these probabilities."""
    return torch.tensor(rows, dtype=torch.float64).log()


def labels(*rows: tuple[float, ...]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


STUDENT = logits((0.9, 0.1), (0.6, 0.4), (0.3, 0.7), (0.2, 0.8))
WEAK = labels((0.7, 0.3), (0.2, 0.8), (0.4, 0.6), (0.7, 0.3))
"""The weak labels have mean (0.5, 0.5): the threshold is the median of (0.9, 0.6, 0.3, 0.2), 0.45."""


def test_cross_entropy_with_soft_labels() -> None:
    by_hand = -(0.7 * ln(0.9) + 0.3 * ln(0.1) + 0.2 * ln(0.6) + 0.8 * ln(0.4)) / 2
    assert float(make("xent")(STUDENT[:2], WEAK[:2], 0.5)) == pytest.approx(by_hand, rel=1e-12)


def by_hand_logconf(share: float) -> float:
    """Rows 1 and 2 are hardened to class 0, rows 3 and 4 to class 1; targets (1 − a) w + a p̂."""
    own = [(1, 0), (1, 0), (0, 1), (0, 1)]
    student = [(0.9, 0.1), (0.6, 0.4), (0.3, 0.7), (0.2, 0.8)]
    weak = [(0.7, 0.3), (0.2, 0.8), (0.4, 0.6), (0.7, 0.3)]
    return -sum(((1 - share) * w[c] + share * h[c]) * ln(p[c])
                for p, w, h in zip(student, weak, own, strict=True) for c in (0, 1)) / 4


@pytest.mark.parametrize(("progress", "share"), [(0.0, 0.0), (0.05, 0.25), (0.1, 0.5), (0.9, 0.5)])
def test_logconf_is_burns_loss_on_a_batch_worked_by_hand(progress: float, share: float) -> None:
    loss = make("logconf", alpha=0.5, warmup=0.1)(STUDENT, WEAK, progress)
    assert float(loss) == pytest.approx(by_hand_logconf(share), rel=1e-12)


def test_logconf_takes_its_threshold_from_the_class_balance_of_the_weak_labels() -> None:
    from w2s_finetune.losses import hardened

    predictions = labels((0.9, 0.1), (0.8, 0.2), (0.7, 0.3), (0.6, 0.4))
    for balance, wanted in ((0.0, [0, 0, 0, 0]), (1 / 3, [0, 0, 0, 1]), (0.5, [0, 0, 1, 1]), (0.8, [0, 1, 1, 1])):
        weak = labels(*[(1 - balance, balance)] * 4)
        assert hardened(predictions, weak).argmax(dim=1).tolist() == wanted, balance


def test_logconf_lets_no_gradient_through_its_own_target() -> None:
    student = STUDENT.clone().requires_grad_()
    make("logconf", alpha=1.0, warmup=0.0)(student, WEAK, 0.0).backward()
    target = labels((1, 0), (1, 0), (0, 1), (0, 1))
    assert student.grad is not None
    torch.testing.assert_close(student.grad, (STUDENT.softmax(1) - target) / 4)


def test_logconf_for_three_classes_keeps_every_class_in_balance() -> None:
    from w2s_finetune.losses import hardened

    drawn = torch.rand(999, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + torch.tensor([1.0, 0.0, 0.0])
    own = hardened(drawn / drawn.sum(1, keepdim=True), labels(*[(0.2, 0.3, 0.5)] * 999)).mean(0)
    torch.testing.assert_close(own, torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64), atol=0.05, rtol=0)


def test_product_multiplies_label_and_prediction() -> None:
    target = (0.9 * 0.7 / (0.9 * 0.7 + 0.1 * 0.3), 0.1 * 0.3 / (0.9 * 0.7 + 0.1 * 0.3))
    by_hand = -(target[0] * ln(0.9) + target[1] * ln(0.1))
    assert float(make("product")(STUDENT[:1], WEAK[:1], 0.0)) == pytest.approx(by_hand, rel=1e-12)
    weights = (0.9**0.5 * 0.7**2, 0.1**0.5 * 0.3**2)
    by_hand = -(weights[0] * ln(0.9) + weights[1] * ln(0.1)) / sum(weights)
    assert float(make("product", alpha=2.0, beta=0.5)(STUDENT[:1], WEAK[:1], 0.0)) == pytest.approx(by_hand, rel=1e-12)
    hard = labels((0.0, 1.0))
    assert float(make("product")(STUDENT[:1], hard, 0.0)) == pytest.approx(-ln(0.1), rel=1e-12)


def test_entropy_weighs_the_students_own_uncertainty() -> None:
    cross, own = -(0.7 * ln(0.9) + 0.3 * ln(0.1)), -(0.9 * ln(0.9) + 0.1 * ln(0.1))
    for progress, share in ((0.0, 0.0), (0.1, 0.2), (0.2, 0.4), (0.7, 0.4)):
        loss = make("entropy", alpha=0.4, warmup=0.2)(STUDENT[:1], WEAK[:1], progress)
        assert float(loss) == pytest.approx((1 - share) * cross + share * own, rel=1e-12)


def test_window_counts_only_rows_where_the_student_is_unsure() -> None:
    unsure = -(0.2 * ln(0.6) + 0.8 * ln(0.4))
    assert float(make("window", radius=0.15)(STUDENT, WEAK, 0.0)) == pytest.approx(unsure / 4, rel=1e-12)
    assert float(make("window", radius=0.05)(STUDENT, WEAK, 0.0)) == 0.0
    third = -(0.4 * ln(0.3) + 0.6 * ln(0.7))
    weak = labels((0.8, 0.2), (0.2, 0.8), (0.4, 0.6), (0.75, 0.25))  # |w − 0.5|: 0.3, 0.3, 0.1, 0.25, lower median 0.25
    midweak = make("window", radius="midweak")(STUDENT, weak, 0.0)
    assert float(midweak) == pytest.approx((unsure + third) / 4, rel=1e-12)


def test_the_two_kl_directions() -> None:
    forward = 0.7 * ln(0.7 / 0.9) + 0.3 * ln(0.3 / 0.1)
    reverse = 0.9 * ln(0.9 / 0.7) + 0.1 * ln(0.1 / 0.3)
    assert float(make("kl")(STUDENT[:1], WEAK[:1], 0.0)) == pytest.approx(forward, rel=1e-12)
    assert float(make("reverse-kl")(STUDENT[:1], WEAK[:1], 0.0)) == pytest.approx(reverse, rel=1e-12)
    hard = labels((1.0, 0.0))
    assert float(make("kl")(STUDENT[:1], hard, 0.0)) == pytest.approx(-ln(0.9), rel=1e-12)
    assert float(make("reverse-kl")(STUDENT[:1], hard, 0.0)) == pytest.approx(
        0.9 * ln(0.9 * (1 + 1e-7)) + 0.1 * ln(0.1 * (1 + 1e-7) / 1e-7), rel=1e-9)


def reverse_by_hand(p: np.ndarray, w: np.ndarray) -> np.ndarray:
    clipped = np.clip(w, 1e-7, 1.0)
    return -(p * np.log(clipped / clipped.sum(axis=1, keepdims=True))).sum(axis=1)


@pytest.mark.parametrize("k", [2, 3])
def test_reverse_symmetric_and_adaptive_cross_entropy_are_their_formulas(k: int) -> None:
    """Rows 0 and 1 are hard, so that the clip counts; the threshold lies between the confidences of the others."""
    random = np.random.default_rng(k)
    p, w = random.dirichlet(np.ones(k), 40), random.dirichlet(2.0 * np.ones(k), 40)
    w[:2] = np.eye(k)[:2]
    student, weak = torch.from_numpy(np.log(p)), torch.from_numpy(w)
    forward, reverse = -(w * np.log(p)).sum(axis=1), reverse_by_hand(p, w)
    sure = (w.max(axis=1) - 1 / k) / (2 - 2 / k) >= 0.2
    assert 5 < sure.sum() < 35
    for name, settings, wanted in (
            ("reverse-xent", {}, reverse.mean()),
            ("symmetric", {"alpha": 0.7, "beta": 0.4}, (0.7 * forward + 0.4 * reverse).mean()),
            ("cace", {"threshold": 0.2}, np.where(sure, forward, reverse).mean())):
        assert float(make(name, **settings)(student, weak, 0.5)) == pytest.approx(wanted, rel=1e-12), name


def test_the_slope_of_reverse_cross_entropy_vanishes_where_the_teacher_is_undecided() -> None:
    """p_c (g_c − Σ p g), g = −log w: 0 at w = 1/2, where that of the forward one is p − w (Xu et al., section 5)."""
    student = STUDENT.clone().requires_grad_()
    make("reverse-xent")(student, labels(*[(0.5, 0.5)] * 4), 0.0).backward()
    assert student.grad is not None and student.grad.abs().max() < 1e-15
    p, g = np.array([0.9, 0.1]), -np.log([0.7, 0.3])
    student = STUDENT[:1].clone().requires_grad_()
    make("reverse-xent")(student, WEAK[:1], 0.0).backward()
    assert student.grad is not None
    np.testing.assert_allclose(student.grad.numpy()[0], p * (g - p @ g), rtol=1e-12)


def test_an_adaptive_loss_with_threshold_0_is_cross_entropy() -> None:
    adaptive, plain = make("cace", threshold=0.0), make("xent")
    assert float(adaptive(STUDENT, WEAK, 0.0)) == pytest.approx(float(plain(STUDENT, WEAK, 0.0)), rel=1e-15)


def test_squared_error_sums_over_the_numbers_of_a_row() -> None:
    assert float(make("mse")(labels((1.0, 2.0), (0.0, 0.0)), labels((0.0, 4.0), (1.0, 1.0)), 0.0)) == 3.5


LOSSES = [("xent", {}), ("logconf", {"alpha": 0.6}), ("product", {"alpha": 1.5, "beta": 0.5}), ("entropy", {"alpha": 0.3}),
          ("window", {"radius": 0.3}), ("kl", {}), ("reverse-kl", {}), ("reverse-xent", {}), ("cace", {"threshold": 0.2}),
          ("symmetric", {"alpha": 0.7, "beta": 0.4}), ("mse", {})]


def test_every_registered_loss_is_tested_here() -> None:
    assert {entry.name for entry in w2s_finetune.w2s_losses()} == {name for name, _ in LOSSES}


@pytest.mark.parametrize(("name", "settings"), LOSSES)
@pytest.mark.parametrize("k", [2, 4])
def test_the_gradient_is_that_of_finite_differences(name: str, settings: dict[str, Any], k: int) -> None:
    random = torch.Generator().manual_seed(k)
    scores = torch.randn(6, k, generator=random, dtype=torch.float64)
    weak = torch.randn(6, k, generator=random, dtype=torch.float64).softmax(1)
    loss = make(name, **settings)
    assert isinstance(loss, Loss)
    frozen = own_targets_frozen(name, settings, scores, weak)
    assert torch.autograd.gradcheck(lambda s: frozen(s), scores.clone().requires_grad_(), eps=1e-6, atol=1e-8)
    student = scores.clone().requires_grad_()
    loss(student, weak, 0.7).backward()
    (slope,) = torch.autograd.grad(frozen(again := scores.clone().requires_grad_()), again)
    assert student.grad is not None
    torch.testing.assert_close(student.grad, slope, rtol=1e-9, atol=1e-12)


def own_targets_frozen(name: str, settings: dict[str, Any], scores: Tensor, weak: Tensor) -> Any:
    """The loss as a smooth function of the logits: targets through which no gradient passes are those at `scores`."""
    from w2s_finetune.losses import hardened

    p = scores.softmax(1)
    targets = {
        "logconf": 0.4 * weak + 0.6 * hardened(p, weak),
        "product": (p.sqrt() * weak**1.5) / (p.sqrt() * weak**1.5).sum(1, keepdim=True),
    }
    if name in targets:
        return lambda s: -(targets[name] * s.log_softmax(1)).sum(1).mean()
    loss = make(name, **settings)
    return lambda s: loss(s, weak, 0.7)


@pytest.mark.parametrize(("name", "settings"), LOSSES[:-1])
def test_losses_stay_finite_for_hard_labels_and_very_sure_students(name: str, settings: dict[str, Any]) -> None:
    student = torch.tensor([[60.0, -60.0], [-60.0, 60.0], [0.0, 0.0]], requires_grad=True)
    loss = make(name, **settings)(student, torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), 0.9)
    loss.backward()
    assert student.grad is not None and torch.isfinite(loss) and torch.isfinite(student.grad).all()


def test_naming_the_plugin_and_making_its_losses_imports_no_torch() -> None:
    code = ("import sys, w2s_finetune\nfrom w2s_bench.registry.component import instantiate\n"
            "from w2s_bench.registry.parameters import check_parameters\n"
            "loss = [instantiate(e.target, check_parameters(e, {}, ''), e.name) for e in w2s_finetune.w2s_losses()][0]\n"
            "for e in w2s_finetune.w2s_strategies():\n"
            "    p = check_parameters(e, {}, '')\n"
            "    if e.name == 'finetune': student = instantiate(e.target, p | {'loss': loss}, e.name)\n"
            "    else: assert instantiate(e.target, p | {'student': student}, e.name).outputs == {'classes', 'preferences'}\n"
            "assert not {'torch', 'transformers', 'peft', 'accelerate'} & set(sys.modules)\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
