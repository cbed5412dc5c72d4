"""A whole plugin: one task, two sizes of one model, one strategy."""

import os

from w2s_bench.contracts import ModelEntry, Parameter, StrategyEntry, TaskEntry
from w2s_bench.hookspecs import hookimpl

HOME = "w2s_external.components"


@hookimpl
def w2s_tasks():
    yield TaskEntry("waves", f"{HOME}:Waves", summary="a sum of sines", tags=frozenset({"regression"}))


@hookimpl
def w2s_models():
    degree = Parameter("degree", int, 1, "highest power", low=1, high=9)
    yield ModelEntry("powers", f"{HOME}:Powers", summary="powers of x", parameters=(degree,))
    yield ModelEntry("starlight", f"{HOME}:Powers", summary="needs what is not here", extra="telescope",
                     needs=("no_such_telescope",))


@hookimpl
def w2s_strategies():
    kinds = ("no", "raise", "nan", "shape", "die", "hang")
    fault = Parameter("fault", str, "no", "how weak labels break it", choices=kinds)
    yield StrategyEntry("plain", f"{HOME}:Plain", summary="normal equations", parameters=(fault,))


@hookimpl
def w2s_cell_finished(row):
    if os.environ.get("W2S_EXTERNAL_OBSERVER"):
        raise RuntimeError(f"observed {row['status']}")
