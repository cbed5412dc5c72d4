"""Dialogues as one text, in the way in which the preference data of Bai et al. (2022) are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SPEAKERS = {"user": "Human", "assistant": "Assistant"}
LAST_TURN = "\n\nAssistant:"


def dialogue(messages: Sequence[Mapping[str, object]]) -> str:
    """Messages with `role` and `content` as "Human: …", an empty line, "Assistant: …". Raises ValueError for others."""
    turns = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str) or not isinstance(content, str):
            raise ValueError("a message needs role and content")
        turns.append(f"{SPEAKERS.get(role, role.capitalize())}: {content}")
    if not turns:
        raise ValueError("a dialogue without messages")
    return "\n\n".join(turns)


def common_beginning(first: str, second: str) -> str:
    """What two dialogues share, up to the last turn of the assistant that begins in it; "" where none does."""
    same = next((at for at, (one, other) in enumerate(zip(first, second, strict=False)) if one != other),
                min(len(first), len(second)))
    return first[:same].rpartition(LAST_TURN)[0]
