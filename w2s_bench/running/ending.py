"""When a run may be broken off by who wants it to end."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext


class Ending:
    """What a run says of its phases to whoever takes the signals; by default to nobody, and Ctrl-C is Python's own."""

    def interruptible(self) -> AbstractContextManager[None]:
        """While jobs are computed: KeyboardInterrupt ends them, and what is finished is written."""
        return nullcontext()

    def unbroken(self) -> AbstractContextManager[None]:
        """While tables are written: they are written to their end."""
        return nullcontext()
