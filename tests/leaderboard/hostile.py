"""What is done to a submission by somebody who means harm, or by a program that broke: each a name, a deed, and what is said."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from made_submissions import sealed
from pyarrow import parquet

Deed = Callable[[Path], object]


@dataclass(frozen=True)
class Hostile:
    """do: to the folder. said: the place and the sentence, as far as it is fixed. seal: whether submission.toml is made anew
    after it, so that the digests fit."""

    name: str
    do: Deed
    said: str
    seal: bool = True


def answers(folder: Path) -> Path:
    return next(folder.glob("predictions/diabetes-*.parquet"))


def changed(path: str, change: Callable[[pl.DataFrame], pl.DataFrame], **metadata: str) -> Deed:
    """Write a table of the submission again, changed."""
    def do(folder: Path) -> None:
        file = answers(folder) if path == "answers" else folder / path
        label = {"rows.parquet": {"schema": "w2s-row/1"}, "bounds.parquet": {"schema": "w2s-bound/1"}}.get(path, {})
        change(pl.read_parquet(file)).write_parquet(file, metadata={**label, **metadata})

    return do


def put(path: str, content: bytes | str) -> Deed:
    return lambda folder: (answers(folder) if path == "answers" else folder / path).write_bytes(
        content.encode() if isinstance(content, str) else content)


def instead(path: str, make: Callable[[Path], object]) -> Deed:
    """Put something that is no file in the place of one."""
    def do(folder: Path) -> None:
        (folder / path).unlink()
        make(folder / path)

    return do


def arrow(path: str, table: pa.Table, **options: object) -> Deed:
    def do(folder: Path) -> None:
        parquet.write_table(table, answers(folder) if path == "answers" else folder / path, **options)

    return do


def packed() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.parquet", b"\0" * 10_000_000)
    return content.getvalue()


def arrays() -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, values=np.zeros(10_000_000))
    return content.getvalue()


def linked_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket is short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def sparse(path: str, size: int) -> Deed:
    def do(folder: Path) -> None:
        with (folder / path).open("wb") as stream:
            stream.truncate(size)

    return do


def many(folder: Path) -> None:
    for number in range(2_100):
        (folder / "predictions" / f"p{number}.parquet").touch()


SPEC = 'name = "run"\n[[matrix]]\ntasks = ["{}"]\nmodels = ["raw"]\n'


def spec(task: str = "diabetes", more: str = "") -> Deed:
    return put("spec.toml", more + SPEC.format(task))


def bad_footer(folder: Path) -> None:
    content = bytearray((folder / "rows.parquet").read_bytes())
    content[-8:-4] = (2**31 - 1).to_bytes(4, "little")
    (folder / "rows.parquet").write_bytes(content)


def varint(number: int, length: int = 1) -> bytes:
    """A number as Thrift writes it, padded to a length that still means the same."""
    zigzag, digits = 2 * number, []
    while zigzag or len(digits) < length:
        digits.append(zigzag & 127 | 128)
        zigzag >>= 7
    return bytes([*digits[:-1], digits[-1] & 127])


def lying(folder: Path) -> None:
    """A file of one line that holds 350 million texts in a list, and says of itself that they are 7: read, they take 5.6 GB."""
    path, many = folder / "rows.parquet", 350_000_000
    flags = pa.ListArray.from_arrays(pa.array([0, many], pa.int32()), pa.nulls(many, pa.string()))
    parquet.write_table(pa.table({"flags": flags}, metadata={"schema": "w2s-row/1"}), path, write_statistics=False)
    content = path.read_bytes()
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer = content[start:-8]
    assert varint(many) in footer
    path.write_bytes(content[:start] + footer.replace(varint(many), varint(7, len(varint(many)))) + content[-8:])


def said_of(text: str) -> Deed:
    """Put a line into submission.toml, after it was sealed."""
    def do(folder: Path) -> None:
        path = folder / "submission.toml"
        path.write_text(path.read_text(encoding="utf-8").replace('division = "teacher-labels"\n', text), encoding="utf-8")

    return do


NESTED = "[" * 100_000 + "]" * 100_000

IN_THE_FOLDER = [
    Hostile("a link to a file outside", instead("rows.parquet", lambda path: path.symlink_to("/etc/passwd")),
            "rows.parquet: this is a link, not a file"),
    Hostile("a link to nothing", instead("README.md", lambda path: path.symlink_to("/nowhere/at/all")),
            "README.md: this is a link, not a file"),
    Hostile("a link in the place of the folder of predictions", lambda folder: (
        (folder / "predictions").rename(folder.parent / "other"), (folder / "predictions").symlink_to(folder.parent / "other")),
        "'predictions': no submission holds a file of this name"),
    Hostile("a folder that is a link itself", lambda folder: (
        folder.rename(folder.parent / "real"), folder.symlink_to(folder.parent / "real")), "sent: this is a link, not a folder"),
    Hostile("a hard link to a file outside", instead("README.md", lambda path: (
        (path.parent.parent / "outside.md").write_text("mine"), os.link(path.parent.parent / "outside.md", path))),
        "README.md: this file has a second name somewhere else (a hard link)"),
    Hostile("a pipe that nobody writes", instead("README.md", os.mkfifo), "README.md: this is a pipe, not a file", seal=False),
    Hostile("a socket", instead("env.json", linked_socket), "env.json: this is a socket, not a file", seal=False),
    Hostile("a folder called as a file", instead("rows.parquet", os.mkdir), "rows.parquet: this is a folder, not a file"),
    Hostile("a folder below the predictions", lambda folder: (folder / "predictions" / "deep.parquet" / "er").mkdir(parents=True),
            "predictions/deep.parquet: this is a folder, not a file"),
    Hostile("a hidden folder", lambda folder: (folder / ".git").mkdir(), "'.git': no submission holds a file of this name"),
    Hostile("a script", put("run.py", "import os"), "'run.py': no submission holds a file of this name", seal=False),
    Hostile("a pickle under its own name", put("model.pkl", pickle.dumps({})), "'model.pkl': no submission holds", seal=False),
    Hostile("a file that can be run", lambda folder: (folder / "README.md").chmod(0o755), "README.md: this file is executable"),
    Hostile("a name that is HTML", put("predictions/<img src=x onerror=alert(1)>.parquet", "x"),
            "'predictions/<img src=x onerror=alert(1)>.parquet': no submission holds", seal=False),
    Hostile("a name that a terminal obeys", put("predictions/\x1b]0;owned\x07\x1b[2J.parquet", "x"),
            r"'predictions/\x1b]0;owned\x07\x1b[2J.parquet': no submission holds", seal=False),
    Hostile("a name that looks alike", put("predictions/diаbetes-f55261.parquet", "x"),
            r"'predictions/di\u0430betes-f55261.parquet': no submission holds", seal=False),
    Hostile("a name that is no text", lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/rows\xff.parquet")).touch(),
            r"'rows\udcff.parquet': no submission holds", seal=False),
    Hostile("a name that begins with a dash", put("-rf.parquet", "x"), "'-rf.parquet': no submission holds", seal=False),
    Hostile("a name as long as the disk allows", put("predictions/" + "x" * 240 + ".parquet", "x"), "…: no submission holds",
            seal=False),
    Hostile("two names that are one on other disks", lambda folder: [
        (folder / "predictions" / name).touch() for name in ("a.parquet", "A.parquet")], "predictions: two files have one name"),
    Hostile("more files than are looked at", many, ": there are more than 2,000 files", seal=False),
    Hostile("a file of a terabyte", sparse("predictions/big.parquet", 2**40),
            "predictions/big.parquet: with this file it is more", seal=False),
    Hostile("files of 200 MB together", lambda folder: [
        sparse(f"predictions/big{number}.parquet", 60_000_000)(folder) for number in range(4)],
        ": with this file it is more than", seal=False),
    Hostile("no submission.toml", lambda folder: (folder / "submission.toml").unlink(), "submission.toml: there is none in this",
            seal=False),
    Hostile("a file that nobody signed", put("predictions/more.parquet", "x"),
            "predictions/more.parquet: `files` does not name this file", seal=False),
    Hostile("a file that is not the one of its digest", put("README.md", "other"),
            "README.md: this is not the file whose SHA-256 stands in `files`", seal=False),
    Hostile("a file that is signed and not there", lambda folder: (folder / "README.md").unlink(),
            "submission.toml: `files` names README.md, which is not there", seal=False),
    Hostile("a page of a megabyte", put("README.md", "x" * 1_000_000), "README.md: this has 1,000,000 bytes, at most 64,000"),
    Hostile("a page that a terminal obeys", put("README.md", "\x1b]8;;http://x\x07click\x1b[0m"),
            "README.md: this holds a control character (U+001B)"),
    Hostile("a page whose letters run backwards", put("README.md", "a \u202e b"), "README.md: this holds an invisible character"),
    Hostile("a page with a script", put("README.md", "# Mine\n\n<script>alert(1)</script>\n"),
            "README.md: this holds markup that does something ('<script')"),
    Hostile("a page with a link that runs", put("README.md", "[x](JavaScript:alert(1))"), "README.md: this holds markup"),
    Hostile("a page with a picture that runs", put("README.md", "<IMG SRC=x onerror=alert(1)>"), "README.md: this holds markup"),
    Hostile("a title with a script", said_of('citation = "<script>alert(1)</script>"\n'), "submission.toml: this holds",
            seal=False),
    Hostile("a page that is no text", put("README.md", b"\xff\xfe\x00"), "README.md: this is no UTF-8"),
    Hostile("a submission that brings a plugin", said_of('plugin = "evil.py"\n'),
            "submission.toml: unknown key 'plugin'", seal=False),
    Hostile("a submission that says what it is trusted with", said_of('trust = "reproduced"\n'),
            "submission.toml: unknown key 'trust'", seal=False),
    Hostile("a submission of another schema", lambda folder: (folder / "submission.toml").write_text(
        (folder / "submission.toml").read_text(encoding="utf-8").replace("submission/1", "submission/2"), encoding="utf-8"),
        "submission.toml: the schema is 'w2s-submission/2'", seal=False),
]

IN_THE_FILES = [
    Hostile("no rows", lambda folder: (folder / "rows.parquet").unlink(), "rows.parquet: there is none in this folder"),
    Hostile("a pickle called a table", put("rows.parquet", pickle.dumps({"a": 1})),
            "rows.parquet: this is no Parquet file, whatever its name says"),
    Hostile("a zip called a table", put("rows.parquet", packed()), "rows.parquet: this is no Parquet file"),
    Hostile("an npz called predictions", put("answers", arrays()), ".parquet: this is no Parquet file"),
    Hostile("a file of nothing", put("bounds.parquet", b""), "bounds.parquet: this is no Parquet file"),
    Hostile("the first and last letters of a table", put("bounds.parquet", b"PAR1" * 4),
            "bounds.parquet: what this file says of"),
    Hostile("half a table", lambda folder: (folder / "rows.parquet").write_bytes((folder / "rows.parquet").read_bytes()[:-900]),
            "rows.parquet: this is no Parquet file"),
    Hostile("a footer longer than the file", bad_footer, "rows.parquet: what this file says of itself is longer than the file"),
    Hostile("a table of 2,000 columns", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit(0.0).alias(f"c{number}") for number in range(2_000))), " columns, at most 1,000 are read"),
    Hostile("a table of a newer schema", changed("rows.parquet", lambda rows: rows, schema="w2s-row/2"),
            "rows.parquet: its schema is 'w2s-row/2', and w2s-row/1 is what"),
    Hostile("a table of another schema", changed("rows.parquet", lambda rows: rows, schema="w2s-bound/1"),
            "rows.parquet: its schema is 'w2s-bound/1', and w2s-row/1 is what"),
    Hostile("a schema that is a page", changed("rows.parquet", lambda rows: rows, schema="<script>" * 100),
            "rows.parquet: its schema is '<script>"),
    Hostile("two columns of one name", arrow("answers", pa.Table.from_arrays(
        [pa.array([1]), pa.array([2])], names=["seed", "seed"])), ".parquet: two columns are called 'seed'"),
    Hostile("a column that holds tables", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.struct(pl.lit(1).alias("a")).alias("more"))), "rows.parquet: a column is called 'more.a'"),
    Hostile("lists in lists", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.Series("more", [[["a"]]] * rows.height))), "rows.parquet: this has 2 levels of lists, at most 1 are read"),
    Hostile("a column of bytes", changed("rows.parquet", lambda rows: rows.with_columns(pl.lit(b"x").alias("more"))),
            "rows.parquet: column 'more' is Binary, which no table of a submission holds"),
    Hostile("a column of days", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit(0).cast(pl.Date).alias("more"))), "rows.parquet: column 'more' is Date"),
    Hostile("numbers called text", changed("rows.parquet", lambda rows: rows.with_columns(pl.lit(1.0).alias("strategy"))),
            "rows.parquet: column 'strategy' is Float64, not text"),
    Hostile("a column whose name is a script", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit(1.0).alias("<script>alert(1)</script>"))), "rows.parquet: a column is called '<script>alert(1)</script>'"),
    Hostile("a name of 10 kB", changed("rows.parquet", lambda rows: rows.with_columns(pl.lit("x" * 10_000).alias("strategy"))),
            "rows.parquet: column 'strategy' holds a text of 10,000 characters"),
    Hostile("a strategy that a terminal obeys", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit("ridge\x1b[2J").alias("strategy"))), r"rows.parquet: column 'strategy' holds 'ridge\x1b[2J': a control character"),
    Hostile("a strategy that looks like another", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit("rіdge").alias("strategy"))), r"rows.parquet: column 'strategy' holds 'r\u0456dge'"),
    Hostile("an error that runs backwards", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit("a\u202eb").alias("error"))), "rows.parquet: column 'error' holds"),
    Hostile("an error that tells of a folder", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit("no such file: /home/ada/x.csv").alias("error"))), "rows.parquet: column 'error' holds a folder of a machine"),
    Hostile("an id with a script", changed("answers", lambda table: table.with_columns(
        pl.col("id") + "<script>alert(1)</script>")), ".parquet: column 'id' holds markup that does something ('<script')"),
    Hostile("an id that holds a token", changed("answers", lambda table: table.with_columns(
        pl.col("id") + " hf_abcdefghijklmnopqrstuvwxyzABCDEF")), ".parquet: column 'id' holds a key or a token"),
    Hostile("a task that lies on a machine", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit('arrays[path="/home/ada/secret.csv"]').alias("task"))), "which names a place of a machine"),
    Hostile("a task above the folder of data", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit('arrays[path="{data}/../../etc/passwd"]').alias("task"))), "which names a place of a machine"),
    Hostile("a model from an address", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit('hf[model="http://evil.example/x"]').alias("weak"))), "which names a place of a machine"),
    Hostile("a strategy that is code", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit("mean[by=evil.module:Strategy]").alias("strategy"))), "which names code, and a submission is data"),
    Hostile("a status that there is not", changed("rows.parquet", lambda rows: rows.with_columns(pl.lit("best").alias("status"))),
            "rows.parquet: column 'status' holds 'best'"),
    Hostile("a seed below zero", changed("rows.parquet", lambda rows: rows.with_columns(pl.lit(-1).alias("seed"))),
            "rows.parquet: column 'seed' holds what is no seed"),
    Hostile("a row without a task", changed("rows.parquet", lambda rows: rows.with_columns(
        pl.lit(None, pl.String).alias("task"))), "rows.parquet: column 'task' has no value in line 1"),
    Hostile("one cell twice", changed("rows.parquet", lambda rows: pl.concat([rows, rows.head(1)])),
            "rows.parquet: two lines agree in cell_key"),
    Hostile("no row at all", changed("rows.parquet", lambda rows: rows.head(0)), "rows.parquet: there is no row"),
    Hostile("bounds of another's cells", changed("bounds.parquet", lambda bounds: bounds.with_columns(
        pl.lit("other").alias("cell_key"), pl.int_range(pl.len()).cast(pl.String).alias("bound"))),
        "bounds.parquet: column 'cell_key' names a cell that is no row's"),
    Hostile("predictions for a task that no row is of", lambda folder: answers(folder).rename(
        folder / "predictions" / "other-000000.parquet"), "predictions/other-000000.parquet: no row is of a task"),
    Hostile("a predictor that no row names", changed("answers", lambda table: table.with_columns(
        pl.lit("0123").alias("predictor"))), ".parquet: predictor '0123' is none of the rows'"),
    Hostile("a sample that there is not", changed("answers", lambda table: table.with_columns(pl.lit("dev").alias("split"))),
            ".parquet: column 'split' holds what is neither test nor train"),
    Hostile("predictions without ids", changed("answers", lambda table: table.drop("id")), ".parquet: there is no column 'id'"),
    Hostile("ids that are numbers", changed("answers", lambda table: table.with_columns(pl.int_range(pl.len()).alias("id"))),
            ".parquet: column 'id' is Int64, not text"),
    Hostile("predictions with a column more", changed("answers", lambda table: table.with_columns(pl.lit(1.0).alias("weight"))),
            ".parquet: column 'weight' is none of this file's"),
    Hostile("predictions with a hole in their columns", changed("answers", lambda table: table.rename({"value_0": "value_1"})),
            ".parquet: the columns of values are not value_0, value_1 and so on"),
    Hostile("predictions that are words", changed("answers", lambda table: table.with_columns(pl.lit("a").alias("value_0"))),
            ".parquet: column 'value_0' holds what is no number"),
    Hostile("a prediction that is missing", changed("answers", lambda table: table.with_columns(
        pl.lit(None, pl.Float64).alias("value_0"))), ".parquet: column 'value_0' holds what is no number"),
    Hostile("a prediction whose square is infinite", changed("answers", lambda table: table.with_columns(
        pl.lit(1e200).alias("value_0"))), ".parquet: column 'value_0' holds a number past 1e+100"),
    Hostile("facts nested without end", changed("predictions/facts.parquet", lambda facts: facts.with_columns(
        pl.lit('{"a":' * 9_000 + "1" + "}" * 9_000).alias("output"))),
        "facts.parquet: column 'output' holds what cannot be read"),
    Hostile("facts that are a list", changed("predictions/facts.parquet", lambda facts: facts.with_columns(
        pl.lit("[1]").alias("facts"))), "facts.parquet: column 'facts' holds what cannot be read"),
    Hostile("facts with a number that no float holds", changed("predictions/facts.parquet", lambda facts: facts.with_columns(
        pl.col("facts").str.replace('"n_transfer":[0-9]+', '"n_transfer":1' + "0" * 400))),
        "facts.parquet: column 'facts' holds a number past 1e+100"),
    Hostile("facts of 1 MB", changed("predictions/facts.parquet", lambda facts: facts.with_columns(
        pl.lit('{"a":"' + "x" * 1_000_000 + '"}').alias("facts"))), "facts.parquet: column 'facts' holds a text of"),
    Hostile("a unit that a terminal obeys", changed("predictions/facts.parquet", lambda facts: facts.with_columns(
        pl.lit('{"kind":"regression","unit":"\\u001b[2J"}').alias("output"))), "facts.parquet: column 'output' holds a control"),
    Hostile("an environment with more than versions", put("env.json", '{"versions": {}, "home": "/home/ada"}'),
            "env.json: this is not {\"versions\": {package: version}}"),
    Hostile("an environment that tells of a folder", put("env.json", json.dumps({"versions": {"numpy": "/home/ada/numpy"}})),
            "env.json: '/home/ada/numpy' is neither a package nor a version"),
    Hostile("an environment nested without end", put("env.json", '{"versions": ' + NESTED + "}"), "env.json: this is not"),
    Hostile("a spec that brings plugins", spec(more='plugins = ["evil.py"]\n'), "spec.toml: this spec cannot stand: plugins = "),
    Hostile("a spec with an option for a name", spec("--plugin"), "spec.toml: this spec cannot stand: it names '--plugin'"),
    Hostile("a spec that names a file of code", spec("evil.py"), "spec.toml: this spec cannot stand: it names 'evil.py'"),
    Hostile("a spec that names a module", spec("evil.module:Task"), "spec.toml: this spec cannot stand: "),
    Hostile("a spec that reads a file of the machine", spec('arrays[path=\\"/etc/passwd\\"]'),
            "which names a place of a machine"),
    Hostile("a spec that loads a pickle", spec("arrays[path={data}/model.pkl]"), "which names code, and a submission is data"),
    Hostile("a spec of 10¹² cells", spec("diabetes[a=0..999999,b=0..999999]"), "spec.toml: this spec cannot stand: it plans"),
    Hostile("a spec nested without end", put("spec.toml", "a = " + NESTED), "spec.toml: this is nested too deeply"),
    Hostile("a spec whose keys never end", put("spec.toml", ".".join("a" * 100_000) + " = 1"),
            "spec.toml: this is nested too deeply"),
    Hostile("a spec of names in names", spec("a[b=" * 20_000 + "1" + "]" * 20_000), "spec.toml: this spec cannot stand: "),
    Hostile("a spec that is none", put("spec.toml", "rm -rf /"), "spec.toml: this is no TOML"),
]

BOMBS = [
    Hostile("text called numbers", changed("rows.parquet", lambda rows: rows.with_columns(pl.lit("a").alias("gain"))),
            "rows.parquet: column 'gain' is String, not Float64"),
    Hostile("a table of more rows than are read", changed("rows.parquet", lambda rows: rows.head(1).join(
        pl.DataFrame({"n": range(200_001)}), how="cross").drop("n")), "rows.parquet: this has 200,001 lines, at most 200,000"),
    Hostile("30 million numbers in a few kilobytes", arrow("answers", pa.table({
        "value_0": pa.chunked_array([pa.array(np.zeros(1_000_000))] * 30)}), compression="zstd"),
        ".parquet: this has 30,000,000 lines, at most 20,000,000 are read"),
    Hostile("110 million texts in one line", arrow("rows.parquet", pa.table({
        "flags": pa.ListArray.from_arrays(pa.array([0, 110_000_000], pa.int32()), pa.nulls(110_000_000, pa.string()))})),
        "rows.parquet: this has 110,000,000 values, at most 100,000,000 are read"),
    Hostile("a long text that millions of lines repeat", arrow("answers", pa.table({"id": pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(2_000_000, np.int32)), pa.array(["x" * 1_900]))}), store_schema=False),
        ".parquet: column 'id' holds more than 2000 MB of text"),
    Hostile("gigabytes in a file that says it holds kilobytes", lying, ".parquet: this "),
]


def spoilt(folder: Path, case: Hostile) -> Path:
    """The folder with the deed done."""
    case.do(folder)
    return sealed(folder) if case.seal else folder
