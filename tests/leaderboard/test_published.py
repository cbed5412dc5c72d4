"""Numbers of others: read from CSV, each with its source, shown beside ours and never ordered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import SHARED_DATA, Command
from made_boards import drawn, made_checked
from made_seasons import made_season

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.board import board_from, board_of
from w2s_bench.leaderboard.published import NAME, Cited, import_published, read_published, write_published

DATA = SHARED_DATA / "w2s_published"
HEAD = "source,where_read,task,shift,weak,strong,method,metric,value,std,note\n"
NUMBERS = HEAD + '''"A. and B., 2025","arXiv:1, Table 1",iwildcam,OOD,AlexNet,DINO,Naive,accuracy,43.83,0.5,mean of 10 runs
"A. and B., 2025","arXiv:1, Table 1",iwildcam,OOD,AlexNet,DINO,Naive,pgr_percent,-4.21,,
'''
RUNS = """ds_name,loss,model_size,seed,lr,accuracy,path,weak_model_size
boolq,xent,gpt2-xl,0,1e-05,0.75,results/l=xent-ms=gpt2-xl,
boolq,logconf,gpt2-xl,0,1e-05,0.5,results/l=logconf-ms=gpt2-xl-wms=gpt2,gpt2
boolq,logconf,gpt2-xl,1,1e-05,0.625,results/l=logconf-ms=gpt2-xl-wms=gpt2-propgt0.1-hardTrue,gpt2
"""
PAIRS = """ds_name,seed,loss,weak_model,strong_model,weak_acc,strong_gt_acc,transfer_acc,pgr
sciq,0,xent,gpt2,gpt2-xl,0.5,0.75,0.625,0.5
sciq,0,xent,gpt2,gpt2,0.5,0.5,0.5,
"""
CITED = Cited("C.", "https://example.org/c @ abc", "MIT")


def file(folder: Path, text: str, name: str = "given.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_numbers_keep_their_source_and_are_what_is_stated(tmp_path: Path) -> None:
    found = import_published([file(tmp_path, NUMBERS)])
    assert found.to_dicts()[0] == {
        "source": "A. and B., 2025", "where_read": "arXiv:1, Table 1", "licence": None, "task": "iwildcam", "shift": "OOD",
        "weak": "AlexNet", "strong": "DINO", "method": "Naive", "metric": "accuracy", "note": "mean of 10 runs", "value": 43.83,
        "std": 0.5, "trust": "published"}
    assert found["value"].to_list() == [43.83, -4.21] and found["std"].to_list() == [0.5, None]


def test_runs_are_cited_by_their_path_and_told_apart_by_what_was_varied(tmp_path: Path) -> None:
    found = import_published([file(tmp_path, RUNS)], CITED)
    assert found["method"].to_list() == ["trained on the truth, xent", "weak-to-strong, logconf",
                                         "weak-to-strong, logconf, propgt0.1-hardTrue"]
    assert found["weak"].to_list() == [None, "gpt2", "gpt2"] and set(found["strong"]) == {"gpt2-xl"}
    assert found["value"].to_list() == [0.75, 0.5, 0.625] and set(found["metric"]) == {"accuracy"}
    assert found["where_read"][0] == "https://example.org/c @ abc, results/l=xent-ms=gpt2-xl"
    assert found["note"].to_list() == ["seed 0; lr 1e-05", "seed 0; lr 1e-05", "seed 1; lr 1e-05"]
    assert set(found["licence"]) == {"MIT"} and set(found["source"]) == {"C."}


def test_pairs_give_each_of_their_numbers_and_no_recovered_gap_where_there_is_none(tmp_path: Path) -> None:
    found = import_published([file(tmp_path, PAIRS)], CITED)
    assert found.select("metric", "method", "value").rows() == [
        ("weak_acc", "the weak model", 0.5), ("transfer_acc", "weak-to-strong, xent", 0.625),
        ("strong_gt_acc", "the strong model on the truth", 0.75), ("pgr", "weak-to-strong, xent", 0.5),
        ("weak_acc", "the weak model", 0.5), ("transfer_acc", "weak-to-strong, xent", 0.5),
        ("strong_gt_acc", "the strong model on the truth", 0.5)]


@pytest.mark.parametrize(("text", "said"), [
    (RUNS, "this file names no source, and a number without one is not shown"),
    (NUMBERS.replace('"arXiv:1, Table 1"', '""'), "row 1: where_read is empty"),
    (NUMBERS.replace("-4.21", "inf"), "row 2: value is 'inf', which is no number"),
    (NUMBERS.replace("-4.21", ""), "row 2: value is None, which is no number"),
    (NUMBERS.replace(",0.5,mean", ",half,mean"), "row 1: std is 'half', which is no number"),
    (NUMBERS.replace("Naive,pgr", "Na\x1b[2Jive,pgr"), "row 2: 'method' holds a control character"),
    (NUMBERS.replace("DINO,Naive,pgr", f"{'x' * 3_000},Naive,pgr"), "row 2: 'strong' has 3,000 characters"),
    ("a,b\n1,2\n", "no form of published numbers has the columns 'a', 'b'"),
])
def test_what_cannot_stand_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        import_published([file(tmp_path, text)])
    assert said in refused.value.message() and "\x1b" not in refused.value.message()


def test_a_board_shows_them_and_orders_none(tmp_path: Path) -> None:
    season = made_season(2)
    (tmp_path / "seasons").mkdir()
    (tmp_path / "seasons" / "pilot.toml").write_text(season.to_toml(), encoding="utf-8")
    written = write_published(import_published([file(tmp_path, NUMBERS)]), tmp_path / "others")
    again = write_published(import_published([file(tmp_path, NUMBERS)]), tmp_path / "again")
    assert written.read_bytes() == again.read_bytes()
    board = board_of(tmp_path, "pilot/1", tmp_path / "others")
    assert board.published is not None and set(board.published["trust"]) == {"published"} and board.entries == ()
    checked = made_checked(season, "aa", {"s": drawn(season, np.random.default_rng(0))})
    with_others, alone = board_from(season, [checked], board.published), board_from(season, [checked])
    assert with_others.entries == alone.entries and with_others.comparisons == alone.comparisons


def test_a_file_that_is_none_of_published_numbers_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"source": ["x"]}).write_parquet(tmp_path / NAME)
    file(tmp_path, "no table", "other.parquet")
    for path in (tmp_path, tmp_path / "other.parquet"):
        with pytest.raises(DataError, match="no table of published numbers"):
            read_published(path)


def test_at_the_prompt(tmp_path: Path) -> None:
    file(tmp_path, RUNS)
    w2s = Command(tmp_path)
    refused = w2s("leaderboard", "import-published", "given.csv", "-o", "others", check=2)
    assert "--source and --where-read" in refused.stderr and not (tmp_path / "others").exists()
    said = ("--source", "C.", "--where-read", "its page")
    done = w2s("leaderboard", "import-published", "given.csv", "-o", "others", *said, check=0)
    assert "3 published numbers" in done.stdout and read_published(tmp_path / "others").height == 3


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/w2s_published")
def test_the_published_numbers_of_this_field_are_read_each_with_its_source() -> None:
    """344 numbers, 1,564 runs and 198 pairs; values against sums of the columns as the csv module reads them."""
    import csv

    files = sorted(DATA.glob("*.csv"))
    found = import_published(files)
    rows = {path.name: list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) for path in files}
    assert {name: len(lines) for name, lines in rows.items()} == {
        "bastola_sciq_qwen_llama_runs.csv": 4, "hartandrin_boolq_runs.csv": 228, "jeon_sciq_qwen_runs.csv": 8,
        "mahajan_gpt2_all_runs.csv": 1_324, "mahajan_gpt2_baseline_pairs.csv": 198, "published_numbers.csv": 344}
    pairs = [row[name] for row in rows["mahajan_gpt2_baseline_pairs.csv"]
             for name in ("weak_acc", "transfer_acc", "strong_gt_acc", "pgr") if row[name]]
    stated = [row.get("value") or row["accuracy"] for name, lines in rows.items() if "pairs" not in name for row in lines] + pairs
    assert found.height == len(stated) and found["value"].sum() == pytest.approx(sum(map(float, stated)), rel=1e-12)
    assert found.select("source", "where_read", "metric", "value").null_count().row(0) == (0, 0, 0, 0)
    runs = found.filter(pl.col("licence") == "MIT")
    assert runs.height == 1_564 + len(pairs) and set(found["trust"]) == {"published"}
    assert runs["where_read"].str.starts_with("https://github.com/").all()
    naive = found.filter((pl.col("task") == "iwildcam") & (pl.col("method") == "Naive") & (pl.col("metric") == "accuracy"))
    assert 46.82 in naive["value"].to_list()
