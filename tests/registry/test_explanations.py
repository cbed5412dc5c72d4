"""Every error has a code, and every code stands for errors that there are."""

from __future__ import annotations

import runpy
from pathlib import Path

from conftest import Command

from w2s_bench.contracts.errors import DataError, UsageError, W2SError
from w2s_bench.registry.explanations import code_at, code_of, explanations

ROOT = Path(__file__).resolve().parent.parent.parent
CODES = runpy.run_path(str(ROOT / "docs" / "error_codes.py"))
PACKAGES = sorted(file.parent.name for file in (ROOT / "plugins").glob("*/errors.toml"))
FOR_ALL = {f"W2S{number:03}" for number in range(70, 78)}
"""What plugins raise that explain nothing themselves."""


def test_every_place_that_makes_an_error_has_a_code_and_the_core_one_of_its_own() -> None:
    spoken = [place for place in CODES["raised"]() if any(letter.isalpha() for letter in place.words)]
    assert len(spoken) > 500
    assert [place for place in spoken if not CODES["code_of_place"](place)] == []
    assert [place for place in spoken if place.module.startswith("w2s_bench") and CODES["code_of_place"](place) in FOR_ALL] == []


def test_every_code_stands_for_some_error_and_is_one_package_s() -> None:
    made = {CODES["code_of_place"](place) for place in CODES["raised"]()}
    codes = [code for package in ("w2s_bench", *PACKAGES) for code in explanations(package)]
    assert len(set(codes)) == len(codes) > 50
    assert set(codes) - made - FOR_ALL == {"W2S009"}  # click's


def test_the_page_of_codes_is_what_the_program_says() -> None:
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == CODES["page"]()


def _raised(error: W2SError) -> W2SError:
    try:
        raise error
    except W2SError as caught:
        return caught


def test_the_code_is_that_of_who_raised_it() -> None:
    assert code_of(_raised(DataError("no such column"))) == "W2S071"  # here: no package of the project
    assert code_of(UsageError("2 things cannot work as they are")) == "W2S070"  # nobody raised it
    assert code_at("w2s_gpt2.weights", frozenset({"DataError"}), "is a pointer") == "W2S202"
    assert code_at("w2s_gpt2.weightsmith", frozenset({"DataError"}), "is a pointer") == "W2S071"
    assert code_at("w2s_bench.store.packs", frozenset({"DamagedArtifact", "StoreError"}), "x") == "W2S040"
    assert code_of(ValueError("x")) == ""


def test_an_error_ends_with_its_code_and_explain_says_what_it_is(w2s: Command) -> None:
    refused = w2s("plan", "--task", "diabetess", "--weak", "raw", "--strong", "raw", check=2)
    assert refused.stderr.splitlines()[-1] == "  W2S002: `w2s-bench explain W2S002` says more"
    said = w2s("explain", "w2s002", check=0).stdout
    assert said.startswith("W2S002: A name that nothing answers to\n") and "w2s-bench ls" in said
    assert w2s("show", "--no-such", check=2).stderr.splitlines()[-1] == "  W2S009: `w2s-bench explain W2S009` says more"
    assert "did you mean W2S0" in w2s("explain", "W2S00", check=2).stderr
    assert len(w2s("explain", check=0).stdout.splitlines()) > 50
