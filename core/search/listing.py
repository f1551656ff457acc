"""Weighed items as results: files best first, each with its moments and why it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.records import FileId, Ids, Moment, Result, SegmentId
from core.search.asked import Asked
from core.search.calibrate import LIKELY_SURPRISE, Numbers, score, strength, surprise_of
from core.search.inquiry import Voice, Weighed
from core.store.reader import Reader, Span
from core.store.word_reader import Mentions

MOST_MOMENTS = 50
WORTH_OF_A_NAME = 4
"""Names are given on purpose: words in them may be so many times as common as words that are said."""
SAME_MOMENT = 0.5
"""Two segments that share so much of the shorter one are one moment: the better one."""


@dataclass(frozen=True, slots=True)
class Named:
    """Files and items, by number, that have the words in their name or title, and how surprising that is."""

    files: Mapping[int, float]
    items: Mapping[int, float]


def named(reader: Reader, asked: Sequence[Asked]) -> Named:
    """What has the words that are wanted in its name or title, and not those that are unwanted."""
    files: dict[int, float] = {}
    items: dict[int, float] = {}
    for part in sorted(asked, key=lambda part: part.less):
        if part.words:
            for known, mentions in ((files, reader.named(part.words)), (items, reader.titled(part.words))):
                known.update((number, 0.0 if part.less else surprise) for number, surprise in _surprises(mentions))
    return Named(files, items)


def _surprises(mentions: Mentions) -> Iterator[tuple[int, float]]:
    for number, share in zip(mentions.ids.tolist(), mentions.shares.tolist(), strict=True):
        yield number, surprise_of(share / WORTH_OF_A_NAME)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file's place among the weighed items, if it has one, and how surprising it is in all and by its name alone."""

    place: int | None
    surprise: float
    outside: float


class Listing:
    """Puts the files of weighed items in order; only those that are wanted are looked up and get their moments."""

    def __init__(self, reader: Reader, weighed: Weighed, voices: Sequence[Voice], named: Named) -> None:
        self._reader = reader
        self._weighed = weighed
        self._voices = voices
        self._named = named

    def results(self, files: Ids, owners: Ids, limit: int) -> list[Result]:
        """The best `limit` of `files`, whose items are `owners`, best first; equals by age in the library."""
        weighed = self._weighed
        places = np.searchsorted(weighed.items, owners)
        known = np.isin(owners, weighed.items)
        inside = np.full(len(files), -np.inf, np.float32)
        inside[known] = weighed.fused.items[places[known]]
        outside = self._outside(files, owners)
        outside[known] -= weighed.fused.unwanted[places[known]]
        total = np.where(outside > 0, np.hypot(np.maximum(inside, 0), outside), inside)
        best = np.lexsort((files, owners, -total))[:limit]
        shown = [int(place) for place in np.unique(places[best][known[best]])]
        spans = self._reader.spans(self._matching(shown))
        found = {result.file_id: result for result in self._reader.results_of_files(files[best])}
        return [
            self._result(
                found[FileId(int(files[row]))],
                _Listed(int(places[row]) if known[row] else None, float(total[row]), float(outside[row])),
                spans,
            )
            for row in best
            if files[row] in found  # else it went in this moment
        ]

    def _outside(self, files: Ids, owners: Ids) -> Numbers:
        """How surprising each file's name or its item's title is."""
        surprises = np.zeros(len(files))
        for numbers, named in ((files, self._named.files), (owners, self._named.items)):
            known = np.array(sorted(named), np.int64)
            here = np.isin(numbers, known)
            values = np.array([named[number] for number in known.tolist()])
            surprises[here] = np.maximum(surprises[here], values[np.searchsorted(known, numbers[here])])
        return surprises

    def _matching(self, places: Sequence[int]) -> Ids:
        """The segments that are worth showing: each item's best, and all that are likely."""
        fused = self._weighed.fused
        rows = [int(fused.best[place]) for place in places]
        for place in places:
            part = self._weighed.of(place)
            rows += (part.start + np.flatnonzero(fused.segments[part] >= LIKELY_SURPRISE)).tolist()
        return self._weighed.segments[np.unique(np.array(rows, np.int64))]

    def _result(self, file: Result, listed: _Listed, spans: Mapping[SegmentId, Span]) -> Result:
        """What is said of a file: why it matches, and where."""
        points = score(listed.surprise)
        found: dict[str, Any] = {"score": points, "strength": strength(points)}
        if listed.place is None:
            return replace(file, **found, **self._called(file))
        moments = self._moments(listed.place, spans, points)
        if listed.outside > self._weighed.fused.items[listed.place]:
            return replace(file, **found, **self._called(file), moments=moments)
        row = int(self._weighed.fused.best[listed.place])
        span = spans[SegmentId(int(self._weighed.segments[row]))]
        space, reason = self._why(row, span)
        return replace(
            file,
            **found,
            space=space,
            reason=reason,
            moments=moments,
            start_ms=span.start_ms,
            end_ms=span.end_ms,
            line=span.line,
        )

    def _called(self, file: Result) -> dict[str, Any]:
        """Where the words were found outside of the file."""
        if self._named.files.get(file.file_id, 0.0) >= self._named.items.get(file.item_id, 0.0):
            return {"space": "name", "reason": "in the name"}
        return {"space": "title", "reason": "in the title"}

    def _moments(self, place: int, spans: Mapping[SegmentId, Span], most: float) -> tuple[Moment, ...]:
        """The item's segments that match, in order of time, none of them more surely than the file does."""
        part = self._weighed.of(place)
        order = part.start + np.argsort(-self._weighed.fused.segments[part], kind="stable")
        kept: list[Moment] = []
        for row in order.tolist():
            span = spans.get(SegmentId(int(self._weighed.segments[row])))
            if span is None or span.start_ms is None or span.end_ms is None or len(kept) == MOST_MOMENTS:
                continue
            if any(_is_same(moment, span) for moment in kept):
                continue
            points = min(most, score(float(self._weighed.fused.segments[row])))
            reason = self._why(row, span)[1]
            kept.append(Moment(span.start_ms, span.end_ms, points, strength(points), reason, span.line))
        return tuple(sorted(kept, key=lambda moment: (moment.start_ms, moment.end_ms)))

    def _why(self, row: int, span: Span) -> tuple[str, str]:
        """In which space a segment was found, and why it matches, in the user's words."""
        speaker = int(self._weighed.fused.speaker[row])
        voice = self._voices[speaker] if speaker < len(self._voices) else None
        space = "words" if voice is None else str(voice.space.spec.space_id)
        if span.line and span.start_ms is not None:
            return space, f"heard at {clock(span.start_ms)}"
        if voice is not None and not voice.is_words:
            return space, voice.space.spec.reason
        return space, "matches the words"


def _is_same(moment: Moment, span: Span) -> bool:
    """Whether a segment says nothing new beside a better moment; a line is its own moment."""
    if span.start_ms is None or span.end_ms is None or bool(moment.line) is not bool(span.line):
        return False
    shared = min(moment.end_ms, span.end_ms) - max(moment.start_ms, span.start_ms)
    shorter = min(moment.end_ms - moment.start_ms, span.end_ms - span.start_ms)
    return shared > SAME_MOMENT * max(shorter, 1)


def clock(ms: int) -> str:
    """A time in a sound or video as players show it: `2:14`, `1:02:14`."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
