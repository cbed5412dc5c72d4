"""A command: how many lines a run's journal has."""

from pathlib import Path

import click


@click.command("tally")
@click.argument("run", type=click.Path(exists=True, path_type=Path))
def command(run):
    """Count the records of a run."""
    click.echo(f"{sum(1 for _ in (run / 'journal.jsonl').open())} records")
