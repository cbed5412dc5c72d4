"""Codes of nine digits and Unix times reach a head with all their digits; other columns stay float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression
from w2s_tabular.arrays import Arrays
from w2s_tabular.numeric import numeric_embedding
from w2s_tabular.random_features import RandomFeatures
from w2s_tabular.raw import Raw

import w2s_bench as w2s
from w2s_bench.contracts import PrepareContext

K = np.random.default_rng(1).integers(0, 400, 120)


@pytest.mark.parametrize(("start", "step"), [(200_000_000, 1), (1_700_000_000, 60), (1_700_000_000_000, 1)])
def test_a_feature_that_determines_the_label_leaves_no_error(tmp_path: Path, start: int, step: int) -> None:
    pl.DataFrame({"code": start + step * K, "y": 0.25 * K}).write_csv(tmp_path / "a.csv")
    splits = Arrays(str(tmp_path / "a.csv")).load(0)
    code = [part.inputs["code"][:, None] for part in (splits.transfer, splits.test)]
    model = LinearRegression().fit(code[0], splits.transfer.truth)
    assert np.mean((model.predict(code[1]) - splits.test.truth) ** 2) < 1e-10
    rounded = [each.astype(np.float32).astype(np.float64) for each in code]
    model.fit(rounded[0], splits.transfer.truth)
    assert np.mean((model.predict(rounded[1]) - splits.test.truth) ** 2) > 1e-2
    run = w2s.run(tasks=f"arrays[path={tmp_path}/a.csv]", weak="raw", strong="raw", supervisors="least-squares",
                  strategies="least-squares", seeds=0, store=str(tmp_path / "s"), folder=tmp_path / "r", executor="here")
    (error,) = run.rows["err_ceiling"].to_list()
    assert error < 1e-10


def test_only_columns_that_need_it_are_float64() -> None:
    rng = np.random.default_rng(0)
    plain = {"x": np.stack([rng.normal(size=50), rng.normal(90.0, 13.0, 50), np.full(50, 0.1)], axis=1)}
    assert not Raw().embed(plain, {}).precise and Raw().embed(plain, {}).values.dtype == np.float32
    codes = {"x": np.array([200_000_001.0, 200_000_002.0, 200_000_003.0])}
    found = numeric_embedding(codes, "x", "")
    assert found.precise and found.values[:, 0].tolist() == codes["x"].tolist()
    assert numeric_embedding({"x": np.full(3, 200_000_001.0)}, "x", "").precise


def test_random_features_tell_codes_apart() -> None:
    codes = {"x": 1_700_000_000.0 + np.arange(40.0)}
    model = RandomFeatures(16)
    values = model.embed(codes, model.prepare(PrepareContext(inputs=codes))).values
    assert len(np.unique(values.round(4), axis=0)) == 40
