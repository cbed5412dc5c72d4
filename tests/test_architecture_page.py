"""docs/architecture.md names the thirteen rooms, and stations of a label that exist, each crossed once."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import FrameType

from conftest import Command
from test_architecture import ROOMS

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
STATIONS = re.findall(r"^\| [a-z]+ \| `([\w/]+)\.py:([\w.]+)` \|", PAGE, flags=re.MULTILINE)


def test_the_page_lists_the_rooms_in_their_order() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE) == ROOMS[::-1]


def test_every_station_of_a_label_is_there() -> None:
    assert len(STATIONS) >= 10
    for module, name in STATIONS:
        found: object = importlib.import_module(f"w2s_bench.{module.replace('/', '.')}")
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found) and found.__module__ == f"w2s_bench.{module.replace('/', '.')}"


def test_every_station_is_crossed_once_and_after_the_score_every_room_too() -> None:
    assert len(set(STATIONS)) == len(STATIONS)
    rooms = [module.partition("/")[0] for module, _ in STATIONS]
    visits = [room for before, room in zip(["", *rooms], rooms, strict=False) if room != before]
    after = visits[visits.index("scoring"):]
    assert len(set(after)) == len(after)


def test_a_run_crosses_the_stations_in_their_order(w2s: Command) -> None:
    root = Path(importlib.import_module("w2s_bench").__file__ or "").parent
    stations = {(str(root / f"{module}.py"), name): f"{module}.py:{name}" for module, name in STATIONS}
    crossed: dict[str, None] = {}

    def left(frame: FrameType, event: str, _: object) -> None:
        found = stations.get((frame.f_code.co_filename, frame.f_code.co_qualname)) if event == "return" else None
        if found:
            crossed.setdefault(found)

    sys.setprofile(left)
    try:
        w2s("run", "--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--executor", "here", check=0,
            page=True)
    finally:
        sys.setprofile(None)
    first, *others = stations.values()  # what loads is a plugin's function, of which contracts hold the protocol
    assert first == "contracts/models.py:Task.load" and list(crossed) == others
