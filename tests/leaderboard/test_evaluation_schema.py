"""A board in the shared schema of evaluation results."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import polars as pl
import pytest
from conftest import Command
from made_boards import ERROR, drawn, made_checked
from made_seasons import made_season, made_task

from w2s_bench.leaderboard.board import board_of
from w2s_bench.leaderboard.checked import write_checked
from w2s_bench.leaderboard.evaluation_schema import records
from w2s_bench.leaderboard.index import Listed, write_index

TEXT, TEXTS = {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}
END = {"anyOf": [{"type": ["number", "null"]}, {"enum": ["Infinity", "-Infinity"]}]}


def needs(*names: str, **properties: object) -> dict[str, object]:
    return {"type": "object", "required": list(names), "properties": properties}


CONFIG = needs("lower_is_better", "min_score", "max_score", lower_is_better={"type": "boolean"}, metric_id=TEXT, metric_name=TEXT,
               metric_unit=TEXT, metric_kind=TEXT, score_type={"enum": ["binary", "continuous", "levels"]}, min_score=END,
               max_score=END)
RESULT = needs("evaluation_name", "source_data", "metric_config", "score_details", evaluation_name=TEXT, metric_config=CONFIG,
               source_data=needs("dataset_name", "source_type", dataset_name=TEXT, source_type={"const": "other"},
                                 additional_details=TEXTS),
               score_details=needs("score", score={"type": "number"}, details=TEXTS, uncertainty=needs(
                   confidence_interval=needs("lower", "upper", lower={"type": "number"}, upper={"type": "number"},
                                             confidence_level={"minimum": 0, "maximum": 1}, method=TEXT))))
SCHEMA = {
    **needs("schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info", "eval_library",
            "evaluation_results", schema_version={"const": "0.3.0"}, evaluation_id=TEXT, retrieved_timestamp=TEXT,
            source_metadata=needs("source_type", "source_organization_name", "evaluator_relationship", source_name=TEXT,
                                  source_type={"enum": ["documentation", "evaluation_run"]}, source_organization_name=TEXT,
                                  evaluator_relationship={"enum": ["first_party", "third_party", "collaborative", "other"]},
                                  additional_details=TEXTS),
            eval_library=needs("name", "version", name=TEXT, version=TEXT),
            model_info=needs("name", "id", "additional_details", name=TEXT, id=TEXT, additional_details=needs(
                "deployment_type", "model_availability",
                deployment_type={"enum": ["self_deployed", "externally_managed", "unknown"]},
                model_availability={"enum": ["open_weights", "closed_weights", "unknown"]})),
            evaluation_results={"type": "array", "items": RESULT, "minItems": 1}),
    "additionalProperties": False}
"""What version 0.3.0 asks of the fields that are written here."""


@pytest.fixture(scope="module")
def leaderboard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    season = made_season((made_task("numbers", seeds=3, settings=2, n_test=40),
                          made_task("kinds", seeds=2, output="classes", n_test=40)))
    (folder / "seasons").mkdir()
    (folder / "seasons" / "pilot.toml").write_text(season.to_toml(), encoding="utf-8")
    for at, (name, trust) in enumerate([("aa", "rescored"), ("bb", "self-reported")]):
        gains = drawn(season, np.random.default_rng(at), mean=0.5, n=40)
        checked = made_checked(season, name, {"s": gains}, trust=trust)  # type: ignore[arg-type]
        rows = checked.rows.with_columns(pl.when(pl.col("classes") == 2).then(0.75).alias("accuracy_student"))
        write_checked(msgspec.structs.replace(checked, rows=rows), folder / "checked" / name)
    write_index(folder, [Listed(name=name, sha256=f"{at:064x}", season="pilot/1", added="2026-11-27")
                         for at, name in enumerate(["aa", "bb"])])
    return folder


def test_every_record_is_what_the_schema_asks_for(leaderboard: Path, tmp_path: Path) -> None:
    words = ("leaderboard", "export", "--format", "every-eval-ever", "--leaderboard", str(leaderboard), "-o", "out")
    done = Command(tmp_path)(*words, check=0)
    paths = sorted((tmp_path / "out").rglob("*.json"))
    assert done.stdout == "wrote 2 records of every-eval-ever to out\n" and len(paths) == 2
    assert {path.parent.relative_to(tmp_path / "out").as_posix() for path in paths} == {"data/w2s-bench-pilot-1/unknown/strong"}
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    for path in paths:
        record = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(record, SCHEMA)
        for spoilt in ({**record, "more": 1}, {key: record[key] for key in record if key != "model_info"}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(spoilt, SCHEMA)
    assert "this folder is not empty" in Command(tmp_path)(*words, check=2).stderr


def test_scores_are_means_over_seeds_with_what_their_interval_is_over(leaderboard: Path) -> None:
    board = board_of(leaderboard, "pilot/1")
    found = {record["source_metadata"]["additional_details"]["submission"]: record for record in
             records(leaderboard, board).values()}
    results = {(each["evaluation_name"], each["score_details"]["details"]["weak"], each["metric_config"]["metric_id"]): each
               for each in found["aa"]["evaluation_results"]}
    assert set(results) == {*(("w2s-bench.numbers", f"weak-{j}", metric) for j in range(2)
                              for metric in ("w2s-bench.gain-share", "w2s-bench.student-error")),
                            *(("w2s-bench.kinds", "weak-0", metric) for metric in
                              ("w2s-bench.gain-share", "w2s-bench.student-error", "accuracy"))}
    mine = board.rows.filter((pl.col("submission") == "aa") & (pl.col("task") == "numbers") & (pl.col("weak") == "weak-1"))
    score = results["w2s-bench.numbers", "weak-1", "w2s-bench.gain-share"]["score_details"]
    assert score["score"] == pytest.approx(sum(mine["gain"]) / 3 / 2.0, abs=1e-12) and score["details"]["seeds"] == "0 1 2"
    interval = score["uncertainty"]["confidence_interval"]
    assert interval["lower"] < score["score"] < interval["upper"]
    assert interval["method"] == "over seeds and test examples, which the seeds share"
    error = results["w2s-bench.numbers", "weak-1", "w2s-bench.student-error"]["score_details"]["score"]
    assert error == pytest.approx(ERROR - 2.0 * score["score"], abs=1e-12)
    assert results["w2s-bench.kinds", "weak-0", "accuracy"]["score_details"]["score"] == 0.75
    assert [found[name]["source_metadata"]["source_type"] for name in ("aa", "bb")] == ["evaluation_run", "documentation"]
    assert found["bb"]["source_metadata"]["additional_details"]["trust"] == "self-reported"
    assert found["aa"]["retrieved_timestamp"] == "1795737600"  # 2026-11-27 in seconds since 1970
