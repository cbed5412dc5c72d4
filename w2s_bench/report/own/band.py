"""The band that the explicit law leaves about the misfit of a user's own files."""

from __future__ import annotations

import msgspec


class Band(msgspec.Struct, frozen=True):
    """low, high: of the gain on all ids, in the unit of D; high is None where the law has no upper end.

    half_width: from the misfit to low. epsilon: estimated on the labelled ids, from the ceiling or the student.
    half_width_on_labelled, gain_inside_on_labelled: the same band about the misfit of the labelled ids, and whether their gain
    lies in it.
    """

    low: float
    high: float | None
    half_width: float
    epsilon: float
    epsilon_from: str
    half_width_on_labelled: float
    gain_inside_on_labelled: bool
