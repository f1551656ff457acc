"""Text for a terminal: aligned columns, and names that cannot do anything to it."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Sequence

from core.records import ModelStatus

_JOINERS = "\u200c\u200d"
"""Invisible, but parts of Persian and Indic words and of emoji."""


def shown(name: str | os.PathLike[str]) -> str:
    """A file's name, or a sentence that holds one, safe to print on a line of its own.

    Control, bidirectional and other invisible characters are escaped, and so are bytes that are not UTF-8: a name must
    not move the cursor, break the line or be read backwards.
    """
    return "".join(map(_shown_character, os.fspath(name)))


def _shown_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte of the name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """`rows` under `head`, in columns two spaces apart; the columns with these `numbers` are aligned right.

    Whatever a cell says is safe to print: models, too, are named by strangers.
    """
    rows = [[shown(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head) - 1)]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        return "  ".join([*cells, row[-1]])

    return "\n".join(line(row).rstrip() for row in (head, *rows))


def models_table(models: Sequence[ModelStatus]) -> str:
    """Each encoder, whether it can be used, and why not."""
    rows = [(model.card.title, "in use" if model.in_use else str(model.state), model.note) for model in models]
    return table(("model", "state", "note"), rows)


def say(sentence: str) -> None:
    """A remark on a line of its own, on stderr: stdout is the answer's. It may name files of any name."""
    print(shown(sentence), file=sys.stderr)


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`, `12,345 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(size_bytes: int) -> str:
    """A size in the unit that suits it, by thousands: `1.2 MB`."""
    if size_bytes < 1000:
        return count(size_bytes, "byte")
    power = min(4, (len(str(size_bytes)) - 1) // 3)
    return f"{size_bytes / 1000**power:.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
