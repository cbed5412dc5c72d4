"""Files of arrays that would not fit into any memory are looked at, and refused, before they are unpacked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from numpy.lib import format as npy

from w2s_bench.contracts import DataError
from w2s_bench.contracts.array_files import npy_array, npz_arrays
from w2s_bench.report.own.files import read_predictions


def header(entries: int) -> bytes:
    """The beginning of a .npy file that says it holds so many float64."""
    written = io.BytesIO()
    npy.write_array_header_1_0(written, {"descr": "<f8", "fortran_order": False, "shape": (entries,)})
    return written.getvalue()


def lying_archive(file: Path) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("value.npy", header(10**12) + b"\0" * 80)
    return file


@pytest.mark.parametrize("read", [lambda file: npz_arrays(file, file.name), lambda file: read_predictions(str(file))],
                         ids=["a table of a task", "predictions"])
def test_an_archive_that_says_it_is_larger_than_it_is_is_refused(tmp_path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(DataError, match="says that it holds 8,000,000,000,000 bytes, and has 80"):
        read(lying_archive(tmp_path / "lying.npz"))


def test_an_array_that_says_it_is_larger_than_it_is_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lying.npy").write_bytes(header(10**12) + b"\0" * 80)
    with pytest.raises(DataError, match="says that it holds 8,000,000,000,000 bytes, and has 80"):
        npy_array(tmp_path / "lying.npy")


def test_what_takes_more_memory_than_is_free_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "zeros.npz", id=np.arange(100_000), value=np.zeros(100_000))
    pl.DataFrame({"id": range(100_000), "value": 0.0}).write_parquet(tmp_path / "zeros.parquet")
    np.save(tmp_path / "zeros.npy", np.zeros(100_000))
    assert len(read_predictions(str(tmp_path / "zeros.npz")).ids) == 100_000
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=700_000))
    for read in (lambda: read_predictions(str(tmp_path / "zeros.npz")), lambda: read_predictions(str(tmp_path / "zeros.parquet")),
                 lambda: npz_arrays(tmp_path / "zeros.npz", "zeros.npz", "value"), lambda: npy_array(tmp_path / "zeros.npy")):
        with pytest.raises(DataError, match=r"this takes 0\.0 GB, read, and 0\.0 GB of memory are free"):
            read()


def test_the_array_that_is_asked_for_is_looked_at_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.npz", "w") as archive:
        archive.writestr("value.npy", header(2) + b"\0" * 16)
        archive.writestr("other.npy", header(10**12))
    assert npz_arrays(tmp_path / "two.npz", "two.npz", "value")["value"].tolist() == [0.0, 0.0]
