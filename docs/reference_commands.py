"""Pages of the commands, of the spec and of the columns."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from reference_text import cell, code, escaped, table

from w2s_bench.cli.commands import COMMANDS
from w2s_bench.cli.main import cli
from w2s_bench.cli.settings import PREFIX, variable_of
from w2s_bench.planning.spec import spec_schema

ROOT = Path(__file__).resolve().parent.parent

HEAD = """# Commands

`w2s-bench COMMAND --help` prints the same. An option that is typed comes first, then its variable in the environment, then the
user's file, then the default; `w2s-bench config` says what is set. The file has a section for each command, `[run]` or
`[plot.heatmap]`, with the options as they are typed and without their dashes. [At the prompt](../command-line.md) shows them at
work.

An exit code of 0 is success. 2: the words, a file or a plugin are not as they must be. 3: some cells are not ok, or a disk gave
way. 1: a fault of the program. 128 + N: ended by signal N; 141 where who read the output has gone.

"""
VARIABLES = """## Variables of the environment

Every option of a command has a variable, which its table names. Besides:

"""


TABLES = {"WrittenSpec": "The top of the file", "WrittenMatrix": "[[matrix]]", "WrittenPlugins": "[plugins]"}
"""The parts of a spec, and what the page calls them."""


def commands() -> str:
    """The page of commands."""
    above = click.Context(cli, info_name="w2s-bench")
    parts = [HEAD, "## w2s-bench\n\n", _described(cli), _options(cli, above, []), VARIABLES, _variables()]
    for words, command, context in _walk(above, list(COMMANDS)):
        parts += [f"{'#' * min(len(words) + 1, 4)} w2s-bench {' '.join(words)}\n\n", _described(command)]
        if not isinstance(command, click.Group):
            usage = " ".join(command.collect_usage_pieces(context))
            parts += [f"```text\nw2s-bench {' '.join(words)} {usage}\n```\n\n", _options(command, context, words)]
    return "".join(parts)


def _walk(above: click.Context, names: list[str],
          words: tuple[str, ...] = ()) -> Iterator[tuple[list[str], click.Command, click.Context]]:
    group = above.command
    assert isinstance(group, click.Group)
    for name in names:
        command = group.get_command(above, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=above)
        yield [*words, name], command, context
        if isinstance(command, click.Group):
            yield from _walk(context, command.list_commands(context), (*words, name))


def _described(command: click.Command) -> str:
    """The help of a command; lines that are to stay as they are, which click marks, are code."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(command.help or command.get_short_help_str(200))):
        lines = paragraph.splitlines()
        if lines and lines[0].strip() == "\b":
            parts.append("```text\n" + "\n".join(lines[1:]) + "\n```\n\n")
        else:
            parts.append(escaped(paragraph) + "\n\n")
    return "".join(parts)


def _options(command: click.Command, context: click.Context, words: list[str]) -> str:
    """The table of options; --help is of every command."""
    lines = []
    for option in command.get_params(context):
        if not isinstance(option, click.Option) or option.hidden or option.name in {"help", "version"}:
            continue
        record = option.get_help_record(context)
        assert record is not None
        name = max(option.opts, key=len).removeprefix("--")
        lines.append((code(record[0]), cell(option.help or ""), code(_default(option, context)),
                      code(variable_of(*words, name)) if words else ""))
    return table(("option", "what it does", "default", "variable"), lines)


def _default(option: click.Option, context: click.Context) -> str:
    value: Any = option.get_default(context)
    if callable(value) or value in (None, False, "", ()) or not isinstance(value, str | int | float | tuple | list):
        return ""
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _variables() -> str:
    """Variables that are no option: each constant of the program that is the name of one, and the words under it."""
    found = {f"{PREFIX}DEBUG": "As --debug, where it is not empty."}
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "w2s_bench").rglob("*.py"))]
    for source in sources:
        body = ast.parse(source).body if f'= "{PREFIX}' in source else []
        for at, after in itertools.pairwise(body):
            named = isinstance(at, ast.Assign) and isinstance(at.value, ast.Constant) and str(at.value.value).startswith(PREFIX)
            if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                found[at.value.value] = str(after.value.value)
    return table(("variable", "what it is"), [(code(name), cell(text)) for name, text in sorted(found.items())])


def spec() -> str:
    """The page of the spec: every key, from its JSON Schema."""
    definitions: Any = spec_schema()["$defs"]
    parts = ["# The spec\n\nA run as a TOML file, for `w2s-bench run FILE` and `w2s-bench plan FILE`. The same as a schema, with "
             "which an editor checks it: [spec.schema.json](../spec.schema.json).\n\n"]
    for name, title in TABLES.items():
        found = definitions[name]
        lines = [(code(key), cell(_type(about)),
                  "must be given" if key in found.get("required", ()) else code(json.dumps(about.get("default"))),
                  cell(about.get("description", ""))) for key, about in found["properties"].items()]
        parts += [f"## {escaped(title)}\n\n", table(("key", "type", "default", "what it says"), lines)]
    assert set(definitions) == set(TABLES), "a part of the spec that the page does not show"
    return "".join(parts)


def _type(about: Any) -> str:
    """The type of a value of a JSON Schema in words."""
    if "$ref" in about:
        return {"WrittenMatrix": "table", "WrittenPlugins": "table"}[about["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in about:
        return " or ".join(_type(each) for each in about["anyOf"])
    if "enum" in about:
        return " or ".join(f"`{word}`" for word in about["enum"])
    if about["type"] == "array":
        item = _type(about["items"])
        return f"a list of {item}" if "or" in item else f"a list of {item.replace('number', 'numbers').replace('text', 'texts')}"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "none"}[
        about["type"]]
