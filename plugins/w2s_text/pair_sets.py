"""Data sets of the hub in which one of two texts is preferred: whole dialogues, which differ in the last answer.

Which of the two comes first, and so the label, is drawn by the set's name and the example's id and by nothing else. Dialogues
that begin alike, up to the last turn that they share, stay in one half.
"""

from __future__ import annotations

from w2s_text.dialogues import common_beginning, dialogue
from w2s_text.hub_set import Example, HubSet, Raw

HELPFUL_HARMLESS = (
    "Bai et al. (2022), Training a Helpful and Harmless Assistant with Reinforcement Learning from Human Feedback; "
    "arXiv 2204.05862")
HH_SEEN = (
    "the hub's pages of 53bb19a (JSON lines of chosen and rejected) and 441a767 (its folder {}); data_dir={} in public code")


def _ordered(chosen: str, rejected: str, draw: int) -> Example:
    first, second = (chosen, rejected) if draw & 1 else (rejected, chosen)
    return Example(first, draw & 1, common_beginning(chosen, rejected), second)


def _hh(raw: Raw, draw: int) -> Example:
    return _ordered(raw["chosen"].strip(), raw["rejected"].strip(), draw)


def _messages(raw: Raw, draw: int) -> Example:
    return _ordered(dialogue(raw["chosen"]), dialogue(raw["rejected"]), draw)


HH_HELPFUL = HubSet(
    "hh-helpful", "HH helpful", "Anthropic/hh-rlhf", _hh, "train", "test", "MIT", HELPFUL_HARMLESS,
    HH_SEEN.replace("{}", "helpful-base"), folder="helpful-base", burns=False, pairs=True)
HH_HARMLESS = HubSet(
    "hh-harmless", "HH harmless", "Anthropic/hh-rlhf", _hh, "train", "test", "MIT", HELPFUL_HARMLESS,
    HH_SEEN.replace("{}", "harmless-base"), folder="harmless-base", burns=False, pairs=True)
CAI_HARMLESS = HubSet(
    "cai-harmless", "CAI harmless", "HuggingFaceH4/cai-conversation-harmless", _messages, "train_prefs", "test_prefs",
    "Apache-2.0",
    "Huang et al. (2024), Constitutional AI with Open LLMs; after Bai et al. (2022), Constitutional AI: Harmlessness from AI "
    "Feedback; arXiv 2212.08073",
    "the hub's page of 5195482 (Parquet, the licence); train_prefs and test_prefs beside another set of messages in "
    "huggingface/alignment-handbook (constitutional-ai/dpo/config_anthropic.yaml); columns on the page of its forerunner, "
    "HuggingFaceH4/cai-conversation-harmless-old", burns=False, pairs=True)
