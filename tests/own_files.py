"""A user's own files of predictions, and what `predict --json` says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

OWN = ("predict", "--weak", "weak.csv", "--student", "student.csv")


def write(name: str, values: np.ndarray, ids: list[str] | None = None, header: str = "id,value") -> None:
    names = ids or [f"x{i}" for i in range(len(values))]
    Path(name).write_text("\n".join([header, *(f"{i},{v}" for i, v in zip(names, values, strict=True))]) + "\n")


def quantity(found: dict[str, Any], name: str, on: str = "labelled ids") -> dict[str, Any]:
    (line,) = (line for line in found["quantities"] if line["quantity"] == name and line["on"] == on)
    return dict(line)
