"""Who is told while a run goes on: the screen, and the observers of plugins."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import Step
from w2s_bench.contracts.printable import printable
from w2s_bench.running.ending import Ending

if TYPE_CHECKING:
    from w2s_bench.running.costs import Left

Warn = Callable[[str], None]


@dataclass
class Progress:
    """What a screen may show while a run goes on. Counts of jobs, and of cells by status.

    current: what is done now, in words. workers: how many jobs are computed at a time. left: what the jobs that are left will
    cost, by what has been measured; it is asked when it is shown. last: when a job ended last, by time.monotonic(). steps: how
    far the jobs are that tell, by what they are in words; asked like `left`.
    """

    cells: int
    jobs: int
    cached: int
    done: int = 0
    finished: dict[str, int] = field(default_factory=dict)
    current: str = ""
    workers: int = 1
    left: Callable[[], Left] | None = None
    last: float = 0.0
    steps: Callable[[], Mapping[str, Step]] | None = None

    def steps_in_words(self) -> list[str]:
        """How far the jobs are that tell, such as "embed gpt2: 1,200 of 20,000 texts"."""
        steps = dict(self.steps()) if self.steps else {}  # a copy: another thread asks
        return [f"{words}: {_words(step)}" for words, step in steps.items()]


def _words(step: Step) -> str:
    return f"{step.done:,} {step.unit}" if step.of is None else f"{step.done:,} of {step.of:,} {step.unit}"


@dataclass(frozen=True)
class Audience:
    """warn: says a sentence to the user. show: shows progress. observers: the hooks of plugins, None for none.

    debug: whether the user wants tracebacks. say: is told what will run, and where to. ending: is told
    when the run may be broken off.
    """

    warn: Warn
    show: Callable[[Progress], None] = lambda progress: None
    observers: Any = None
    debug: bool = False
    say: Callable[[str], object] = lambda text: None
    ending: Ending = field(default_factory=Ending)
    _said: set[str] = field(default_factory=set)

    def warn_once(self, text: str) -> None:
        """Say what may come up for many jobs, once."""
        if text not in self._said:
            self._said.add(text)
            self.warn(text)

    def observes(self, hook: str) -> bool:
        """Whether an observer listens to this hook."""
        return self.observers is not None and bool(getattr(self.observers, hook).get_hookimpls())

    def observe(self, hook: str, **facts: Any) -> None:
        """Tell the observers, each with a copy of its own; one that raises or exits is named and cannot end the run."""
        if self.observers is None:
            return
        for implementation in getattr(self.observers, hook).get_hookimpls():
            try:
                implementation.function(**{name: copy.deepcopy(facts[name]) for name in implementation.argnames})
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self.warn(printable(f"observer {implementation.plugin_name}: {type(error).__name__}: {error}"))
