"""The `w2s-bench` command: finds a command's file when it is called, and words every error for the prompt."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import click

import w2s_bench
from w2s_bench.cli.ascii_terminal import print_as_they_can
from w2s_bench.cli.commands import COMMANDS
from w2s_bench.cli.settings import PREFIX, SettableGroup
from w2s_bench.compute.streams import print_whoever_reads, unprinted


class LazyGroup(SettableGroup):
    """Imports a command's module only when it is called, so that --help stays fast. Commands of plugins come after the own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *_offered()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
            return command
        return _made(cmd_name) if cmd_name in _offered() else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        if offered := _offered():
            with formatter.section("Commands of plugins"):
                formatter.write_dl(list(offered.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS and args[0] not in _offered():
            from w2s_bench.contracts.errors import nearest

            ctx.fail(f"no command {args[0]!r}; {nearest(args[0], [*COMMANDS, *_offered()])}")
        return super().resolve_command(ctx, args)


def _offered() -> dict[str, str]:
    """Commands that plugins offer, with a line each; the name of a command here stays its own. The project's own plugins offer
    none, so that nothing is loaded where there are no others."""
    from w2s_bench.registry.outside import outside_plugins

    if not outside_plugins():
        return {}
    from w2s_bench.registry.loading import load_registry

    offers = load_registry("commands").entries("commands")
    names = [offer.entry.name for offer in offers]
    return {(offer.entry.name if names.count(offer.entry.name) == 1 else offer.full_name): offer.entry.summary
            for offer in offers if offer.entry.name not in COMMANDS}


def _made(name: str) -> click.Command:
    from w2s_bench.contracts.errors import PluginError
    from w2s_bench.registry.loading import load_registry

    registry = load_registry("commands")
    command = registry.make("commands", name)
    if not isinstance(command, click.Command):
        offer = registry.offer("commands", name)
        raise PluginError(f"the command {offer.full_name} is {command!r}, no click command", where=offer.entry.target)
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(w2s_bench.__version__, prog_name="w2s-bench")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--plugin", "plugins", metavar="FILE", multiple=True, expose_value=False,
              help="A plugin that is one Python file; may be repeated, and stand after the command too.")
@click.option("--no-plugins", is_flag=True, expose_value=False, help="Leave out every plugin that is not bundled.")
@click.option("--no-plugin", metavar="NAME", multiple=True, expose_value=False, help="Leave out one plugin; may be repeated.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Benchmark weak-to-strong generalization: gain, misfit and how tight the bounds are.

    Every option of a command may also be set as a variable (W2S_BENCH_RUN_JOBS=4) or in your own file; `w2s-bench config` says
    where that is, and what is set.
    """
    ctx.ensure_object(dict)["debug"] = debug


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0, 2 (usage), 3 (some cells not ok, or the disk), 128 + N (ended by signal N; 141 where who read
    the output has gone, which never ends a run)."""
    words: list[str] = sys.argv[1:] if arguments is None else arguments
    print_whoever_reads()
    print_as_they_can()
    debug = "--debug" in words or bool(os.environ.get(f"{PREFIX}DEBUG"))
    words = [word for word in words if word != "--debug"]
    told: dict[str, object] = {"prints": True}
    code = _called(words, debug, told)
    lost = unprinted() if told["prints"] else None
    if lost is not None and code == 0:
        if lost.errno != errno.EPIPE:
            click.echo(f"error: cannot print: {lost.strerror}", err=True)
        code = 141 if lost.errno == errno.EPIPE else 3
    if arguments is None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of what Python does at its end
    sys.exit(code)


def _called(words: list[str], debug: bool, told: dict[str, object]) -> int:
    """Call the command; its exit code. told: what it is told, and tells, of this call: `left_out`, the options that leave out
    plugins; `prints`, whether what it prints is all that it does."""
    try:
        with _without_plugins(words) as (words, told["left_out"]):
            words, told["plugins"] = _with_files(words)
            code: Any = cli.main(["--debug", *words] if debug else words, prog_name="w2s-bench", standalone_mode=False, obj=told)
        return code if isinstance(code, int) else 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        error.show()
        _point_to_explanation(error)
        return error.exit_code
    except Exception as error:
        return _reported(error, debug)


def _with_files(words: list[str]) -> tuple[list[str], list[str]]:
    """The words without `--plugin FILE`, which may stand anywhere, and these files, which are plugins from now on."""
    kept: list[str] = []
    files: list[str] = []
    rest = iter(words)
    for word in rest:
        if word != "--plugin" and not word.startswith("--plugin="):
            kept.append(word)
        elif file := word.partition("=")[2] or next(rest, ""):
            files.append(file)
        else:
            raise click.UsageError("--plugin needs a Python file that is a plugin, as in --plugin my_plugin.py")
    if files:
        from pathlib import Path

        from w2s_bench.registry.loading import load_registry
        from w2s_bench.registry.one_file import put_in_place, read_files, refuse_broken

        found = read_files(map(Path, files))
        put_in_place(found)
        if kept[:1] != ["plugin"]:  # whose commands say what is wrong themselves
            refuse_broken(load_registry().plugins, found)
    return kept, files


@contextlib.contextmanager
def _without_plugins(words: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """The words without `--no-plugins` and `--no-plugin NAME`, which may stand anywhere, and these, while they are left out.

    The environment says it, so that worker processes leave out the same.
    """
    kept: list[str] = []
    out: list[str] = []
    said: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--no-plugins":
            out.append("all")
            said.append(word)
        elif word == "--no-plugin" or word.startswith("--no-plugin="):
            name = word.partition("=")[2] or next(rest, "")
            if not name:
                raise click.UsageError("--no-plugin needs the name of a plugin; `w2s-bench plugin ls` lists them")
            out.append(name)
            said += ["--no-plugin", name]
        else:
            kept.append(word)
    if not out:
        yield kept, said
        return
    from w2s_bench.registry.loading import LEFT_OUT

    before = os.environ.get(LEFT_OUT, "")
    os.environ[LEFT_OUT] = ",".join(filter(None, (before, *out)))
    try:
        yield kept, said
    finally:
        os.environ[LEFT_OUT] = before


def _reported(error: Exception, debug: bool) -> int:
    from w2s_bench.contracts.errors import W2SError

    if debug or not isinstance(error, W2SError):
        import traceback

        from w2s_bench.contracts.printable import printable

        click.echo(printable("".join(traceback.format_exception(error))).rstrip(), err=True)
    if not isinstance(error, W2SError):
        click.echo("this is a fault of w2s-bench or of a plugin, not of your input; please report it", err=True)
        return 1
    click.echo(f"error: {error.message()}", err=True)
    _point_to_explanation(error)
    return error.exit_code


def _point_to_explanation(error: Exception) -> None:
    """The last line of an error: where more is said of it."""
    from w2s_bench.registry.explanations import code_of

    if code := code_of(error):
        click.echo(f"  {code}: `w2s-bench explain {code}` says more", err=True)
