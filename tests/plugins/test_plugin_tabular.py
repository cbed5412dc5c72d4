"""Tables: what a user's file may hold, and what is said when it may not."""

from __future__ import annotations

import importlib
import os
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
import w2s_tabular
from w2s_tabular.arrays import Arrays
from w2s_tabular.diabetes import Diabetes
from w2s_tabular.given import Given
from w2s_tabular.random_features import RandomFeatures
from w2s_tabular.raw import Raw
from w2s_tabular.scikit_classes import BreastCancer, Digits

from w2s_bench.contracts import PrepareContext, Splits, read_table
from w2s_bench.contracts.errors import DataError

N = 30


def table(**changes: Any) -> polars.DataFrame:
    rng = np.random.default_rng(0)
    columns = {"y": rng.normal(size=N), "calc": rng.normal(size=N), "mass": rng.integers(1, 90, N),
               "smiles": [f"C{row}" for row in range(N)]}
    return polars.DataFrame({**columns, **changes})


def csv(folder: Path, name: str = "data.csv", **changes: Any) -> str:
    path = folder / name
    table(**changes).write_csv(path)
    return str(path)


def npz(folder: Path, **arrays: Any) -> str:
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return str(path)


def all_ids(splits: Splits) -> list[str]:
    return [*splits.supervise.ids, *splits.transfer.ids, *splits.test.ids]


@pytest.mark.parametrize("entry", [*w2s_tabular.w2s_tasks(), *w2s_tabular.w2s_models()],
                         ids=lambda entry: entry.name)
def test_entries_build_their_components_and_agree_with_their_defaults(entry: Any) -> None:
    module, _, name = entry.target.partition(":")
    component = getattr(importlib.import_module(module), name)
    given = {parameter.name: parameter.default for parameter in entry.parameters}
    renamed = {"output_kind": "output", "scored_by": "divergence"} if name == "own_arrays" else {}
    own = {renamed.get(field.name, field.name): None if field.default is MISSING else field.default
           for field in fields(Arrays if name == "own_arrays" else component)}
    assert given == own
    component(**{name: "x" if value is None else value for name, value in given.items()})


def test_diabetes_has_its_442_patients_in_raw_units() -> None:
    task = Diabetes()
    splits = task.load(3)
    assert [len(part.truth) for part in (splits.supervise, splits.transfer, splits.test)] == [177, 177, 88]
    assert sorted(all_ids(splits)) == sorted(f"patient {row}" for row in range(442))
    assert splits.test.inputs["x"].shape == (88, 10) and splits.supervise.truth.max() > 250
    assert task.fingerprint().startswith("scikit-learn ")


@pytest.mark.parametrize(("task", "loader"), [(BreastCancer, "load_breast_cancer"), (Digits, "load_digits")])
def test_sets_of_classes_are_what_scikit_learn_loads(task: type[BreastCancer | Digits], loader: str) -> None:
    from sklearn import datasets

    found = getattr(datasets, loader)()
    splits = task().load(5)
    assert sorted(all_ids(splits)) == sorted(f"row {row}" for row in range(len(found.target)))
    assert task().output.names == tuple(str(name) for name in found.target_names)
    for part in (splits.supervise, splits.transfer, splits.test):
        rows = [int(i.split()[1]) for i in part.ids]
        assert np.array_equal(part.inputs["x"], found.data[rows])
        assert np.array_equal(part.truth.argmax(axis=1), found.target[rows])


def test_diabetes_is_what_scikit_learn_loads() -> None:
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True, scaled=False)
    splits = Diabetes().load(0)
    rows = [int(name.removeprefix("patient ")) for name in splits.test.ids]
    assert np.array_equal(splits.test.inputs["x"], x[rows]) and np.array_equal(splits.test.truth[:, 0], y[rows])
    assert splits.test.inputs["x"].dtype == splits.test.truth.dtype == np.float64


def test_splits_follow_the_seed_and_nothing_else() -> None:
    assert list(Diabetes().load(1).test.ids) == list(Diabetes().load(1).test.ids)
    assert list(Diabetes().load(1).test.ids) != list(Diabetes().load(2).test.ids)


def test_reused_inputs_are_one_sample() -> None:
    splits = Diabetes(reuse_inputs=True).load(0)
    assert splits.transfer is splits.supervise


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_offers_numbers_as_x_and_every_column_by_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"data.{suffix}"
    frame = table(id=[f"m{row}" for row in range(N)])
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    task = Arrays(str(path))
    splits = task.load(0)
    inputs = splits.supervise.inputs
    assert set(inputs) == {"x", "calc", "mass", "smiles"}
    assert inputs["x"].shape == (12, 2) and inputs["smiles"].dtype == object
    assert np.array_equal(inputs["x"][:, 0], inputs["calc"])
    assert set(all_ids(splits)) == {f"m{row}" for row in range(N)}
    assert splits.test.truth.shape == (6, 1) and task.output.k == 1
    assert Arrays(str(path), features="mass").load(0).test.inputs["x"].shape == (6, 1)
    first = int(splits.test.ids[0][1:])
    assert splits.test.truth[0, 0] == pytest.approx(frame["y"][first])


