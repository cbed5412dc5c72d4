"""Where the page of a thing lies within the site: names of files that no label can steer."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, TypeAlias

from w2s_bench.contracts.digests import digest

Thing: TypeAlias = Literal["tasks", "models", "strategies", "bounds", "submissions", "entries", "rows"]
"""What has a page of its own: the folder that the page lies in."""

_LONGEST = 60


def page_of(thing: Thing, *names: str) -> str:
    """The address of a page from the root of the site, as tasks/diabetes-1f0c2a.html: letters, digits and - alone, and another
    for every other name, whatever a file system makes of cases; of a row a digest alone."""
    return f"{thing}/{digest(list(names))[:16] if thing == 'rows' else slug(*names)}.html"


def slug(*names: str) -> str:
    """A name of a file for these names: what can be read of the last one, and a digest of them all."""
    told = unicodedata.normalize("NFKD", names[-1]).encode("ascii", "ignore").decode().lower()
    readable = re.sub(r"[^a-z0-9]+", "-", told).strip("-")[:_LONGEST].strip("-")
    return f"{readable}-{digest(list(names))[:10]}" if readable else digest(list(names))[:10]
