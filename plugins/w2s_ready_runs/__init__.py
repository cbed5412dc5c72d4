"""Ready-made runs over the bundled tasks, models and strategies."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from w2s_bench.contracts import SuiteEntry, hookimpl
from w2s_ready_runs.paper import FULL, QUICK, paper_finite_sample, paper_synthetic

requires_api = ">=1,<2"

OFFLINE = frozenset({"offline"})


@hookimpl
def w2s_suites() -> Iterable[SuiteEntry]:
    """The quick start, and the studies; NAME.toml and NAME.quick.toml where they are not made by `paper`."""
    yield SuiteEntry("quickstart", "tabular, synthetic and text cells, offline, in about a minute",
                     toml=_text("quickstart.toml"), tags=OFFLINE)
    yield SuiteEntry("paper-synthetic", "the synthetic study of Charikar et al. 2024, panel by panel",
                     toml=paper_synthetic(FULL), quick=paper_synthetic(QUICK), tags=OFFLINE)
    yield SuiteEntry("paper-finite-sample", "the synthetic study against the size of the transfer set, both directions",
                     toml=paper_finite_sample(FULL), quick=paper_finite_sample(QUICK), tags=OFFLINE)
    yield SuiteEntry("random-features", "few random features teach many, with early stopping: the student's exponent",
                     toml=_text("random-features.toml"), quick=_text("random-features.quick.toml"), tags=OFFLINE)
    yield SuiteEntry("correlated-features", "subspaces of known overlap, noisy labels: the student's variance by formula",
                     toml=_text("correlated-features.toml"), quick=_text("correlated-features.quick.toml"), tags=OFFLINE)
    yield SuiteEntry("paper-molecules", "a GPT-2 of molecules, taught by smaller ones, by itself earlier, by a simulation",
                     toml=_text("paper-molecules.toml"), quick=_text("paper-molecules.quick.toml"))
    for name, summary in (
            ("sst-local", "sentences from files beside you, small GPT-2s, both directions, every kind of strategy"),
            ("confidence-losses", "eight losses on one task, on frozen features and by fine-tuning"),
            ("label-cleaning", "transforms, filters, smoothers, mixtures and ensembles of weak labels"),
            ("real-text", "students from installed packages, whose teachers know something: eight sets of sentences beside you"),
            ("pilot", "the pilot season of the leaderboard: classes of sentences and tables, and three tasks of numbers"),
            ("k-heads", "mixtures of k softmax heads by reverse KL: gain against misfit as k grows")):
        yield SuiteEntry(name, summary, toml=_text(f"{name}.toml"), quick=_text(f"{name}.quick.toml"), tags=OFFLINE)
    yield SuiteEntry("burns-nlp", "the 22 NLP sets of Burns et al. 2023, GPT-2 sizes, cross-entropy and confidence loss",
                     toml=_text("burns-nlp.toml"), quick=_text("burns-nlp.quick.toml"))


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
