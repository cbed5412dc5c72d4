"""How a new plugin is called: one word of the person, from which the names of distribution, package and entries follow."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from w2s_bench.cli.commands import COMMANDS
from w2s_bench.contracts.errors import UsageError
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.registry.catalogue import Registry

_PLAIN = re.compile(r"[a-z](?:[-_]?[a-z0-9])*", re.IGNORECASE | re.ASCII)
_LONGEST = 30


@dataclass(frozen=True)
class PluginName:
    """plain: of the distribution and of what it offers, such as `my-heads`. module: of package and plugin, `my_heads`."""

    plain: str

    @property
    def module(self) -> str:
        return self.plain.replace("-", "_")


def plugin_name(word: str) -> PluginName:
    """The names that follow from a word. Raises UsageError for one from which none do."""
    if not _PLAIN.fullmatch(word) or len(word) > _LONGEST:
        plain = re.sub(r"^[0-9-]+|[^a-z0-9]+", "-", word.lower()).strip("-")[:_LONGEST].strip("-")
        hint = f"did you mean {plain}?" if _PLAIN.fullmatch(plain) else "as in my-heads"
        raise UsageError(f"{word[:_LONGEST]!r} is no plain name: letters, digits and single hyphens, a letter first, "
                         f"at most {_LONGEST} characters", where="NAME", hint=hint)
    name = PluginName(word.lower().replace("_", "-"))
    if keyword.iskeyword(name.module):
        raise UsageError(f"{word!r} is a word of Python, and cannot be a package", where="NAME", hint=f"as in my-{name.plain}")
    return name


def check_free(name: PluginName, kinds: Sequence[str], registry: Registry) -> None:
    """Raise UsageError where a plugin, a package or a component of one of these kinds is called so already."""
    hint = f"take another name, as in my-{name.plain}"
    taken = next((plugin for plugin in registry.plugins if plugin.name == name.module), None)
    if taken is not None:
        raise UsageError(f"the plugin {taken.name} is installed already, from {taken.distribution} {taken.version}", where="NAME",
                         hint=hint)
    for kind in KINDS:
        offers = registry.entries(kind.plural) if kind.name in kinds else ()
        same = next((offer.full_name for offer in offers if offer.entry.name == name.plain), "")
        if same or (kind.name in kinds and kind.name == "command" and name.plain in COMMANDS):
            raise UsageError(f"there is a {kind.name} {name.plain} already{f', {same}' if same else ''}", where="NAME", hint=hint)
    if name.module in sys.stdlib_module_names or importlib.util.find_spec(name.module) is not None:
        raise UsageError(f"the package {name.module} is installed already, and a plugin would hide it", where="NAME", hint=hint)
