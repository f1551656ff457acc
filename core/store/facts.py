"""What vector servers are told of a segment beside its vector: numbers, to filter by."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from core.records import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Facts: TypeAlias = "NDArray[np.int64]"
"""(n, 4): what FACTS names, of each segment's first file."""
FACTS = ("kind", "folder", "day", "duration")
"""The place of its kind in KINDS, its folder's id, when it was taken as the number YYYYMMDD, its length in ms."""
KINDS = tuple(Kind)


def day_of(date: str) -> int:
    """An ISO date, maybe with a time behind it, as the number YYYYMMDD; 0 if it is none."""
    digits = date[:10].replace("-", "")
    return int(digits) if len(digits) == 8 and digits.isascii() and digits.isdigit() else 0
