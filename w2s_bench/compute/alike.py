"""Whether jobs would compute elsewhere what they compute here: the versions and the sources that they rest on, compared there.

Run by an executor on another machine: reads what is expected from standard input, and says what is other there, a line each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import msgspec

from w2s_bench import __version__
from w2s_bench.contracts.errors import W2SError
from w2s_bench.planning.recipes import STAGES, foundation_libraries
from w2s_bench.registry.component import Component
from w2s_bench.registry.one_file import in_place
from w2s_bench.registry.sources import source_digest
from w2s_bench.registry.versions import versions_of

_CORE = "w2s_bench"
_SHOWN = 12


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """version: of w2s-bench. libraries: versions by distribution. sources: by package, the plugin that it is, and its digest."""

    version: str
    libraries: dict[str, str]
    sources: dict[str, tuple[str, str]]


def expected(components: Iterable[Component]) -> Expected:
    """What these components, and those within them, rest on here."""
    libraries = {name: version for stage in STAGES for name, version in foundation_libraries(stage).items()}
    sources = {_CORE: ("w2s-bench", source_digest(_CORE))}
    pending = list(components)
    while pending:
        component = pending.pop()
        pending.extend(part for _, part in component.parts)
        libraries |= dict(component.libraries)
        sources[component.target.partition(":")[0].partition(".")[0]] = component.plugin, component.source
    travels = in_place()  # a plugin that is a file is handed over with the jobs
    return Expected(__version__, libraries, {package: about for package, about in sources.items() if package not in travels})


def differences(wanted: Expected) -> Iterator[str]:
    """In words, what is other here than it is wanted."""
    if wanted.version != __version__:
        yield f"w2s-bench is {__version__}, not {wanted.version}"
    for package, (name, digest) in sorted(wanted.sources.items()):
        here = _digest(package)
        what = name if package == _CORE else f"the plugin {name}"
        if not here:
            yield f"{what} is not installed"
        elif here != digest:
            yield f"{what} is of another source: {here[:_SHOWN]}, not {digest[:_SHOWN]}"
    for name, version in versions_of(wanted.libraries):
        if version != wanted.libraries[name]:
            yield f"{name} is {version or 'not installed'}, not {wanted.libraries[name] or 'left out'}"


def _digest(package: str) -> str:
    try:
        return source_digest(package)
    except (W2SError, ImportError, ValueError):  # a package that is not there, or whose parent is not
        return ""


def main() -> None:
    """Read what is expected, and print what is other."""
    for line in differences(msgspec.json.decode(sys.stdin.buffer.read(), type=Expected)):
        print(line)


if __name__ == "__main__":
    main()
