"""Short functions of the installed standard library, and how many calls and branches each has."""

from __future__ import annotations

import ast
import functools
import io
import os
import platform
import sysconfig
import textwrap
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, DataError, Pool, Regression, Splits, draw_splits, file_digest, generator_for, seed_for

LONGEST = 192
"""Bytes of source, after taking the indentation away."""

SKIPPED_FOLDERS = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"})
COUNTED = (
    ast.Call,
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.Try,
    ast.TryStar,
    ast.ExceptHandler,
    ast.BoolOp,
    ast.comprehension,
    ast.match_case,
)
Function = tuple[str, str, int]
"""Place (`file.py:line`), source, and the number of calls and branches."""


@dataclass(frozen=True)
class PythonFunctions:
    """Text: the source of a function or method without its decorators, at most 192 bytes, copies dropped.

    Label: log1p(calls + branches) of its syntax tree, in nats. Branches are if, for, while, try, except,
    match cases, and/or, conditional expressions and the loops of comprehensions. limit: 0, or the size of a
    fixed sample.
    """

    limit: int

    output = Regression(1, "log count")
    divergence = "squared"
    capabilities = frozenset({"columns", "pool"})
    columns = frozenset({"text"})
    licence = "PSF-2.0"
    citation = "The standard library of the running Python (Python Software Foundation)"

    def fingerprint(self) -> str:
        """The version of Python and a SHA-256 over the files that are read."""
        return f"{platform.python_version()}-{_library_digest()}"

    def pool(self) -> Pool:
        """Every function that the seeds draw from."""
        inputs, _, ids = self._sample()
        return Pool(inputs, ids)

    def load(self, seed: int) -> Splits:
        """inputs: text (n,); truth (n, 1). Raises DataError where the library has no sources."""
        return draw_splits(*self._sample(), seed_for("split", task="python-functions", seed=seed))

    def _sample(self) -> tuple[dict[str, Array], Array, Array]:
        functions = _functions()
        if self.limit and self.limit < len(functions):
            chosen = generator_for("sample", task="python-functions").permutation(len(functions))[
                : self.limit
            ]
            functions = tuple(functions[index] for index in sorted(chosen.tolist()))
        if len(functions) < 6:
            raise DataError(f"{len(functions)} functions; at least 6 are needed", where="python-functions")
        text = np.empty(len(functions), dtype=object)
        text[:] = [source for _, source, _ in functions]
        truth = np.log1p(np.array([[count] for _, _, count in functions], dtype=np.float64))
        return {"text": text}, truth, np.array([place for place, _, _ in functions])


def library_files() -> tuple[Path, tuple[Path, ...]]:
    """The folder of the standard library and its source files, tests and installed packages left out, in
    fixed order.
    """
    root = Path(sysconfig.get_path("stdlib"))
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        found += [Path(folder, name) for name in files if name.endswith(".py")]
    return root, tuple(sorted(found, key=lambda file: file.relative_to(root).as_posix()))


def functions_of(content: bytes) -> Iterator[tuple[int, str, int]]:
    """First line, source and count of every function of a module that is short enough, in the order of the
    lines.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        source = io.StringIO(content.decode(encoding), newline=None).read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, UnicodeDecodeError):
        return
    lines = source.split("\n")
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for node in sorted(found, key=lambda node: node.lineno):
        text = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
        if len(text.encode()) <= LONGEST:
            yield node.lineno, text, _count(node)


def _count(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    parts = [function.args, *function.body, *([function.returns] if function.returns else [])]
    return sum(isinstance(node, COUNTED) for part in parts for node in ast.walk(part))


@functools.cache
def _functions() -> tuple[Function, ...]:
    root, files = library_files()
    kept: dict[str, Function] = {}
    for file in files:
        for line, source, count in functions_of(file.read_bytes()):
            kept.setdefault(source, (f"{file.relative_to(root).as_posix()}:{line}", source, count))
    return tuple(kept.values())


@functools.cache
def _library_digest() -> str:
    root, files = library_files()
    return file_digest(*files, within=root)
