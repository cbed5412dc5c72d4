"""Checks of subjects, listed and made, in this process."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Literal

from w2s_bench.contracts import can
from w2s_bench.contracts.errors import W2SError, nearest
from w2s_bench.registry.conformance_file import ConformanceFile
from w2s_bench.registry.process_state import changed_for_good, state
from w2s_bench.testing.checks import Broken, Check, Subject, Unavailable
from w2s_bench.testing.kit import checks_of
from w2s_bench.testing.messages import Planned, Result
from w2s_bench.testing.subjects import NotMade

MADE = "is_made"
"""The first check of every entry, which none can be exempt from."""

SAYS_MADE = "it can be made, with its defaults or as conformance.toml says, and says what it can do"


def check_id(subject: Subject, check: Check) -> str:
    """As `task/diabetes::splits_disjoint`."""
    return f"{subject.id}::{check.name}"


def planned_for(subject: Subject, declared: ConformanceFile, network: bool) -> Iterator[tuple[Planned, Check | None]]:
    """All checks that a subject's declarations call for, each with what is known of it before it is made."""
    started = time.perf_counter()
    try:
        missing = str(subject.made.absent()) if can(subject.made, "absent") else ""
        called_for = [each for each in checks_of(subject.kind) if each.when(subject)]
    except (Exception, SystemExit) as error:
        yield Planned(f"{subject.id}::{MADE}", SAYS_MADE, outcome="failed", reason=f"{type(error).__name__}: {error}"), None
        return
    yield Planned(f"{subject.id}::{MADE}", SAYS_MADE, time.perf_counter() - started, outcome="passed"), None
    for check in called_for:
        name = check_id(subject, check)
        needs = check.network or bool(missing and not check.bare)
        planned = Planned(name, check.says, check.seconds, needs)
        if reason := _exemption(subject, check, declared):
            planned = Planned(name, check.says, check.seconds, needs, "exempt", reason)
        elif needs and not network:
            planned = Planned(name, check.says, check.seconds, needs, "skipped",
                              f"needs the network, which is not asked: {missing or 'the check reads from it'}")
        yield planned, check


def of_not_made(found: NotMade) -> Planned:
    """The one line of an entry that cannot be tried."""
    return Planned(f"{found.id}::{MADE}", SAYS_MADE, outcome="skipped" if found.lacking else "failed", reason=found.reason)


def lost_names(declared: ConformanceFile, entries: Mapping[str, str], others: Collection[str] = ()) -> str:
    """What a conformance.toml says of an entry or a check that there is not, in words; "" where all are there.

    entries: the kind, in the plural, by `kind/name`, of each entry as it is and with its variants. others: names of checks of no
    entry.
    """
    lost: list[str] = []
    for name in (*declared.make, *declared.inputs, *declared.exempt):
        if name in others:
            continue
        entry, _, check = name.partition("::")
        names = [each.name for each in checks_of(entries.get(entry, ""))]
        if entry not in entries:
            lost.append(f'"{name}" names no entry: {nearest(entry, entries)}')
        elif check and check not in names:
            lost.append(f'"{name}" names no check: {nearest(check, names)}')
    return "; ".join(lost)


def _exemption(subject: Subject, check: Check, declared: ConformanceFile) -> str:
    """The reason why a check is not made; "" where it is."""
    entry = subject.id.partition("(")[0]
    names = (check_id(subject, check), f"{entry}::{check.name}", subject.id, entry)
    return next((declared.exempt[name] for name in names if name in declared.exempt), "")


def tried(check: Check, subject: Subject) -> Result:
    """How a check goes with a subject, whatever the subject raises but KeyboardInterrupt.

    What passes, and leaves the process in another state than it found it in, has failed.
    """
    if subject.apart is not None:
        subject.apart.start()  # which would be a change of this process
    name, before, started = check_id(subject, check), state(), time.perf_counter()
    outcome, reason, trace = outcome_of(lambda: check(subject))
    left = changed_for_good(before)[1] if outcome == "passed" else ()
    if left:
        outcome, reason = "failed", f"it leaves the process in another state: {', '.join(left)}"
    return Result(name, check.says, outcome, reason, time.perf_counter() - started, trace)


def outcome_of(make: Callable[[], None]) -> tuple[Literal["passed", "failed", "skipped"], str, str]:
    """The outcome of a check, the reason and where it was raised."""
    try:
        make()
    except Broken as error:
        return "failed", str(error), ""
    except Unavailable as error:
        return "skipped", str(error), ""
    except W2SError as error:
        return "failed", error.message(), traceback.format_exc()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return "failed", f"raises {type(error).__name__}: {error}", traceback.format_exc()
    return "passed", "", ""
