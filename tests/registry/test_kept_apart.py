"""Who owns a plugin, and how far it is kept apart."""

from __future__ import annotations

import pytest

from w2s_bench.contracts import UsageError
from w2s_bench.registry.catalogue import Plugin
from w2s_bench.registry.isolation import ISOLATE, isolation


def test_a_plugin_is_owned_by_its_distribution_and_the_bundled_ones_by_nobody_else() -> None:
    assert [Plugin("p", "their-dist", "1.0").owner, Plugin("w2s_probes", "w2s-bench", "1.0").owner] == ["their-dist", ""]


@pytest.mark.parametrize(("word", "meant"), [("", "auto"), ("auto", "auto"), ("always", "always"), ("never", "never")])
def test_the_environment_says_how_far_others_are_kept_apart(monkeypatch: pytest.MonkeyPatch, word: str, meant: str) -> None:
    monkeypatch.setenv(ISOLATE, word)
    assert isolation() == meant


def test_a_word_that_is_none_of_them_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ISOLATE, "allways")
    with pytest.raises(UsageError, match="did you mean always"):
        isolation()
