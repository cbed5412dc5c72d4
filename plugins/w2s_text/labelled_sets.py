"""Data sets of the hub whose examples carry a yes/no label of their own.

The 22 sets are those of Burns et al. (2023), "Weak-to-Strong Generalization", appendix A, as EleutherAI/w2s loads them
(w2s/ds_registry.py at a929af0); the wording of the texts is ours. Each declaration's `seen` says where its id was seen.
Licences are those that the hub's pages state; "not stated" where a page states none.
"""

from __future__ import annotations

from w2s_text.hub_set import Example, HubSet, Raw

REGISTRY = "EleutherAI/w2s ds_registry.py at a929af0"
"""Where ids and splits of the 22 sets, amazon-polarity, anthropic-hh and SciQ with support were seen."""

ETHICS = "Hendrycks et al. (2021), Aligning AI With Shared Human Values, ICLR; arXiv 2008.02275"
SUPER_GLUE = "via Wang et al. (2019), SuperGLUE, NeurIPS; arXiv 1905.00537"
CONVERTED = "refs/convert/parquet"
"""The branch in which the hub keeps a Parquet copy of a data set; `datasets` 4 and later load no scripts."""

FEELING = ("negative", "positive")
ENTAILED = {0: 1, 1: 0, 2: 0}
"""Entailment, neutral, contradiction."""


def _boolq(raw: Raw, draw: int) -> Example:
    return Example(f"Passage: {raw['passage']}\nQuestion: {raw['question'].rstrip('?')}?", int(raw["answer"]), raw["passage"])


def _justice(raw: Raw, draw: int) -> Example:
    return Example(f"{raw['scenario']}\nIs this just?", raw["label"], raw["scenario"])


def _deontology(raw: Raw, draw: int) -> Example:
    return Example(f"Request or role: {raw['scenario']}\nReply: {raw['excuse']}\nIs the reply reasonable?", raw["label"],
                   raw["scenario"])


def _virtue(raw: Raw, draw: int) -> Example:
    scene, _, trait = raw["scenario"].partition("[SEP]")
    return Example(f"{scene.strip()}\nDoes this show the trait: {trait.strip()}?", raw["label"], scene.strip())


def _anli(raw: Raw, draw: int) -> Example:
    return Example(f"Premise: {raw['premise']}\nHypothesis: {raw['hypothesis']}\nDoes the premise entail the hypothesis?",
                   ENTAILED.get(raw["label"], -1), raw["premise"])


def _sentence(raw: Raw, draw: int) -> Example:
    return Example(raw["sentence"].strip(), raw["label"])


def _mc_taco(raw: Raw, draw: int) -> Example:
    return Example(f"{raw['sentence']}\nQuestion: {raw['question']}\nAnswer: {raw['answer']}\nIs the answer plausible?",
                   raw["label"], f"{raw['sentence']}\n{raw['question']}")


def _paws(raw: Raw, draw: int) -> Example:
    return Example(f"First: {raw['sentence1']}\nSecond: {raw['sentence2']}\nDo both say the same?", raw["label"])


def _multirc(raw: Raw, draw: int) -> Example:
    return Example(f"{raw['paragraph']}\nQuestion: {raw['question']}\nAnswer: {raw['answer']}\nIs the answer right?",
                   raw["label"], raw["paragraph"])


def _wic(raw: Raw, draw: int) -> Example:
    return Example(f"First: {raw['sentence1']}\nSecond: {raw['sentence2']}\nDoes {raw['word']} mean the same in both?",
                   raw["label"])


def _tweet(raw: Raw, draw: int) -> Example:
    return Example(raw["text"], raw["label"])


def _review(raw: Raw, draw: int) -> Example:
    return Example(f"{raw['title']}\n{raw['content']}", raw["label"])


BOOLQ = HubSet(
    "boolq", "BoolQ", "google/boolq", _boolq, "train", "validation", "CC-BY-SA-3.0",
    "Clark et al. (2019), BoolQ: Exploring the Surprising Difficulty of Natural Yes/No Questions, NAACL",
    f"{REGISTRY} (as boolq, its former name); google/boolq and its file data/validation-00000-of-00001.parquet in public code")
