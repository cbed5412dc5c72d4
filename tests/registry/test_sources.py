"""The source of a plugin is every file of its package that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from w2s_bench.contracts.errors import PluginError
from w2s_bench.registry import sources
from w2s_bench.registry.sources import source_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that can be imported, with code and data."""
    folder = tmp_path / "w2s_shipped"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "model.py").write_text("class Model: ...\n")
    (folder / "data" / "weights.csv").write_text("1\n2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def digest_of(target: str) -> str:
    sources._package_digest.cache_clear()  # one process reads a package once
    return source_digest(target)


@pytest.mark.parametrize(("file", "content", "counts"), [
    ("model.py", "class Model: 'changed'\n", True),
    ("data/weights.csv", "1\n3\n", True),
    ("data/more.bin", "x", True),
    ("__pycache__/model.cpython-312.pyc", "x", False),
    ("data/.weights.csv.swp", "x", False),
    ("conformance.toml", "[exempt]", False)])
def test_every_file_that_ships_counts(package: Path, file: str, content: str, counts: bool) -> None:
    before = digest_of("w2s_shipped.model:Model")
    (package / file).parent.mkdir(exist_ok=True)
    (package / file).write_text(content)
    assert (digest_of("w2s_shipped.model:Model") != before) == counts


def test_a_moved_package_has_the_same_source(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of("w2s_shipped.model:Model")
    (package.parent / "elsewhere").mkdir()
    package.rename(package.parent / "elsewhere" / package.name)
    monkeypatch.syspath_prepend(str(package.parent / "elsewhere"))
    assert digest_of("w2s_shipped.model:Model") == before


def test_a_package_without_init_in_two_folders_has_both_as_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for portion in ("one", "two"):
        (tmp_path / portion / "w2s_spread").mkdir(parents=True)
        (tmp_path / portion / "w2s_spread" / f"{portion}.py").write_text("class Model: ...\n")
        monkeypatch.syspath_prepend(str(tmp_path / portion))
    before = digest_of("w2s_spread.one:Model")
    (tmp_path / "two" / "w2s_spread" / "two.py").write_text("class Model: 'changed'\n")
    assert digest_of("w2s_spread.one:Model") != before


def test_a_module_by_itself_is_its_own_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w2s_single.py").write_text("class Model: ...\n")
    (tmp_path / "beside.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = digest_of("w2s_single:Model")
    (tmp_path / "beside.py").write_text("1\n")
    assert digest_of("w2s_single:Model") == before
    (tmp_path / "w2s_single.py").write_text("class Model: 'changed'\n")
    assert digest_of("w2s_single:Model") != before


@pytest.mark.parametrize("name", ["w2s_nowhere", "sys"])
def test_a_package_without_files_is_named(name: str) -> None:
    with pytest.raises(PluginError, match=f"the package {name} has no source"):
        digest_of(f"{name}.x:Y")
