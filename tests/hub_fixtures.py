"""Small tables in the schemas of the hub's data sets, written as the Parquet folders that one downloads from there.

Eight training rows and four test rows a set. `FIXTURES[name]` is the layout of its files and the row of a number;
`EXPECTED[name]` is the text and the label of the example `{train split}-0`, and how many of the twelve labels are 1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from w2s_text.hub_set import HubSet

Row = dict[str, Any]

CHOICES = {"text": ["rock", "fish", "cloud", "tree"], "label": ["A", "B", "C", "D"]}


def _ethics(i: int) -> Row:
    return {"label": i % 2, "scenario": f"I deserve a rest because I ran {i} miles."}


def _choices(i: int) -> Row:
    return {"id": str(i), "question_stem": f"What is number {i}?", "choices": CHOICES, "answerKey": "ABCD"[i % 4]}


def _science(i: int) -> Row:
    return {"question": f"What is {i}?", "distractor3": "iron", "distractor1": "gold", "distractor2": "tin",
            "correct_answer": "water", "support": f"Text {i}." if i else ""}


FIXTURES: dict[str, tuple[str, Callable[[int], Row]]] = {
    "boolq": ("data/{}-00000-of-00001", lambda i: {"question": f"is it {i}", "answer": i % 2 == 0, "passage": f"Page {i // 2}."}),
    "ethics-justice": ("justice/{}/0000", _ethics),
    "ethics-deontology": ("deontology/{}/0000", lambda i: {"label": i % 2, "scenario": f"Am I a cook of {i // 4} dishes?",
                                                           "excuse": f"No, because {i}."}),
    "ethics-virtue": ("virtue/{}/0000", lambda i: {"label": int(i % 4 == 0), "scenario": f"Ann gave {i // 4} coins. [SEP] kind"}),
    "anli-r2": ("plain_text/{}-00000-of-00001", lambda i: {
        "uid": f"u{i}", "premise": f"Bo has {i} cats.", "hypothesis": "Bo has a cat.", "label": i % 3, "reason": ""}),
    "cola": ("cola/{}-00000-of-00001", lambda i: {"sentence": f"Go {i} there . ", "label": int(i % 3 > 0), "idx": i}),
    "sst2": ("data/{}-00000-of-00001", lambda i: {"idx": i, "sentence": f"a film of {i} parts ", "label": int(i % 3 > 0)}),
    "mc-taco": ("plain_text/{}/0000", lambda i: {
        "sentence": "She slept.", "question": f"How long was {i // 3}?", "answer": f"{i} hours", "label": int(i % 3 == 0),
        "category": 0}),
    "paws": ("labeled_final/{}-00000-of-00001", lambda i: {"id": i, "sentence1": f"a to b {i}", "sentence2": f"b to a {i}",
                                                           "label": i % 2}),
    "multirc": ("multirc/{}-00000-of-00001", lambda i: {
        "paragraph": f"Para {i // 4}.", "question": "Who?", "answer": f"Man {i}", "idx": {"paragraph": 0, "question": 0,
                                                                                         "answer": i}, "label": i % 2}),
    "wic": ("wic/{}-00000-of-00001", lambda i: {
        "word": "bank", "sentence1": f"The bank of {i}.", "sentence2": "A river bank.", "start1": 4, "start2": 8, "end1": 8,
        "end2": 12, "idx": i, "label": i % 2}),
    "twitter-sentiment": ("data/{}-00000-of-00001", lambda i: {"text": f"@you so happy {i} :)", "label": i % 2}),
    "amazon-polarity": ("amazon_polarity/{}-00000-of-00001", lambda i: {"label": i % 2, "title": f"Lamp {i}",
                                                                        "content": "It shines."}),
    "cosmos-qa": ("data/{}-00000-of-00001", lambda i: {
        "id": str(i), "context": f"It rained on {i // 2}.", "question": "Why?", "answer0": "None of the above choices .",
        "answer1": "Clouds came .", "answer2": "It was dry .", "answer3": "A tap ran .", "label": i % 4}),
    "dream": ("plain_text/{}/0000", lambda i: {
        "id": i, "dialogue_id": f"d{i // 2}", "dialogue": [f"M: Hello {i // 2}.", "W: Hi."], "question": "Who speaks first?",
        "choice": ["The man.", "The woman.", "No one."], "answer": "The man."}),
    "hellaswag": ("data/{}-00000-of-00001", lambda i: {
        "ind": i, "activity_label": "Baking", "ctx_a": "A cook", "ctx_b": "he", "ctx": f"A cook bakes {i}. he",
        "endings": ["eats.", "flies.", "sinks.", "barks."], "source_id": "s", "split": "train", "split_type": "indomain",
        "label": str(i % 4)}),
    "openbookqa": ("main/{}-00000-of-00001", _choices),
    "quail": ("quail/{}-00000-of-00001", lambda i: {
        "id": f"f{i}", "context_id": f"c{i // 3}", "question_id": str(i), "domain": "fiction", "context": f"Story {i // 3}.",
        "question": "What now?", "question_type": "Causality", "answers": ["left", "right", "up", "not enough information"],
        "correct_answer_id": i % 4}),
    "piqa": ("plain_text/{}/0000", lambda i: {"goal": f"Open jar {i}", "sol1": "Turn the lid.", "sol2": "Freeze the jar.",
                                              "label": i % 2}),
    "quartz": ("data/{}-00000-of-00001", lambda i: {
        "id": f"q{i}", "question": f"Is it more or less {i}?", "choices": {"text": ["more", "less"], "label": ["A", "B"]},
        "answerKey": "AB"[i % 2], "para": f"Rule {i // 2}.", "para_id": f"p{i // 2}", "para_anno": {}}),
    "sciq": ("data/{}-00000-of-00001", _science),
    "sciq-with-support": ("data/{}-00000-of-00001", _science),
    "social-iqa": ("default/{}/0000", lambda i: {
        "context": f"Kai lent {i // 2} books.", "question": "How is Kai?", "answerA": "kind", "answerB": "rude",
        "answerC": "asleep", "label": str(i % 3 + 1)}),
    "ethics-utilitarianism": ("utilitarianism/{}/0000", lambda i: {"baseline": f"I won {i} coins.",
                                                                   "less_pleasant": f"I lost {i} coins."}),
    "anthropic-hh": ("default/{}/0000", lambda i: {"chosen": f"\n\nHuman: Hi {i}\n\nAssistant: Hello.",
                                                   "rejected": f"\n\nHuman: Hi {i}\n\nAssistant: Go."}),
}

EXPECTED: dict[str, tuple[str, int, int]] = {
    "boolq": ("Passage: Page 0.\nQuestion: is it 0?", 1, 6),
    "ethics-justice": ("I deserve a rest because I ran 0 miles.\nIs this just?", 0, 6),
    "ethics-deontology": ("Request or role: Am I a cook of 0 dishes?\nReply: No, because 0.\nIs the reply reasonable?", 0, 6),
    "ethics-virtue": ("Ann gave 0 coins.\nDoes this show the trait: kind?", 1, 3),
    "anli-r2": ("Premise: Bo has 0 cats.\nHypothesis: Bo has a cat.\nDoes the premise entail the hypothesis?", 1, 4),
    "cola": ("Go 0 there .", 0, 8),
    "sst2": ("a film of 0 parts", 0, 8),
    "mc-taco": ("She slept.\nQuestion: How long was 0?\nAnswer: 0 hours\nIs the answer plausible?", 1, 4),
    "paws": ("First: a to b 0\nSecond: b to a 0\nDo both say the same?", 0, 6),
    "multirc": ("Para 0.\nQuestion: Who?\nAnswer: Man 0\nIs the answer right?", 0, 6),
    "wic": ("First: The bank of 0.\nSecond: A river bank.\nDoes bank mean the same in both?", 0, 6),
    "twitter-sentiment": ("@you so happy 0 :)", 0, 6),
    "amazon-polarity": ("Lamp 0\nIt shines.", 0, 6),
    "cosmos-qa": ("It rained on 0.\nQuestion: Why?\nAnswer: It was dry .\nIs the answer right?", 0, 2),
    "dream": ("M: Hello 0.\nW: Hi.\nQuestion: Who speaks first?\nAnswer: No one.\nIs the answer right?", 0, 5),
    "hellaswag": ("Beginning: A cook bakes 0. he\nContinuation: eats.\nDoes it go on like this?", 1, 8),
    "openbookqa": ("Question: What is number 0?\nAnswer: cloud\nIs the answer right?", 0, 5),
    "quail": ("Story 0.\nQuestion: What now?\nAnswer: left\nIs the answer right?", 1, 8),
    "piqa": ("Goal: Open jar 0\nWay: Freeze the jar.\nDoes it work?", 0, 6),
    "quartz": ("Rule 0.\nQuestion: Is it more or less 0?\nAnswer: less\nIs the answer right?", 0, 4),
    "sciq": ("Question: What is 0?\nAnswer: gold\nIs the answer right?", 0, 5),
    "sciq-with-support": ("Question: What is 0?\nAnswer: iron\nIs the answer right?", 0, 3),
    "social-iqa": ("Kai lent 0 books.\nQuestion: How is Kai?\nAnswer: rude\nIs the answer right?", 0, 7),
    "ethics-utilitarianism": ("First: I lost 0 coins.\nSecond: I won 0 coins.\nIs the first one more pleasant?", 0, 5),
    "anthropic-hh": ("Human: Hi 0\n\nAssistant: Go.", 0, 7),
}


def write_fixture(declared: HubSet, folder: Path, change: Callable[[Row], Row] = dict) -> str:
    """The set's files as the hub lays them out, and the folder's path. change: applied to every row."""
    layout, row = FIXTURES[declared.name]
    for split, first, n in ((declared.train, 0, 8), (declared.test, 8, 4)):
        file = folder / f"{layout.format(split)}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [change(row(i)) for i in range(first, first + n)]
        pl.DataFrame([{k: v for k, v in r.items() if v != {}} for r in rows]).write_parquet(file)
    return str(folder)
