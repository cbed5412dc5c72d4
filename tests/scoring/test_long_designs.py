"""A design that is never whole in memory certifies what the whole one does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from made_samples import made_sample
from scipy.special import softmax

from w2s_bench.contracts import Array
from w2s_bench.contracts.errors import DomainError
from w2s_bench.scoring import long_designs
from w2s_bench.scoring.certificates import certify
from w2s_bench.scoring.linear_class import LinearClass
from w2s_bench.scoring.long_designs import LongDesign, design_of, sum_of_squares, under
from w2s_bench.scoring.softmax_class import SoftmaxClass

N, R = 9000, 7
DRAWN = np.random.default_rng(0)
FEATURES = DRAWN.normal(size=(N, R)) * 10.0 ** np.linspace(-3, 2, R) + 5.0
FEATURES[:, 3] = FEATURES[:, 2] + 1e-5 * FEATURES[:, 3]
WEAK = FEATURES @ DRAWN.normal(size=(R, 2)) + 30.0 * DRAWN.normal(size=(N, 2))


def plain(features: Array) -> Array:
    return np.asarray(features, dtype=np.float64)


LONG = LongDesign(FEATURES, plain)


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("radius", [None, 0.5])
def test_least_misfit_distance_and_members_are_those_of_the_whole(constant: bool, radius: float | None) -> None:
    whole, blocks = (LinearClass.of(design, radius, constant) for design in (FEATURES, LONG))
    assert blocks.smallest_misfit(WEAK) == pytest.approx(whole.smallest_misfit(WEAK), rel=1e-10)
    inside = FEATURES @ np.full((R, 2), 0.01) + (3.0 if constant else 0.0)
    for values, right in ((inside, True), (WEAK, False), (inside + 1e-6 * WEAK, False)):
        assert blocks.contains(values, 1e-18) == whole.contains(values, 1e-18) == right
    assert blocks.spans_sample == whole.spans_sample
    np.testing.assert_allclose(blocks.spectrum, whole.spectrum, rtol=1e-9)


def test_columns_that_depend_on_others_leave_the_same_rank_and_an_orthonormal_basis() -> None:
    doubled = np.concatenate([FEATURES, FEATURES[:, :2] - FEATURES[:, 1:3], np.ones((N, 1))], axis=1)
    found, whole = LinearClass.of(LongDesign(doubled, plain)), LinearClass.of(doubled)
    assert isinstance(found.basis, LongDesign) and found.basis.shape == whole.basis.shape == (N, R)
    basis = np.concatenate([block for _, block in found.basis.blocks()])
    np.testing.assert_allclose(basis.T @ basis, np.eye(R), atol=1e-8)


def test_a_softmax_head_has_the_same_gap() -> None:
    design = FEATURES / FEATURES.std(axis=0)
    weight, weak = DRAWN.normal(size=(R, 3)) / 10, softmax(DRAWN.normal(size=(N, 3)), axis=1)
    for radius in (None, float(np.linalg.norm(weight - weight.mean(axis=1, keepdims=True)))):
        whole, blocks = (SoftmaxClass.of(given, radius) for given in (design, LongDesign(design, plain)))
        assert blocks.gap(weight, np.zeros(3), weak) == pytest.approx(whole.gap(weight, np.zeros(3), weak), rel=1e-9)
    values = softmax(design @ weight + [0.3, -0.3, 0.0], axis=1)
    assert SoftmaxClass.of(LongDesign(design, plain)).contains(values, 1e-18)


def test_sums_and_products_are_those_of_the_whole() -> None:
    assert sum_of_squares(LONG) == pytest.approx(sum_of_squares(FEATURES), rel=1e-13)
    np.testing.assert_allclose(under(LONG, WEAK), FEATURES.T @ WEAK, rtol=1e-12)
    np.testing.assert_allclose(LONG @ np.ones((R, 1)), FEATURES.sum(axis=1, keepdims=True), rtol=1e-12)


@dataclass
class Least:
    """A head of least squares; most: rows that it was ever asked for at once."""

    weight: Array
    intercept: Array
    radius: None = None
    head_norm: float = 0.0
    most: int = 0

    def design(self, features: Array) -> Array:
        self.most = max(self.most, len(features))
        return plain(features)

    def predict(self, features: Array) -> Array:
        return plain(features) @ self.weight + self.intercept

    def to_arrays(self) -> dict[str, Array]:
        return {}


@dataclass(frozen=True)
class Exactly:
    convex_in: str = "outputs"
    exact: bool = True


def test_a_certificate_of_a_long_sample_is_that_of_the_whole_and_never_asks_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    centred = FEATURES - FEATURES.mean(axis=0)
    weight = np.linalg.lstsq(centred, WEAK - WEAK.mean(axis=0), rcond=None)[0]
    head = Least(weight, WEAK.mean(axis=0) - FEATURES.mean(axis=0) @ weight)
    sample = made_sample(WEAK, WEAK, head.predict(FEATURES), head.predict(FEATURES) / 2, "squared")
    whole = certify(Exactly(), head, FEATURES, sample)
    assert head.most == N and isinstance(design_of(head, FEATURES), np.ndarray)
    monkeypatch.setattr(long_designs, "LONG", N)
    head.most = 0
    blocks = certify(Exactly(), head, FEATURES, sample)
    assert head.most == long_designs.ROWS
    assert whole.exact_projection and blocks.exact_projection and whole.reference_in_class == blocks.reference_in_class
    assert blocks.delta == pytest.approx(whole.delta, abs=1e-10 * float((WEAK**2).mean()))


def test_a_long_design_that_is_not_finite_is_refused() -> None:
    broken = FEATURES.copy()
    broken[5000, 2] = np.nan
    with pytest.raises(DomainError, match="NaN or infinite"):
        LinearClass.of(LongDesign(broken, plain))
