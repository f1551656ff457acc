"""How names, numbers, dates and durations are said in the window."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QDate, QDateTime, QLocale, Qt

from core import Kind

_KEPT_FORMATS = {"\u200c", "\u200d"}  # joiners: Persian words and emoji families need them
_KINDS = {Kind.IMAGE: "photo", Kind.VIDEO: "video", Kind.AUDIO: "sound"}


_AS_IT_STANDS = " style='white-space:pre'"
_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def safe(text: str) -> str:
    """`text` with characters that reorder, break or hide text made visible: a name can lie with them."""
    if text.isprintable():  # nearly always; a long transcript must not hold up the window
        return text
    isolates = {_ISOLATE, _END} if _closes_what_it_opens(text) else set()
    return "".join(one if one in isolates else _safe_character(one) for one in text)


def isolated(text: str) -> str:
    """`text`, whose writing from right to left, if it has any, cannot move what stands beside it."""
    if text.isascii() or not any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in text):
        return text
    return f"{_ISOLATE}{text}{_END}"


def _closes_what_it_opens(text: str) -> bool:
    """Whether its isolates are whole, as ours are: then they move nothing but what is in them."""
    depth = 0
    for one in text:
        depth += (one == _ISOLATE) - (one == _END)
        if depth < 0:
            return False
    return depth == 0


def _safe_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return chr(0x2400 + ord(character)) if ord(character) < 0x20 else "\ufffd"
    if category in {"Cs", "Zl", "Zp", "Co", "Cn"} or (category == "Cf" and character not in _KEPT_FORMATS):
        return "\ufffd"
    return character


def name_of(path: Path) -> str:
    """A file's or folder's own name, safe to show."""
    return isolated(safe(path.name or str(path)))


def place_of(path: Path) -> str:
    """Where something is, with the user's own folder as ~."""
    home = Path.home()
    place = str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)
    return str(Path(*map(isolated, Path(safe(place)).parts)))  # each by itself, or the folders would change places


def tip(lines: Sequence[str], *, wraps: bool = False) -> str:
    """Lines that are safe to show as a tool tip, which unlike a label would read them as HTML; none for no lines."""
    text = html.escape("\n".join(lines))
    return f"<p{'' if wraps else _AS_IT_STANDS}>{text}</p>" if lines else ""


def number(value: int, *, at_least: bool = False) -> str:
    """3204 → "3,204", in the user's own way; "3,204+" when there may be more."""
    return QLocale().toString(value) + ("+" if at_least else "")


def count(value: int, noun: str, *, at_least: bool = False) -> str:
    """3 and "photo" → "3 photos"; "3+ photos" when there may be more."""
    several = "" if value == 1 and not at_least else "es" if noun.endswith("ch") else "s"
    return f"{number(value, at_least=at_least)} {noun}{several}"


def kind_name(kind: Kind) -> str:
    """What a file of `kind` is called."""
    return _KINDS[kind]


def kind_title(kind: Kind) -> str:
    """What all files of `kind` are called, as a heading."""
    return f"{_KINDS[kind].capitalize()}s"


def media(counts: Mapping[Kind, int], *, at_least: bool = False) -> str:
    """ "4 photos, 3 videos"; "600+ files" when there may be more of some kind."""
    there = {kind: counts[kind] for kind in _KINDS if counts.get(kind)}
    if at_least and len(there) > 1:
        return count(sum(there.values()), "file", at_least=True)
    return ", ".join(count(there[kind], _KINDS[kind], at_least=at_least) for kind in there) or count(0, "file")


def clock(ms: float) -> str:
    """A time in a sound or video as players show it: "2:14", "1:02:14"."""
    minutes, seconds = divmod(int(ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def size(size_bytes: int) -> str:
    """5242880 → "5.2 MB"."""
    return QLocale().formattedDataSize(size_bytes, 1, QLocale.DataSizeFormat.DataSizeSIFormat)


def when(taken_at: str, mtime: float) -> str:
    """The moment a photo was taken; without one, when the file last changed."""
    iso = Qt.DateFormat.ISODate
    moment = QDateTime.fromString(taken_at, iso) if taken_at else QDateTime.fromSecsSinceEpoch(int(mtime))
    return QLocale().toString(moment, "d MMMM yyyy, HH:mm")


def month(taken_at: str) -> str:
    """ "2026-11-03T…" → "November 2026"; nothing known → "No date"."""
    if not taken_at:
        return "No date"
    return QLocale().toString(QDate(int(taken_at[:4]), int(taken_at[5:7]), 1), "MMMM yyyy")


def duration(seconds: float) -> str:
    """How long something will still take, no more exact than it is known."""
    if seconds < 50:
        return "less than a minute"
    if seconds < 90 * 60:
        return f"about {max(1, round(seconds / 60))} min"
    hours = round(seconds / 3600)
    return "about 1 hour" if hours == 1 else f"about {hours} hours"
