"""What a model is given to read: the kit's inputs, in the column that it reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, Columns, Model, read_csv
from w2s_bench.testing.subjects import kit_inputs

NUMBERS = ("", "x")
"""The columns in which a model expects numbers, where its conformance.toml names no inputs."""


def plain(model: Model, folder: Path) -> Columns:
    """Thirty-six ordinary inputs, all different: a matrix (36, 8), sentences, or those of the file `sample.*` in the folder."""
    given = sorted(folder.glob("sample.*"))
    if given:
        return _in_column(model, numbers(given[0]) if given[0].suffix == ".csv" else _texts_of(given[0]))
    if model.column in NUMBERS:
        return _in_column(model, numbers(kit_inputs() / "numbers.csv")[:36])
    return _in_column(model, _texts_of(kit_inputs() / "texts.txt"))


def reads_texts(model: Model, folder: Path) -> bool:
    """Whether what it is given is text."""
    return next(iter(plain(model, folder).values())).dtype.kind == "O"


def nasty_texts() -> dict[str, str]:
    """By what is odd about it, a text: empty, of 100,000 characters, and what Unicode has."""
    lines = json.loads((kit_inputs() / "nasty_texts.json").read_text(encoding="utf-8"))
    return {line["name"]: line["text"] * line.get("times", 1) for line in lines}


def nasty_numbers() -> dict[str, Array]:
    """By what is odd about it, a matrix (n, 8)."""
    names = ("one_row", "constant_column", "large_numbers")
    return {name.replace("_", " "): numbers(kit_inputs() / f"{name}.csv") for name in names}


def of_texts(model: Model, given: Sequence[str]) -> Columns:
    """Texts in the column that the model reads."""
    values = np.empty(len(given), dtype=object)
    values[:] = list(given)
    return _in_column(model, values)


def of_numbers(model: Model, given: Array) -> Columns:
    """A matrix in the column that the model reads."""
    return _in_column(model, given)


def numbers(path: Path) -> Array:
    """A table (n, d) float64 with one line of names."""
    return np.array(list(read_csv(path).values()), dtype=np.float64).T


def _in_column(model: Model, values: Array) -> Columns:
    return {model.column or "x": values}


def _texts_of(path: Path) -> Array:
    lines = path.read_text(encoding="utf-8").splitlines()
    values = np.empty(len(lines), dtype=object)
    values[:] = lines
    return values
