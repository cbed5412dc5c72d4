"""The options that limit what a run takes are read as they are written."""

from __future__ import annotations

import click
import pytest
from conftest import Command

from w2s_bench.cli.limit_options import Memory, WordOr

PAIR = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "-o", "r")


@pytest.mark.parametrize(("text", "mebibytes"), [
    ("8GB", 8e9 / 2**20), ("500MiB", 500.0), ("1.5g", 1536.0), ("2 TiB", 2.0 * 2**20), ("700", 700.0)])
def test_memory_is_read_in_the_units_that_people_write(text: str, mebibytes: float) -> None:
    assert Memory().convert(text, None, None) == mebibytes


@pytest.mark.parametrize("text", ["much", "0GB", "-1GB", "8GHz", "1e9", ""])
def test_what_is_no_amount_of_memory_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no amount of memory: as in 8GB"):
        WordOr(Memory(), "auto").convert(text, None, None)


@pytest.mark.slow
@pytest.mark.parametrize(("words", "said"), [
    (("--timeout", "0"), "--timeout"), (("--timeout", "soon"), "'soon' is not a valid float"), (("-j", "0"), "-j"),
    (("--gpus", "0,0"), "'0,0' names no GPUs"), (("--gpus", "0", "--executor", "here"), "the executor here"),
    (("--memory", "1GB", "--executor", "here"), "the executor here")])
def test_a_limit_that_means_nothing_is_a_wrong_word(w2s: Command, words: tuple[str, ...], said: str) -> None:
    assert said in w2s(*PAIR, *words, check=2).stderr


@pytest.mark.slow
def test_words_and_amounts_are_taken(w2s: Command) -> None:
    w2s(*PAIR, "-j", "auto", "--timeout", "none", "--memory", "4GB", check=0)
