"""`discrepancies`: where a run's tables are not what its predictions and certificates make them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from derivation import terms
from derivation.bounds import claims
from derivation.certificates import doubts
from derivation.columns import DECIDED, DECIDED_OF_BOUNDS, IN_UNITS_OF_D
from derivation.derived_row import derived_row, ledgers_of
from derivation.divergences import Ledger
from derivation.flags import same_flags
from derivation.run_files import SPLITS, Cell, Incomplete, RunFiles, read_run
from derivation.verdicts import line_of

PLANNED = ("task", "weak", "strong", "strategy", "supervisor", "seed")
NAMES = (*PLANNED, "status")
NAMES_OF_A_PREDICTOR = {"weak": ("task", "weak", "supervisor", "seed"), "student": PLANNED, "shuffled": PLANNED,
                        **dict.fromkeys(("ceiling", "gold", "base"), ("task", "strong", "strategy", "seed"))}
RELATIVE = 1e-9
"""Two sums of float64 in another order."""
ROUNDING = 1e-12
"""Of the size of the numbers that were added and subtracted."""
OF_SLOPES = 1e-6
"""The program finds the slopes of a bound's sides by steps of a thousandth of a standard error, up to so much of each."""
OVER_EXAMPLES = ("slack_se", "slack_low", "slack_high")


def discrepancies(folder: Path) -> list[str]:
    """Sentences on what does not agree; none for a run as it was made. The run has kept all its predictions."""
    run = read_run(folder)
    found = [*_of_the_plan(run), *_of_samples(run), *_of_keys(run), *terms.unsaid(run), *_of_cells_that_are_not_ok(run)]
    shared = terms.shared(run)
    for row in run.rows.filter(pl.col("status") == "ok").to_dicts():
        try:
            cell = run.cell(row)
        except Incomplete as lack:
            found.append(f"{_named(row)}: {lack}")
            continue
        ledgers = ledgers_of(cell)
        found += [f"{cell.name}: {sentence}" for sentence in (
            *_of_the_row(cell, ledgers, shared), *_of_the_bounds(cell, ledgers), *doubts(cell, ledgers),
            *terms.differences(run, row["cell_key"], ledgers["test"]))]
    return found


def _of_the_plan(run: RunFiles) -> Iterator[str]:
    """Every planned cell is one row under its own names, and nothing else is a row or a bound. A published table has no plan."""
    rows = Counter(run.rows["cell_key"].to_list())
    plan = run.rows.unique("cell_key", maintain_order=True) if run.plan is None else run.plan
    planned = {line["cell_key"]: line for line in plan.to_dicts()}
    for key, line in planned.items():
        if rows[key] != 1:
            yield f"{_named(line)}: planned once, and {rows[key]} rows"
    for row in run.rows.to_dicts():
        if row["cell_key"] not in planned:
            yield f"{_named(row)}: a row of no planned cell"
            continue
        line = planned[row["cell_key"]]
        for name in PLANNED:
            if row[name] != line[name]:
                yield f"{_named(line)}: the row says {name} {row[name]}"
    strangers = set(run.bounds["cell_key"].to_list()) - set(rows)
    if strangers:
        yield f"bounds of {len(strangers)} cells that have no row"


def _of_keys(run: RunFiles) -> Iterator[str]:
    """A predictor has one key wherever it is named, and a key names one predictor."""
    ok = run.rows.filter(pl.col("status") == "ok")
    for role, names in NAMES_OF_A_PREDICTOR.items():
        if f"predictor_{role}" not in ok.columns:  # a table of before there was such a predictor
            continue
        pairs = ok.select(f"predictor_{role}", *names).unique().drop_nulls(f"predictor_{role}")
        for by, what in ((names, "predictors under one name"), ((f"predictor_{role}",), "predictors under one key")):
            for found in pairs.group_by(*by, maintain_order=True).len().filter(pl.col("len") > 1).to_dicts():
                yield f"{found['len']} {role} {what}: {' '.join(str(found[name]) for name in by)}"


def _of_cells_that_are_not_ok(run: RunFiles) -> Iterator[str]:
    """They have no numbers, and nothing is kept that one could make numbers of."""
    for row in run.rows.filter(pl.col("status") != "ok").to_dicts():
        numbers = [name for name, value in row.items() if name in DECIDED and name not in NAMES and value not in (None, [])]
        if numbers or (row["cell_key"], "test") in run.facts or row["cell_key"] in run.bounds["cell_key"]:
            yield f"{_named(row)}: {row['status']}, and yet there is {', '.join(numbers[:3]) or 'what it was scored by'}"


