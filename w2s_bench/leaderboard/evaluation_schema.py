"""A board in the shared schema of evaluation results, Every Eval Ever 0.3.0 (github.com/evaleval/every_eval_ever): a record for
each entry and strong model."""

from __future__ import annotations

import datetime
import json
import math
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from w2s_bench import __version__
from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.files import write_whole
from w2s_bench.leaderboard.aggregated import on_season
from w2s_bench.leaderboard.board import Board
from w2s_bench.leaderboard.checked import CHECKED, RANKED, TRUSTS, read_checked
from w2s_bench.leaderboard.index import Listed
from w2s_bench.leaderboard.season import SeasonTask
from w2s_bench.tables.inference import MEANINGS, Terms, inferred

if TYPE_CHECKING:
    import polars as pl

SCHEMA_VERSION = "0.3.0"
Record = dict[str, Any]


class _Metric(NamedTuple):
    """What is told of a cell. column: of a row; by_unit: whether it is divided by the season's unit. ends: the least and the most
    that it can be."""

    id: str
    name: str
    kind: str
    unit: str
    column: str
    by_unit: bool
    lower_is_better: bool
    ends: tuple[float | str, float | str]
    about: str


_METRICS = (
    _Metric("w2s-bench.gain-share", "gain", "gain", "proportion", "gain", True, False, ("-Infinity", "Infinity"),
            "error of the weak teacher less that of the student, as a share of the error of the best constant"),
    _Metric("w2s-bench.student-error", "error of the student", "error", "divergence", "err_student", False, True,
            (0.0, "Infinity"), "mean divergence of the student from the truth on the test split"),
    _Metric("accuracy", "accuracy of the student", "accuracy", "proportion", "accuracy_student", False, False, (0.0, 1.0),
            "share of the test examples whose class the student names"),
)


def records(leaderboard: Path, board: Board) -> dict[str, Record]:
    """By its path below a folder a record of every entry of the board and each strong model of its cells. A score is a mean over
    seeds; its interval says what it is over. Same board, same records. Raises DataError as `read_checked`."""
    import polars as pl

    cells = on_season(board.rows, board.season).filter(pl.col("state") == "ok")
    listed = {each.name: each for each in board.submissions}
    found: dict[str, Record] = {}
    for (name, strategy, strong), part in cells.group_by("submission", "strategy", "strong", maintain_order=True):
        terms = Terms(lambda name=name: read_checked(leaderboard / CHECKED / str(name)).terms)  # type: ignore[misc]
        made = _record(board, listed[str(name)], (str(strategy), str(strong)), part, terms)
        own = uuid.uuid5(uuid.NAMESPACE_URL, made["evaluation_id"])
        found[f"data/{_slug('w2s-bench-' + board.season.label)}/unknown/{_slug(str(strong))}/{own}.json"] = made
    return found


def write_records(found: Mapping[str, Record], folder: Path) -> None:
    """Write them below a folder that is new or empty. Raises DataError for one that holds something, OSError."""
    if folder.exists() and any(folder.iterdir()):
        raise DataError("this folder is not empty", where=str(folder), hint="name a new one with -o")
    for path, record in found.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / path, (json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def _record(board: Board, listed: Listed, what: tuple[str, str], part: pl.DataFrame, terms: Terms) -> Record:
    strategy, strong = what
    trust = min(part["trust"].to_list(), key=TRUSTS.index)
    added = datetime.datetime.fromisoformat(listed.added).replace(tzinfo=datetime.UTC)
    when = str(int(added.timestamp()))
    details = {"trust": trust, "strategy": strategy, "division": part["division"][0], "submission": listed.name,
               "submission_sha256": listed.sha256, "season": board.season.label, "season_version": board.season.version}
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"w2s-bench/{board.season.label}/{strong}/{strategy}/{listed.name}/{when}",
        "retrieved_timestamp": when,
        "source_metadata": {
            "source_name": f"w2s-bench season {board.season.label}",
            "source_type": "evaluation_run" if trust in RANKED else "documentation",
            "source_organization_name": "w2s-bench", "evaluator_relationship": "other", "additional_details": details},
        "eval_library": {"name": "w2s-bench", "version": __version__},
        "model_info": {"name": strong, "id": strong,
                       "additional_details": {"deployment_type": "self_deployed", "model_availability": "unknown"}},
        "evaluation_results": list(_results(board, part, terms))}


def _results(board: Board, part: pl.DataFrame, terms: Terms) -> Iterator[Record]:
    import polars as pl

    for (name, weak, supervisor), cells in part.group_by("task", "weak", "supervisor", maintain_order=True):
        task = board.season.task(str(name))
        assert task is not None
        for metric in _METRICS:
            held = cells.filter(pl.col(metric.column).is_finite()) if cells[metric.column].null_count() < cells.height else None
            if held is not None and held.height:
                yield _result(task, (str(weak), str(supervisor)), metric, held, terms)


def _result(task: SeasonTask, setting: tuple[str, str], metric: _Metric, cells: pl.DataFrame, terms: Terms) -> Record:
    found = inferred(cells, metric.column, terms)
    assert found is not None
    scale = 1.0 / task.unit if metric.by_unit else 1.0
    score: Record = {"score": found.estimate.mean * scale, "details": {
        "weak": setting[0], "supervisor": setting[1], "seeds": " ".join(map(str, sorted(cells["seed"].to_list()))),
        "test_examples": str(cells["n_test"][0]), "divergence": task.divergence, "unit": repr(task.unit)}}
    if found.over is not None and math.isfinite(found.estimate.low) and math.isfinite(found.estimate.high):
        score["uncertainty"] = {"confidence_interval": {
            "lower": found.estimate.low * scale, "upper": found.estimate.high * scale, "confidence_level": 0.95,
            "method": f"over {MEANINGS.get(found.over, found.over)}"}}
    data = {"licence": task.licence, "citation": task.citation, "fingerprint_data": cells["fingerprint_data"][0] or ""}
    return {
        "evaluation_name": f"w2s-bench.{task.name}",
        "source_data": {"dataset_name": task.name, "source_type": "other", "additional_details": data},
        "metric_config": {
            "evaluation_description": metric.about, "metric_id": metric.id, "metric_name": metric.name,
            "metric_kind": metric.kind, "metric_unit": metric.unit,
            "lower_is_better": metric.lower_is_better, "score_type": "continuous",
            "min_score": metric.ends[0], "max_score": metric.ends[1]},
        "score_details": score}


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:80] or "model"
