"""What bounds over several seeds say of each configuration, from the predictions that runs kept: no fit.

Seeds are taken together where their rows name one test sample (`fingerprint_test`), so that all answer the same examples. A line
is a mean over these very seeds, and its interval is over the test examples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import msgspec
import numpy as np

from w2s_bench.contracts import Missing, Sample, SeedTerm
from w2s_bench.contracts.capabilities import can
from w2s_bench.contracts.measures import AcrossSeeds
from w2s_bench.registry.measures import measures
from w2s_bench.running.kept import FACTS, FOLDER, KeptAnswers, KeptFacts, answers_in, ids_in, kept_facts, kept_table
from w2s_bench.scoring.intervals import estimate
from w2s_bench.scoring.verdict import ROUNDING
from w2s_bench.tables.rescoring import kept_sample
from w2s_bench.tables.values import Values

if TYPE_CHECKING:
    import polars as pl

FEWEST = 3
"""Seeds of which something is said."""

CONFIGURATION = ("task", "weak", "strong", "strategy", "supervisor")
SIDES = ("above", "below", "zero", "noise")
"""Where the mean of a term is: above or below 0 beyond noise, 0 to rounding, or where its interval tells none of these."""

FEW = f"fewer than {FEWEST} seeds"
APART = "seeds with test examples of their own"
UNRECORDED = "rows that do not say which test examples their seeds share"
UNNAMED = "test examples of which two have one id"
NOT_KEPT = "no predictions kept of its test examples, or a divergence that is not installed"
NOT_ABOUT = "a divergence that it is not about"

_Row: TypeAlias = Mapping[str, Any]


class Across(msgspec.Struct, frozen=True, eq=False):
    """lines: one a bound, configuration and term: `mean`, `low` and `high` (95 %, over test examples), in the divergence's unit,
    and `side`, one of SIDES. unsaid: one a bound and configuration of which it says nothing, with the `reason`."""

    lines: pl.DataFrame
    unsaid: pl.DataFrame


class _Kept(msgspec.Struct, frozen=True, eq=False):
    """What one folder keeps of the test samples of one task, examples in the order of their ids."""

    answers: KeptAnswers
    ids: Mapping[tuple[int, str], Sequence[str]]
    known: KeptFacts


def across_seeds(rows: pl.DataFrame, sources: Sequence[Path]) -> Across:
    """What every installed bound over seeds says of these rows. sources: the folders, or rows files, that they were read from."""
    import polars as pl

    folders = dict.fromkeys(source.parent if source.is_file() else source for source in sources)
    facts = {folder: kept_facts(folder) for folder in folders if (folder / FOLDER / FACTS).is_file()}
    lines: list[Values] = []
    unsaid: list[Values] = []
    for task, part in rows.filter(pl.col("status") == "ok").group_by("task", maintain_order=True):
        kept = [_kept(table, known) for folder, known in facts.items() if (table := kept_table(folder, str(task[0]))) is not None]
        for _, of_one in part.group_by(CONFIGURATION, maintain_order=True):
            first = of_one.row(0, named=True)
            samples = _samples(of_one.to_dicts(), kept)
            for name, found in _said(samples):
                about = {"bound": name, **{column: first[column] for column in (*CONFIGURATION, "divergence", "output_unit")}}
                if isinstance(found, Missing):
                    unsaid.append({**about, "reason": found.reason})
                else:
                    lines += [{**about, **line} for line in found]
    named = dict.fromkeys(("bound", *CONFIGURATION, "divergence", "output_unit"), pl.String)
    kinds = {**named, "seeds": pl.UInt32, "examples": pl.UInt32, "term": pl.String,
             **dict.fromkeys(("mean", "low", "high"), pl.Float64), "side": pl.String}
    return Across(pl.DataFrame(lines, schema=kinds, orient="row"),
                  pl.DataFrame(unsaid, schema={**named, "reason": pl.String}, orient="row"))


def seed_terms() -> dict[str, tuple[SeedTerm, ...]]:
    """The terms of every installed bound over seeds, by the bound's name."""
    return {name: cast(AcrossSeeds, bound).seed_terms for name, bound in measures().bounds.items() if can(bound, "across_seeds")}


def _said(samples: Sequence[Sample] | Missing) -> Iterator[tuple[str, list[Values] | Missing]]:
    """What each bound over seeds says, by name. One that raises costs itself alone."""
    for name in seed_terms():
        bound = measures().bounds[name]
        if isinstance(samples, Missing):
            yield name, samples
        elif bound.divergences and samples[0].divergence.name not in bound.divergences:
            yield name, Missing(NOT_ABOUT)
        else:
            try:
                yield name, _lines(cast(AcrossSeeds, bound), samples)
            except Exception as fault:
                yield name, Missing(f"it raises {type(fault).__name__}: {fault}")


def _samples(rows: Sequence[_Row], kept: Sequence[_Kept]) -> Sequence[Sample] | Missing:
    """The samples of the seeds of one configuration that share a test sample: of the largest such group, the first of equals."""
    if len(rows) < FEWEST:
        return Missing(FEW)
    groups: dict[str | None, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row["fingerprint_test"], []).append(row)
    if len(rows) - len(groups.pop(None, ())) < FEWEST:
        return Missing(UNRECORDED)
    together = max(groups.values(), key=len, default=[])
    if len(together) < FEWEST:
        return Missing(APART)
    samples: list[Sample] = []
    named: set[tuple[str, ...]] = set()
    for row in together:
        for each in kept:
            found = kept_sample(row, "test", each.answers, each.known)
            if found is not None:
                samples.append(found[0])
                named.add(tuple(each.ids[row["seed"], "test"]))
                break
    if len(samples) < FEWEST:
        return Missing(NOT_KEPT)
    alike = len(named) == 1 and all(np.array_equal(sample.truth, samples[0].truth) for sample in samples)
    return samples if alike and all(len(set(ids)) == len(ids) for ids in named) else Missing(UNNAMED)


def _kept(table: pl.DataFrame, known: KeptFacts) -> _Kept:
    import polars as pl

    ordered = table.filter(pl.col("split") == "test").sort("id", maintain_order=True)
    return _Kept(answers_in(ordered), ids_in(ordered), known)


def _lines(bound: AcrossSeeds, samples: Sequence[Sample]) -> list[Values] | Missing:
    """A line a term. What is rounding beside the sizes of all of them is 0."""
    found = bound.across_seeds(samples)
    if isinstance(found, Missing):
        return found
    made = {term.name: estimate(found[term.name]) for term in bound.seed_terms}
    tolerance = ROUNDING * sum(abs(each.mean) for each in made.values())
    lines: list[Values] = []
    for name, each in made.items():
        low, high = (end if math.isfinite(end) else None for end in (each.low, each.high))
        lines.append({"seeds": len(samples), "examples": each.n, "term": name, "mean": each.mean, "low": low, "high": high,
                      "side": _side(each.mean, low, high, tolerance)})
    return lines


def _side(mean: float, low: float | None, high: float | None, tolerance: float) -> str:
    """One of SIDES."""
    if abs(mean) <= tolerance and (low is None or high is None or high - low <= 2.0 * tolerance):
        return "zero"
    if low is None or high is None:
        return "noise"
    return "above" if low > tolerance else "below" if high < -tolerance else "noise"
