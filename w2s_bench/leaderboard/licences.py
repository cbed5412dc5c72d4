"""Whether the truth of a task may travel with a submission: where the licence that it declares is an open one."""

from __future__ import annotations

import re

_OPEN = re.compile(
    r"\b(CC0|CC[- ]BY(-SA)?[- ]\d(\.\d)?|MIT|BSD|Apache|ISC|PSF|PDDL|ODC-By|ODbL|CDLA|OGL|public domain|generated here)\b", re.I)
_CLOSED = re.compile(
    r"\b(no|not|without|unknown|unclear|own|owner|private|non-?commercial|NC|ND|research|academic|request|agreement|proprietary)\b",
    re.I)


def truth_travels(licence: str) -> bool:
    """Whether a declared licence is an open one, in its own words: it names one that lets anybody pass the data on, whatever it
    is used for, and says nothing that takes this back. Where it says nothing the truth stays where it is."""
    return bool(_OPEN.search(licence)) and not _CLOSED.search(licence)
