"""`w2s-bench plugin test`: the conformance kit as a command."""

from __future__ import annotations

import click
import msgspec

_MARKS = {"passed": "ok", "failed": "BROKEN", "skipped": "skipped", "exempt": "exempt"}


@click.command("test")
@click.argument("name")
@click.option("--check", "pattern", metavar="GLOB", default="*", show_default=True,
              help="Only checks whose id (task/diabetes::splits_disjoint), or name, matches.")
@click.option("--network", is_flag=True, help="Let the checks run that need a network.")
@click.option("--data", type=click.Path(exists=True, file_okay=False, resolve_path=True), default="", metavar="FOLDER",
              help="The folder that conformance.toml calls {data}; without it what reads from there is skipped.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="What a check may take; else each says so itself.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each check.")
@click.option("--verbose", is_flag=True, help="Print whole tracebacks.")
def command(name: str, pattern: str, as_json: bool, verbose: bool, **terms: bool | str | float | None) -> int:
    """Try the plugin NAME with the conformance kit: every check that what it declares calls for.

    The plugin runs in a process of its own, and is ended where a check takes too long. Exit code 3 when a check fails.
    """
    from w2s_bench.report.wording import harmless
    from w2s_bench.testing.kit import kit_version
    from w2s_bench.testing.results import Terms, results_of

    counts, skipped = dict.fromkeys(_MARKS, 0), ""
    for result in results_of(name, pattern, msgspec.convert(terms, Terms)):
        counts[result.outcome] += 1
        if as_json:
            click.echo(msgspec.json.encode({"kit": kit_version(), **msgspec.to_builtins(result)}).decode())
            continue
        reason = "" if result.reason == skipped else result.reason
        skipped = result.reason if result.outcome == "skipped" else ""
        lines = [f"{_MARKS[result.outcome]:<8}{result.id}", *(f"        {line}" for line in reason.splitlines()),
                 *(result.trace.splitlines() if verbose else ())]
        click.echo("\n".join(map(harmless, lines)))
    if not as_json:
        said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        click.echo(f"{name}, kit {kit_version()}: {said}")
    return 3 if counts["failed"] else 0
