"""Options that the user set elsewhere: W2S_BENCH_RUN_JOBS=4 in the environment, or jobs = 4 under [run] in a file of their own.

What is typed comes first, then the environment, then the file, then the default. Each of them that is in force is said.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import click

from w2s_bench.cli.commands import COMMANDS

PREFIX = "W2S_BENCH_"
Written: TypeAlias = "str | int | float | bool | Sequence[Written] | Mapping[str, Written]"
Table: TypeAlias = Mapping[str, Written]
_READ = "w2s_bench.settings"
_MOST_BYTES = 1_000_000


class Setting(NamedTuple):
    """The value of one option of a command. name: as --NAME. origin: the variable or the file that it is from."""

    option: click.Option
    name: str
    value: object
    origin: str

    def words(self) -> str:
        """As it would be typed."""
        if self.option.is_flag:
            return f"--{self.name}" if self.value else f"no --{self.name}"
        values = self.value if isinstance(self.value, list) else [self.value]
        return " ".join(f"--{self.name} {shlex.quote(str(value))}" for value in values)


class SettableGroup(click.Group):
    """A group whose commands take what is not typed from the environment and from the user's file."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not ctx.resilient_parsing:
            above = ctx.command_path.split()[1:]
            if table := _table(ctx):
                check_sections(table, above, self.list_commands(ctx))
            if isinstance(command, click.Group):
                return name, command, rest
            path = [*above, (name or "").partition("[")[0].rpartition("/")[2]]
            found = [each for each in settings(command, path, table) if not _typed(each.option, rest)]
            ctx.default_map = {name or "": {each.option.name: each.value for each in found}}
            if found and not any(each.name == "quiet" and each.value for each in found) and "--quiet" not in rest:
                click.echo("; ".join(f"{each.words()} (from {each.origin})" for each in found), err=True)
        return name, command, rest


def config_file() -> Path:
    """Where the user's file is, whether there is one or not."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "w2s-bench" / "config.toml"


def read_config() -> Table:
    """What the user's file says, {} where there is none. Raises UsageError for a file that cannot be read."""
    path = config_file()
    if not path.exists():
        return {}
    import tomllib

    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.contracts.files import plain_file

    try:
        return tomllib.loads(plain_file(path, _MOST_BYTES).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read your options: {error}", where=str(path)) from None


def settings(command: click.Command, path: Sequence[str], table: Table) -> list[Setting]:
    """The options of a command that are set elsewhere; path: the words that call it, as ("plot", "gain-misfit").

    Raises UsageError for a key that is no option of it, with the near one, and for a value that its option cannot take.
    """
    options = {max(option.opts, key=len).removeprefix("--"): option for option in command.params
               if isinstance(option, click.Option) and option.name not in ("help", "version")}
    sources = (_from_file(options, path, table), _from_environment(options, path))
    return list({each.name: each for source in sources for each in source}.values())


def check_sections(table: Table, path: Sequence[str], commands: Sequence[str]) -> None:
    """Raise UsageError for a section of the user's file that is no command of a group. path: the words that call the group."""
    from w2s_bench.contracts.errors import UsageError, nearest

    where, section = str(config_file()), _section(table, path)
    for name, value in section.items():
        title = ".".join((*path, name))
        if not isinstance(value, Mapping):
            if not path:
                raise UsageError(f"the key {name!r} stands in no section", where=where, hint="sections are commands, as [run]")
        elif name not in commands:
            raise UsageError(f"[{title}] is no command", where=where, hint=nearest(name, commands))


def _section(table: Table, path: Sequence[str]) -> Table:
    for word in path:
        inner = table.get(word, {})
        table = inner if isinstance(inner, Mapping) else {}
    return table


def _from_file(options: Mapping[str, click.Option], path: Sequence[str], table: Table) -> Iterator[Setting]:
    where = str(config_file())
    for depth in range(1, len(path) + 1):
        title = ".".join(path[:depth])
        for name, value in _section(table, path[:depth]).items():
            if isinstance(value, Mapping):
                continue
            if name not in options:
                from w2s_bench.contracts.errors import UsageError, nearest

                raise UsageError(f"{title} has no option {name!r}", where=f"{where}, [{title}]", hint=nearest(name, options))
            yield _setting(options[name], name, value, f"{where}, [{title}]")


def _from_environment(options: Mapping[str, click.Option], path: Sequence[str]) -> Iterator[Setting]:
    for depth in range(len(path)):
        for name, option in options.items():
            variable = variable_of(*path[:depth + 1], name)
            if text := os.environ.get(variable):
                yield _setting(option, name, shlex.split(text) if option.multiple else text, variable)
    known = {variable_of(*path, name) for name in options}
    start = variable_of(*path, "")
    for variable in sorted(os.environ):
        if variable.startswith(start) and variable not in known and not _of_a_longer_command(variable, path):
            from w2s_bench.contracts.errors import UsageError, nearest

            raise UsageError("this variable is no option of the command", where=variable, hint=nearest(variable, known))


def _of_a_longer_command(variable: str, path: Sequence[str]) -> bool:
    """Whether a variable belongs to a command whose name begins as this one's, as show-task does as show."""
    return any(variable.startswith(variable_of(name, "")) for name in COMMANDS if name.startswith(f"{path[0]}-"))


def variable_of(*words: str) -> str:
    """The variable of an option: its name after the words of its command."""
    return PREFIX + "_".join(words).upper().replace("-", "_").replace(".", "_")


def _setting(option: click.Option, name: str, value: Written, origin: str) -> Setting:
    given: object = [value] if option.multiple and not isinstance(value, list) else value
    try:
        option.type_cast_value(click.Context(click.Command("set")), given)
    except (click.BadParameter, TypeError, ValueError) as error:
        said = error.message if isinstance(error, click.BadParameter) else str(error)
        from w2s_bench.contracts.errors import UsageError

        raise UsageError(f"{name} = {value!r} cannot be read: {said}", where=origin, hint=option.help or "") from None
    return Setting(option, name, given, origin)


def _typed(option: click.Option, words: Sequence[str]) -> bool:
    """Whether an option stands among the words of a command."""
    short = [name for name in option.opts if not name.startswith("--")]
    return any(word.partition("=")[0] in option.opts or any(word.startswith(name) for name in short)
               for word in words if word.startswith("-"))


def _table(ctx: click.Context) -> Table:
    """The user's file, read once a call."""
    found: Table | None = ctx.meta.get(_READ)
    if found is None:
        found = ctx.meta[_READ] = read_config()
    return found
