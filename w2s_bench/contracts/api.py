"""The version of what `w2s_bench.contracts` promises to plugins, by which they say what they need."""

from __future__ import annotations

API = "1.0"
"""Major and minor version. Minor: something was added or renamed, and an old name works for this version with a warning
(`deprecations.py`); what the one before deprecated is gone. Major: something works otherwise, without an old name.

A plugin says what it needs as a literal text at the top level of its module: `requires_api = ">=1,<2"`."""
