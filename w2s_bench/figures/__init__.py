"""Tables as figures, one figure a file."""

from w2s_bench.figures.figure import Figure
from w2s_bench.figures.gain_misfit import gain_misfit
from w2s_bench.figures.heatmap import heatmap
from w2s_bench.figures.ledger import ledger
from w2s_bench.figures.sample_size import has_curves, sample_size
from w2s_bench.figures.selection import selection
from w2s_bench.figures.strategies import strategies
from w2s_bench.figures.tightness import tightness
from w2s_bench.figures.write import FORMATS, check_path, embed, save, scripts

__all__ = ["FORMATS", "Figure", "check_path", "embed", "gain_misfit", "has_curves", "heatmap", "ledger", "sample_size",
           "save", "scripts", "selection", "strategies", "tightness"]
