"""Checks of commands."""

from __future__ import annotations

import contextlib
import io

import click

from w2s_bench.testing.checks import Broken, Subject, check


@check("commands", says="it is a click command that says what it does, and refuses an unknown option with exit code 2")
def is_a_command(subject: Subject) -> None:
    """As the commands of w2s-bench itself."""
    command = subject.made
    if not isinstance(command, click.Command):
        raise Broken(f"it is a {type(command).__name__}, no click command")
    if not (subject.entry.summary or "").strip():
        raise Broken("its entry has no summary, which --help of w2s-bench shows")
    code, said = _called(command, "--help")
    if code != 0 or "Usage" not in said:
        raise Broken(f"--help ends with exit code {code}")
    code, _ = _called(command, "--no-such-option-of-any-command")
    if code != 2:
        raise Broken(f"an unknown option ends with exit code {code}")


def _called(command: click.Command, *words: str) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        try:
            command.main(list(words), prog_name=command.name or "command", standalone_mode=False)
        except click.ClickException as error:
            return error.exit_code, said.getvalue()
        except SystemExit as error:
            return int(error.code or 0), said.getvalue()
    return 0, said.getvalue()
