"""The version of what `w2s_bench.contracts` promises to plugins, by which they say what they need."""

from __future__ import annotations

API = "1.0"
"""Major and minor version. Minor: something was added, or is deprecated and still works. Major: something was taken away.

A plugin says what it needs as a literal text at the top level of its module: `requires_api = ">=1,<2"`."""
