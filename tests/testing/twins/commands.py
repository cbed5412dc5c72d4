"""Commands, the first of which is sound."""

from __future__ import annotations

import click


@click.command("sound")
def sound() -> None:
    """Say nothing."""


def no_command() -> None:
    """No click command."""


SUBJECTS = {"sound": "", "no_command": "is_a_command"}
