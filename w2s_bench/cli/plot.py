"""`w2s-bench plot`: a command of its own for each figure that a plugin registers, whose parameters are its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from w2s_bench.cli.settings import SettableGroup
from w2s_bench.cli.table_options import complete_runs, runs_or_latest, tables_of
from w2s_bench.contracts.entries import FigureEntry, Parameter
from w2s_bench.contracts.errors import UsageError
from w2s_bench.figures.choosing import chosen, offered
from w2s_bench.registry.catalogue import Registered, Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.names import Scalar, parse, scalar

if TYPE_CHECKING:
    from w2s_bench.registry.component import Component

_SHARED = (
    click.Argument(["runs"], nargs=-1, metavar="[RUN…]", shell_complete=complete_runs),
    click.Option(["-o", "--out"], type=click.Path(path_type=Path), help="File to write: .png, .svg, .pdf or .html.  "
                 "[default: KIND.png]"),
    click.Option(["--where"], help='Keep rows, as in "gain > 0 and task == diabetes".'),
    click.Option(["--latest"], is_flag=True, help="Of cells that several runs hold, keep the last run's."),
    click.Option(["--title"], metavar="TEXT", help="A title in place of the figure's own; '' for none."),
    click.Option(["--caption"], metavar="TEXT", help="A caption in place of the figure's own; '' for none."),
)


_LOADED = "w2s_bench.registry"
_WORDS = {str: "TEXT", int: "INTEGER", float: "NUMBER", bool: "BOOLEAN"}


class PlotWords(msgspec.Struct, frozen=True, kw_only=True):
    """What every figure takes. title, caption: in place of its own, "" for none."""

    runs: tuple[str, ...]
    out: Path | None
    where: str | None
    latest: bool
    title: str | None
    caption: str | None


class Figures(SettableGroup):
    """Finds the figure when it is called, so that those of every plugin are there and --help stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, _ in offered(_registry(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        registry = _registry(ctx)
        return FigureCommand(registry, registry.match("figures", parse(cmd_name))[0], cmd_name)


class FigureCommand(click.Command):
    """Draws one figure. text: as it was asked for, perhaps with parameters, as `sample-size[x=weak.width]`."""

    def __init__(self, registry: Registry, offer: Registered, text: str) -> None:
        entry: FigureEntry = offer.entry
        taken = {word for shared in _SHARED for word in shared.opts}
        self.registry, self.entry, self.text = registry, entry, text
        own = [_option(parameter) for parameter in entry.parameters if f"--{parameter.name}" not in taken]
        super().__init__(text, params=[*_SHARED, *own], callback=self.write, short_help=entry.summary,
                         help=f"Draw {entry.summary or entry.name}, from RUNS (folders, rows files, or names under w2s-runs/), "
                              "several as one; by default of the latest run.")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            takers = [offer.entry.name for offer in self.registry.entries("figures")
                      if any(f"--{parameter.name}" == error.option_name for parameter in offer.entry.parameters)]
            if not takers:
                raise
            raise UsageError(f"{error.option_name} goes with {' and '.join(sorted(takers))}, not with {self.entry.name}",
                             hint="keep some cells with --where") from None

    def write(self, **given: Any) -> None:
        """Draw and save, and say where."""
        words = PlotWords(**{name: given.pop(name) for name in PlotWords.__struct_fields__})
        component = self.registry.one("figures", self.text, _settings(self.entry, given))
        from w2s_bench.figures.write import check_path

        path = words.out or Path(f"{self.entry.name}.png")
        check_path(path)
        _draw(component, words, path)
        click.echo(str(path))


def _registry(ctx: click.Context) -> Registry:
    """What the plugins offer, loaded once a call."""
    found: Registry = ctx.meta.setdefault(_LOADED, None) or load_registry()
    ctx.meta[_LOADED] = found
    return found


def _draw(component: Component, words: PlotWords, path: Path) -> None:
    from w2s_bench.figures.data import RunData
    from w2s_bench.figures.write import save
    from w2s_bench.tables.reading import terms_of

    folders = runs_or_latest(words.runs)
    rows, bounds = tables_of([str(folder) for folder in folders], words.where, words.latest)
    drawing = chosen(component).draw(RunData(rows, bounds, terms_of(folders)))
    save(replace(drawing, title=drawing.title if words.title is None else words.title,
                 caption=drawing.caption if words.caption is None else words.caption), path)


def _option(parameter: Parameter) -> click.Option:
    default = "" if parameter.default in (None, "") else f"  [default: {parameter.default}]"
    choices = f" One of {', '.join(parameter.choices)}." if parameter.choices else ""
    words = f"{parameter.help[:1].upper()}{parameter.help[1:]}."
    return click.Option([f"--{parameter.name}"], metavar=_WORDS[parameter.kind], help=f"{words}{choices}{default}")


def _settings(entry: FigureEntry, given: Mapping[str, str | None]) -> dict[str, Scalar]:
    """The options that were given, as values of their parameters."""
    found: dict[str, Scalar] = {}
    for parameter in entry.parameters:
        text = given.get(parameter.name.replace("-", "_"))
        if text is not None:
            found[parameter.name] = text if parameter.kind is str else scalar(text)
    return found


command = Figures("plot", help="Draw a figure of one or several runs.", options_metavar="",
                  subcommand_metavar="KIND [RUN…]", short_help="Draw a figure of one or several runs.")
