"""Somebody else runs a submission again: true numbers come back, invented ones do not, and no stranger's code is run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Command
from made_submissions import edited, submitted

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.checking import check
from w2s_bench.leaderboard.opening import opened
from w2s_bench.leaderboard.reproducing import Means, Sampling, reproduce
from w2s_bench.leaderboard.reproductions import Cell, Reproduction, lifted, read_reproduction, with_reproductions

pytestmark = pytest.mark.usefixtures("decoded_here")

HOW = Sampling(3, True, 7)
SETTING = {"task": "diabetes", "weak": "random-features[width=8]", "strong": "raw", "strategy": "ridge", "supervisor": "ridge"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    Command(folder)("run", *(word for name, text in SETTING.items() for word in (f"--{name}", text)), "--seeds", "0..4",
                    "-o", "r", check=0)
    return folder / "r"


def again(folder: Path, tmp_path: Path) -> Reproduction:
    warned: list[str] = []
    with opened(folder) as given:
        found = reproduce(given, "somebody", HOW, AtHand(None), Means(str(tmp_path / "store"), "here", warned.append))
    assert warned == []
    return found


def test_true_numbers_come_back_and_lift_the_rows_of_their_strategy(run: Path, tmp_path: Path) -> None:
    found = again(submitted(run, tmp_path / "s"), tmp_path)
    assert [(cell.fresh, cell.agrees) for cell in found.cells] == [(False, True)] * 3 + [(True, True)] * 3
    assert found.judged() == {"ridge": True}
    assert not {cell.seed for cell in found.cells if cell.fresh} & set(range(5))
    (tmp_path / "r.toml").write_text(found.to_toml())
    assert read_reproduction(tmp_path / "r.toml") == found
    (tmp_path / "reproductions").mkdir()
    (tmp_path / "reproductions" / "mine--somebody.toml").write_text(found.to_toml())
    (tmp_path / "reproductions" / "mine--another.toml").write_text(found.to_toml().replace('who = "somebody"', 'who = "another"'))
    checked = check(tmp_path / "s")
    for sha256, trust in ((found.sha256, "reproduced"), ("0" * 64, "rescored")):
        assert set(with_reproductions(checked, tmp_path, sha256).rows["trust"]) == {trust}
    (tmp_path / "reproductions" / "mine--another.toml").unlink()  # and somebody made it
    assert set(with_reproductions(checked, tmp_path, found.sha256).rows["trust"]) == {"rescored"}
    rows = pl.DataFrame({"strategy": ["ridge", "ridge", "knn"], "trust": ["rescored", "self-reported", "rescored"]})
    assert lifted(rows, [found])["trust"].to_list() == ["reproduced", "self-reported", "rescored"]


def test_a_number_that_does_not_come_back_is_found(run: Path, tmp_path: Path) -> None:
    folder = edited(submitted(run, tmp_path / "s"), "rows.parquet", lambda t: t.with_columns(
        pl.col("err_student") * 0.8, pl.col("gain") + 0.2 * pl.col("err_student")))
    found = again(folder, tmp_path)
    assert found.judged() == {"ridge": False}
    assert [cell.agrees for cell in found.cells if not cell.fresh] == [False] * 3
    rows = pl.DataFrame({"strategy": ["ridge"], "trust": ["rescored"]})
    assert lifted(rows, [found])["trust"].to_list() == ["rescored"]


def test_a_strategy_that_it_does_not_have_is_told_from_those_that_it_has(run: Path, tmp_path: Path) -> None:
    with opened(submitted(run, tmp_path / "s")) as given, pytest.raises(UsageError, match=r"'rigde'[^?]*did you mean ridge"):
        reproduce(given, "me", HOW._replace(strategies=("rigde",)), AtHand(None), Means(str(tmp_path), "here", print))


@pytest.mark.parametrize("label", ["given/Idea-0a1b2c3d", "arrays[path={data}/x.csv]", "nobody",
                                   "digits[limit=100000000]"])
def test_what_is_not_bundled_or_not_here_is_not_run(run: Path, tmp_path: Path, label: str) -> None:
    folder = submitted(run, tmp_path / "s")
    column = "task" if label.startswith(("arrays", "digits")) else "strategy"
    edited(folder, "rows.parquet", lambda t: t.with_columns(pl.lit(label).alias(column)))
    for path in (folder / "predictions").glob("diabetes*"):
        path.unlink()
    edited(folder, "bounds.parquet", lambda t: t)
    with pytest.raises(DataError, match=r"unknown strategy|folder of data|more than is made"):
        again(folder, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
def test_a_strangers_plugin_is_named_and_not_run(outside: Command, run: Path, tmp_path: Path) -> None:
    folder = submitted(run, outside.folder / "s")
    edited(folder, "rows.parquet", lambda t: t.with_columns(pl.lit("letters").alias("strong")))
    said = outside("leaderboard", "reproduce", "s", "--who", "me", "-o", "r.toml", check=2)
    assert "is not bundled with w2s-bench" in said.stderr and not (outside.folder / "r.toml").exists()


def cell(stated: float, found: float, *, fresh: bool = True, apart: float | None = None) -> Cell:
    return Cell(**SETTING, seed=1, fresh=fresh, stated=stated, found=found, low=stated - 1.0, high=stated + 1.0, apart=apart)


def judged(*cells: Cell) -> bool | None:
    return Reproduction(submission="s", sha256="0" * 64, who="me", draw=0, cells=cells).judged()["ridge"]


def test_one_seed_outside_by_chance_is_no_refutation_and_a_mean_that_is_lower_each_time_is_one() -> None:
    inside = [cell(1.0, 1.0 + x) for x in np.linspace(-0.5, 0.5, 9)]
    assert judged(*inside) is True
    assert judged(*inside, cell(1.0, 2.5)) is True
    assert judged(*inside, *(cell(1.0, x) for x in (2.5, -2.5, 2.5, -2.5))) is False
    assert judged(*(cell(1.0, 0.3 + x) for x in np.linspace(-0.1, 0.1, 9))) is False
    assert judged(*inside[:2]) is None


def test_another_device_may_change_little_and_such_a_cell_says_nothing() -> None:
    inside = [cell(1.0, 1.0 + x) for x in (-0.5, 0.0, 0.5)]
    assert judged(*inside, cell(1.0, 1.0, fresh=False, apart=1e-3)) is True
    assert judged(*inside, cell(1.0, 1.0, fresh=False, apart=0.1)) is False
