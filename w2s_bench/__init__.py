"""w2s-bench: a benchmark harness for weak-to-strong generalization."""

__version__ = "0.1.0"
