"""`w2s-bench store`."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from w2s_bench.cli.settings import SettableGroup
from w2s_bench.cli.table_options import complete_runs

if TYPE_CHECKING:
    from w2s_bench.running.uses import Use
    from w2s_bench.store.artifacts import Store
    from w2s_bench.store.inventory import Held

_DAY = 86400.0
Decorated = TypeVar("Decorated", bound=Callable[..., object])


def store_options(command: Decorated) -> Decorated:
    """--store and --json."""
    for option in (click.option("--json", "as_json", is_flag=True, help="Print JSON."),
                   click.option("--store", default=None, help="A folder or a URL.  [default: the user cache]")):
        command = option(command)
    return command


@click.group("store", cls=SettableGroup)
def command() -> None:
    """Say what the store of artifacts holds, check it, clean it, and carry the artifacts of a run to another store."""


@command.command("ls")
@click.argument("start", required=False, metavar="[KEY]")
@store_options
def ls(start: str | None, store: str | None, as_json: bool) -> None:
    """List what is held by stage and component: how many, how large, how old, and which runs use it.

    With the beginning of a KEY: the artifacts of that key, one by one.
    """
    from w2s_bench.running.uses import runs_of, uses
    from w2s_bench.store.inventory import inventory

    opened = _opened(store)
    held = inventory(opened)
    used = uses(opened, held, runs_of(opened).here)
    if start is not None:
        found = [each for key, each in held.items() if key.startswith(start)]
        lines = [_one(each, used) for each in found]
    else:
        lines = _by_kind(held.values(), used)
    if as_json:
        click.echo(json.dumps(lines, indent=1))
        return
    if not lines:
        click.echo(f"{opened.root} holds no artifact" + (f" whose key begins with {start}" if start else ""))
        return
    for line in lines:
        users = [*line["runs"][:2], *([f"{len(line['runs']) - 2} more"] if len(line["runs"]) > 2 else [])]
        name = line["key"][:12] if start is not None else f"{line['artifacts']:>7}"
        click.echo(f"{line['stage'] or 'damaged':<8}{name}  {_bytes(line['bytes']):>9}  {line['age']:<26}{line['what'][:34]:<36}"
                   f"{', '.join(users) or 'no run'}")


@command.command("size")
@store_options
def size(store: str | None, as_json: bool) -> None:
    """Say how many bytes the store takes, by stage, and what lies beside the artifacts."""
    from w2s_bench.store.inventory import beside, inventory

    opened = _opened(store)
    by_stage: dict[str, list[int]] = defaultdict(list)
    for each in inventory(opened).values():
        by_stage[each.stage or "damaged"].append(each.size)
    packs = opened.packs.sizes()
    found = {"root": opened.root, "stages": {stage: {"artifacts": len(sizes), "bytes": sum(sizes)}
                                            for stage, sizes in sorted(by_stage.items())},
             "packs": {"files": len(packs), "bytes": sum(packs.values())}, "beside": beside(opened)}
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    click.echo(opened.root)
    for stage, sizes in sorted(by_stage.items()):
        click.echo(f"{stage:<12}{len(sizes):>9} artifacts  {_bytes(sum(sizes)):>9}")
    click.echo(f"{'in packs':<12}{len(packs):>9} files      {_bytes(sum(packs.values())):>9}")
    for folder, count in beside(opened).items():
        click.echo(f"{folder:<31}  {_bytes(count):>9}")


@command.command("verify")
@store_options
def verify(store: str | None, as_json: bool) -> int:
    """Read every artifact and say which are damaged; exit code 3 when one is. The next run that needs it computes it again."""
    from w2s_bench.store.inventory import faults

    opened = _opened(store)
    found = dict(faults(opened))
    count = len(opened.keys())
    if as_json:
        click.echo(json.dumps({"artifacts": count, "damaged": found}, indent=1))
    else:
        for words in found.values():
            click.echo(words)
        click.echo(f"{count} artifacts, {len(found)} damaged")
    return 3 if found else 0


@command.command("gc")
@click.option("--yes", is_flag=True, help="Do it. Without, nothing is changed.")
@click.option("--days", type=click.FloatRange(0.0), default=1.0, show_default=True,
              help="Leave what is younger: a run that is going on may rest on it.")
@click.option("--without", "without", multiple=True, metavar="RUN", shell_complete=complete_runs,
              help="Do not count this run as one that is kept; may be repeated.")
@click.option("--run", "kept", multiple=True, metavar="RUN", shell_complete=complete_runs,
              help="Count this run folder as one that is kept; those under w2s-runs/ and those that the store knows are counted.")
@click.option("--elsewhere", is_flag=True, help="Do not mind runs of other machines whose folders cannot be seen from here.")
@store_options
def gc(yes: bool, days: float, elsewhere: bool, store: str | None, as_json: bool, **runs: tuple[str, ...]) -> int:
    """Take away what no kept run needs, what killed processes left, and the holes in packs. Says what would go, unless --yes."""
    from w2s_bench.store.cleaning import clean, waste
    from w2s_bench.store.inventory import inventory

    opened = _opened(store)
    used, others = _kept(opened, inventory(opened), runs["without"], runs["kept"])
    found = waste(opened, frozenset().union(*(use.needed for use in used)), days * _DAY)
    unknown = [f"{use.folder} is not finished, and what it needs cannot be told ({use.unknown}); finish it, move it away, or "
               f"leave it out with --without" for use in used if use.unknown]
    if others and not elsewhere:
        unknown.append(f"{', '.join(others)}: these runs used the store, and cannot be seen from here; --elsewhere if they are "
                       "not kept")
    done = yes and not unknown
    if done:
        clean(opened, found)
    if as_json:
        click.echo(json.dumps({"done": done, "bytes": found.size, "kept_runs": [str(use.folder) for use in used],
                               "artifacts": [each.key for each in found.artifacts], "packs": found.packs,
                               "leftovers": [left.path for left in found.leftovers], "refused": unknown}, indent=1))
    else:
        for words in unknown:
            click.echo(words, err=True)
        click.echo(f"kept: {', '.join(str(use.folder) for use in used) or 'no run'}")
        click.echo(f"{len(found.artifacts)} artifacts that no kept run needs, {len(found.leftovers)} leftovers, "
                   f"{len(found.packs)} packs to write anew: {_bytes(found.size)} {'freed' if done else 'would be freed'}")
        if not yes:
            click.echo("nothing was changed; --yes does it")
    return 3 if yes and unknown else 0


@command.command("export")
@click.argument("run", shell_complete=complete_runs)
@click.argument("to", type=click.Path(path_type=Path))
@store_options
def export(run: str, to: Path, store: str | None, as_json: bool) -> int:
    """Write the artifacts that RUN rests on into a new folder TO, or a file TO.tar; exit code 3 when some are not there."""
    from w2s_bench.running.folder import find_run
    from w2s_bench.running.uses import uses
    from w2s_bench.store.exchange import export as export_
    from w2s_bench.store.inventory import inventory

    opened = _opened(store)
    held = inventory(opened)
    (use,) = uses(opened, held, [find_run(run)])
    count, lost = export_(opened, sorted(use.needed & held.keys()), to)
    return _carried(count, lost, f"to {to}", as_json)


@command.command("import")
@click.argument("given", metavar="FROM", type=click.Path(path_type=Path, exists=True))
@store_options
def import_(given: Path, store: str | None, as_json: bool) -> int:
    """Take over artifacts from a folder or a tar file that `export` wrote, each checked; exit code 3 when one is refused."""
    from w2s_bench.store.exchange import import_ as taken_over

    count, refused = taken_over(_opened(store), given, _disagreement)
    return _carried(count, refused, f"from {given}", as_json)


def _opened(store: str | None) -> Store:
    from w2s_bench.store.artifacts import Store, default_store

    return Store(store or default_store())


def _kept(store: Store, held: Mapping[str, Held], without: Iterable[str], kept: Iterable[str]) -> tuple[list[Use], list[str]]:
    """What the kept runs use, and in words the runs that cannot be seen from here."""
    from w2s_bench.running.folder import find_run
    from w2s_bench.running.uses import runs_of, uses

    runs = runs_of(store)
    folders = {folder.resolve(): folder for folder in (*runs.here, *map(find_run, kept))}
    for name in without:
        folders.pop(find_run(name).resolve(), None)
    return uses(store, held, folders.values()), runs.elsewhere


class _Line(TypedDict, total=False):
    """A line of `store ls`: artifacts of a kind, or one by its key. bytes: of all; age: in words; runs: that use one of them."""

    stage: str
    what: str
    key: str
    artifacts: int
    bytes: int
    age: str
    rests_on: list[str]
    runs: list[str]


def _by_kind(held: Iterable[Held], used: Iterable[Use]) -> list[_Line]:
    kinds: dict[tuple[str, str], list[Held]] = defaultdict(list)
    for each in held:
        kinds[each.stage, each.what].append(each)
    return [{"stage": stage, "what": what, "artifacts": len(found), "bytes": sum(each.size for each in found),
             "age": _ages(found), "runs": [use.folder.name for use in used if any(each.key in use.needed for each in found)]}
            for (stage, what), found in sorted(kinds.items())]


def _one(held: Held, used: Iterable[Use]) -> _Line:
    return {"stage": held.stage, "what": held.what, "key": held.key, "bytes": held.size, "age": _ages([held]),
            "rests_on": list(held.upstream), "runs": [use.folder.name for use in used if held.key in use.needed]}


def _ages(held: Iterable[Held]) -> str:
    from w2s_bench.running.durations import lasting

    now = time.time()
    ages = sorted(max(0.0, now - each.saved) for each in held)
    youngest, oldest = lasting(ages[0]), lasting(ages[-1])
    return youngest if youngest == oldest else f"{youngest} to {oldest}"


def _carried(count: int, lost: Iterable[str], where: str, as_json: bool) -> int:
    said = list(lost)
    if as_json:
        click.echo(json.dumps({"artifacts": count, "refused": said}, indent=1))
    else:
        for words in said:
            click.echo(words, err=True)
        click.echo(f"{count} artifacts {where}")
    return 3 if said else 0


def _disagreement(key: str, about: Mapping[str, Any]) -> str:
    """What is wrong where an artifact is not the one that its recipe makes."""
    import msgspec

    from w2s_bench.planning.recipes import Recipe, key_on, truth_key

    try:
        recipe: Recipe = msgspec.convert(about["recipe"], Recipe)
        made = key_on(recipe, about["foundation"])
        same = key == (truth_key(made) if "truth_of" in about else made)
    except (msgspec.ValidationError, KeyError, TypeError, ValueError) as error:
        return f"it does not say what it was made from ({type(error).__name__})"
    return "" if same else "its recipe is that of another"


def _bytes(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    power = next(power for power in (1, 2, 3) if count < 1000 ** (power + 1) or power == 3)
    return f"{count / 1000 ** power:.1f} {('kB', 'MB', 'GB')[power - 1]}"
