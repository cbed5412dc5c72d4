"""`w2s-bench plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.table_options import tables_of
from w2s_bench.contracts.errors import UsageError, nearest

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.figures import Figure

KINDS = {
    "gain-misfit": "gain against misfit, one mark a cell",
    "strategies": "each strategy beside one of them, on paired cells",
    "ledger": "misfit, projection and realizability of each pair, whose sum is the gain",
    "tightness": "left side over right side of each bound",
    "selection": "what each rule for choosing a teacher costs",
    "sample-size": "errors, gain and misfit against the sample size, or against --x",
    "heatmap": "one number of each weak and strong model",
}
_LISTED = "\b\nKinds:\n" + "\n".join(f"  {kind:<12} {words}" for kind, words in KINDS.items())


@click.command("plot", epilog=_LISTED)
@click.argument("kind", metavar="KIND")
@click.argument("runs", nargs=-1, metavar="RUN…")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File to write: .png, .svg or .html.  [default: KIND.png]")
@click.option("--where", "condition", default=None, help='Keep rows, as in "gain > 0 and task == diabetes".')
@click.option("--by", default=None, help="A panel for each value of these columns too, joined with commas; not for sample-size "
              "and strategies.")
@click.option("--x", "along", default=None, help="What sample-size runs along: a numeric column, or a parameter, as "
              "weak.width.  [default: n_transfer]")
@click.option("--value", default=None, help="What heatmap shows: gain, misfit, pgr, …  [default: gain]")
@click.option("--against", default=None, help="What strategies compares the others with.  [default: the one with most cells]")
@click.option("--latest", is_flag=True, help="Of cells that several runs hold, keep the last run's.")
def command(kind: str, runs: tuple[str, ...], out: Path | None, condition: str | None, by: str | None, along: str | None,
            value: str | None, against: str | None, latest: bool) -> None:
    """Draw a figure of RUNS (folders, rows files, or names under w2s-runs/), several as one."""
    _check_words(kind, by, along, value, against)
    from w2s_bench.figures import check_path, save

    path = out or Path(f"{kind}.png")
    check_path(path)
    rows, bounds = tables_of(runs, condition, latest, f"plot {kind}")
    columns = [name.strip() for name in by.split(",")] if by else []
    if kind == "strategies":
        save(_compared(rows, against), path)
    else:
        save(_draw(kind, rows, bounds, columns, along or "n_transfer", value or "gain"), path)
    click.echo(str(path))


def _compared(rows: pl.DataFrame, against: str | None) -> Figure:
    from w2s_bench.figures import strategies
    from w2s_bench.tables.comparisons import comparisons

    return strategies(comparisons(rows, against))


def _check_words(kind: str, by: str | None, along: str | None, value: str | None, against: str | None) -> None:
    if kind not in KINDS:
        raise UsageError(f"no figure is called {kind!r}", hint=nearest(kind, KINDS))
    if along and kind != "sample-size":
        raise UsageError(f"--x goes with sample-size, not with {kind}")
    if value and kind != "heatmap":
        raise UsageError(f"--value goes with heatmap, not with {kind}")
    if against and kind != "strategies":
        raise UsageError(f"--against goes with strategies, not with {kind}")
    if by and kind == "strategies":
        raise UsageError("--by does not go with strategies, whose panels are task sets", hint="keep some with --where")
    if by and kind == "sample-size":
        raise UsageError("--by does not go with sample-size, whose panels are its pairs of models", hint="keep some with --where")


def _draw(kind: str, rows: pl.DataFrame, bounds: pl.DataFrame, by: list[str], along: str, value: str) -> Figure:
    from w2s_bench import figures as plots

    if kind == "selection":
        from w2s_bench.tables.choices import choices
        from w2s_bench.tables.summary import by_panel

        made = choices(by_panel(rows), within=("panel",)) if "panel" in by else choices(rows)
        return plots.selection(rows, made, by)
    if kind == "sample-size":
        return plots.sample_size(rows, bounds, along)
    if kind == "heatmap":
        return plots.heatmap(rows, value, by)
    if kind == "ledger":
        return plots.ledger(rows, by)
    return (plots.tightness if kind == "tightness" else plots.gain_misfit)(rows, bounds, by)
