"""Data sets of the hub with several answers, or two to compare, as yes/no questions about one of them.

Which answer is shown, and so the label, is drawn by the set's name and the example's id and by nothing else: all seeds
of a cell meet the same pool. The right answer and some wrong one are equally likely, as in the code of Burns et al. (2023),
openai/weak-to-strong (weak_to_strong/datasets.py at 6b450f2).
Sources of ids, splits and licences as in `labelled_sets`; the wording is ours.
"""

from __future__ import annotations

from w2s_text.hub_set import Example, HubSet, Raw, chosen_answer
from w2s_text.labelled_sets import CONVERTED, ETHICS, REGISTRY

NONE_OF_THEM = "none of the above"
LAST_TURN = "\n\nAssistant:"


def _asked(context: str, question: str, answer: str) -> str:
    return f"{context}\nQuestion: {question}\nAnswer: {answer}\nIs the answer right?".lstrip("\n")


def _without(answers: list[str], right: int) -> list[str]:
    return [answer for number, answer in enumerate(answers) if number != right]


def _cosmos(raw: Raw, draw: int) -> Example:
    """An answer that says "none of the above" is never shown by itself; where it is the right one, a wrong one is."""
    answers = [raw[f"answer{number}"] for number in range(4)]
    right = answers[raw["label"]]
    wrong = [answer for answer in _without(answers, raw["label"]) if NONE_OF_THEM not in answer.lower()]
    answer, label = chosen_answer(right, wrong, draw & ~1 if NONE_OF_THEM in right.lower() else draw)
    return Example(_asked(raw["context"], raw["question"], answer), label, raw["context"])


def _dream(raw: Raw, draw: int) -> Example:
    dialogue = "\n".join(raw["dialogue"])
    answer, label = chosen_answer(raw["answer"], _without(raw["choice"], raw["choice"].index(raw["answer"])), draw)
    return Example(_asked(dialogue, raw["question"], answer), label, dialogue)


def _hellaswag(raw: Raw, draw: int) -> Example:
    right = int(raw["label"])
    ending, label = chosen_answer(raw["endings"][right], _without(raw["endings"], right), draw)
    return Example(f"Beginning: {raw['ctx']}\nContinuation: {ending}\nDoes it go on like this?", label, raw["ctx"])


def _openbookqa(raw: Raw, draw: int) -> Example:
    right = raw["choices"]["label"].index(raw["answerKey"])
    answers = raw["choices"]["text"]
    answer, label = chosen_answer(answers[right], _without(answers, right), draw)
    return Example(_asked("", raw["question_stem"], answer), label, raw["question_stem"])


def _quail(raw: Raw, draw: int) -> Example:
    right = raw["correct_answer_id"]
    answer, label = chosen_answer(raw["answers"][right], _without(raw["answers"], right), draw)
    return Example(_asked(raw["context"], raw["question"], answer), label, raw["context"])


def _piqa(raw: Raw, draw: int) -> Example:
    ways = [raw["sol1"], raw["sol2"]]
    if raw["label"] not in (0, 1):
        return Example(raw["goal"], raw["label"])
    way, label = chosen_answer(ways[raw["label"]], _without(ways, raw["label"]), draw)
    return Example(f"Goal: {raw['goal']}\nWay: {way}\nDoes it work?", label, raw["goal"])


def _quartz(raw: Raw, draw: int) -> Example:
    right = raw["choices"]["label"].index(raw["answerKey"])
    answers = raw["choices"]["text"]
    answer, label = chosen_answer(answers[right], _without(answers, right), draw)
    return Example(_asked(raw["para"], raw["question"], answer), label, raw["para"])


def _science(raw: Raw, draw: int) -> tuple[str, int]:
    return chosen_answer(raw["correct_answer"], [raw[f"distractor{number}"] for number in (1, 2, 3)], draw)


def _sciq(raw: Raw, draw: int) -> Example:
    answer, label = _science(raw, draw)
    return Example(_asked("", raw["question"], answer), label, raw["support"] or raw["question"])


def _sciq_with_support(raw: Raw, draw: int) -> Example:
    answer, label = _science(raw, draw)
    return Example(_asked(raw["support"], raw["question"], answer), label, raw["support"] or raw["question"])


def _social_iqa(raw: Raw, draw: int) -> Example:
    answers = [raw["answerA"], raw["answerB"], raw["answerC"]]
    right = ("1", "2", "3").index(str(raw["label"]).strip())
    answer, label = chosen_answer(answers[right], _without(answers, right), draw)
    return Example(_asked(raw["context"], raw["question"], answer), label, raw["context"])


def _utilitarianism(raw: Raw, draw: int) -> Example:
    """Which of the two comes first is drawn; the label says whether the first, as told by people, is the pleasanter one."""
    better, worse = raw["baseline"], raw["less_pleasant"]
    first, second = (better, worse) if draw & 1 else (worse, better)
    return Example(f"First: {first}\nSecond: {second}\nIs the first one more pleasant?", draw & 1, better)


