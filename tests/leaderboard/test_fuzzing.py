"""2,000 mutations of a real submission: none makes the check break, and none has a changed number taken for the run's."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from made_submissions import sealed

from w2s_bench.contracts import DataError
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.checked import Checked
from w2s_bench.leaderboard.checking import check, checked_of
from w2s_bench.leaderboard.opening import opened

MUTATIONS, BLOCKS = 2_000, 20
NAMES = ["rows.parquet", "bounds.parquet", "spec.toml", "env.json", "README.md", "submission.toml", "predictions/facts.parquet",
         "predictions/diabetes"]
ODD = ["", "nan", "1e999", "\x1b[2J", "<script>", "../x", "/etc/passwd", "ridge", "truth", "0", "-1", "x" * 3_000, "ridgе", "{}",
       "null", "é"]
Draw = random.Random


def file_of(folder: Path, name: str) -> Path:
    return next(path for path in sorted(folder.rglob("*")) if path.relative_to(folder).as_posix().startswith(name))


def with_other_bytes(content: bytes, draw: Draw) -> bytes:
    """Bytes flipped, put in, taken out, said again, or cut off."""
    made = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 8])):
        at, size = draw.randrange(len(made) or 1), draw.choice([1, 4, 64])
        match draw.randrange(5):
            case 0:
                made[at:at + 1] = bytes([made[at] ^ 1 << draw.randrange(8)]) if made else b"x"
            case 1:
                made[at:at] = draw.randbytes(size)
            case 2:
                del made[at:at + size]
            case 3:
                made[at:at] = made[at:at + size]
            case 4:
                made[at:at + size] = draw.choice([b"\0", b"\xff"]) * size
    return bytes(made[:draw.randrange(len(made))] if made and draw.random() < 0.1 else made)


def with_other_words(text: str, draw: Draw) -> str:
    """A word or a value of a TOML or JSON text, as something else."""
    words = list(re.finditer(r'"[^"]*"|[\w.-]+|[=\[\]{},]', text))
    found = draw.choice(words)
    new = draw.choice([*ODD, draw.choice(words)[0], f'"{draw.choice(ODD)}"', "[" * draw.choice([2, 5_000]), "true",
                       "1" * draw.choice([3, 6_000])])
    return text[:found.start()] + new + text[found.end():]


def with_other_values(table: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """A table of which one thing is otherwise: a number by a millionth, a value, a type, a name, a column, a line."""
    name = draw.choice(table.columns)
    column, line = table[name], draw.randrange(table.height)
    match draw.randrange(9):
        case 0 | 1 | 2 if column.dtype.is_numeric():
            value = column[line]
            share = draw.choice([1e-6, -1e-6, 1e-3, 0.1, -2.0, float("nan"), float("inf")])
            new = share if value is None else value + share * (abs(value) or 1.0)
            return table.with_columns(pl.Series(name, [new if i == line else old for i, old in enumerate(column)], pl.Float64))
        case 3 if column.dtype == pl.String and str(column[line]).startswith("{"):
            new = with_other_words(column[line], draw)
            return table.with_columns(pl.Series(name, [new if i == line else old for i, old in enumerate(column)]))
        case 3 if column.dtype == pl.String:
            return table.with_columns(pl.Series(name, [draw.choice(ODD) if i == line else old for i, old in enumerate(column)]))
        case 4:
            other = draw.choice([pl.String, pl.Int8, pl.Float32, pl.Boolean, pl.Date, pl.Categorical, pl.List(pl.String)])
            return table.with_columns(pl.Series(name, [None] * table.height, other) if draw.random() < 0.3 else
                                      column.cast(other, strict=False))
        case 5:
            return table.rename({name: draw.choice([*(odd for odd in ODD if odd not in table.columns), "x"])})
        case 6:
            return table.drop(name)
        case 7:
            return draw.choice([table.head(line), table.tail(line), table.reverse(), pl.concat([table, table[line:line + 1]]),
                                table.sample(fraction=1.0, shuffle=True, seed=draw.randrange(99))])
        case _:
            return table.with_columns(table[draw.choice(table.columns)].alias(name))


def mutate(folder: Path, draw: Draw) -> None:
    path = file_of(folder, draw.choice(NAMES))
    kind = draw.randrange(3)
    if path.suffix == ".parquet" and kind:
        label = pl.read_parquet_metadata(path).get("schema")
        try:
            table = with_other_values(pl.read_parquet(path), draw)
        except pl.exceptions.PolarsError:  # no such change of this column
            return
        table.write_parquet(path, metadata={"schema": label} if label else {})
    elif path.suffix in (".toml", ".json") and kind:
        path.write_text(with_other_words(path.read_text(encoding="utf-8"), draw), encoding="utf-8", newline="\n")
    else:
        path.write_bytes(with_other_bytes(path.read_bytes(), draw))
    if path.name != "submission.toml":
        sealed(folder)


def taken(folder: Path, hand: AtHand) -> Checked | None:
    """What is made of a submission, None where it is refused. What tears a process apart costs the one that decodes."""
    try:
        with opened(folder, own=True) as given:
            found = checked_of(given, None, hand)
    except DataError:
        return None
    except BaseException as broke:
        assert type(broke).__name__ == "PanicException", "what polars says where it breaks is no Exception"
        with pytest.raises(DataError):
            check(folder)
        return None
    return found if found.taken else None


def changed_numbers(found: Checked, true: Checked) -> list[str]:
    """The ranked numbers of rescored rows that are not the run's."""
    wrong: list[str] = []
    known = {row["cell_key"]: row for row in true.rows.to_dicts()}
    for row in found.rows.filter(pl.col("trust") == "rescored").to_dicts():
        before = known.get(row["cell_key"])
        if before is None:
            wrong.append(f"a row of no cell of the run: {row['cell_key']}")
            continue
        for name in (name for name in before["derived"] if before[name] not in (None, []) and name != "metrics_missing"):
            old, new = before[name], row[name]
            same = old == new or (isinstance(old, float) and isinstance(new, float) and abs(old - new) <= 1e-8 * abs(old))
            wrong += [] if same else [f"{name}: {old!r} became {new!r}"]
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_mutation_breaks_the_check_or_is_taken_with_another_number(sent: Path, tmp_path: Path, block: int) -> None:
    hand = AtHand(None)
    true = taken(sent, hand)
    assert true is not None and true.rows["trust"].to_list() == ["rescored", "rescored"]
    refused = 0
    for number in range(block * MUTATIONS // BLOCKS, (block + 1) * MUTATIONS // BLOCKS):
        folder = shutil.copytree(sent, tmp_path / str(number))
        mutate(folder, random.Random(number))
        found = taken(folder, hand)
        refused += found is None
        assert found is None or changed_numbers(found, true) == [], number
        shutil.rmtree(folder)
    assert 0.5 < refused * BLOCKS / MUTATIONS < 1.0
