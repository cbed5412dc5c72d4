"""`w2s-bench leaderboard reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from w2s_bench.cli.words import as_record

if TYPE_CHECKING:
    from w2s_bench.leaderboard.reproductions import Reproduction


class ReproduceWords(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed after `leaderboard reproduce`."""

    folder: Path
    sample: int
    strategies: tuple[str, ...]
    fresh: bool
    who: str
    data: Path | None
    out: Path
    draw: int | None
    store: str | None
    executor: str


@click.command("reproduce")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--sample", type=click.IntRange(1, 1_000), default=10, show_default=True, help="How many cells to run again.")
@click.option("--strategy", "strategies", multiple=True, help="Only cells of this strategy; may be repeated.  [default: all]")
@click.option("--fresh-seeds", "fresh", is_flag=True, help="And as many on seeds that the sender did not choose.")
@click.option("--who", required=True, help="Who runs it again: small letters, digits and -.")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), help="The folder that {data} stands for.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="The file to write, such as leaderboard/reproductions/NAME--WHO.toml.")
@click.option("--draw", type=click.IntRange(0, 2**63 - 1), help="Draw the same cells and seeds again.  [default: new ones]")
@click.option("--store", help="Store of artifacts: a folder or a URL.  [default: the user cache]")
@click.option("--executor", default="local", show_default=True, help="Who computes, as of `run`.")
@as_record(ReproduceWords)
def command(words: ReproduceWords) -> int:
    """Run some cells of the submission in FOLDER again, and say whether its numbers come back.

    Which cells, and which fresh seeds, is drawn when it starts. A fresh seed has to lie where a new one of that setting is
    expected. What is not bundled with w2s-bench is not run. Ends with 2 where a number does not come back.
    """
    import secrets

    from w2s_bench.contracts.errors import DataError
    from w2s_bench.contracts.files import write_whole
    from w2s_bench.leaderboard.at_hand import AtHand
    from w2s_bench.leaderboard.opening import opened
    from w2s_bench.leaderboard.reproducing import Means, Sampling, reproduce
    from w2s_bench.store.artifacts import default_store

    draw = secrets.randbelow(2**63) if words.draw is None else words.draw
    with opened(words.folder) as given:
        found = reproduce(given, words.who, Sampling(words.sample, words.fresh, draw, words.strategies), AtHand(words.data),
                          Means(words.store or default_store(), words.executor, lambda text: click.echo(text, err=True)))
    try:
        words.out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(words.out, found.to_toml().encode())
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror}", where=str(words.out)) from None
    _print(found)
    return 2 if False in found.judged().values() else 0


def _print(found: Reproduction) -> None:
    from w2s_bench.report.wording import figure, harmless

    for cell in found.cells:
        name = f"{cell.task}, {cell.weak}, {cell.strong}, {cell.strategy}, {cell.supervisor}, seed {cell.seed}"
        if cell.ended != "ok":
            said = f"ended as {cell.ended}"
        elif not cell.fresh:
            same = {True: "the same", None: "nearly the same", False: "another"}[cell.agrees]
            apart = 0.0 if cell.apart is None else cell.apart
            said = f"gain {figure(cell.found)}, {same}: {apart:.1e} of the teacher's error apart"
        else:
            where = {True: "as expected", False: "not where a new seed is expected", None: "one seed foretells none"}[cell.agrees]
            said = f"fresh: gain {figure(cell.found)}, {where} ({figure(cell.low)} … {figure(cell.high)})"
        click.echo(harmless(f"{name}: {said}"))
    words = {True: "reproduced", False: "NOT reproduced", None: "too few fresh seeds to say"}
    for strategy, judged in found.judged().items():
        click.echo(harmless(f"{strategy}: {words[judged]}"))
