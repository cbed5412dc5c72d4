"""One reader of CSV and one digest of files, for the core and for plugins: see w2s_bench/contracts/files.py and delimited.py."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_bench.contracts import DataError, file_digest, read_bytes, read_csv

QUOTED = 'text,label\n"two, and\na line",1\n\n"a ""word""",\n'


def written(folder: Path, name: str, content: str | bytes) -> Path:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / name


def test_one_file_is_its_content_whatever_it_is_called(tmp_path: Path) -> None:
    first, second = written(tmp_path, "a.csv", "x"), written(tmp_path, "b.csv", "x")
    (tmp_path / "elsewhere").mkdir()
    moved = written(tmp_path / "elsewhere", "a.csv", "x")
    assert file_digest(first) == file_digest(second) == file_digest(moved) != file_digest(written(tmp_path, "c.csv", "y"))


def test_several_files_are_names_and_contents_in_their_order(tmp_path: Path) -> None:
    one, two = written(tmp_path, "x.npy", "1"), written(tmp_path, "y.npy", "2")
    (tmp_path / "in").mkdir()
    nested = written(tmp_path / "in", "y.npy", "2")
    assert file_digest(one, two) != file_digest(two, one)
    assert file_digest(one, two) == file_digest(one, nested) != file_digest(one, nested, within=tmp_path)
    assert file_digest(one, two) != file_digest(one, written(tmp_path, "z.npy", "2"))


def test_a_file_that_is_written_again_has_another_digest(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", "1")
    before, about = file_digest(file), file.stat()
    written(tmp_path, "a.csv", "2")
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
    assert file_digest(file) != before


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for read in (file_digest, read_bytes, read_csv):
        with pytest.raises(DataError, match=r"no\.csv: cannot be read"):
            read(tmp_path / "no.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_bytes(written(tmp_path, "a.csv.gz", "no gzip"))


def test_csv_is_columns_of_text_packed_or_not(tmp_path: Path) -> None:
    expected = {"text": ["two, and\na line", 'a "word"'], "label": ["1", ""]}
    assert read_csv(written(tmp_path, "a.csv", QUOTED)) == expected
    assert read_csv(written(tmp_path, "a.csv.gz", gzip.compress(QUOTED.encode()))) == expected
    assert read_csv(written(tmp_path, "mark.csv", b"\xef\xbb\xbf" + QUOTED.replace("\n", "\r\n").encode()))["label"] == ["1", ""]
    spaces = written(tmp_path, "spaces.csv", " a ,b\n 1,2 \n")
    assert read_csv(spaces) == {"a": [" 1"], "b": ["2 "]} and read_csv(spaces, stripped=True) == {"a": ["1"], "b": ["2"]}
    assert read_csv(written(tmp_path, "bare.csv", "a,b\n")) == {"a": [], "b": []}


@pytest.mark.parametrize(("content", "said"), [
    (b"", "the file is empty"), (b"\n\n", "the file is empty"), (b"a,a\n1,2\n", "names 'a' more than once"),
    (b"a,b\n1,\xe9\n", r"line 2 is not UTF-8 \(byte 0xe9\)"),
    (b"a,b\n1,2\n\n1,2,3\n", "line 4: row 2 has 3 fields, the header 2"),
    (b"a,b\n1\n", "line 2: row 1 has 1 field, the header 2"), (b'a,b\n"1" x,2\n', "line 2: no CSV"),
    (b'a,b\n"1,2\n', "no CSV: unexpected end"),
])
def test_a_damaged_csv_says_what_and_in_which_line(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=f"^theirs.csv.*{said}"):
        read_csv(written(tmp_path, "a.csv", content), where="theirs.csv")


@given(st.lists(st.tuples(st.text("ab ,\"\n;é"), st.text("01.,\"")), max_size=8))
def test_what_the_csv_writer_wrote_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    import csv
    import io

    written_to = io.StringIO(newline="")
    csv.writer(written_to).writerows([("left", "right"), *rows])
    file = written(tmp_path_factory.getbasetemp(), "again.csv", written_to.getvalue())
    assert read_csv(file) == {"left": [left for left, _ in rows], "right": [right for _, right in rows]}


def test_nobody_else_reads_csv_or_digests_files() -> None:
    here = Path(__file__).parents[2]
    readers = [file.relative_to(here).as_posix() for folder in ("w2s_bench", "plugins") for file in (here / folder).rglob("*.py")
               if "csv.reader(" in (text := file.read_text(encoding="utf-8")) or "file_digest(stream" in text
               or ("read_csv(" in text and "import csv" in text)]
    assert sorted(readers) == ["w2s_bench/contracts/delimited.py", "w2s_bench/contracts/files.py"]
