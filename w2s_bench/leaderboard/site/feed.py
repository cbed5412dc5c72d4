"""The Atom feed of a board: its submissions, the latest first, dated by the index."""

from __future__ import annotations

from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.contents import Contents
from w2s_bench.leaderboard.site.rendering import filled
from w2s_bench.leaderboard.site.sent import Sent

_BEGINNING = "1970-01-01"


def feed(contents: Contents) -> str:
    """The feed as XML. No clock is asked: the same index gives the same text."""
    items = [_item(sent) for sent in reversed(contents.sent)]
    latest = max((item["updated"] for item in items), default=_instant(_BEGINNING))
    return filled("feed.xml.j2", season=contents.board.season, items=items, updated=latest)


def _item(sent: Sent) -> dict[str, str]:
    listed, said = sent.listed, sent.said
    summary = f"Withdrawn: {listed.reason}" if said is None else f"By {', '.join(said.who)}; season {listed.season or 'none'}."
    return {"name": listed.name, "sha256": listed.sha256, "state": listed.state,
            "title": said.title if said else f"{listed.name}, withdrawn",
            "updated": _instant(str(listed.added)), "page": page_of("submissions", listed.name), "summary": summary}


def _instant(day: str) -> str:
    return f"{day[:10]}T00:00:00Z"
