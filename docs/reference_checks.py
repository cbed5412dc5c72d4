"""The page of the conformance kit's checks."""

from __future__ import annotations

from reference_text import cell, code, table

from w2s_bench.contracts.kinds import KINDS
from w2s_bench.testing.checks import always
from w2s_bench.testing.kit import checks_of, kit_version
from w2s_bench.testing.observers import CHECKS, says
from w2s_bench.testing.trials import MADE, SAYS_MADE

HEAD = f"""# Checks of the conformance kit

Version {kit_version()}. What holds of a plugin that passes; which checks an entry is asked follows from its kind and from what it
declares. [The conformance kit](../conformance.md) says how to run them.

Every entry of every kind is asked first whether {SAYS_MADE} (`{MADE}`).
What passes and leaves the process in another state than it found it in, such as another random state or a function that was
replaced, has failed.

"""


def checks() -> str:
    """Every check of every kind that has any."""
    parts = [HEAD]
    for kind in KINDS:
        lines = [[code(each.name), cell(each.says), "all" if each.when is always else "some, by what they declare"]
                 for each in checks_of(kind.plural)]
        if lines:
            parts += [f"## {kind.plural.capitalize()}\n\n", table(["check", "holds where it passes", "asked of"], lines)]
    told = [[code(each.__name__), cell(says(each))] for each in CHECKS]
    parts += ["## Observers\n\nOf a plugin that listens to runs; its name stands for the entry's, as in "
              "`observer/my_plugin::hears_a_run`.\n\n", table(["check", "holds where it passes"], told)]
    return "".join(parts)
