"""What a submission says of itself: read as it was written, and refused with one sentence where it cannot stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from w2s_bench.leaderboard.submission import Refused, Submission, read_submission

GOOD = Submission(name="pilot-heads", title="Heads on frozen features — “ridge” & co.", who=("Ada", "Grace Hopper"),
                  season="pilot/1", division="some-truth", attempts=3, citation="Ada: Notes.\nLondon, 1843.", url="https://example.org/a?b=1",
                  supersedes="older-heads", divisions={'mean[shrink=0.1,word="a\\"b"]': "teacher-labels"},
                  files={"rows.parquet": "0" * 64, "predictions/diabetes-0a1b2c.parquet": "f" * 64})


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "submission.toml").write_text(GOOD.to_toml(), encoding="utf-8")
    assert read_submission(tmp_path) == GOOD
    assert (GOOD.division_of("mean"), GOOD.division_of('mean[shrink=0.1,word="a\\"b"]')) == ("some-truth", "teacher-labels")


PLAIN = 'schema = "w2s-submission/1"\nname = "mine"\ntitle = "t"\nwho = ["w"]\n'


@pytest.mark.parametrize(("text", "said"), [
    (PLAIN.replace("/1", "/2"), "the schema is 'w2s-submission/2', and w2s-submission/1 is what this version reads"),
    (PLAIN.replace('schema = "w2s-submission/1"\n', ""), 'write schema = "w2s-submission/1"'),
    (PLAIN + "naem = 1\n", "unknown key 'naem'"),
    (PLAIN + '"\\u001b[31m" = 1\n', "unknown key '\\x1b[31m'"),
    (PLAIN.replace('title = "t"\n', ""), "there is no key 'title'"),
    (PLAIN.replace("mine", "../mine"), "`name` is no name"),
    (PLAIN.replace("mine", "mіne"), "`name` is no name"),
    (PLAIN.replace('"t"', '"a\\u202eb"'), "`title` holds an invisible character (U+202E)"),
    (PLAIN.replace('"t"', '"a\\u001b]0;b"'), "`title` holds a control character (U+001B)"),
    (PLAIN.replace('"t"', '"a\\nb"'), "`title` holds a control character (U+000A)"),
    (PLAIN.replace('"t"', f'"{"x" * 10_000}"'), "`title` cannot be read"),
    (PLAIN.replace('["w"]', "[]"), "`who` cannot be read"),
    (PLAIN + 'season = "pilot"\n', "`season` is no season"),
    (PLAIN + 'division = "all"\n', "`division` cannot be read"),
    (PLAIN + "attempts = 0\n", "`attempts` cannot be read"),
    (PLAIN + "attempts = 1" + "0" * 5_000 + "\n", "this is no TOML"),
    (PLAIN + "x = " + "[" * 20_000 + "]" * 20_000 + "\n", "this is nested too deeply"),
    (PLAIN + 'url = "javascript:alert(1)"\n', "`url` is no address of a page"),
    (PLAIN + '[files]\n"../../etc/passwd" = "' + "0" * 64 + '"\n', "`files` names '../../etc/passwd'"),
    (PLAIN + '[files]\n"rows.parquet" = "0"\n', "`files` gives no SHA-256 of rows.parquet"),
    (PLAIN + "#" + " " * 1_000_000, "at most 1,000,000 are read"),
    ("\x00\x01", "this holds a control character (U+0000)"),
    ("no = toml = 1", "this is no TOML"),
    (".".join("a" * 50_000) + " = 1", "this is nested too deeply"),
    ("[" + ".".join("a" * 50_000) + "]", "this is nested too deeply"),
    ("x = {" + ".".join("a" * 50_000) + " = 1}", "this is nested too deeply"),
])
def test_what_cannot_stand_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "submission.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_submission(tmp_path)
    assert said in refused.value.message() and refused.value.message().isprintable() is ("\n" not in refused.value.message())


def test_it_is_a_plain_file_of_this_folder(tmp_path: Path) -> None:
    (elsewhere := tmp_path / "elsewhere.toml").write_text(PLAIN, encoding="utf-8")
    (folder := tmp_path / "sent").mkdir()
    for make in (lambda: (folder / "submission.toml").symlink_to(elsewhere), lambda: os.mkfifo(folder / "submission.toml"),
                 lambda: (folder / "submission.toml").mkdir()):
        make()
        with pytest.raises(Refused, match=r"submission.toml: this is a (link|pipe|folder), not a file"):
            read_submission(folder)
        (folder / "submission.toml").rmdir() if (folder / "submission.toml").is_dir() else (folder / "submission.toml").unlink()
    with pytest.raises(Refused, match="there is none in this folder"):
        read_submission(folder)
    with pytest.raises(Refused, match="this folder cannot be read"):
        read_submission(tmp_path / "nowhere")
