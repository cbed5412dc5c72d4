"""What the test examples of a run say, as far as a store still holds its tasks. Texts stay there: no table copies them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from w2s_bench.compute.splits import stored_splits
from w2s_bench.contracts import Split
from w2s_bench.store.artifacts import DamagedArtifact, Store


class TestInputs:
    """Reads a store by the cells of a run, each task once."""

    __test__ = False  # not a test, whatever its name

    def __init__(self, store: str) -> None:
        self._store = Store(store)
        self._tests: dict[str, tuple[Split, Mapping[str, int]] | None] = {}

    def texts(self, cell_key: str, ids: Iterable[str]) -> dict[str, str]:
        """The text of each of these test examples of a cell; without those that the store does not hold or that are no text."""
        test = self._test(cell_key)
        if test is None:
            return {}
        split, places = test
        columns = {name: values for name, column in split.inputs.items() if (values := np.asarray(column)).dtype.kind in "OU"}
        if not columns:
            return {}
        return {name: "\n".join(str(values[places[name]]) if len(columns) == 1 else f"{column}: {values[places[name]]}"
                                for column, values in columns.items()) for name in ids if name in places}

    def _test(self, cell_key: str) -> tuple[Split, Mapping[str, int]] | None:
        key = ((self._store.about(cell_key) or {}).get("recipe") or {}).get("load")
        if key is None:
            return None
        if key not in self._tests:
            self._tests[key] = self._loaded(key)
        return self._tests[key]

    def _loaded(self, key: str) -> tuple[Split, Mapping[str, int]] | None:
        if self._store.about(key) is None:
            return None
        try:
            split = stored_splits(self._store, key).splits.test
        except DamagedArtifact:  # which `run` says and computes again
            return None
        return split, {str(name): place for place, name in enumerate(split.ids)}
