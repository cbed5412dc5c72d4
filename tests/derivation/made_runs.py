"""Small runs of ten kinds, made by the program that is checked. Each is a second or less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import w2s_bench as w2s
from w2s_bench.contracts import Classes, Output, Regression, Splits, draw_splits, generator_for

OWN_FILE, TEXTS = "a file with given splits, weak labels of a rule", "texts, nano, fine-tuned"


@dataclass(frozen=True)
class Kinds:
    """k classes by the largest of k noisy linear functions, drawn by the seed; `sharp` is a noisier guess, all but one-hot."""

    k: int
    divergence: str
    n: int = 300
    ordered: bool = False
    names: tuple[str, ...] = ()
    licence = "generated here"
    citation = ""

    @property
    def output(self) -> Output:
        return Classes(self.k, self.names, self.ordered)

    def fingerprint(self) -> str:
        return "1"

    def load(self, seed: int) -> Splits:
        random = generator_for("kinds", k=self.k)
        x = random.normal(size=(self.n, 6)).astype(np.float32).astype(np.float64)
        scores = x @ random.normal(size=(6, self.k))
        truth = np.eye(self.k)[(scores + random.normal(size=scores.shape)).argmax(axis=1)]
        guessed = np.maximum(np.eye(self.k)[(scores + 1.5 * random.normal(size=scores.shape)).argmax(axis=1)], 1e-8)
        ids = np.array([f"é{i}" for i in range(self.n)])
        return draw_splits({"x": x, "few": x[:, :2], "sharp": guessed}, truth, ids, seed)


@dataclass(frozen=True)
class Several:
    """Three numbers of an example, scored by their mean squared error: linear functions of x, or one that is and two not.

    again: the test inputs are those of transfer, so that what is exact there is exact on test.
    """

    linear: bool = False
    again: bool = False
    n: int = 260
    divergence = "squared-mean"
    licence = "generated here"
    citation = ""

    @property
    def output(self) -> Output:
        return Regression(3, "cm")

    def fingerprint(self) -> str:
        return "1"

    def load(self, seed: int) -> Splits:
        random = generator_for("several", seed=seed)
        x = random.normal(size=(self.n, 5)).astype(np.float32).astype(np.float64)
        curved = np.stack([x.sum(axis=1), np.abs(x[:, 0]), x[:, 1] * x[:, 2]], axis=1)
        truth = x[:, :3] + x[:, 2:] if self.linear else curved
        drawn = draw_splits({"x": x, "few": x[:, :2]}, truth, np.array([f"case {i}" for i in range(self.n)]), seed)
        return Splits(drawn.supervise, drawn.transfer, drawn.transfer) if self.again else drawn


def file_with_splits(folder: Path) -> None:
    """table.csv: numbers with splits of their own, and a rule's answer as a column."""
    random = np.random.default_rng(5)
    x = np.round(random.normal(size=(165, 4)), 3)
    y = np.round(np.exp(x[:, 0]) + x[:, 1] + 0.3 * random.normal(size=165), 3)
    rule = np.round(1.0 + x[:, 0] + x[:, 1], 3)
    part = ["supervise"] * 60 + ["transfer"] * 60 + ["test"] * 45
    lines = [f"{i},{','.join(map(str, x[i]))},{rule[i]},{y[i]},{part[i]}" for i in range(165)]
    (folder / "table.csv").write_text("\n".join(["id,a,b,c,d,rule,y,split", *lines]) + "\n")


def texts(folder: Path) -> None:
    """texts.csv: short texts of two classes."""
    random = np.random.default_rng(7)
    words = {"good": ["fine", "great", "sweet", "kind"], "bad": ["poor", "grim", "sour", "mean"]}
    rows = ["id,text,label"]
    for i in range(120):
        label = ("good", "bad")[i % 2]
        said = [words[label if random.random() < 0.75 else ("good", "bad")[1 - i % 2]][random.integers(4)] for _ in range(4)]
        rows.append(f"t{i},a {' '.join(said)} day,{label}")
    (folder / "texts.csv").write_text("\n".join(rows) + "\n")


