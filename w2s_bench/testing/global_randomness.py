"""The global generators of a process: set, and given back."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Give back the state of Python's, NumPy's and torch's generators at the end."""
    python, numpy = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    kept = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if torch and kept is not None:
            torch.set_rng_state(kept)


def seed_all(seed: int) -> None:
    """Set the generators of Python, NumPy and, where it is loaded, torch."""
    random.seed(seed)
    np.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
