"""Values of options that limit what a run takes: a number or a word, and an amount of memory."""

from __future__ import annotations

import re

import click

_BYTES = {"": 2**20, **{f"{prefix}{unit}".upper(): base**power for power, prefix in enumerate("KMGT", 1)
                        for unit, base in (("B", 1000), ("iB", 1024), ("", 1024))}}
"""Bytes of a unit; a number alone is of MiB, as `peak_memory` of a row is."""


class WordOr(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases alone
    """One of some words, or what another type reads."""

    def __init__(self, otherwise: click.ParamType, *words: str) -> None:  # type: ignore[type-arg]
        self.otherwise, self.words = otherwise, words
        self.name = f"{otherwise.name}|{'|'.join(words)}"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        return value if value in self.words else self.otherwise.convert(value, param, ctx)


class Memory(click.ParamType):  # type: ignore[type-arg]
    """MiB, from 8GB, 500MiB or a number of MiB."""

    name = "amount"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]i?B|[KMGT])?", str(value), re.IGNORECASE)
        mebibytes = float(found[1]) * _BYTES[(found[2] or "").upper()] / 2**20 if found else 0.0
        if not mebibytes:
            self.fail(f"{value!r} is no amount of memory: as in 8GB, 500MiB, or a number of MiB", param, ctx)
        return mebibytes
