"""The conformance kit: what a plugin's tests import. `TestPlugin = conformance("my_plugin")` is all that they need to say.

Its version is that of the plugins' contracts, which it checks: a check that refuses what was sound before comes with a new one.
"""

from w2s_bench.testing.checks import Broken, Check, Subject, Unavailable, check
from w2s_bench.testing.plugin_tests import conformance

__all__ = ["Broken", "Check", "Subject", "Unavailable", "check", "conformance"]
