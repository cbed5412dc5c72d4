"""Data sets of the Hugging Face hub: loaded without running any code of theirs, or from a folder of their Parquet files."""

from __future__ import annotations

import contextlib
import functools
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_bench.contracts import DataError, Table, file_digest, stacked, table_of

HUB_SECONDS = 3.0
_SILENT: list[Exception] = []
"""Why the hub does not answer in this process: it is asked once, not once for each data set of a plan."""

LINES = (".jsonl", ".jsonl.gz")
"""Files of JSON lines, which are read where a folder holds no Parquet files."""

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubCopy:
    """Where a declared set lies on the hub. name: what the set is called here. train, test: splits with labels.

    config, folder: how the hub's copy is loaded, "" for as it is; folder is one of a branch of Parquet files.
    """

    name: str
    hub: str
    train: str
    test: str
    config: str
    folder: str


def read_hub(path: str, name: str, revision: str) -> Table:
    """Every part of a data set of the hub, one under the other; no code of the data set is run.

    Raises DataError where it is neither in the cache nor to be had.
    """
    hint = "without network, download it elsewhere and give the file or folder as path=, without revision="
    with _explained(f"{path}@{revision}", hint) as datasets:
        parts = datasets.load_dataset(path, name or None, revision=revision)
    tables = [table_of(part.to_dict(), part_name) for part_name, part in parts.items()]
    return tables[0] if len(tables) == 1 else stacked(tables, f"{path}@{revision}")


def read_parts(wanted: HubCopy, path: str, revision: str) -> tuple[Any, Any]:
    """The train and the test split as `datasets.Dataset`, from the folder `path` or, where that is "", from the hub.

    Raises DataError that says which data set is needed and how to point to a folder.
    """
    if path:
        return _read_folder(wanted, path)
    with _explained(f"{wanted.hub}@{revision or 'main'}", _how_to_get(wanted, revision)) as datasets:
        train, test = datasets.load_dataset(wanted.hub, wanted.config or None, data_dir=wanted.folder or None,
                                            revision=revision or None, split=[wanted.train, wanted.test])
    return train, test


def commit_named(revision: str) -> str | None:
    """The revision itself where it is a commit."""
    return revision if _COMMIT.fullmatch(revision) else None


def cached_commit(wanted: HubCopy) -> str | None:
    """The commit of the newest copy in the cache, None without one. `datasets` names a copy's folder after the commit."""
    import datasets  # type: ignore[import-untyped]
    from datasets.naming import camelcase_to_snakecase  # type: ignore[import-untyped]

    *space, name = wanted.hub.split("/")
    root = Path(datasets.config.HF_DATASETS_CACHE) / "___".join([*space, camelcase_to_snakecase(name)])
    config = (wanted.config or "default") + (f"-data_dir={wanted.folder}" if wanted.folder else "")
    copies = [copy for copy in root.glob(f"{config}/*/*") if copy.is_dir() and _COMMIT.fullmatch(copy.name)]
    newest = max(copies, key=lambda copy: (copy.stat().st_mtime, copy.name), default=None)
    return newest.name if newest else None


@functools.lru_cache(maxsize=256)
def commit_on_hub(name: str, revision: str) -> str | None:
    """The commit that a branch or tag of a data set stands for on the hub now, None where the hub does not say."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    if _SILENT:
        return None
    try:
        commit: str | None = HfApi().dataset_info(name, revision=revision or None, timeout=HUB_SECONDS).sha
    except HfHubHTTPError:  # no such data set, or a private one: reading it says so
        return None
    except Exception as silence:  # whatever keeps the hub from answering, reading the data says it
        _SILENT.append(silence)
        return None
    return commit


def absent_copy(wanted: HubCopy, revision: str) -> str:
    """In words, that a declared set is neither in the cache nor on a hub that answers, and how to get it; "" where it is."""
    import datasets

    if cached_commit(wanted) or commit_on_hub(wanted.hub, revision):
        return ""
    return (f"{wanted.hub}@{revision or 'main'} is not in {datasets.config.HF_DATASETS_CACHE}, and the hub does not give it now; "
            f"{_how_to_get(wanted, revision)}")


def digest_of_parts(wanted: HubCopy, path: str) -> str:
    """SHA-256 over names and contents of the files of both splits."""
    return file_digest(*(file for files in _part_files(wanted, path) for file in files))


def _read_folder(wanted: HubCopy, path: str) -> tuple[Any, Any]:
    train, test = _part_files(wanted, path)
    with _explained(path, "") as datasets, tempfile.TemporaryDirectory() as cache, _without_bars(datasets):
        format = "parquet" if train[0].suffix == ".parquet" else "json"
        parts = [datasets.load_dataset(format, data_files={"train": [str(file) for file in files]}, split="train",
                                       cache_dir=f"{cache}/{number}", keep_in_memory=True)
                 for number, files in enumerate((train, test))]
    return parts[0], parts[1]


def _part_files(wanted: HubCopy, path: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError("no such folder", where=path, hint=_how_to_get(wanted, ""))
    found = sorted(root.rglob("*.parquet")) or sorted(file for ending in LINES for file in root.rglob(f"*{ending}"))
    for folder in (wanted.config, wanted.folder):
        found = [file for file in found if folder in file.relative_to(root).parts[:-1]] or found
    parts = [tuple(file for file in found if _is_of(file, split)) for split in (wanted.train, wanted.test)]
    for split, files in zip((wanted.train, wanted.test), parts, strict=True):
        if not files:
            names = ", ".join(str(file.relative_to(root)) for file in found[:6]) or "no Parquet file"
            raise DataError(f"no Parquet file of the split {split!r}", where=path,
                            hint=f"expected {split}-*.parquet or {split}/*.parquet (or {split}.jsonl.gz); it holds {names}")
    return parts[0], parts[1]


def _is_of(file: Path, split: str) -> bool:
    stem = file.name.partition(".")[0]
    return stem == split or stem.startswith(f"{split}-") or file.parent.name == split


def _how_to_get(wanted: HubCopy, revision: str) -> str:
    at = f" --revision {revision}" if revision else ""
    return (f"without network: elsewhere, `hf download {wanted.hub} --repo-type dataset{at} --local-dir FOLDER`, "
            f"then {wanted.name}[path=FOLDER] reads the files in it")


@contextlib.contextmanager
def _explained(where: str, hint: str) -> Iterator[Any]:
    """Gives the library; its faults become a DataError. RuntimeError is how it refuses a data set that is a script."""
    import datasets

    try:
        yield datasets
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"this data set cannot be had: {reason}", where=where, hint=hint) from error


@contextlib.contextmanager
def _without_bars(datasets: Any) -> Iterator[None]:
    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
