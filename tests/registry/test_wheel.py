"""What the one wheel holds."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_says_that_its_core_is_typed_and_holds_every_bundled_plugin() -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel")
    shipped = {file.distribution_path for file in wheel.WheelBuilder(str(ROOT)).recurse_included_files()}
    assert "w2s_bench/py.typed" in shipped
    assert {path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py")} <= {path.split("/")[0] for path in shipped}