def test_a_parquet_column_of_lists_is_a_matrix(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    table(emb=np.random.default_rng(0).normal(size=(N, 5)).tolist()).write_parquet(path)
    splits = Arrays(str(path)).load(0)
    assert Given("emb").embed(splits.test.inputs, {}).values.shape == (6, 5)


def test_npz_and_folder_of_npy_give_the_same_task(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    text = np.array([f"t{row}" for row in range(N)])
    arrays = {"x": rng.normal(size=(N, 3)), "y": rng.normal(size=(N, 2)), "text": text}
    folder = tmp_path / "arrays"
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    one, other = Arrays(npz(tmp_path, **arrays)), Arrays(str(folder))
    left, right = one.load(5).test, other.load(5).test
    assert one.output.k == other.output.k == 2
    assert np.array_equal(left.inputs["x"], right.inputs["x"]) and np.array_equal(left.truth, right.truth)
    assert list(left.inputs["text"]) == list(right.inputs["text"]) and left.inputs["text"].dtype == object


def test_given_splits_are_kept_for_every_seed(tmp_path: Path) -> None:
    names = ["supervise"] * 10 + ["transfer"] * 12 + ["test"] * 8
    path = csv(tmp_path, split=names)
    for seed in (0, 1):
        splits = Arrays(path).load(seed)
        assert list(splits.supervise.ids) == [f"row {row}" for row in range(10)]
        assert "split" not in splits.test.inputs and len(splits.test.truth) == 8
    renamed = csv(tmp_path, "other.csv", part=names)
    assert len(Arrays(renamed, splits="part").load(0).transfer.truth) == 12


def test_a_constant_label_is_not_refused(tmp_path: Path) -> None:
    assert Arrays(csv(tmp_path, y=[1.5] * N)).load(0).test.truth.std() == 0


def test_the_fingerprint_follows_the_content_not_the_name(tmp_path: Path) -> None:
    first, copy, other = csv(tmp_path), csv(tmp_path, "copy.csv"), csv(tmp_path, "other.csv", y=[1.0] * N)
    assert Arrays(first).fingerprint() == Arrays(copy).fingerprint() != Arrays(other).fingerprint()
    folder = tmp_path / "f"
    folder.mkdir()
    np.save(folder / "y.npy", np.zeros(N))
    before = Arrays(str(folder)).fingerprint()
    np.save(folder / "x.npy", np.zeros((N, 1)))
    assert Arrays(str(folder)).fingerprint() != before


LABELS: list[tuple[Any, str]] = [
    ([1.0, 2.0, float("nan")] + [0.0] * 27, "y of row 3 is 'NaN', a word for what is missing"),
    ([1.0, None] + [0.0] * 28, "y of row 2 is missing"),
    ([1.0, float("inf")] + [0.0] * 28, "y of row 2 is 'inf', not a finite number"),
    (["1", "2", "3", "high"] + ["0"] * 26, "y of row 4 is 'high', and labels must be numbers"),
]


@pytest.mark.parametrize(("labels", "said"), LABELS)
def test_a_label_that_is_no_number_is_named_by_row_and_value(tmp_path: Path, labels: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        Arrays(csv(tmp_path, y=polars.Series(labels))).load(0)


FAULTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"label": "clac"}, "has no column 'clac'\n  did you mean calc"),
    ({}, {"splits": "prat"}, "no column 'prat'"),
    ({}, {"features": "calc+mas"}, "no feature column 'mas'\n  did you mean mass"),
    ({}, {"features": "smiles"}, "'smiles' holds text"),
    ({"calc": [float("nan")] + [0.0] * 29}, {}, "'calc' holds a gap in row 1"),
    ({"split": ["supervise"] * 15 + ["test"] * 15}, {}, "no row into 'transfer'"),
    ({"split": ["supervise"] * 29 + ["tset"]}, {}, "split of row 30 is 'tset', not one of supervise, transfer, test\n.*test"),
    ({"id": [0, 1, 0, *range(3, N)]}, {}, "row 1 and row 3 share the id '0'"),
]


@pytest.mark.parametrize(("changes", "options", "said"), FAULTS)
def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, changes: Any, options: Any, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        Arrays(csv(tmp_path, **changes), **options).load(0)
    assert caught.value.where.endswith("data.csv") and caught.value.hint


