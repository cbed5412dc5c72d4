"""`w2s-bench leaderboard import-published`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("import-published")
@click.argument("files", metavar="CSV...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
@click.option("--source", help="Whose numbers they are, of files that do not say so.")
@click.option("--where-read", help="Where these are read: a page, or a repository and its commit.")
@click.option("--licence", default="", help="Under which licence they stand there.")
def command(files: tuple[Path, ...], out: Path, source: str | None, where_read: str | None, licence: str) -> None:
    """Read numbers that others published, from CSV files, for a board that shows them beside its own.

    Each keeps its source and where it is read. None is ordered, neither with ours nor among themselves. Files are tables of
    numbers (source, where_read, task, weak, strong, method, metric, value, std, note) or of runs, as code for weak-to-strong
    training writes them (ds_name, weak_model or weak_model_size, strong_model or model_size, loss, seed, accuracy, path).
    """
    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.leaderboard.published import Cited, import_published, write_published
    from w2s_bench.report.listing import say
    from w2s_bench.running.folder import writing

    if (source is None) != (where_read is None):
        raise UsageError("a source is said by --source and --where-read together")
    cited = Cited(source, where_read, licence) if source and where_read else None
    table = import_published(files, cited)
    with writing(out):
        path = write_published(table, out)
    counts = table["source"].value_counts(sort=True).iter_rows()
    say([f"wrote {path}: {table.height} published numbers", *(f"  {count} of {name}" for name, count in counts),
         f"next: w2s-bench leaderboard build --published {path}"])
