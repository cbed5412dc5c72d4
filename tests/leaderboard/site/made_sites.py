"""Boards for tests of the site, made of real rows: values are plain means over seeds, with Student-t intervals over them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from w2s_bench.leaderboard.board import Board, Control, Entry, Floor, Ranks, TaskValue, Value
from w2s_bench.leaderboard.season import Season, SeasonTask, Setting, Splits
from w2s_bench.leaderboard.submission import Submission
from w2s_bench.scoring.intervals import across_seeds

STUDIES = Path(__file__).resolve().parents[3] / "leaderboard" / "studies"
CONTROLS = {"shuffled": "err_shuffled", "gold": "err_gold", "ceiling": "err_ceiling", "constant": "err_constant"}


def study(name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows and bounds of a study that lies in the repository."""
    return pl.read_parquet(STUDIES / name / "rows.parquet"), pl.read_parquet(STUDIES / name / "bounds.parquet")


def checked(rows: pl.DataFrame, submission: str | Sequence[str], trust: str = "rescored") -> pl.DataFrame:
    """Rows as a check leaves them."""
    names = pl.lit(submission) if isinstance(submission, str) else pl.Series("submission", submission)
    return rows.with_columns(names.alias("submission"), pl.lit(trust).alias("trust"), pl.lit("teacher-labels").alias("division"),
                             pl.lit(["gain", "misfit"]).alias("derived"))


def checked_bounds(bounds: pl.DataFrame, submission: str) -> pl.DataFrame:
    """Bounds as a check leaves them."""
    return bounds.with_columns(pl.lit(submission).alias("submission"))


def made_board(rows: pl.DataFrame, bounds: pl.DataFrame, published: pl.DataFrame | None = None) -> Board:
    """A season of all tasks of these rows, with an entry for each submission and strategy."""
    tasks = tuple(_task(str(name), part) for (name,), part in rows.group_by("task", maintain_order=True))
    season = Season(name="pilot", version="1.0", title="Pilot season", opens="2026-11-27", rules=("No rule but these.",),
                    tasks=tasks)
    entries = [_entry(season, part, *map(str, key)) for key, part in rows.join(
        pl.DataFrame({"task": [task.name for task in tasks], "kind": [task.output for task in tasks]}), on="task").group_by(
            "kind", "submission", "strategy", maintain_order=True)]
    ranked = _ranked(entries)
    kinds = list(dict.fromkeys(task.output for task in tasks))
    controls = [Control(name=name, kind=kind, values={task.name: task.controls[name] for task in tasks if task.output == kind and
                                                      name in task.controls},
                        mean=float(np.mean([task.controls.get(name, 0.0) for task in tasks if task.output == kind])))
                for kind in kinds for name in CONTROLS]
    compared = _compared(ranked)
    floor = tuple(Floor(kind=kind, task=None, one=0.02, many=0.03, comparisons=compared.height, least=0.01, most=0.05,
                        sentence="A difference below 2 % of the best constant's error, or 3 % among all comparisons shown, is "
                                 "not told "
                                 "apart in 80 % of cases.") for kind in kinds)
    return Board(season=season, floor=floor, entries=tuple(sorted(ranked, key=lambda each: (each.kind, -(each.mean or 0.0)))),
                 controls=tuple(controls), compared=compared, chosen=(), comparisons=compared.height, rows=rows, bounds=bounds,
                 published=published)


def made_leaderboard(folder: Path, submissions: Sequence[Submission], readme: str = "", withdrawn: Sequence[str] = ()) -> Path:
    """A folder of submissions that the index names; those withdrawn have no folder."""
    listed = ["schema = \"w2s-index/1\"", ""]
    for number, submission in enumerate(submissions):
        mine = folder / "submissions" / submission.name
        mine.mkdir(parents=True)
        (mine / "submission.toml").write_text(submission.to_toml(), encoding="utf-8")
        (mine / "README.md").write_text(readme, encoding="utf-8")
        (mine / "spec.toml").write_text("name = \"made\"\n", encoding="utf-8")
        (mine / "env.json").write_text('{"versions": {"w2s-bench": "0.1.0"}}', encoding="utf-8")
        listed += _listed(submission.name, number, "active", "")
    for number, name in enumerate(withdrawn):
        listed += _listed(name, number, "withdrawn", "Its author found a mistake.")
    (folder / "index.toml").write_text("\n".join(listed) + "\n", encoding="utf-8")
    return folder


def _listed(name: str, number: int, state: str, reason: str) -> list[str]:
    return ["[[submissions]]", f'name = "{name}"', f'sha256 = "{number:064x}"', 'season = "pilot/1"',
            f'added = "2026-11-{10 + number}"',
            f'state = "{state}"', f'reason = "{reason}"', ""]


def _task(name: str, rows: pl.DataFrame) -> SeasonTask:
    first = rows.unique("seed", keep="first", maintain_order=True)
    unit = float(rows["err_constant"].mean() or 1.0)  # type: ignore[arg-type]
    settings = rows.select("weak", "strong", "supervisor").unique(maintain_order=True).rows()
    controls = {control: float((rows["err_weak"] - rows[column]).mean()) / unit  # type: ignore[arg-type]
                for control, column in CONTROLS.items() if rows[column].null_count() < rows.height}
    return SeasonTask(
        name, "classes" if rows["classes"][0] else "regression", rows["divergence"][0], unit, tuple(first["seed"].to_list()),
        "CC0-1.0",
        "nobody", "travels", tuple(Setting(*each, -1.0) for each in settings),
        tuple(Splits(row["seed"], *(row[f"fingerprint_{part}"] or ""
                                    for part in ("task", "data", "supervise", "transfer", "test")),
                     row["n_test"]) for row in first.to_dicts()), controls)


