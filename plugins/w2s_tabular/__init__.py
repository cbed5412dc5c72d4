"""Tables of numbers: three sets of scikit-learn's, any file of your own, and features that need no training."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import LIMIT, READING, ModelEntry, Parameter, TaskEntry, hookimpl

requires_api = ">=1,<2"

REGRESSION = frozenset({"regression"})


@hookimpl
def w2s_tasks() -> Iterable[TaskEntry]:
    """Small real data sets, and the reader of your own files."""
    reuse = Parameter("reuse_inputs", bool, False, "supervise and transfer are one and the same sample")
    yield TaskEntry(
        "diabetes", "w2s_tabular.diabetes:Diabetes",
        summary="disease progression of 442 patients from 10 measurements, as shipped with scikit-learn",
        tags=REGRESSION | {"small"}, parameters=(reuse, LIMIT),
    )
    for name, target, summary in (
            ("breast-cancer", "BreastCancer", "569 tumours, malignant or benign, by 30 measurements of their cells' nuclei"),
            ("digits", "Digits", "1,797 handwritten digits as 8 x 8 pixels")):
        yield TaskEntry(name, f"w2s_tabular.scikit_classes:{target}", summary=f"{summary}, as shipped with scikit-learn",
                        tags=frozenset({"classes", "small"}), parameters=(LIMIT,))
    yield TaskEntry(
        "arrays", "w2s_tabular.arrays:own_arrays",
        summary="your own table: CSV, TSV, JSON, Parquet, npz, or a folder of tables or of .npy files",
        tags=REGRESSION | {"classes", "own-data"},
        parameters=(
            Parameter("path", str, None, "the file, or the folder of tables or of .npy files", role="place"),
            Parameter("label", str, "y", "column that holds the label"),
            Parameter("splits", str, "split", "column with supervise, transfer or test in each row; "
                      "drawn by the seed when there is none, and with none", words=("none",)),
            Parameter("features", str, "", "columns that form x, joined with +; "
                      "empty: the array x, the only matrix, or every numeric column but label, split, id and row numbers"),
            Parameter("exclude", str, "", "columns that stay out of x, joined with +"),
            Parameter("include", str, "", "columns that are in x though they look like row numbers or teach, joined with +"),
            Parameter("answers", str, "", "columns with a teacher's answers, joined with +: not in x, classes by name, and rows "
                      "without an answer leave; those of `given` in the same spec are added"),
            Parameter("difficulty", str, "", "column of numbers, larger is harder: the easiest 40 % supervise, transfer and test "
                      "are drawn from the others; not in x"),
            Parameter("id", str, "auto", "column of unique ids; auto: 'id' where there is one; none: row numbers",
                      words=("auto", "none")),
            *READING,
            Parameter("gaps", str, "refuse", "what fills a gap in a column of x: its mean or median over all rows, those of test "
                      "too, and never a label; refuse: nothing does", choices=("refuse", "mean", "median")),
            Parameter("output", str, "number", "what the label is: a number, a class, or a step of a scale (ordinal)",
                      choices=("number", "classes", "ordinal")),
            Parameter("classes", str, "", 'names of the classes in order, "no,yes"; empty: those in the column, sorted'),
            Parameter("balance", str, "off", "on: as many of every class as of the smallest, after limit, alike for every seed",
                      choices=("off", "on")),
            LIMIT,
            Parameter("divergence", str, "auto", "loss that scores the task: squared, kl, brier, or another that a plugin "
                      "offers; auto: squared for numbers, for classes kl, or brier where a teacher of answers= names classes "
                      "alone"),
            reuse,
        ),
    )


@hookimpl
def w2s_models() -> Iterable[ModelEntry]:
    """Features taken from the table itself."""
    yield ModelEntry(
        "raw", "w2s_tabular.raw:Raw", summary="the input column as it is", tags=frozenset({"tabular"}),
        parameters=(Parameter("column", str, "x", "input column to read"),),
    )
    yield ModelEntry(
        "random-features", "w2s_tabular.random_features:RandomFeatures",
        summary="random ReLU, Fourier or linear features of the standardised inputs", tags=frozenset({"tabular"}),
        libraries=("scipy",),
        parameters=(
            Parameter("width", int, 256, "number of features", low=8, high=4096),
            Parameter("kind", str, "relu", "shape of one feature", choices=("relu", "fourier", "linear")),
            Parameter("seed", int, 0, "which draw of the weights", low=0),
            Parameter("bias", bool, True, "random offsets; false: none"),
            Parameter("standardise", bool, True, "features of the standardised inputs; false: of the inputs as they are"),
            Parameter("redraw", bool, False, "another draw in each of the cell's seeds"),
        ),
    )
    yield ModelEntry(
        "given", "w2s_tabular.given:Given",
        summary="one numeric column of the task, such as predictions made elsewhere; as a teacher it is not in x",
        tags=frozenset({"tabular", "own-data"}),
        parameters=(Parameter("column", str, None, "input column that is the embedding"),),
    )
