"""`w2s-bench leaderboard`: finds a command's file when it is called."""

from __future__ import annotations

import importlib

import click

from w2s_bench.cli.settings import SettableGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "season": ("w2s_bench.cli.leaderboard.season", "Make a season of a run, show it with its floor, check a run by it."),
    "submit": ("w2s_bench.cli.leaderboard.submit", "Make a submission folder of a run or of a published table."),
    "check": ("w2s_bench.cli.leaderboard.check", "Check a submission: every number is derived again."),
    "reproduce": ("w2s_bench.cli.leaderboard.reproduce", "Run some cells of a submission again, also on fresh seeds."),
    "add": ("w2s_bench.cli.leaderboard.add", "Put a submission on a board, where the check takes it."),
    "withdraw": ("w2s_bench.cli.leaderboard.withdraw", "Take a submission off a board; a tombstone stays."),
    "diff": ("w2s_bench.cli.leaderboard.diff", "What a board changes beside another: the text that a reviewer reads."),
    "import-published": ("w2s_bench.cli.leaderboard.import_published", "Read numbers of papers, which are shown beside ours."),
    "export": ("w2s_bench.cli.leaderboard.export", "Write a board in a schema that others read."),
    "plugins": ("w2s_bench.cli.leaderboard.plugins", "List the plugins that others published, by pointer."),
    "build": ("w2s_bench.cli.leaderboard.build", "Build the site of a board: a static folder."),
    "serve": ("w2s_bench.cli.leaderboard.serve", "Show a site to a browser on this machine."),
    "compare": ("w2s_bench.cli.leaderboard.compare", "Compare two entries of a board, with what the interval is over."),
}


class LazyCommands(SettableGroup):
    """Imports a command's module only when it is called, so that --help stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from w2s_bench.contracts.errors import nearest

            ctx.fail(f"no command {args[0]!r}; {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group("leaderboard", cls=LazyCommands)
def command() -> None:
    """Publish results, check what others publish, and build the board that shows what can be ordered."""
