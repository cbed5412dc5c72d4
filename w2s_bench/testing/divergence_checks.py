"""Checks of divergences: that they are Bregman's, on values of their own domain."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Divergence, DomainError, ShapeError
from w2s_bench.contracts.errors import W2SError
from w2s_bench.testing.checks import Broken, Subject, check
from w2s_bench.testing.made_problems import values

_N = 60
_CLOSE = 1e-8
_STEP = 1e-6


def _pair(divergence: Divergence) -> tuple[Array, Array]:
    generator = np.random.default_rng(5)
    return (divergence.conform(values(divergence, _N, generator)), divergence.conform(values(divergence, _N, generator)))


def _off(found: Array, wanted: Array) -> float:
    return float(np.max(np.abs(found - wanted) / (1.0 + np.abs(wanted))))


@check("divergences", says="what it conforms is (n, k) float64, and conforming it again changes nothing")
def conforms_once(subject: Subject) -> None:
    """The ledger conforms once; metrics may again."""
    divergence: Divergence = subject.made
    given = values(divergence, _N, np.random.default_rng(5))
    once = divergence.conform(given.copy())
    if once.shape != given.shape or once.dtype != np.float64:
        raise Broken(f"values of shape {given.shape} become {once.shape} {once.dtype}")
    if not np.array_equal(divergence.conform(once.copy()), once):
        raise Broken("values that were conformed become others when they are conformed again")


@check("divergences", says="values that are not finite raise DomainError, three axes ShapeError")
def refuses(subject: Subject) -> None:
    """A NaN must never become a number of a row."""
    divergence: Divergence = subject.made
    for word, spoilt in (("NaN", np.nan), ("infinity", np.inf)):
        given = values(divergence, 4, np.random.default_rng(5))
        given[1, 0] = spoilt
        try:
            divergence.conform(given)
        except DomainError:
            continue
        except W2SError as error:
            raise Broken(f"{word} raises {type(error).__name__}, not DomainError") from error
        raise Broken(f"{word} is conformed without an error")
    try:
        divergence.conform(np.full((2, 2, 2), 0.5))
    except ShapeError:
        return
    raise Broken("an array of three axes raises no ShapeError")


@check("divergences", says="D(a, b) ≥ 0, and D(a, a) = 0")
def not_negative(subject: Subject) -> None:
    """Beyond what rounding takes."""
    divergence: Divergence = subject.made
    first, second = _pair(divergence)
    found = divergence.between(first, second)
    if found.shape != (_N,):
        raise Broken(f"D of {_N} examples has shape {found.shape}")
    if found.min() < -max(divergence.rounding, 1e-12):
        raise Broken(f"D(a, b) = {found.min():.3g} for two values")
    same = np.abs(divergence.between(first, first.copy())).max()
    if same > max(divergence.rounding, 1e-12):
        raise Broken(f"D(a, a) = {same:.3g}")


@check("divergences", says="gradient is that of generator, along directions that stay in the domain")
def gradient_of_generator(subject: Subject) -> None:
    """Against central differences."""
    divergence: Divergence = subject.made
    at, towards = _pair(divergence)
    along = towards - at
    slope = np.einsum("nk,nk->n", divergence.gradient(at), along)
    numeric = (divergence.generator(at + _STEP * along) - divergence.generator(at - _STEP * along)) / (2.0 * _STEP)
    off = _off(slope, numeric)
    if off > 1e-4:
        raise Broken(f"gradient and differences of generator are {off:.2g} apart")


@check("divergences", says="D(a, b) = φ(a) − φ(b) − ⟨∇φ(b), a − b⟩")
def bregman_s_identity(subject: Subject) -> None:
    """What makes it a Bregman divergence."""
    divergence: Divergence = subject.made
    first, second = _pair(divergence)
    wanted = (divergence.generator(first) - divergence.generator(second)
              - np.einsum("nk,nk->n", divergence.gradient(second), first - second))
    off = _off(divergence.between(first, second), wanted)
    if off > _CLOSE:
        raise Broken(f"between is {off:.2g} from what generator and gradient make of it")


@check("divergences", says="examples are by themselves: their order and their neighbours change nothing")
def by_example(subject: Subject) -> None:
    """D is a mean over examples in every table."""
    divergence: Divergence = subject.made
    first, second = _pair(divergence)
    order = np.random.default_rng(3).permutation(_N)
    whole = divergence.between(first, second)
    if _off(divergence.between(first[order], second[order]), whole[order]) > 1e-12:
        raise Broken("another order of the examples gives other values")
    if _off(divergence.between(first[:1], second[:1]), whole[:1]) > 1e-12:
        raise Broken("an example by itself has another value than among others")


@check("divergences", says="reach is 0 where the class holds the truth, and never falls as ε grows",
       when=lambda subject: bool(subject.made.explicit))
def reach_grows(subject: Subject) -> None:
    """The explicit law is the law where ε = 0."""
    divergence: Divergence = subject.made
    first, second = _pair(divergence)
    spread = divergence.spread(first, second)
    steps = [divergence.reach(0.3, epsilon, float(spread.mean())) for epsilon in (0.0, 0.01, 0.1, 1.0)]
    if abs(steps[0]) > 1e-12:
        raise Broken(f"reach is {steps[0]:.3g} at ε = 0")
    if min(steps) < 0.0 or np.diff(steps).min() < 0.0:
        raise Broken(f"reach is {', '.join(f'{step:.3g}' for step in steps)} at ε = 0, 0.01, 0.1, 1")


@check("divergences", says="spread is 0 or more of each example, and 0 where nothing reads it")
def spread_sound(subject: Subject) -> None:
    """`spreads` says whether `reach` reads it."""
    divergence: Divergence = subject.made
    first, second = _pair(divergence)
    spread = divergence.spread(first, second)
    if spread.shape != (_N,) or spread.min() < 0.0:
        raise Broken(f"spread of {_N} examples has shape {spread.shape} and a least value of {spread.min():.3g}")
    if not divergence.spreads and spread.any():
        raise Broken("spread is not 0 everywhere, though `spreads` says that nothing reads it")


@check("divergences", says="it is named as its entry, and says its output and its law in words")
def in_words(subject: Subject) -> None:
    """Tables and pages print these."""
    divergence: Divergence = subject.made
    if divergence.name != subject.entry.name:
        raise Broken(f"its name is {divergence.name!r}, that of its entry {subject.entry.name!r}")
    wanted = ("law", "holds", "fails", "band") if divergence.explicit else ("law",)
    lacking = [name for name in wanted if not str(getattr(divergence, name)).strip()]
    if lacking:
        raise Broken(f"{', '.join(lacking)} is empty")
    known = [offer.entry.name for offer in subject.registry.entries("outputs")]
    if divergence.output not in known:
        raise Broken(f"it scores the output {divergence.output!r}, and there are {', '.join(known)}")


@check("divergences", says="the arrays that it is given stay as they were")
def inputs_kept(subject: Subject) -> None:
    """The next one reads the same arrays."""
    divergence: Divergence = subject.made
    given = values(divergence, _N, np.random.default_rng(5))
    first, second = _pair(divergence)
    before = [each.copy() for each in (given, first, second)]
    divergence.conform(given)
    for method in (divergence.between, divergence.spread):
        method(first, second)
    for one in (divergence.generator, divergence.gradient):
        one(first)
    if any(not np.array_equal(was, now) for was, now in zip(before, (given, first, second), strict=True)):
        raise Broken("an array that it was given holds other values afterwards")
