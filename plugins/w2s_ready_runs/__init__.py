"""Ready-made runs over the bundled tasks, models and strategies."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from w2s_bench.contracts import SuiteEntry
from w2s_bench.hookspecs import hookimpl


@hookimpl
def w2s_suites() -> Iterable[SuiteEntry]:
    """The suites in this folder, one TOML file each."""
    yield SuiteEntry(
        "quickstart", "tabular, synthetic and text cells, offline, in about a minute",
        toml=files(__name__).joinpath("quickstart.toml").read_text(encoding="utf-8"),
        tags=frozenset({"offline"}),
    )
