"""Records of JSON, one a line or in a list, as flat rows of named values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from w2s_bench.contracts.errors import DataError


def records_by_line(text: str, source: str) -> list[dict[str, object]]:
    """The objects of a .jsonl file. Raises DataError, with the line, for what is none."""
    return [record_of(line, f"{source}, line {number}") for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1)
            if line.strip()]


def records(text: str, source: str) -> list[dict[str, object]]:
    """The objects of a .json file: of a list, or one a line. Raises DataError for what is neither."""
    if not text.lstrip().startswith("["):
        return records_by_line(text, source)
    found = _parsed(text, source)
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise DataError("not a list of JSON objects", where=source, hint='[{"text": …, "label": …}, …]')
    return [_flat(record, f"{source}, record {number}") for number, record in enumerate(found, start=1)]


def record_of(line: str, where: str) -> dict[str, object]:
    """The object of a line, flat. Raises DataError for what is none."""
    record = _parsed(line, where)
    if not isinstance(record, dict):
        raise DataError("not a JSON object", where=where, hint='one {"text": …, "label": …} a line')
    return _flat(record, where)


def _parsed(text: str, where: str) -> object:
    """What JSON says. Raises DataError for a text that is none, and for an object that names something twice."""
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"names {twice!r} more than once", where=where, hint="rename one of them")
        return dict(pairs)

    try:
        found: object = json.loads(text, object_pairs_hook=once)
    except (json.JSONDecodeError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep"
        raise DataError(f"no JSON: {reason}", where=where,
                        hint="one object a line, or a list of objects in a .json file; jq -c '.[]' makes lines of it") from error
    return found


def _flat(record: Mapping[str, object], where: str) -> dict[str, object]:
    """Objects within objects under names with dots: {"a": {"b": 1}} has the column a.b."""
    flat: dict[str, object] = {}
    for name, value in record.items():
        below = _flat(value, where) if isinstance(value, dict) else None
        inside = {name: value} if below is None else {f"{name}.{key}": cell for key, cell in below.items()}
        twice = flat.keys() & inside.keys()
        if twice:
            raise DataError(f"two values are called {min(twice)!r}", where=where, hint="rename one of them")
        flat |= inside
    return flat
