"""Numbers to predict from text: your own table, and the functions of the Python standard library."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import Parameter, TaskEntry
from w2s_bench.hookspecs import hookimpl

REGRESSION = frozenset({"regression", "text"})


@hookimpl
def w2s_tasks() -> Iterable[TaskEntry]:
    """A task from a file of yours, and one that every Python installation carries."""
    yield TaskEntry(
        "text",
        "w2s_text.own_table:OwnTable",
        summary="a number from text: CSV, JSONL, Parquet, a folder of those, or a data set of the hub",
        tags=REGRESSION,
        parameters=(
            Parameter(
                "path", str, None, "a file, a folder, or with revision= the name of a data set on the hub"
            ),
            Parameter("text", str, "text", "column that holds the text"),
            Parameter("label", str, "label", "column that holds the number to predict"),
            Parameter(
                "split",
                str,
                "auto",
                "column of supervise, transfer and test; auto: 'split' where there is "
                "one; none: drawn by the seed",
                words=("auto", "none"),
            ),
            Parameter(
                "id",
                str,
                "auto",
                "column of unique ids; auto: 'id' where there is one; none: row numbers",
                words=("auto", "none"),
            ),
            Parameter(
                "revision", str, "", "commit or tag of a data set on the hub; empty: path is a file or folder"
            ),
            Parameter("name", str, "", "configuration of a data set on the hub"),
            Parameter("unit", str, "", "unit of the label, as printed on axes"),
        ),
    )
    yield TaskEntry(
        "python-functions",
        "w2s_text.python_functions:PythonFunctions",
        summary="log1p(calls + branches) of the functions of the installed standard library",
        tags=REGRESSION,
        parameters=(
            Parameter(
                "limit", int, 0, "use a fixed sample of that many functions; 0: all (about 6,600)", low=0
            ),
        ),
    )