def _preference(raw: Raw, draw: int) -> Example:
    text, label = chosen_answer(raw["chosen"], [raw["rejected"]], draw)
    return Example(text.strip(), label, raw["chosen"].rpartition(LAST_TURN)[0])


COSMOS_QA = HubSet(
    "cosmos-qa", "CosmosQA", "Samsoup/cosmos_qa", _cosmos, "train", "validation", "CC-BY-4.0",
    "Huang et al. (2019), Cosmos QA: Machine Reading Comprehension with Contextual Commonsense Reasoning, EMNLP; "
    "arXiv 1909.00277",
    f"{REGISTRY} (as cosmos_qa); allenai/cosmos_qa, whose page of 2605bbb shows a script; the Parquet copy Samsoup/cosmos_qa on "
    "the hub's page of 5511553, used by sileod/tasksource")
DREAM = HubSet(
    "dream", "DREAM", "dataset-org/dream", _dream, "train", "test", "unknown",
    "Sun et al. (2019), DREAM: A Challenge Data Set and Models for Dialogue-Based Reading Comprehension, TACL",
    f"{REGISTRY} (as dream, its former name); folder and commit of the Parquet branch in public code that pins them",
    folder="plain_text", revision="ca4c45feaf089ecfc37579eb2c594375f70dbfd5")
HELLASWAG = HubSet(
    "hellaswag", "HellaSwag", "Rowan/hellaswag", _hellaswag, "train", "validation", "MIT",
    "Zellers et al. (2019), HellaSwag: Can a Machine Really Finish Your Sentence?, ACL", REGISTRY)
OPENBOOKQA = HubSet(
    "openbookqa", "OpenBookQA", "allenai/openbookqa", _openbookqa, "train", "test", "unknown",
    "Mihaylov et al. (2018), Can a Suit of Armor Conduct Electricity?, EMNLP",
    f"{REGISTRY}; the configuration main in public code", config="main")
QUAIL = HubSet(
    "quail", "QuAIL", "textmachinelab/quail", _quail, "train", "validation", "CC-BY-NC-SA-4.0",
    "Rogers et al. (2020), Getting Closer to AI Complete Question Answering, AAAI",
    f"{REGISTRY} (as quail); the hub's page of ca5c18f (Parquet)")
PIQA = HubSet(
    "piqa", "PIQA", "ybisk/piqa", _piqa, "train", "validation", "unknown",
    "Bisk et al. (2020), PIQA: Reasoning about Physical Commonsense in Natural Language, AAAI",
    f"{REGISTRY} (as piqa, its former name); ybisk/piqa at its Parquet branch in public code", revision=CONVERTED)
QUARTZ = HubSet(
    "quartz", "QuaRTz", "allenai/quartz", _quartz, "train", "test", "CC-BY-4.0",
    "Tafjord et al. (2019), QuaRTz: An Open-Domain Dataset of Qualitative Relationship Questions, EMNLP", REGISTRY)
SCIQ = HubSet(
    "sciq", "SciQ", "allenai/sciq", _sciq, "train", "test", "CC-BY-NC-3.0",
    "Welbl, Liu and Gardner (2017), Crowdsourcing Multiple Choice Science Questions, W-NUT",
    f"{REGISTRY} and openai/weak-to-strong datasets.py at 6b450f2 (as sciq, its former name); allenai/sciq in public code")
SCIQ_WITH_SUPPORT = HubSet(
    "sciq-with-support", "SciQ with support", "allenai/sciq", _sciq_with_support, "train", "test", "CC-BY-NC-3.0",
    "Welbl, Liu and Gardner (2017), Crowdsourcing Multiple Choice Science Questions, W-NUT",
    f"{REGISTRY} (as sciq, its former name); allenai/sciq in public code", burns=False)
SOCIAL_IQA = HubSet(
    "social-iqa", "Social IQa", "allenai/social_i_qa", _social_iqa, "train", "validation", "not stated",
    "Sap et al. (2019), Social IQa: Commonsense Reasoning about Social Interactions, EMNLP",
    f"{REGISTRY} (as social_i_qa); default/train of the Parquet branch on the hub's page of 537a2ec",
    folder="default", revision=CONVERTED)
ETHICS_UTILITARIANISM = HubSet(
    "ethics-utilitarianism", "ETHICS utilitarianism", "hendrycks/ethics", _utilitarianism, "train", "test", "MIT", ETHICS,
    f"{REGISTRY}; folders of the Parquet branch on the hub's page of a915b47", folder="utilitarianism", revision=CONVERTED)
ANTHROPIC_HH = HubSet(
    "anthropic-hh", "Anthropic HH", "Anthropic/hh-rlhf", _preference, "train", "test", "MIT",
    "Bai et al. (2022), Training a Helpful and Harmless Assistant with Reinforcement Learning from Human Feedback",
    f"{REGISTRY} and openai/weak-to-strong datasets.py at 6b450f2", classes=("rejected", "chosen"), burns=False)
