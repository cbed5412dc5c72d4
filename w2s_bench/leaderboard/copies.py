"""Predictions that are somebody else's, or that one submission holds twice; and teachers that differ from those of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from w2s_bench.contracts import W2SError
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.checked import CHECKED, Row, Severity, read_checked

if TYPE_CHECKING:
    import polars as pl

ANOTHER = 1e-3
"""How far the errors of one teacher or ceiling on the test examples may be from those that another submission has, as a share of
their mean: more is no rounding."""

_OF: Mapping[str, tuple[str, ...]] = {"weak": ("task", "weak", "supervisor", "seed"),
                                      "ceiling": ("task", "strong", "strategy", "seed")}
"""What decides the predictions of these two."""


class Told(NamedTuple):
    """severity: as of a Finding. where: a row of the submission, None for the whole."""

    severity: Severity
    row: Row | None
    sentence: str


class Others(NamedTuple):
    """What other submissions of a board hold, as they were checked: rows with digests, terms, and who made each, by name."""

    rows: Sequence[Row]
    terms: pl.DataFrame
    who: Mapping[str, frozenset[str]]


def others_of(board: Path, name: str) -> Others:
    """The checked submissions of a board but the one of this name. Raises DataError for one that cannot be read."""
    import polars as pl

    folders = sorted(path for path in (board / CHECKED).glob("*") if path.is_dir() and path.name != name)
    found = [read_checked(folder) for folder in folders]
    terms = [each.terms for each in found if each.terms.height]
    return Others([row for each in found for row in each.rows.filter(pl.col("status") == "ok").to_dicts()],
                  pl.concat(terms) if terms else pl.DataFrame(),
                  {each.submission.name: frozenset(each.submission.who) for each in found})


def copies(rows: Sequence[Row], others: Others, supersedes: str | None) -> Iterator[Told]:
    """Students that answer as those of another submission, byte for byte, on the same examples.

    Whoever fits a strategy again under its own name gets its answers again: that is told. A whole entry under another name, and a
    submission in which nothing is its own, are refused.
    """
    theirs: dict[tuple[str, str], list[Row]] = {}
    for row in others.rows:
        if row.get("digest_student") and row["submission"] != supersedes:
            theirs.setdefault((row["task"], row["digest_student"]), []).append(row)
    known = [(row, theirs.get((row["task"], row["digest_student"]), [])) for row in rows if row.get("digest_student")]
    if whole := _in_all({row["submission"] for row in found} for _, found in known):
        yield Told("refused", None, f"every one of its {len(known)} students answers as that of {whole[0]}, to the last bit: "
                                    "this is that entry under another name; who ran it again sends a reproduction")
        return
    for strategy in dict.fromkeys(row["strategy"] for row, _ in known):
        mine = [found for row, found in known if row["strategy"] == strategy]
        same = _in_all({row["submission"] for row in found if row["strategy"] == strategy} for found in mine)
        renamed = _in_all({f"{row['strategy']} of {row['submission']}" for row in found} for found in mine)
        if same:
            yield Told("note", None, f"the students of {strategy} are those of {same[0]}, to the last bit")
        elif renamed:
            yield Told("refused", None, f"every student of {strategy} answers as {renamed[0]}, to the last bit: this is that "
                                        "entry under another name")


def _in_all(names: Iterable[set[str]]) -> list[str]:
    """The names that are in every one of these sets, sorted; none where there is no set."""
    every = list(names)
    return sorted(set.intersection(*every)) if every else []


def doubles(rows: Sequence[Row]) -> Iterator[Told]:
    """Rows of one submission whose students answer alike: two seeds of one setting, or two strategies."""
    seen: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        if row.get("digest_student") is None:
            continue
        first = seen.setdefault((row["task"], row["weak"], row["supervisor"], row["digest_student"]), row)
        if first is row:
            continue
        drawn = [f"fingerprint_{part}" for part in ("supervise", "transfer", "test")]
        if first["seed"] == row["seed"]:
            yield Told("note", row, f"its student answers to the last bit as {first['strategy']} on {first['strong']}")
        elif any(first.get(name) is None or first.get(name) != row.get(name) for name in drawn):
            yield Told("refused", row, f"its student answers to the last bit as that of seed {first['seed']}, which was fitted "
                                       "on other examples: a seed that is another one again is no seed")


def other_teachers(rows: Sequence[Row], terms: pl.DataFrame, others: Others, hand: AtHand) -> Iterator[Told]:
    """Weak and ceiling predictions that are not those that another submission has of the same task, model, strategy and seed.

    The fit of frozen features has no draw of its own, so a difference there is another teacher under the same name. Where a
    network was trained, devices differ, and the difference is only told.
    """
    told: set[tuple[str, ...]] = set()
    for role, labels in _OF.items():
        theirs: dict[tuple[Any, ...], Row] = {}
        for row in others.rows:
            if row.get(f"digest_{role}"):
                theirs.setdefault(tuple(row[name] for name in labels), row)
        for row in rows:
            key = tuple(row[name] for name in labels)
            other = theirs.get(key)
            if other is None or row.get(f"digest_{role}") in (None, other[f"digest_{role}"]) or (role, *map(str, key)) in told:
                continue
            told.add((role, *map(str, key)))
            apart = _apart(f"err_{role}", row, terms, other, others.terms)
            if apart is None or apart <= ANOTHER:
                continue
            fitted = _is_fitted(row[labels[2]], hand)
            who = "teacher" if role == "weak" else "ceiling"
            yield Told("refused" if fitted else "note", row,
                       f"its {who} errs otherwise than that of {other['submission']} under the same names, by {apart:.1%} of the "
                       f"error{'' if fitted else '; a network that was trained may'}")


def _apart(column: str, row: Row, terms: pl.DataFrame, other: Row, others: pl.DataFrame) -> float | None:
    """The mean difference of two predictors' errors, example by example, as a share of their mean; None where they have no
    example in common."""
    import polars as pl

    if not terms.height or not others.height:
        return None
    mine, theirs = (table.filter(pl.col("cell_key") == key["cell_key"]).select("example", pl.col(column).cast(pl.Float64))
                    for table, key in ((terms, row), (others, other)))
    both = mine.join(theirs, on="example", suffix="_other")
    if not both.height:
        return None
    mean = float(both.select((pl.col(column) + pl.col(f"{column}_other")).mean() / 2.0).item())
    apart = float(both.select((pl.col(column) - pl.col(f"{column}_other")).abs().mean()).item())
    return apart / mean if mean > 0.0 else 0.0 if apart == 0.0 else 1.0


def _is_fitted(strategy: str, hand: AtHand) -> bool:
    """Whether a strategy fits frozen features to a minimum, so that only rounding differs from place to place."""
    try:
        made = hand.strategy(strategy)
    except W2SError:
        return False
    return bool(made.needs == "features" and made.convex_in is not None)
