"""Which commit of a model on the hub a revision stands for."""

from __future__ import annotations

import functools
import re
from pathlib import Path

HUB_SECONDS = 3.0
COMMIT = re.compile(r"[0-9a-f]{40}")


def commit_of(name: str, revision: str) -> str | None:
    """The revision itself where it is a commit, else that of the snapshot in the local cache, else the hub's, which is the one
    that will be downloaded. None where neither is known.
    """
    return revision if COMMIT.fullmatch(revision) else cached_commit(name, revision) or _commit_on_hub(name, revision)


def cached_commit(name: str, revision: str) -> str | None:
    """The commit of the snapshot in the local cache that a revision stands for, or None where there is none. No network."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    reference = folder / "refs" / revision
    commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else revision
    return commit if COMMIT.fullmatch(commit) and (folder / "snapshots" / commit).is_dir() else None


def absent_model(name: str, revision: str) -> str:
    """In words, that a model is neither in the local cache nor on a hub that answers, and how to get it; "" where it is."""
    from huggingface_hub import constants

    if cached_commit(name, revision) or _commit_on_hub(name, revision):
        return ""
    return (f"{name}@{revision} is not in {constants.HF_HUB_CACHE}, and the hub does not give it now; without network: "
            f"elsewhere, `hf download {name} --revision {revision} --local-dir FOLDER`, then hf[path=FOLDER]")


@functools.lru_cache(maxsize=64)
def _commit_on_hub(name: str, revision: str) -> str | None:
    from huggingface_hub import HfApi

    try:
        commit: str | None = HfApi().model_info(name, revision=revision, timeout=HUB_SECONDS).sha
    except Exception:  # whatever keeps the hub from answering, reading the model says it
        return None
    return commit