def _of_samples(run: RunFiles) -> Iterator[str]:
    """Cells of one fingerprint have one and the same sample, whatever its order."""
    for split, column in (("test", "fingerprint_test"), ("train", "fingerprint_transfer")):
        samples: dict[str, set[str]] = {}
        for row in run.rows.filter(pl.col("status") == "ok").to_dicts():
            truth = run.truth_of(row, split)
            if truth is not None and column in row:
                samples.setdefault(row[column], set()).add(str(truth.drop("seed").sort("id").rows()))
        for fingerprint, found in samples.items():
            if len(found) > 1:
                yield f"{column} {fingerprint} stands for {len(found)} different samples"


def _named(line: Mapping[str, Any]) -> str:
    return " ".join(str(line[name]) for name in PLANNED)


def _of_the_row(cell: Cell, ledgers: Mapping[str, Ledger], shared: Mapping[str, bool]) -> Iterator[str]:
    derived = {**derived_row(cell, ledgers), "test_shared": shared[cell.row["cell_key"]]}
    size, means = size_of(ledgers["test"], ledgers["train"]), ledgers["test"].means
    beside = {**dict.fromkeys(IN_UNITS_OF_D, size), "gain_over_misfit": _of_a_ratio(means["gain"], means["misfit"], size),
              "pgr": _of_a_ratio(means["gain"], means["err_weak"] - means["err_ceiling"], size)}
    for name, given in cell.row.items():
        if name in DECIDED and name not in PLANNED:
            own = derived.get(name)
            same = same_flags(given or [], derived["flags"]) if name == "flags" else agree(given, own, beside.get(name, 1.0))
            if not same:
                yield f"{name} is {_shown(given)}, and {_shown(own)} by what the run kept"


def _of_the_bounds(cell: Cell, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    given: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in cell.bounds:
        given.setdefault((line["bound"], line["split"]), []).append(line)
    for split in SPLITS:
        size = size_of(ledgers[split])
        if ledgers[split].means["err_ceiling"] <= 1e-12 * size:
            size *= 1e4  # ε is rounding, and the sides hold its root
        for claim in claims(ledgers[split], cell.facts[split], split):
            derived = line_of(claim, split)
            lines = given.pop((claim.bound, split), [])
            if len(lines) != 1:
                yield f"{claim.bound} on {split}: {len(lines)} lines"
            for line in lines[:1]:
                yield from (f"{claim.bound} on {split}: {sentence}" for sentence in _of_the_line(line, derived, size))
    yield from (f"{bound} on {split}: no such statement is made of this sample" for bound, split in given)


def _of_the_line(line: Mapping[str, Any], derived: Mapping[str, Any], size: float) -> Iterator[str]:
    beside = {**dict.fromkeys(IN_UNITS_OF_D, size), "tightness": _of_a_ratio(derived["lhs"], derived["rhs"], size),
              **dict.fromkeys(OVER_EXAMPLES, 1e3 * size + 10.0 * OF_SLOPES / ROUNDING * derived["parts"])}
    for name in sorted(DECIDED_OF_BOUNDS):
        if not agree(line[name], derived[name], beside.get(name, 1.0)):
            yield f"{name} is {_shown(line[name])}, and {_shown(derived[name])} by what the run kept"


def size_of(*ledgers: Ledger) -> float:
    """The size of the numbers of which means of D are made: of the errors, and of labels that are subtracted to leave them."""
    return max(_size_of(ledger) for ledger in ledgers)


def _size_of(ledger: Ledger) -> float:
    errors = sum(abs(ledger.means[name]) for name in ("err_weak", "err_student", "err_ceiling", "misfit"))
    labels = float(np.square(ledger.y).sum(axis=1).mean())
    return errors + 1e-3 * math.sqrt(errors * labels)


def _of_a_ratio(above: float, below: float, size: float) -> float:
    """The size beside which rounding of above / below is judged, where `size` is that of what both are made from."""
    return 1.0 if below == 0.0 else 1.0 + size / abs(below) * (1.0 + abs(above / below))


def agree(given: Any, derived: Any, size: float) -> bool:
    """Whether a value is the derived one: numbers up to RELATIVE of themselves and ROUNDING of the size of what they are made
    from, all else to the letter. NaN is null."""
    if isinstance(derived, float) and math.isnan(derived):
        derived = None
    if isinstance(given, bool) or isinstance(derived, bool) or not (_is_number(given) and _is_number(derived)):
        return bool(given == derived)
    return bool(abs(given - derived) <= RELATIVE * max(abs(given), abs(derived)) + ROUNDING * size)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _shown(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else "null" if value is None else str(value)
