"""The checks of a plugin as a test class. pytest is imported here alone, and when a class is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

from w2s_bench.testing.messages import Planned
from w2s_bench.testing.results import Terms, Trial

NETWORK, DATA = "W2S_BENCH_TEST_NETWORK", "W2S_BENCH_TEST_DATA"
"""Environment variables: not empty, it lets the checks run that need a network; the folder that conformance.toml calls {data}."""


class _Whole(type):
    """A class that stays as the kit made it: a check is left out by an exemption with a reason, and in no other way."""

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        raise TypeError(f"{cls.__name__}.{name} is not to be changed: {_WAY}")

    def __delattr__(cls, name: str) -> NoReturn:
        raise TypeError(f"{cls.__name__}.{name} is not to be removed: {_WAY}")


_WAY = 'a check is left out by a line of [exempt] in conformance.toml: "task/name::check" = "the reason"'


def conformance(plugin: str) -> type:
    """A test class with a test for each check that the plugin's declarations call for; `TestPlugin = conformance("my_plugin")`.

    Test ids read `task/diabetes::splits_disjoint`: those of `test_offline`, and of `test_with_network`, which are skipped unless
    W2S_BENCH_TEST_NETWORK is set. The class cannot be changed or derived from. Needs pytest.
    """
    import pytest

    terms = Terms(bool(os.environ.get(NETWORK)), os.environ.get(DATA, ""))
    with Trial(plugin, terms) as listing:
        planned = listing.planned()

    class Conformance(metaclass=_Whole):
        """The checks of one plugin."""

        def __init_subclass__(cls) -> NoReturn:
            raise TypeError(f"{cls.__name__} derives from a class of the kit: {_WAY}")

        @pytest.fixture(scope="class")
        @classmethod
        def trial(cls) -> Iterator[Trial]:
            with Trial(plugin, terms) as made:
                yield made

        @pytest.mark.parametrize("check", [each for each in planned if not each.network], ids=lambda each: each.id)
        def test_offline(self, check: Planned, trial: Trial) -> None:
            _judge(check, trial)

        @pytest.mark.parametrize("check", [each for each in planned if each.network], ids=lambda each: each.id)
        def test_with_network(self, check: Planned, trial: Trial) -> None:
            _judge(check, trial)

    return Conformance


def _judge(check: Planned, trial: Trial) -> None:
    import pytest

    result = trial.result(check)
    if result.outcome in ("skipped", "exempt"):
        pytest.skip(f"{'exempt: ' if result.outcome == 'exempt' else ''}{result.reason}")
    if result.outcome == "failed":
        pytest.fail("\n".join(filter(None, (f"{result.id}: {result.says}", f"broken: {result.reason}", result.trace))),
                    pytrace=False)
