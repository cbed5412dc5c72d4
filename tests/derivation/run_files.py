"""What a run folder keeps, read as it lies there (docs/scoring.md, "What a run keeps")."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Array: TypeAlias = npt.NDArray[Any]
SPLITS = ("train", "test")
PREDICTORS = ("weak", "student", "ceiling", "gold", "base", "shuffled")


class Incomplete(Exception):
    """A row whose predictions or certificates are not all there, in a sentence."""


@dataclass(frozen=True)
class Answers:
    """Truth and predictions of one cell on one split, as they were made: (n, k) each, in the order of `ids`."""

    ids: tuple[str, ...]
    truth: Array
    predicted: Mapping[str, Array]


@dataclass(frozen=True)
class Cell:
    """One row with what is kept of it. facts: what certifies the student, by split. output: what the task predicts."""

    row: Mapping[str, Any]
    bounds: tuple[Mapping[str, Any], ...]
    answers: Mapping[str, Answers]
    facts: Mapping[str, Mapping[str, Any]]
    output: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The cell in words."""
        return " ".join(str(self.row[part]) for part in ("task", "weak", "strong", "strategy", "supervisor", "seed"))


@dataclass(frozen=True)
class RunFiles:
    """The tables of a run, and its predictions: by predictor (of the truth by task file and seed) and split."""

    rows: pl.DataFrame
    bounds: pl.DataFrame
    plan: pl.DataFrame | None
    terms: pl.DataFrame | None
    facts: Mapping[tuple[str, str], Mapping[str, Any]]
    answers: Mapping[tuple[str, str], pl.DataFrame]
    truths: Mapping[tuple[str, int, str], pl.DataFrame]
    file_of: Mapping[str, str]

    def cell(self, row: Mapping[str, Any]) -> Cell:
        """One row that is ok with what it was made of. Raises Incomplete."""
        key = row["cell_key"]
        facts = {split: self.facts[key, split] for split in SPLITS if (key, split) in self.facts}
        if len(facts) < len(SPLITS):
            raise Incomplete("its certificates are not kept on both samples")
        return Cell(
            row=row, bounds=tuple(self.bounds.filter(pl.col("cell_key") == key).to_dicts()),
            answers={split: self._answers(row, split) for split in SPLITS},
            facts={split: json.loads(found["facts"]) for split, found in facts.items()},
            output=json.loads(facts["test"]["output"]))

    def truth_of(self, row: Mapping[str, Any], split: str) -> pl.DataFrame | None:
        """The truth of a row's sample, which lies in the file of its predictions under its seed; None where it is not kept."""
        return self.truths.get((self.file_of.get(row["predictor_student"], ""), row["seed"], split))

    def _answers(self, row: Mapping[str, Any], split: str) -> Answers:
        keys = {name: key for name in PREDICTORS if (key := row.get(f"predictor_{name}")) is not None}
        if split == "train":  # references are scored on test alone, and some are only made there
            keys = {name: keys[name] for name in ("weak", "student", "ceiling") if name in keys}
        lacking = [name for name, key in keys.items() if (key, split) not in self.answers]
        if lacking or not {"weak", "student", "ceiling"} <= set(keys):
            raise Incomplete(f"predictions of {', '.join(lacking) or 'weak, student or ceiling'} on {split} are not kept")
        truth = self.truth_of(row, split)
        if truth is None:
            raise Incomplete(f"the truth of seed {row['seed']} on {split} is not kept")
        ids = truth["id"].to_list()
        tables = {name: self.answers[key, split] for name, key in keys.items()}
        strangers = [name for name, table in tables.items() if table["id"].to_list() != ids]
        if strangers:
            raise Incomplete(f"the examples of {', '.join(strangers)} on {split} are not those of the truth")
        if len(set(ids)) != len(ids):
            raise Incomplete(f"an example of {split} is there twice")
        return Answers(tuple(ids), _values(truth), {name: _values(table) for name, table in tables.items()})


def read_run(folder: Path) -> RunFiles:
    """The files of one run folder that kept its predictions on both samples."""
    answers: dict[tuple[str, str], pl.DataFrame] = {}
    truths: dict[tuple[str, int, str], pl.DataFrame] = {}
    file_of: dict[str, str] = {}
    for name, predictor, seed, split, part in _groups(folder / "predictions"):
        if predictor == "truth":
            truths[name, seed, split] = part
        else:
            answers[predictor, split] = part
            file_of[predictor] = name
    facts = pl.read_parquet(folder / "predictions" / "facts.parquet")
    return RunFiles(
        rows=pl.read_parquet(folder / "rows.parquet"), bounds=pl.read_parquet(folder / "bounds.parquet"),
        plan=_optional(folder / "plan.parquet"), terms=_optional(folder / "terms.parquet"),
        facts={(line["cell_key"], line["split"]): line for line in facts.to_dicts()},
        answers=answers, truths=truths, file_of=file_of)


def _groups(folder: Path) -> Iterator[tuple[str, str, int, str, pl.DataFrame]]:
    for path in sorted(folder.glob("*.parquet")):
        if path.name != "facts.parquet":
            table = pl.read_parquet(path)
            for (predictor, seed, split), part in table.group_by("predictor", "seed", "split", maintain_order=True):
                yield path.name, str(predictor), int(str(seed)), str(split), part


def _values(table: pl.DataFrame) -> Array:
    return table.select(pl.col("^value_.*$")).to_numpy().astype(np.float64)


def _optional(path: Path) -> pl.DataFrame | None:
    return pl.read_parquet(path) if path.is_file() else None