def words_of(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """The words of each run, by what it is; files of it are written into the folder."""
    mixture = "class-mixture[d=4,seen=2,supervise=60,transfer=60,test=60,heads=2"
    return {
        OWN_FILE: {
            "tasks": f'arrays[path="{folder}/table.csv",exclude=rule]', "weak": "given[column=rule]",
            "strong": "random-features[width=8,redraw=true]", "supervisors": ["as-is", "ridge"],
            "strategies": ["ridge", "knn[neighbours=5]"], "seeds": range(2)},
        TEXTS: {
            "tasks": f'text[path="{folder}/texts.csv",output=classes]', "models": "nano[width=[2,4],layers=1,context=24,steps=6]",
            "supervisors": "logistic", "strategies": ["logistic", "finetune[weights=full,epochs=1]"]},
        "numbers: linear heads in a ball, in a subspace, stopped early; both directions": {
            "tasks": "diabetes", "models": ["raw", "random-features[width=8]"], "supervisors": "ridge", "seeds": range(2),
            "strategies": ["ridge", "ridge[penalty=0.3]", "least-squares", "gradient-flow"]},
        "a synthetic network": {
            "tasks": "mlp[supervise=30,transfer=60,test=60]", "weak": "mlp-features[source=perturbed,noise=0.2]",
            "strong": ["mlp-features[source=target]", "mlp-features[source=perturbed,noise=0.05]"],
            "strategies": ["least-squares", "ridge"], "supervisors": "ridge"},
        "known label noise, reused inputs, strong to weak": {
            "tasks": ["correlated[d=24,supervise=60,transfer=80,test=70]", "diabetes[reuse_inputs=true]"],
            "weak": "random-features[width=32]", "strong": "random-features[width=8]", "strategies": "least-squares",
            "supervisors": "least-squares"},
        "true probabilities, one softmax head": {
            "tasks": "class-mixture[d=4,seen=2,heads=1,supervise=60,transfer=80,test=70]", "weak": "random-features[width=8]",
            "strong": "raw", "strategies": ["logistic", "logistic[penalty=0]", "mix[truth=0.5]"], "supervisors": "logistic"},
        "reverse kl, a mixture of heads": {
            "tasks": [f"{mixture}]", f"{mixture},labels=sampled]"], "weak": "raw[column=seen]", "strong": "raw",
            "strategies": "reverse-kl[k=3]", "supervisors": "logistic"},
        "two classes under kl, sharp, hard and mixed labels": {
            "tasks": Kinds(2, "kl", names=("no", "yes")), "weak": "raw[column=sharp]", "strong": "raw", "seeds": range(2),
            "supervisors": ["logistic", "as-is"], "strategies": ["logistic", "hard[student=logistic]", "mix[truth=0.5]"]},
        "six ordered classes under brier": {
            "tasks": Kinds(6, "brier", ordered=True), "weak": "raw[column=few]", "strong": ["raw", "random-features[width=16]"],
            "supervisors": "logistic", "strategies": ["logistic", "knn", "reverse-kl[k=2]"]},
        "several numbers, a class that holds the truth": {
            "tasks": [Several(), Several(linear=True, again=True)], "supervisors": "ridge",
            "models": ["raw[column=few]", "raw", "random-features[width=128]"],
            "strategies": ["least-squares", "mix[truth=1,student=least-squares]"]}}


RUNS = tuple(words_of(Path()))


def made(name: str, folder: Path) -> Path:
    """The folder of that run."""
    for of, write in ((OWN_FILE, file_with_splits), (TEXTS, texts)):
        if name == of:
            write(folder)
    return Path(str(w2s.run(**words_of(folder)[name], folder=folder / "run", store=str(folder / "store"), executor="here",
                            name="small").folder))
