"""Columns of a row that one figure may show, what they are in words, and how they are averaged."""

RATIOS = {"gain_over_misfit": ("gain", ("misfit",), ("err_weak",)),
          "pgr": ("gain", ("err_weak", "err_ceiling"), ("err_weak", "err_ceiling")),
          "pgr_accuracy": ("gain_accuracy", ("accuracy_ceiling", "accuracy_weak"), ("accuracy_ceiling", "accuracy_weak"))}
"""Ratios of means, never means of ratios: what stands above, below as one column or a difference of two, and the columns beside
whose sum what stands below may be rounding."""
NOTHING = 1e-9
"""Share of such a sum below which a ratio is none."""
SIGNED = ("gain", "projection", "realizability", "pgr", "predicted_err", "gain_accuracy", "pgr_accuracy")
SHARES = ("accuracy_weak", "accuracy_student", "accuracy_ceiling", "agreement", "agreement_weak_right", "agreement_weak_wrong")
"""Shares of the test examples, for classes."""
PLAIN = ("misfit", "misfit_reverse", "err_weak", "err_student", "err_ceiling", "delta_exact", "projection_gap", *SHARES)
VALUES = (*SIGNED, *PLAIN, "gain_over_misfit")
UNITLESS = (*RATIOS, *SHARES, "gain_accuracy", "projection_gap")
"""Values that are pure numbers."""
WORDS = {
    "gain": "gain", "misfit": "misfit", "misfit_reverse": "reverse misfit D(weak, student)", "projection": "projection",
    "realizability": "realizability", "err_weak": "error of the weak supervisor", "err_student": "error of the student",
    "err_ceiling": "error of the ceiling", "predicted_err": "err_weak − misfit",
    "delta_exact": "δ, excess of the misfit over the least one", "pgr": "performance gap recovered",
    "gain_accuracy": "gain in accuracy", "pgr_accuracy": "performance gap recovered, on accuracy",
    "accuracy_weak": "accuracy of the weak supervisor", "accuracy_student": "accuracy of the student",
    "accuracy_ceiling": "accuracy of the ceiling", "agreement": "agreement of student and weak supervisor",
    "agreement_weak_right": "agreement where the weak supervisor is right",
    "agreement_weak_wrong": "agreement where the weak supervisor is wrong",
    "gain_over_misfit": "gain over misfit", "projection_gap": "projection gap ‖P_s (I − P_w)‖"}
"""Columns in words."""
