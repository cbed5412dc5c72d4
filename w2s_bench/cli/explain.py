"""`w2s-bench explain`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.registry.explanations import Explanation, all_explanations
from w2s_bench.registry.outside import Unreadable, entry_points

_WIDTH = 100


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Say what the CODE of an error stands for and what to do; without one, list all."""
    known = all_explanations(_packages())
    if code is None:
        for name, each in known.items():
            click.echo(f"{name}  {each.title}")
        return
    entry = known.get(code.upper())
    if entry is None:
        raise UsageError(f"no error has the code {code!r}", hint=nearest(code.upper(), known))
    click.echo("\n".join(_said(code.upper(), entry)))


def _packages() -> Iterator[str]:
    """The packages of installed plugins: where their files of explanations lie is known without an import of one."""
    for point in (point for point in entry_points() if not isinstance(point, Unreadable)):
        yield point.value.partition(":")[0].partition(".")[0]


def _said(code: str, entry: Explanation) -> Iterator[str]:
    yield f"{code}: {entry.title}"
    for paragraph in (entry.means, entry.mend):
        yield ""
        yield from textwrap.wrap(paragraph, _WIDTH)
