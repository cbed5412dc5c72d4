"""Numbers in words."""

from __future__ import annotations

import pytest

from w2s_bench.report.wording import with_half


@pytest.mark.parametrize(("low", "high", "shown"), [
    (50.0, 150.0, "100.0 ± 50.00"), (48.0, 150.0, "100.0 ± 52.00"), (20.0, 150.0, "100.0 [20.00, 150.0]"),
    (0.5, 201.0, "100.0 [0.500, 201.0]"), (-0.5, 199.0, "100.0 ± 100.5"), (-1.0, 201.0, "100.0 ± 101.0"),
])
def test_half_an_interval_is_shown_where_it_is_nearly_even_and_holds_0_as_it_does(low: float, high: float, shown: str) -> None:
    assert with_half({"gain": 100.0, "gain_low": low, "gain_high": high}, "gain") == shown


def test_a_loss_that_is_told_from_0_is_shown_so() -> None:
    assert with_half({"gain": -100.0, "gain_low": -201.0, "gain_high": -0.5}, "gain") == "-100.0 [-201.0, -0.500]"