def test_missing_and_unsupported_files_name_the_nearest_right_thing(tmp_path: Path) -> None:
    csv(tmp_path)
    with pytest.raises(DataError, match=r"no such file\n  did you mean data.csv"):
        Arrays(str(tmp_path / "dat.csv")).fingerprint()
    (tmp_path / "data.xlsx").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot read a \.xlsx\n  known: .*\.npz"):
        Arrays(str(tmp_path / "data.xlsx")).load(0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no \.npy file and no table"):
        Arrays(str(tmp_path / "empty")).load(0)
    with pytest.raises(DataError, match="no such folder"):
        Arrays(str(tmp_path / "nowhere" / "a.csv")).load(0)


@pytest.mark.parametrize(("content", "said"), [
    (b"y,a\n1,2\n3,\xe9\n", "line 3 is not UTF-8"), (b"", "the file is empty"),
    (b"y,a\n1,2\n3,4,5\n", "row 2 has 3 fields, the header 2"), (b"y,a\n1,2\n3\n", "row 2 has 1 field, the header 2"),
    (b"y,a,a\n1,2,3\n", "'a' more than once"),
    (b"y,a\n1,2\n", "1 row cannot be split"), (b"y\n" + b"1\n" * 9, "no column is left"),
])
def test_a_broken_csv_says_where(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "broken.csv").write_bytes(content)
    with pytest.raises(DataError, match=said):
        Arrays(str(tmp_path / "broken.csv")).load(0)


def test_a_column_of_a_csv_is_numbers_where_each_field_is_one_or_empty(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,text,flag,code,gap\n1.5,1_000,true,007,\n,2,False,80,\n-1e3,x,,9,\n")
    table = read_table(str(tmp_path / "a.csv"))
    columns = {name: table.typed(name).values for name in table.columns}
    assert np.array_equal(columns["n"], [1.5, np.nan, -1000.0], equal_nan=True)
    assert np.array_equal(columns["flag"], [1.0, 0.0, np.nan], equal_nan=True)
    assert columns["text"].tolist() == ["1_000", "2", "x"] and columns["gap"].tolist() == ["", "", ""]
    assert columns["code"].tolist() == ["007", "80", "9"]


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_an_array_of_objects_is_refused_unread(tmp_path: Path, suffix: str) -> None:
    mark, objects = tmp_path / "mark", np.array([Trap(str(tmp_path / "mark"))] * N, dtype=object)
    if suffix == "npz":
        path = npz(tmp_path, x=objects, y=np.zeros(N))
    else:
        (tmp_path / "f").mkdir()
        np.save(tmp_path / "f" / "y.npy", objects, allow_pickle=True)
        path = str(tmp_path / "f")
    with pytest.raises(DataError, match="can run code"):
        Arrays(path).load(0)
    assert not mark.exists()


def test_arrays_of_unequal_length_or_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="x 20, y 30"):
        Arrays(npz(tmp_path, x=np.zeros((20, 2)), y=np.zeros(30))).load(0)
    for name in ("broken.npz", "broken.parquet"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 nothing")
        with pytest.raises(DataError, match="not a readable"):
            Arrays(str(tmp_path / name)).load(0)


def test_raw_is_the_column_and_given_names_the_nearest_one(tmp_path: Path) -> None:
    inputs = Arrays(csv(tmp_path)).load(0).test.inputs
    assert np.array_equal(Raw().embed(inputs, {}).values, inputs["x"].astype(np.float32))
    assert Given("calc").embed(inputs, {}).values.shape == (6, 1)
    with pytest.raises(DataError, match="did you mean calc"):
        Given("cacl").embed(inputs, {})
    with pytest.raises(DataError, match="not numbers"):
        Given("smiles").embed(inputs, {})
    with pytest.raises(DataError, match="first in example 1"):
        Raw().embed({"x": np.array([1.0, np.nan])}, {})


@pytest.mark.parametrize("kind", ["relu", "fourier"])
def test_random_features_are_a_function_of_seed_width_and_training_inputs(kind: str) -> None:
    splits = Diabetes().load(0)
    model = RandomFeatures(64, kind)
    state = model.prepare(PrepareContext(inputs=splits.supervise.inputs))
    wide = model.embed(splits.test.inputs, state).values
    assert wide.shape == (88, 64) and wide.dtype == np.float32 and np.isfinite(wide).all()
    assert np.array_equal(wide, model.embed(splits.test.inputs, state).values)
    assert not np.array_equal(wide, RandomFeatures(64, kind, 1).embed(splits.test.inputs, state).values)
    narrow = RandomFeatures(16, kind).embed(splits.test.inputs, state).values
    assert np.allclose(narrow, wide[:, :16] * 2, rtol=1e-5, atol=1e-6)
    assert model.family == f"random-features[{kind}]" and model.size == 64


def test_fourier_features_average_to_the_gaussian_kernel() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    state = {"mean": np.zeros(3), "scale": np.ones(3)}
    features = RandomFeatures(4096, "fourier").embed({"x": x}, state).values
    kernel = np.exp(-((x[:, None] - x[None]) ** 2).sum(axis=2) / 6)
    assert np.abs(features @ features.T - kernel).max() < 0.08
