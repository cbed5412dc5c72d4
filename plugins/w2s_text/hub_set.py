"""What a data set of the Hugging Face hub is declared by, and the source that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import Array, Classes, DataError, Preferences, UsageError, fixed_sample, seed_for
from w2s_text.hub import HubCopy, absent_copy, cached_commit, commit_named, commit_on_hub, digest_of_parts, read_parts

if TYPE_CHECKING:
    from w2s_text.labelled import Labelled, LabelledTask

Raw = Mapping[str, Any]
BATCH = 2048


@dataclass(frozen=True)
class Example:
    """One formatted example. label: 0 or 1. group: what it shares with related examples; "" where that is its text.

    other: of a pair, the second text; the label is then 1 where the first, `text`, is preferred.
    """

    text: str
    label: int
    group: str = ""
    other: str = ""


@dataclass(frozen=True)
class HubSet:
    """One binary data set of the hub. Called with a task's parameters, it gives the task.

    formatter: a raw row and a number drawn for its id, in [0, 2⁶³), to an `Example`; a pure function.
    config, folder, revision: how the hub's copy is loaded; folder is one of a branch of Parquet files, such as the hub makes
    of data sets that hold a script. train, test: splits with labels. classes: names of label 0 and label 1.
    seen: where id, splits and revision were seen. burns: one of the 22 sets of Burns et al. (2023). pairs: its examples are
    pairs of texts, one of which is preferred; pairs of equal texts are left out.
    """

    name: str
    title: str
    hub: str
    formatter: Callable[[Raw, int], Example]
    train: str
    test: str
    licence: str
    citation: str
    seen: str
    config: str = ""
    folder: str = ""
    revision: str = ""
    classes: tuple[str, str] = ("no", "yes")
    burns: bool = True
    pairs: bool = False

    @property
    def copy(self) -> HubCopy:
        """What it is loaded by."""
        return HubCopy(self.name, self.hub, self.train, self.test, self.config, self.folder)

    def __call__(self, limit: int, path: str, revision: str, divergence: str, difficulty: str,
                 balance: str = "off") -> LabelledTask:
        from w2s_text.labelled import LabelledTask

        if path and revision:
            raise UsageError(f"revision={revision} is one of the hub, and path={path} is a folder here", where=self.name,
                             hint="give one of the two")
        source = HubSource(self, path, revision or self.revision, asked=bool(revision))
        output = Preferences() if self.pairs else Classes(2, self.classes)
        return LabelledTask(self.name, source, output, divergence, self.licence, self.citation, balance, limit, difficulty)


@dataclass(frozen=True)
class HubSource:
    """The examples of a declared set, from the hub or from a folder of its Parquet files.

    asked: whether the user named the revision, which then stands for no older copy that happens to be in the cache.
    """

    declared: HubSet
    path: str
    revision: str
    asked: bool = False

    def fingerprint(self) -> str:
        """SHA-256 of the files of a folder; `id[config]@commit` of the copy in the cache, or `@revision` without one."""
        if self.path:
            return digest_of_parts(self.declared.copy, self.path)
        part = self.declared.config or self.declared.folder
        return f"{self.declared.hub}[{part}]@{self._commit() or self.revision or 'main'}"

    def pinned(self) -> dict[str, str]:
        """The commit on the hub, as far as it is known."""
        commit = None if self.path else self._commit()
        return {"revision": commit} if commit else {}

    def absent(self) -> str:
        """What is neither in the cache nor on a hub that answers; "" for a folder."""
        return "" if self.path else absent_copy(self.declared.copy, self.revision)

    def _commit(self) -> str | None:
        cached = None if self.asked else cached_commit(self.declared.copy)
        return commit_named(self.revision) or cached or commit_on_hub(self.declared.hub, self.revision)

    def read(self, limit: int) -> Labelled:
        """The formatted examples of the labelled splits. Raises DataError with the row at fault."""
        import numpy as np

        from w2s_text.labelled import Labelled, one_hot, sample_sizes, text_array

        train, test = read_parts(self.declared.copy, self.path, self._commit() or self.revision)
        declared = self.declared
        sizes = sample_sizes(len(train), len(test), limit)
        examples: list[Example] = []
        ids: list[str] = []
        for part, split, size in ((train, declared.train, sizes[0]), (test, declared.test, sizes[1])):
            rows = fixed_sample(len(part), size, declared.name, split)
            for row, raw in zip(rows.tolist(), _raw_rows(part, rows), strict=True):
                ids.append(f"{split}-{row}")
                examples.append(formatted(declared, raw, ids[-1]))
        whole = Labelled(
            text_array([example.text for example in examples]), one_hot([example.label for example in examples], 2),
            text_array(ids), text_array([example.group or example.text for example in examples]),
            np.arange(len(ids)) >= sizes[0],
            text_array([example.other for example in examples]) if declared.pairs else None)
        return whole.at(np.flatnonzero(whole.texts != whole.others)) if declared.pairs else whole


def _raw_rows(part: Any, rows: Array) -> Iterator[Raw]:
    """These rows of a `datasets.Dataset`, some thousand at a time: the largest sets have millions."""
    for batch in (part if len(rows) == len(part) else part.select(rows)).iter(BATCH):
        for values in zip(*batch.values(), strict=True):
            yield dict(zip(batch, values, strict=True))


def formatted(declared: HubSet, raw: Raw, identity: str) -> Example:
    """The example of one raw row. Raises DataError for a row that is not as declared, or that has no label."""
    where = f"{declared.hub}, {identity}"
    try:
        example = declared.formatter(raw, seed_for("answer", task=declared.name, id=identity))
    except KeyError as error:
        raise DataError(f"has no column {error}", where=where,
                        hint=f"its columns: {', '.join(raw)}. A revision= with the declared ones would do") from error
    except (TypeError, ValueError, IndexError) as error:
        raise DataError(f"is no {declared.title} example: {error}", where=where) from error
    if example.label not in (0, 1) or not isinstance(example.text, str) or not isinstance(example.other, str):
        raise DataError(f"has the label {example.label!r}, not 0 or 1", where=where,
                        hint="splits whose labels are hidden hold -1; choose a revision or folder with labels")
    return example


def chosen_answer(right: str, wrong: list[str], draw: int) -> tuple[str, int]:
    """One answer and whether it is right: the right one and some wrong one are equally likely, as in openai/weak-to-strong.

    wrong: the other answers, at least one, all alike likely. draw: a number drawn for the example.
    """
    if not wrong:
        raise ValueError("no wrong answer to choose")
    return (right, 1) if draw & 1 else (wrong[(draw >> 1) % len(wrong)], 0)


def declared_sets(module: Any) -> dict[str, HubSet]:
    """The sets that a module declares, by the name of the attribute, in the order of the module."""
    return {attribute: value for attribute, value in vars(module).items() if isinstance(value, HubSet)}


