"""Tables as figures, one figure a file."""

from w2s_bench.plots.figure import Figure
from w2s_bench.plots.gain_misfit import gain_misfit
from w2s_bench.plots.heatmap import heatmap
from w2s_bench.plots.ledger import ledger
from w2s_bench.plots.sample_size import has_curves, sample_size
from w2s_bench.plots.selection import selection
from w2s_bench.plots.strategies import strategies
from w2s_bench.plots.tightness import tightness
from w2s_bench.plots.write import FORMATS, check_path, embed, save, scripts

__all__ = ["FORMATS", "Figure", "check_path", "embed", "gain_misfit", "has_curves", "heatmap", "ledger", "sample_size",
           "save", "scripts", "selection", "strategies", "tightness"]
