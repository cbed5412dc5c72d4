"""Truth travels where a licence that is open says so, and stays where anything takes that back."""

from __future__ import annotations

import pytest

from w2s_bench.leaderboard.licences import truth_travels


@pytest.mark.parametrize("licence", [
    "MIT", "mit", "CC-BY-4.0", "CC BY 4.0", "CC-BY-SA-3.0 (ChEMBL)", "CC0-1.0", "Apache-2.0", "PSF-2.0", "generated here", "ODbL",
    "public data, distributed with scikit-learn (BSD-3-Clause)"])
def test_an_open_licence_lets_truth_travel(licence: str) -> None:
    assert truth_travels(licence)


@pytest.mark.parametrize("licence", [
    "", "not stated", "not stated (research use)", "as the owner of the table says", "the user's own data", "CC-BY-NC-4.0",
    "cc-by-nc-sa-4.0", "CC-BY-ND-4.0", "no licence in the repository; redistributed by somebody (MIT)", "other", "custom",
    "supplement of the paper, no explicit licence; redistributed by MoleculeNet (MIT)",
    "MIT for the code, research only for data", "permitted", "submitted"])
def test_whatever_else_keeps_it_where_it_is(licence: str) -> None:
    assert not truth_travels(licence)
