"""Tables as figures, one figure a file."""

from w2s_bench.plots.figure import Figure
from w2s_bench.plots.gain_misfit import gain_misfit
from w2s_bench.plots.write import FORMATS, check_path, embed, save, scripts

__all__ = ["FORMATS", "Figure", "check_path", "embed", "gain_misfit", "save", "scripts"]