def _entry(season: Season, rows: pl.DataFrame, kind: str, submission: str, strategy: str) -> Entry:
    values = [_value(season.task(str(name)), part) for (name,), part in rows.group_by("task", maintain_order=True)]
    shares = np.array([value.share.mean for value in values if value.share])
    enough = len(shares) >= 8
    done, planned = sum(value.done for value in values), sum(value.planned for value in values)
    return Entry(submission=submission, strategy=strategy, division="teacher-labels", kind=kind, trust=rows["trust"][0],
                 done=done,  # type: ignore[arg-type]
                 planned=planned, values=tuple(values), mean=float(shares.mean()), imputed=float(shares.mean()),
                 overall=_mean(shares, "task sets") if enough else None, ranks=None,
                 above_shuffled=bool(shares.mean() > -0.2), beside={}, notes=())


def _value(task: SeasonTask | None, rows: pl.DataFrame) -> TaskValue:
    assert task is not None
    measured = pl.col("gain", "misfit", "gain_accuracy").mean()
    ok = rows.filter(pl.col("status") == "ok").group_by("seed", maintain_order=True).agg(measured)
    nats = task.output == "classes"
    share = _mean(ok["gain"].to_numpy() / task.unit, "seeds")
    return TaskValue(task=task.name, share=share, nats=_mean(ok["gain"].to_numpy(), "seeds") if nats else None,
                     accuracy=_mean(ok["gain_accuracy"].to_numpy(), "seeds") if nats else None,
                     misfit=_mean(ok["misfit"].to_numpy() / task.unit, "seeds"), tightness=None, certified=0,
                     done=rows["status"].eq("ok").sum(), planned=rows.height,
                     failed={}, imputed=share.mean if share else -1.0, copies=0, ranks=None, above_shuffled=None)


def _mean(values: np.ndarray[Any, Any], over: str) -> Value | None:
    if not len(values):
        return None
    found = across_seeds(values)
    known = len(values) > 1
    return Value(found.mean, found.low if known else None, found.high if known else None, over if known else None, len(values))


def _ranked(entries: Sequence[Entry]) -> list[Entry]:
    """Two entries are told apart where their intervals do not meet; groups are the cliques of those that do."""
    import msgspec

    found = list(entries)
    for kind in dict.fromkeys(entry.kind for entry in entries):
        mine = [place for place, entry in enumerate(found) if entry.kind == kind]
        overall = {place: found[place].overall for place in mine if found[place].overall}
        for place, ranks in _places(overall).items():
            found[place] = msgspec.structs.replace(found[place], ranks=ranks,
                                                   beside={value.task: ranks for value in found[place].values})
        for task in dict.fromkeys(value.task for place in mine for value in found[place].values):
            held = {place: value.share for place in mine for value in found[place].values if value.task == task and value.share}
            for place, ranks in _places(held).items():
                found[place] = msgspec.structs.replace(found[place], values=tuple(
                    msgspec.structs.replace(value, ranks=ranks) if value.task == task else value
                    for value in found[place].values))
    return found


def _places(values: dict[int, Value | None]) -> dict[int, Ranks]:
    ends = {place: (value.low, value.high) for place, value in values.items() if value is not None and value.low is not None}
    above = {place: [other for other in ends if ends[other][0] > ends[place][1]] for place in ends}  # type: ignore[operator]
    cliques: list[set[int]] = []
    for place in sorted(ends, key=lambda each: -ends[each][1]):  # type: ignore[operator]
        clique = {other for other in ends if ends[other][0] <= ends[place][0] <= ends[other][1]}  # type: ignore[operator]
        if not any(clique <= known for known in cliques):
            cliques = [known for known in cliques if not known <= clique] + [clique]
    return {place: Ranks(1 + len(above[place]), len(ends) - sum(place in above[other] for other in ends), len(ends),
                         tuple(number for number, clique in enumerate(cliques, 1) if place in clique)) for place in ends}


def _compared(entries: Sequence[Entry]) -> pl.DataFrame:
    lines = []
    for place, first in enumerate(entries):
        for second in entries[place + 1:]:
            if first.kind != second.kind:
                continue
            of_task = {value.task: value.share for value in second.values}
            pairs = [(value.task, value.share, of_task.get(value.task)) for value in first.values]
            if first.overall and second.overall:
                pairs.insert(0, (None, first.overall, second.overall))  # type: ignore[arg-type]
            for task, one, two in pairs:
                if one is not None and two is not None and None not in (one.low, one.high, two.low, two.high):
                    low, high = one.low - two.high, one.high - two.low  # type: ignore[operator]
                    lines.append([first.kind, first.division, "share", task, first.name, second.name, one.mean - two.mean, low,
                                  high,
                                  one.over,
                                  0.5, one.mean - two.mean, bool(low > 0 or high < 0)])
    words = ("kind", "division", "measure", "task", "first", "second", "over")
    names = ("kind", "division", "measure", "task", "first", "second", "difference", "low", "high", "over", "p", "imputed",
             "separable")
    return pl.DataFrame(lines, orient="row", schema={
        name: pl.String if name in words else pl.Boolean if name == "separable" else pl.Float64 for name in names})
