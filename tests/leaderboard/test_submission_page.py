"""docs/submissions.md says the limits that are kept."""

from __future__ import annotations

import re
from pathlib import Path

from w2s_bench.leaderboard import decoding, untrusted
from w2s_bench.leaderboard.places import MOST_CELLS
from w2s_bench.leaderboard.submission import DIVISIONS, Submission

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "submissions.md").read_text(encoding="utf-8")


def test_the_page_says_every_limit() -> None:
    for form in (decoding.ROWS, decoding.BOUNDS, decoding.ANSWERS, decoding.FACTS):
        assert f"{form.rows:,} lines" in PAGE
    assert f"{decoding.ROWS.columns:,} columns" in PAGE and f"{decoding.BOUNDS.columns} columns" in PAGE
    assert f"{decoding.ANSWERS.columns - len(decoding.ANSWERS.needs):,} values" in PAGE
    assert f"at most {untrusted.MOST_BYTES // 10**6} MB in {untrusted.MOST_FILES:,} files" in PAGE
    assert f"decoded at most {decoding.MOST_DECODED // 10**6:,} MB" in PAGE and f"{untrusted.MOST_README // 1000} kB" in PAGE
    assert f"{decoding.MOST_MEMORY // 10**9} GB of address space and {decoding.MOST_SECONDS} seconds" in PAGE
    assert f"row groups ({decoding.MOST_GROUPS:,}), values ({decoding.MOST_VALUES:,})" in PAGE and f"{MOST_CELLS:,} cells" in PAGE
    assert f"{decoding.MOST_LINE:,} characters, JSON {decoding.MOST_JSON:,}" in PAGE and f"±{decoding.FARTHEST:g}" in PAGE


def test_the_page_shows_every_key() -> None:
    shown = re.findall(r"^\[?(\w+)(?: =|\])", PAGE.partition("```toml")[2].partition("```")[0], flags=re.MULTILINE)
    assert shown == ["schema", *Submission.__struct_fields__] and all(f'"{division}"' in PAGE for division in DIVISIONS)
