"""Gain and misfit over seeds of the teacher: why a student may gain its misfit where no class is convex.

Let m be the mean over seeds of grad phi(f_w) and f̄ the mean teacher, grad phi(f̄) = m: the mean of the teachers for squared
distances, their normalised geometric mean for relative entropy. The bias-variance decomposition of a Bregman divergence,
E D(y, f_w) = D(y, f̄) + E D(f̄, f_w), and the three-point identity give, example by example and for any student,

    E gain   = V + G        V = E D(f̄, f_w)                    the teacher's variance
    E misfit = V + M − C    G = D(y, f̄) − E D(y, f_sw)         the gain on the mean teacher
                            M = E D(f_sw, f̄)                   the misfit to the mean teacher
                            C = E <f_sw − E f_sw, grad phi(f_w) − m>

So E gain − E misfit = (G − M) + C, which is 0 of a student that answers as its mean teacher whatever the seed: G = M = C = 0, and
it gains V. That the expected gain is the expected misfit without convexity, and the likelier the nearer the student is to the
mean of its teachers, is the claim of Xu, Yao, Wang and Liu (arXiv 2505.24313, ICML 2026); these terms are our own derivation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from w2s_bench.contracts import Array, Facts, Missing, Sample, SeedTerm, Statement

_ALIKE = 1e-12
"""Answers that differ by no more than this share of the largest are the same."""


class BiasVariance:
    """E gain − E misfit = (G − M) + C, over seeds of the teacher; one seed alone has no line."""

    statement = "over seeds: gain = variance + gain on mean, misfit = variance + misfit to mean − covariance"
    source = "after Xu, Yao, Wang and Liu (ICML 2026, arXiv 2505.24313); the terms are derived here"
    divergences: frozenset[str] = frozenset()
    capabilities = frozenset({"across_seeds"})
    seed_terms = (
        SeedTerm(name="gain", meaning="D(y, f_w) − D(y, f_sw)"),
        SeedTerm(name="misfit", meaning="D(f_sw, f_w)"),
        SeedTerm(name="variance", meaning="D(f_mean, f_w), the teacher's over seeds; f_mean is the mean of the teachers"),
        SeedTerm(name="gain_on_mean", meaning="D(y, f_mean) − D(y, f_sw)"),
        SeedTerm(name="misfit_to_mean", meaning="D(f_sw, f_mean)"),
        SeedTerm(name="covariance", meaning="of f_sw and grad phi(f_w) over seeds: how far the student follows its own teacher"),
        SeedTerm(name="gain_less_misfit", meaning="gain − misfit = gain on mean − misfit to mean + covariance",
                 above="the gain is above the misfit", below="the gain is below the misfit", zero="the gain is the misfit"),
        SeedTerm(name="nearer_to_mean", meaning="misfit − misfit to mean = variance − covariance",
                 above="the student is nearer to the mean of its teachers than to its own teacher",
                 below="the student is nearer to its own teacher than to the mean of its teachers"),
        SeedTerm(name="nearer_than_teachers", meaning="variance − misfit to mean",
                 above="the student is nearer to the mean of its teachers than they are",
                 below="the student is farther from the mean of its teachers than they are"),
    )

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        return None

    def across_seeds(self, samples: Sequence[Sample]) -> Mapping[str, Array] | Missing:
        """The terms, (n,) each."""
        loss, truth = samples[0].divergence, samples[0].truth
        weak, student = (np.stack([getattr(sample, name) for sample in samples]) for name in ("weak", "student"))
        if np.ptp(weak, axis=0).max() <= _ALIKE * np.abs(weak).max():
            return Missing("the teacher answers alike in every seed")
        gradients = np.stack([loss.gradient(answers) for answers in weak])
        dual = gradients.mean(axis=0)
        if loss.geometry == "quadratic":
            mean = weak.mean(axis=0)
        elif loss.geometry == "entropic":
            powers = np.exp(dual - dual.max(axis=1, keepdims=True))
            mean = powers / powers.sum(axis=1, keepdims=True)
        else:
            return Missing(f"the mean of teachers is not known for {loss.name}")
        gain, misfit, err_student = (np.mean([getattr(sample, name) for sample in samples], axis=0)
                                     for name in ("gain", "misfit", "err_student"))
        to_mean = np.mean([loss.between(answers, mean) for answers in student], axis=0)
        variance = np.mean([loss.between(mean, answers) for answers in weak], axis=0)
        return {
            "gain": gain, "misfit": misfit, "variance": variance,
            "gain_on_mean": loss.between(truth, mean) - err_student, "misfit_to_mean": to_mean,
            "covariance": np.einsum("snk,snk->n", student - student.mean(axis=0), gradients - dual) / len(samples),
            "gain_less_misfit": gain - misfit, "nearer_to_mean": misfit - to_mean, "nearer_than_teachers": variance - to_mean}
