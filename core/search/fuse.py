"""All that is known of some segments and their items, as one number each.

A question has parts (words, examples), a part is asked in spaces, and a space knows some segments: pictures have none
in a space of sounds. What is not known says nothing, for or against.

- *One part, one segment, several spaces* (two models look at the same frame): the same evidence seen twice. Surprises
  are added and divided by the deviation of their sum (Stouffer's method, with the correlation that the spaces have by
  chance: Strube 1985, doi:10.1037/0033-2909.97.2.334), so that two models that always agree count as one.
- *One part, one item, several segments*: the best segment speaks for the item, read as the best of so many.
- *One part, one item, several media* (what is seen, heard, said): alternatives. A video may show what the words
  describe, or somebody says it; if both, the better. Squares of surprises are what adds up there, as logarithms of
  chances do in Fisher's method; what is below chance adds nothing.
- *Several parts*: all are wanted, each from anywhere in the item: Stouffer's method again.
- *Parts to find less of*: taken from a segment as far as it is likely to be what is not wanted. That can only lower it,
  so nothing appears for being unlike something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core.records import Vectors
from core.search.calibrate import USUAL_COUNT, Numbers, best_of, chances, score

if TYPE_CHECKING:
    from numpy.typing import NDArray

Places: TypeAlias = "NDArray[np.intp]"


class Medium(Enum):
    """What a segment is a part of: spaces of one medium know the same segments."""

    SEEN = "seen"
    HEARD = "heard"
    SAID = "said"
    QUOTED = "quoted"
    """Said in the very words."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one space says of n segments for one part of the question.

    Attributes:
        surprises: (n,) deviations above chance, NaN where the space does not know the segment.
        count: how many items the space knows.
        alike: how alike it finds the segments of one item, from 0 to 1.
        less: whether the part is what is not wanted.
    """

    part: int
    medium: Medium
    surprises: Vectors
    count: int = 0
    alike: float = 1.0
    less: bool = False


@dataclass(frozen=True, slots=True)
class Fused:
    """(n,) for segments and (m,) for items: surprises in a library of USUAL_COUNT; -inf is unknown.

    Attributes:
        unwanted: (m,) what was taken away from items.
        best: (m,) places of each item's best segment.
        speaker: (n,) places of the evidence that says most for a segment.
    """

    segments: Vectors
    items: Vectors
    unwanted: Vectors
    best: Places
    speaker: Places


def fuse(evidence: Sequence[Evidence], agreement: Numbers, starts: Places) -> Fused:
    """Segments and items by all evidence.

    Args:
        evidence: at least one piece of it is not `less`.
        agreement: (e, e) how the pieces of evidence correlate by chance.
        starts: (m,) where each item's segments begin among the n, which are in order of their items.
    """
    table = np.stack([piece.surprises for piece in evidence])
    wanted = [place for place, piece in enumerate(evidence) if not piece.less]
    segments = _conjunction(_parts(evidence, agreement, None), evidence, agreement)
    items = _conjunction(_parts(evidence, agreement, starts), evidence, agreement)
    unwanted = _unwanted(_parts(evidence, agreement, None, less=True), len(segments))
    segments = segments - unwanted
    best = _best_places(segments, starts)
    known = np.nan_to_num(table[wanted], nan=-np.inf)
    speaker = np.asarray(wanted, dtype=np.intp)[known.argmax(axis=0)]
    counts = np.array([piece.count for piece in evidence])[speaker]
    unwanted = unwanted[best]
    return Fused(_scaled(segments, counts), _scaled(items - unwanted, counts[best]), unwanted, best, speaker)


def _parts(
    evidence: Sequence[Evidence], agreement: Numbers, starts: Places | None, *, less: bool = False
) -> Mapping[int, Vectors]:
    """Each part's surprise by segment or, with `starts`, by item; NaN where it cannot be known."""
    media: dict[int, dict[Medium, list[int]]] = {}
    for place, piece in enumerate(evidence):
        if piece.less is less:
            media.setdefault(piece.part, {}).setdefault(piece.medium, []).append(place)
    return {
        part: _alternatives(
            [
                _together([evidence[place] for place in places], agreement[np.ix_(places, places)], starts)
                for places in by.values()
            ]
        )
        for part, by in media.items()
    }


def _together(pieces: Sequence[Evidence], agreement: Numbers, starts: Places | None) -> Vectors:
    """What several spaces of one medium say, by segment or, with `starts`, by item."""
    rows = np.stack([piece.surprises for piece in pieces])
    present = ~np.isnan(rows)
    known = present.any(axis=0)
    spread = np.sqrt(np.einsum("rn,rs,sn->n", present, agreement, present, dtype=np.float64))
    total = np.nan_to_num(rows, nan=0.0).sum(axis=0) / np.where(known, spread, 1.0)
    if starts is None:
        return np.where(known, total, np.nan).astype(np.float32)
    best = np.maximum.reduceat(np.where(known, total, -np.inf), starts)
    count = np.add.reduceat(known.astype(np.float64), starts)
    best = best_of(best, chances(count, float(np.mean([piece.alike for piece in pieces]))))
    return np.where(np.isfinite(best), best, np.nan).astype(np.float32)


def _alternatives(media: Sequence[Vectors]) -> Vectors:
    """The same wanted from several media: what is above chance adds up, else the best counts."""
    table = np.stack(media)
    above = np.sqrt((np.maximum(np.nan_to_num(table, nan=0.0), 0.0) ** 2).sum(axis=0))
    best = np.where(np.isnan(table), -np.inf, table).max(axis=0)
    return np.where(np.isinf(best), np.nan, np.where(best > 0, above, best)).astype(np.float32)


def _conjunction(parts: Mapping[int, Vectors], evidence: Sequence[Evidence], agreement: Numbers) -> Vectors:
    """All parts wanted: their sum in its own deviations; -inf where no part is known."""
    rows = np.stack(list(parts.values()))
    places = {part: [place for place, piece in enumerate(evidence) if piece.part == part] for part in parts}
    between = np.array([[agreement[np.ix_(places[one], places[other])].mean() for other in parts] for one in parts])
    np.fill_diagonal(between, 1.0)
    present = ~np.isnan(rows)
    spread = np.sqrt(np.einsum("pn,pq,qn->n", present, between, present, dtype=np.float64))
    known = present.any(axis=0)
    total = np.nan_to_num(rows, nan=0.0).sum(axis=0) / np.where(known, spread, 1.0)
    return np.where(known, total, -np.inf).astype(np.float32)


def _unwanted(parts: Mapping[int, Vectors], count: int) -> Vectors:
    """(count,) what is to be taken away: each part's surprise, in the share in which it is no chance."""
    total = np.zeros(count, np.float32)
    for surprises in parts.values():
        for place in np.flatnonzero(surprises > 1):  # below, next to nothing
            total[place] += surprises[place] * score(float(surprises[place]))
    return total


def _best_places(segments: Vectors, starts: Places) -> Places:
    """Where each item's best segment is, the first of equals."""
    owners = np.searchsorted(starts, np.arange(len(segments)), side="right")
    return np.lexsort((-segments, owners))[starts]


def _scaled(surprises: Vectors, counts: Numbers) -> Vectors:
    """Surprises of a library of so many items as those of one of USUAL_COUNT."""
    return best_of(surprises, counts / USUAL_COUNT)
