"""One question put to all spaces that can answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.records import Filters, Ids, SpaceId, Vectors
from core.search.asked import Asked
from core.search.calibrate import Numbers, surprise_of
from core.search.fuse import Evidence, Fused, Medium, Places, fuse
from core.search.space import Space
from core.store.reader import Reader

MOST_QUERIES = 16
"""So many segments stand for a long example; the best of them counts."""
BEFORE_MEASURED = 30
AGREEMENT_BEFORE_MEASURED = 0.5
"""Two spaces are taken to agree so much, as if that had been seen in so many segments."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One part of the question in one space: `queries` are (q, dim)."""

    part: int
    less: bool
    is_words: bool
    space: Space
    queries: Vectors


@dataclass(frozen=True, slots=True)
class Weighed:
    """Items with their n segments, in order of the items; `fused` says how well they match."""

    items: Ids
    segments: Ids
    starts: Places
    fused: Fused

    def of(self, place: int) -> slice:
        """Where the segments of the item at that place are."""
        end = self.starts[place + 1] if place + 1 < len(self.starts) else len(self.segments)
        return slice(int(self.starts[place]), int(end))


_NO_PLACES = np.empty(0, np.intp)
_NO_NUMBERS = np.empty(0, np.float32)
NOTHING = Weighed(
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    _NO_PLACES,
    Fused(_NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS, _NO_PLACES, _NO_PLACES),
)


class Inquiry:
    """Finds candidates and weighs them. The `voices` are in the order of `Fused.speaker`; a further one is a quote."""

    def __init__(self, reader: Reader, spaces: Mapping[SpaceId, Space], asked: Sequence[Asked]) -> None:
        self._reader = reader
        self._asked = asked
        self.voices = [
            Voice(part, one.less, bool(one.words), spaces[space_id], _some(rows))
            for part, one in enumerate(asked)
            for space_id, rows in one.vectors.items()
            if space_id in spaces and len(rows)
        ]

    @property
    def most(self) -> int:
        """How many segments could be candidates."""
        return max((voice.space.index.count for voice in self.voices), default=0)

    def candidates(self, count: int, among: Ids | None, filters: Filters) -> Ids:
        """Items, ascending, with the best `count` segments for each part that is wanted.

        Of `among` if given, the segments that pass `filters`.
        """
        found = [quoted for quoted, _ in self._quotes.values()]
        for voice in self.voices:
            if not voice.less:
                found += [voice.space.index.search(query, count, among, filters)[0] for query in voice.queries]
        segments = np.unique(np.concatenate([np.empty(0, np.int64), *found]))
        items = np.unique(self._reader.item_of_each(segments))
        return items[items >= 0]

    def weigh(self, items: Ids) -> Weighed:
        """How well `items` (ascending) match; those without segments are left out."""
        segments, owners = self._reader.segments_of(items)
        items, starts = np.unique(owners, return_index=True)
        evidence = self._evidence(segments)
        if not len(segments) or all(piece.less for piece in evidence):
            return NOTHING
        return Weighed(items, segments, starts, fuse(evidence, self.agreement, starts))

    def spoken(self, surprises: Callable[[Voice], Vectors]) -> list[Evidence]:
        """What the voices say of some segments; `surprises` answers what one does."""
        return [
            Evidence(
                voice.part,
                voice.space.medium,
                surprises(voice),
                voice.space.items,
                voice.space.sample.alike,
                voice.less,
            )
            for voice in self.voices
        ]

    def _evidence(self, segments: Ids) -> list[Evidence]:
        """All that is known of `segments`: of each voice and, after them, of each quote."""
        evidence = self.spoken(lambda voice: voice.space.surprises(voice.queries, segments))
        for part, (quoted, surprises) in self._quotes.items():
            said = _at(segments, quoted, surprises)
            evidence.append(Evidence(part, Medium.QUOTED, said, less=self._asked[part].less))
        return evidence

    @cached_property
    def _quotes(self) -> dict[int, tuple[Ids, Vectors]]:
        """For each part in words the segments, ascending, in which just that is said, and how surprising that is."""
        quotes = {}
        for part, one in enumerate(self._asked):
            mentions = self._reader.heard(one.words) if one.words else None
            if mentions is not None and len(mentions.ids):
                order = np.argsort(mentions.ids)
                surprises = np.array([surprise_of(float(share)) for share in mentions.shares], np.float32)
                quotes[part] = mentions.ids[order], surprises[order]
        return quotes

    @cached_property
    def agreement(self) -> Numbers:
        """How the voices, and after them the quotes, correlate by chance."""
        agreement = np.eye(len(self.voices) + len(self._quotes))
        for row, one in enumerate(self.voices):
            for column, other in enumerate(self.voices[:row]):
                if one.space.medium is other.space.medium:
                    agreement[row, column] = agreement[column, row] = _correlation(one, other)
        return agreement


def _correlation(one: Voice, other: Voice) -> float:
    """Between what two voices say of the same segments, taken by chance; never below zero."""
    shared, mine, theirs = np.intersect1d(
        one.space.sample.segments, other.space.sample.segments, assume_unique=True, return_indices=True
    )
    measured = 0.0
    if len(shared) > 1:
        these, those = one.space.typical(one.queries)[mine], other.space.typical(other.queries)[theirs]
        if these.std() > 0 and those.std() > 0:
            measured = max(0.0, float(np.corrcoef(these, those)[0, 1]))
    unmeasured = BEFORE_MEASURED * AGREEMENT_BEFORE_MEASURED
    return (measured * len(shared) + unmeasured) / (len(shared) + BEFORE_MEASURED)


def _some(rows: Vectors) -> Vectors:
    """At most MOST_QUERIES of `rows`, evenly spread."""
    if len(rows) <= MOST_QUERIES:
        return rows
    chosen: Vectors = rows[np.linspace(0, len(rows) - 1, MOST_QUERIES).astype(np.int64)]
    return chosen


def _at(segments: Ids, known: Ids, values: Vectors) -> Vectors:
    """The `values` of `known` (ascending) at the places of `segments`, NaN elsewhere."""
    places = np.minimum(np.searchsorted(known, segments), len(known) - 1)
    return np.where(known[places] == segments, values[places], np.nan).astype(np.float32)
