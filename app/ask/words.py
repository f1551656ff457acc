"""The words of a question: those wanted, and those after a minus sign, which are not."""

from __future__ import annotations

import re

_UNWANTED = re.compile(
    r"""(?<!\S)                     # at the beginning of a word: the hyphen of "black-and-white" is none
        [-−](?=[^\W_]|["“„«])       # before a letter, a number or a quoted phrase: a dash between words is none
        (?: "(?P<phrase>[^"]*)(?:"|$) | [“„«](?P<curly>[^”“»]*)(?:[”“»]|$) | (?P<word>\S+) )""",
    re.VERBOSE,
)
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»')


def split_words(text: str) -> tuple[str, str]:
    """`dog -beach -"two men"` → `dog` and `beach, two men`. What is quoted is taken as it is."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    kept, unwanted, at = [], [], 0
    for match in _UNWANTED.finditer(text):
        if any(start < match.start() < end for start, end in quoted):
            continue
        kept.append(text[at : match.start()])
        at = match.end()
        phrase = (match["phrase"] or match["curly"] or match["word"] or "").strip(" ,;")
        if phrase:
            unwanted.append(phrase)
    if not at:
        return text, ""
    kept.append(text[at:])
    return " ".join(" ".join(kept).split()), ", ".join(unwanted)
