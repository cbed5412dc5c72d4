"""Texts in ASCII alone, for a terminal that shows nothing else: ± is +-, ‖a‖² is ||a||^2, ε is epsilon."""

from __future__ import annotations

import re
import unicodedata

ENCODING = "w2s-ascii"
"""Of a standard output that prints ASCII: every text becomes plain on its way out."""

_SAID = {
    "±": "+-", "−": "-", "–": "-", "—": "-", "·": "*", "×": "x", "√": "sqrt", "‖": "||", "≤": "<=", "≥": ">=", "≪": "<<",
    "≈": "~", "≠": "!=", "∝": "~", "→": "->", "←": "<-", "↦": "->", "…": "...", "∧": "^", "∇": "grad ", "∞": "inf", "⟨": "<",
    "⟩": ">", "⊗": "(x)", "°": "deg", "½": "1/2", "¼": "1/4", "¾": "3/4", "µ": "u", "‘": "'", "’": "'", "“": '"', "”": '"',
    "\N{NO-BREAK SPACE}": " "}
_RAISED = re.compile("[⁰¹²³⁴-⁹⁺⁻]+|[₀-₉₊₋]+")
_BOXES = {"HORIZONTAL": "-", "VERTICAL": "|"}


def plain(text: str) -> str:
    """The text in ASCII; a letter that has no likeness there is its escape, as \\u4e2d."""
    if text.isascii():
        return text
    return re.sub(r"[^\x00-\x7f]", lambda found: _plain(found[0]), _RAISED.sub(lambda found: _raised(found[0]), text))


def _raised(digits: str) -> str:
    """An exponent or an index as ^-3 or _1."""
    return ("_" if unicodedata.decomposition(digits[0]).startswith("<sub>") else "^") + unicodedata.normalize(
        "NFKD", digits).replace("−", "-")


def _plain(letter: str) -> str:
    if letter in _SAID:
        return _SAID[letter]
    name = unicodedata.name(letter, "")
    if name.startswith("BOX DRAWINGS"):
        lines = [word for word in _BOXES if name.endswith(word)]
        return _BOXES[lines[0]] if lines and " AND " not in name else "+"
    if name.startswith("BLOCK") or name.endswith("BLOCK"):
        return "#"
    if unicodedata.combining(letter):
        return ""
    if name.startswith("GREEK ") and " LETTER " in name:
        word = name.split(" LETTER ")[1].split()[0].lower().replace("lamda", "lambda")
        return word.capitalize() if name.startswith("GREEK CAPITAL") else word
    likeness = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    if likeness and unicodedata.decomposition(letter).startswith("<super>"):
        return f"^{likeness}"
    return likeness or letter.encode("ascii", "backslashreplace").decode()
