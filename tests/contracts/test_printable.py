"""What a stranger writes is shown, and moves no cursor."""

from __future__ import annotations

import pytest

from w2s_bench.contracts import UsageError
from w2s_bench.contracts.printable import one_word, printable


@pytest.mark.parametrize(("text", "shown"), [
    ("\x1b[2J", r"\x1b[2J"), ("a\rb", r"a\x0db"), ("\x9b31m", r"\x9b31m"), ("a\u202eb", r"a\u202eb"), ("ring\x07", r"ring\x07"),
    ("two\nlines\tand a tab", "two\nlines\tand a tab"), ("γ = 0.5 — ñ", "γ = 0.5 — ñ")])
def test_control_characters_are_written_out_and_all_else_stays(text: str, shown: str) -> None:
    assert printable(text) == shown and printable(shown) == shown


def test_a_word_is_one_line_of_bounded_length() -> None:
    assert one_word("a\nb") == r"a\nb" and one_word("x" * 100, 10) == "x" * 9 + "…"


def test_an_error_shows_none_of_them_wherever_they_stand_in_it() -> None:
    error = UsageError("no \x1b[31mtask", where="\x07here", hint="\x1b]0;there")
    assert error.message() == "\\x07here: no \\x1b[31mtask\n  \\x1b]0;there" == str(error)