ETHICS_JUSTICE = HubSet(
    "ethics-justice", "ETHICS justice", "hendrycks/ethics", _justice, "train", "test", "MIT", ETHICS,
    f"{REGISTRY}; folders of the Parquet branch on the hub's page of a915b47", folder="justice", revision=CONVERTED)
ETHICS_DEONTOLOGY = HubSet(
    "ethics-deontology", "ETHICS deontology", "hendrycks/ethics", _deontology, "train", "test", "MIT", ETHICS,
    f"{REGISTRY}; folders of the Parquet branch on the hub's page of a915b47", folder="deontology", revision=CONVERTED)
ETHICS_VIRTUE = HubSet(
    "ethics-virtue", "ETHICS virtue", "hendrycks/ethics", _virtue, "train", "test", "MIT", ETHICS,
    f"{REGISTRY}; folders of the Parquet branch on the hub's page of a915b47", folder="virtue", revision=CONVERTED)
ANLI_R2 = HubSet(
    "anli-r2", "ANLI round 2", "facebook/anli", _anli, "train_r2", "test_r2", "CC-BY-NC-4.0",
    "Nie et al. (2020), Adversarial NLI: A New Benchmark for Natural Language Understanding, ACL", REGISTRY)
COLA = HubSet(
    "cola", "CoLA", "nyu-mll/glue", _sentence, "train", "validation", "other (GLUE)",
    "Warstadt, Singh and Bowman (2019), Neural Network Acceptability Judgments, TACL", REGISTRY, config="cola",
    classes=("unacceptable", "acceptable"))
SST2 = HubSet(
    "sst2", "SST-2", "stanfordnlp/sst2", _sentence, "train", "validation", "not stated",
    "Socher et al. (2013), Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank, EMNLP",
    f"{REGISTRY}; the commit in public code that pins it", revision="8d51e7e4887a4caaa95b3fbebbf53c0490b58bbb",
    classes=FEELING)
MC_TACO = HubSet(
    "mc-taco", "MC-TACO", "CogComp/mc_taco", _mc_taco, "test", "validation", "unknown",
    "Zhou et al. (2019), Going on a Vacation Takes Longer Than Going for a Walk, EMNLP; arXiv 1909.03065",
    f"{REGISTRY} (as mc_taco), which trains on the larger split; the hub's page of 0930ef7 (a script); "
    "its Parquet branch in public code", revision=CONVERTED)
PAWS = HubSet(
    "paws", "PAWS", "google-research-datasets/paws", _paws, "train", "test", "free for any purpose, attribution asked for",
    "Zhang, Baldridge and He (2019), PAWS: Paraphrase Adversaries from Word Scrambling, NAACL",
    f"{REGISTRY} (as paws, its former name); google-research-datasets/paws with labeled_final in public code",
    config="labeled_final")
MULTIRC = HubSet(
    "multirc", "MultiRC", "aps/super_glue", _multirc, "train", "validation", "other (SuperGLUE)",
    f"Khashabi et al. (2018), Looking Beyond the Surface, NAACL; {SUPER_GLUE}",
    f"{REGISTRY} (as super_glue); the hub's page of 3de24cf (Parquet)", config="multirc")
WIC = HubSet(
    "wic", "WiC", "aps/super_glue", _wic, "train", "validation", "other (SuperGLUE)",
    f"Pilehvar and Camacho-Collados (2019), WiC: the Word-in-Context Dataset, NAACL; {SUPER_GLUE}",
    f"{REGISTRY} (as super_glue); the hub's page of 3de24cf (Parquet)", config="wic")
TWITTER_SENTIMENT = HubSet(
    "twitter-sentiment", "Twitter sentiment", "EleutherAI/twitter-sentiment", _tweet, "train", "test", "not stated",
    "as uploaded by EleutherAI, whose page names no paper", f"{REGISTRY}; the hub's page of 7c4f320 (Parquet)",
    classes=FEELING)
AMAZON_POLARITY = HubSet(
    "amazon-polarity", "Amazon reviews", "fancyzhx/amazon_polarity", _review, "train", "test", "Apache-2.0",
    "Zhang, Zhao and LeCun (2015), Character-level Convolutional Networks for Text Classification, NeurIPS",
    f"{REGISTRY} and openai/weak-to-strong datasets.py at 6b450f2 (as amazon_polarity, its former name); "
    "fancyzhx/amazon_polarity in public code", classes=FEELING, burns=False)
