"""Tables from the Hugging Face hub, at a fixed revision."""

from __future__ import annotations

from w2s_bench.errors import DataError
from w2s_text.tables import Table, stacked, table_of


def read_hub(path: str, name: str, revision: str) -> Table:
    """Every part of a data set of the hub, one under the other; no code of the data set is run.

    Raises DataError where it is neither in the cache nor to be had.
    """
    import datasets  # type: ignore[import-untyped]

    try:
        parts = datasets.load_dataset(path, name or None, revision=revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise DataError(
            f"this data set cannot be had: {(str(error) or type(error).__name__).splitlines()[0]}",
            where=f"{path}@{revision}",
            hint="without network, download it elsewhere and give the file or folder as path=, "
            "without revision=",
        ) from error
    tables = [table_of(part.to_dict(), part_name) for part_name, part in parts.items()]
    return tables[0] if len(tables) == 1 else stacked(tables, f"{path}@{revision}")
