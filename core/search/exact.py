"""What the words name exactly: a file, a folder, a time. Certain, so it comes first."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.records import FileId, Filters, Result, Strength
from core.store.reader import Reader

FROM_FOLDER = 12
"""Files of a folder that is called like the question come first, but no more than that: it may be a common word."""
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_MONTH = re.compile(r"([a-z]+)\.? (\d{4})|(\d{4}) ([a-z]+)\.?")


def exact_matches(reader: Reader, text: str, filters: Filters, limit: int, ranked: Sequence[Result]) -> list[Result]:
    """Files that `text` names, each with its reason: by name or path, by date, by folder.

    Files of a folder come in the order of `ranked`, where they match otherwise, too, and then the newest first.
    """
    named = reader.exact_name_matches(text, filters, limit)
    found = [_certain(result, "name", "in the name") for result in named]
    dates = dates_of(text)
    if dates is not None:
        dated = reader.browse(_within(filters, *dates), limit)
        found += [_certain(result, "date", "from that time") for result in dated]
    inside = reader.results_of_files(np.array(reader.files_in(text), np.int64), filters)
    good = [result.file_id for result in ranked if result.strength is not Strength.WEAK]
    rank = {file_id: place for place, file_id in enumerate(good)}
    inside.sort(key=lambda result: rank.get(result.file_id, len(rank)))
    found += [_certain(result, "folder", "in the folder") for result in inside[:FROM_FOLDER]]
    first: dict[FileId, Result] = {}
    for result in found:
        first.setdefault(result.file_id, result)
    return list(first.values())[:limit]


def dates_of(text: str) -> tuple[str, str] | None:
    """The first and the last day, in ISO, of the time that `text` is: a year, a month or a day; else None.

    Months are `2024-06`, `june 2024`, `Jun 2024` or `2024 June`.
    """
    text = " ".join(text.lower().split())
    if found := _DATE.fullmatch(text):
        year, month, day = found.groups()
    elif (found := _MONTH.fullmatch(text)) and (number := _month(found[1] or found[4])):
        year, month, day = found[2] or found[3], f"{number:02}", None
    else:
        return None
    if month is None:
        return f"{year}-01-01", f"{year}-12-31"
    if not 1 <= int(month) <= 12 or int(year) < 1:
        return None
    last = calendar.monthrange(int(year), int(month))[1]
    if day is None:
        return f"{year}-{month}-01", f"{year}-{month}-{last:02}"
    return (f"{year}-{month}-{day}",) * 2 if 1 <= int(day) <= last else None


def _month(name: str) -> int:
    """1 to 12; 0 if `name` is no English month, whole or its first three letters."""
    return next((number for number, whole in enumerate(_MONTHS, start=1) if name in (whole, whole[:3])), 0)


def _within(filters: Filters, since: str, until: str) -> Filters:
    """Only those of `filters` that are also between two days."""
    return replace(filters, since=max(filters.since, since), until=min(filters.until or until, until))


def _certain(result: Result, space: str, reason: str) -> Result:
    return replace(result, score=1.0, strength=Strength.STRONG, space=space, reason=reason)
