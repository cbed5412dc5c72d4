"""Classes and numbers to predict from text: sets of the hub, files on this machine, your own table, and Python itself."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import LIMIT, READING, Parameter, TaskEntry, hookimpl

requires_api = ">=1,<2"

REGRESSION = frozenset({"regression", "text"})
CLASSES = frozenset({"classes", "text"})
PREFERENCES = frozenset({"preferences", "text"})

ID = Parameter("id", str, "auto", "column of unique ids; auto: 'id' where there is one; none: row numbers",
               words=("auto", "none"))
BALANCE = Parameter("balance", str, "off", "on: as many of every class as of the smallest, after limit, alike for every seed",
                    choices=("off", "on"))
DIVERGENCE = Parameter("divergence", str, "kl", "loss that scores classes; numbers are scored by their squared error",
                       choices=("kl", "brier"))
DIFFICULTY = Parameter("difficulty", str, "none", "words: the shortest 40 % supervise, transfer and test are drawn from the "
                       "longer texts", choices=("none", "words"))


@hookimpl
def w2s_tasks() -> Iterable[TaskEntry]:
    """Tasks from a file of yours, from what every Python carries, from local files of known sets, and from the hub."""
    yield _own_table()
    yield _own_pairs()
    yield TaskEntry(
        "python-functions",
        "w2s_text.python_functions:PythonFunctions",
        summary="log1p(calls + branches) of the functions of the installed standard library, about 6,600",
        tags=REGRESSION,
        parameters=(LIMIT,),
    )
    yield from _local_sets()
    yield from _hub_sets()


def _own_table() -> TaskEntry:
    return TaskEntry(
        "text",
        "w2s_text.own_table:own_table",
        summary="a number or a class from text: CSV, TSV, JSON lines, Parquet, a folder of those, or a data set of the hub",
        tags=REGRESSION | CLASSES,
        parameters=(
            Parameter("path", str, None, "a file, a folder, or with revision= the name of a data set on the hub", role="place"),
            Parameter("text", str, "text", "column that holds the text"),
            Parameter("label", str, "label", "column that holds what is to be predicted"),
            Parameter("split", str, "auto", "column of supervise, transfer and test; auto: 'split' where there is "
                      "one; none: drawn by the seed", words=("auto", "none")),
            ID,
            Parameter("revision", str, "", "commit or tag of a data set on the hub; empty: path is a file or folder"),
            Parameter("name", str, "", "configuration of a data set on the hub"),
            Parameter("unit", str, "", "unit of the label, as printed on axes"),
            Parameter("output", str, "number", "what the label is: a number, a class, or a step of a scale (ordinal)",
                      choices=("number", "classes", "ordinal")),
            Parameter("classes", str, "", 'names of the classes in order, "no,yes"; empty: those in the column, sorted'),
            Parameter("second", str, "", "column of a second text, which is joined to the first with an empty line between"),
            BALANCE,
            LIMIT,
            Parameter("divergence", str, "auto", "loss that scores classes; auto: kl, or brier where a teacher of answers= names "
                      "classes alone; numbers are scored by their squared error", choices=("auto", "kl", "brier")),
            Parameter("difficulty", str, "", "column of numbers, larger is harder, or words: how many a text has; the easiest "
                      "40 % supervise, transfer and test are drawn from the others", words=("words",)),
            Parameter("answers", str, "", "columns with a teacher's answers, joined with +: classes by name, and rows without an "
                      "answer leave; those of `given` in the same spec are added"),
            *READING,
        ),
    )


def _own_pairs() -> TaskEntry:
    return TaskEntry(
        "pairs",
        "w2s_text.own_pairs:own_pairs",
        summary="which of two texts is preferred: CSV, TSV, JSON lines, Parquet, or a folder of those",
        tags=PREFERENCES,
        parameters=(
            Parameter("path", str, None, "a file or a folder", role="place"),
            Parameter("prompt", str, "", "column of what both texts answer, which is read before each; empty: none"),
            Parameter("chosen", str, "chosen", "column of the better text; which comes first is drawn by the id"),
            Parameter("rejected", str, "rejected", "column of the other text"),
            Parameter("first", str, "", "column of the first text, where a column says which is preferred"),
            Parameter("second", str, "", "column of the second text"),
            Parameter("preferred", str, "", "column that says which: the name of its column, first or second, 1 or 2, or the "
                      "probability that the first is preferred"),
            Parameter("sides", str, "", 'other words for the first and the second, "A,B"'),
            Parameter("tie", str, "", "word for neither, which counts as 1/2"),
            Parameter("split", str, "auto", "column of supervise, transfer and test; auto: 'split' where there is one; none: "
                      "drawn by the seed, all pairs of one prompt in one part", words=("auto", "none")),
            ID,
            LIMIT,
            Parameter("divergence", str, "auto", "loss that scores them; auto: kl, or brier where a teacher of answers= names "
                      "sides alone", choices=("auto", "kl", "brier")),
            Parameter("difficulty", str, "", "column of numbers, larger is harder, or words: how many the two texts have; the "
                      "easiest 40 % supervise, transfer and test are drawn from the others", words=("words",)),
            Parameter("answers", str, "", "columns with a teacher's answers, joined with +: words as of preferred, or the "
                      "probability that the first (or chosen) is; rows without an answer leave; those of `given` in the same "
                      "spec are added"),
            *READING,
        ),
    )


def _local_sets() -> Iterable[TaskEntry]:
    path = Parameter("path", str, None, "folder that holds the files", role="place")
    reading = Parameter("as", str, "classes", "five classes, steps of a scale (ordinal), or the number 0 to 4 (regression)",
                        choices=("classes", "ordinal", "regression"))
    labels = Parameter("labels", str, "coarse", "6 coarse types; fine: those of the original files",
                       choices=("coarse", "fine"))
    test = Parameter("test", str, "normal", "which test file", choices=("normal", "hard"))
    for name, target, summary, extra in (
        ("sst2-local", "SST2", "sentiment of sentences of film reviews: stsa.binary.*", ()),
        ("sst5-local", "sst5", "sentiment in five steps, as classes or as a number: stsa.fine.*", (reading,)),
        ("trec-local", "trec", "what a question asks for: TREC.*.all", (labels,)),
        ("subj-local", "SUBJ", "subjective or objective sentences: subj.all", ()),
        ("mr-local", "MR", "sentiment of film reviews: rt-polarity.all", ()),
        ("cr-local", "CR", "sentiment of customer reviews: custrev.all", ()),
        ("mpqa-local", "MPQA", "polarity of opinions in a few words: mpqa.all", ()),
        ("justice-local", "justice", "ETHICS justice: justice_*.csv", (test,)),
    ):
        kinds = CLASSES | REGRESSION if reading in extra else CLASSES
        yield TaskEntry(name, f"w2s_text.local_sets:{target}", summary=summary, tags=kinds | {"local"},
                        parameters=(path, *extra, BALANCE, LIMIT, DIVERGENCE, DIFFICULTY))


def _hub_sets() -> Iterable[TaskEntry]:
    from w2s_text import choice_sets, labelled_sets, pair_sets
    from w2s_text.hub_set import declared_sets

    parameters = (
        LIMIT,
        Parameter("path", str, "", "folder with the data set's files; empty: the hub, or its copy in the cache",
                  role="place"),
        Parameter("revision", str, "", "commit, tag or branch on the hub; empty: the declared one, else the newest"),
        DIVERGENCE,
        DIFFICULTY,
    )
    for module in (labelled_sets, choice_sets):
        for attribute, declared in declared_sets(module).items():
            tags = CLASSES | {"hub"} | ({"burns-nlp"} if declared.burns else set())
            yield TaskEntry(declared.name, f"{module.__name__}:{attribute}", tags=tags, parameters=(BALANCE, *parameters),
                            summary=f"{declared.title}, {' or '.join(declared.classes)} (hub: {declared.hub})")
    for attribute, declared in declared_sets(pair_sets).items():
        yield TaskEntry(declared.name, f"{pair_sets.__name__}:{attribute}", tags=PREFERENCES | {"hub"}, parameters=parameters,
                        summary=f"{declared.title}: which of two is preferred (hub: {declared.hub})")
