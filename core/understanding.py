"""Decoded segments into vectors: cut into jobs so short that no question waits long for its turn on the models."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core.embedding import Embedder
from core.errors import ModelError
from core.records import SOUND_RATE_HZ, Line, Samples, Segment, SpaceId
from core.runtime.chain import repeat, then
from core.runtime.lane import Lane
from core.runtime.worker import Priority

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.embed.encoder import Encoder

JOB_S = 0.1
"""What a job should take: no question waits longer for its turn on the models."""
MOST_AT_ONCE = 128
"""More segments in a job are no faster on any device."""

Understood: TypeAlias = "dict[SpaceId, NDArray[np.float32]]"
"""One segment's vectors, those that are finite, by space."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What encoders made of segments, row for row; `unable` are encoders that do not work."""

    vectors: list[Understood]
    unable: frozenset[Encoder]


class Understanding:
    """May be used on any thread; the work is done on the `gpu` lane and where speech is listened to."""

    def __init__(self, gpu: Lane[Embedder], listen: Callable[[Samples], Future[list[Line]]]) -> None:
        """`listen` writes down what is said in sound at SOUND_RATE_HZ; its future fails with ModelError."""
        self._gpu = gpu
        self._listen = listen
        self._at_once: dict[Encoder, int] = {}

    def embed(
        self, encoders: Sequence[Encoder], segments: Sequence[Segment], priority: Priority = Priority.BATCH
    ) -> Future[Embedded]:
        """Shows every segment to every encoder that can read it. Fails with ModelError if no encoder works."""
        batch = _Batch(encoders, segments)
        return then(repeat(lambda: self._gpu.call(priority, self._show, batch)), lambda _: batch.embedded())

    def _show(self, embedder: Embedder, batch: _Batch) -> bool:
        """One job, as large as is right by now; whether there is more to do. On the `gpu` lane."""
        if batch.left:
            encoder, numbers = batch.take(self._at_once)
            started = time.perf_counter()
            try:
                batch.keep(numbers, embedder.media(encoder, [batch.segments[number] for number in numbers]))
                self._adapt(encoder, len(numbers), time.perf_counter() - started)
            except ModelError as error:
                batch.give_up(encoder, error)
        return bool(batch.left)

    def _adapt(self, encoder: Encoder, count: int, taken_s: float) -> None:
        """Makes jobs larger or smaller by what one of `count` segments took: devices differ a thousandfold.

        A power of two, so that what works on a job side by side has equal shares of it.
        """
        fitting = max(1, int(count * JOB_S / taken_s))
        now = self._at_once.get(encoder, 1)
        if taken_s > JOB_S:
            self._at_once[encoder] = _power_of_two(fitting)
        elif count >= now:
            self._at_once[encoder] = _power_of_two(min(2 * count, fitting, MOST_AT_ONCE))

    def listen(self, segments: Sequence[Segment]) -> Future[list[Segment]]:
        """What is said in windows of sound that follow one another: segments with `text`. Fails with ModelError."""
        windows = [segment for segment in segments if segment.sound is not None]
        if not windows:
            nothing: Future[list[Segment]] = Future()
            nothing.set_result([])
            return nothing
        begin_ms = windows[0].start_ms or 0

        def timed(lines: list[Line]) -> list[Segment]:
            return [
                Segment(
                    text=line.text,
                    language=line.language,
                    start_ms=begin_ms + line.start_ms,
                    end_ms=begin_ms + line.end_ms,
                )
                for line in lines
            ]

        return then(self._listen(joined(windows, begin_ms)), timed)


class _Batch:
    """Segments on their way through encoders, a job at a time. `left` numbers those not yet shown to each."""

    def __init__(self, encoders: Sequence[Encoder], segments: Sequence[Segment]) -> None:
        self.segments = segments
        read = {
            encoder: [n for n, segment in enumerate(segments) if encoder.spec.reads(segment)] for encoder in encoders
        }
        self.left = {encoder: numbers for encoder, numbers in read.items() if numbers}
        self._readers = frozenset(self.left)
        self._vectors: list[Understood] = [{} for _ in segments]
        self._errors: dict[Encoder, ModelError] = {}

    def take(self, at_once: Mapping[Encoder, int]) -> tuple[Encoder, list[int]]:
        """The next encoder, and as many segments as it can be shown at once."""
        encoder, numbers = next(iter(self.left.items()))
        step = at_once.get(encoder, 1)
        if len(numbers) > step:
            self.left[encoder] = numbers[step:]
        else:
            del self.left[encoder]
        return encoder, numbers[:step]

    def keep(self, numbers: Sequence[int], found: Mapping[SpaceId, NDArray[np.float32]]) -> None:
        """Takes the vectors of those segments, row for row, that are finite."""
        for space_id, matrix in found.items():
            for number, row in zip(numbers, matrix, strict=True):
                if np.isfinite(row).all():
                    self._vectors[number][space_id] = row

    def give_up(self, encoder: Encoder, error: ModelError) -> None:
        """Shows this encoder no more: it does not work."""
        self._errors[encoder] = error
        self.left.pop(encoder, None)

    def embedded(self) -> Embedded:
        """What came of it. Raises ModelError if no encoder works."""
        if self._errors and self._errors.keys() == self._readers:
            raise next(iter(self._errors.values()))
        return Embedded(self._vectors, frozenset(self._errors))


def joined(windows: Sequence[Segment], begin_ms: int) -> Samples:
    """Windows of sound as one, from `begin_ms` on, with silence where none of them is."""
    places = [(round(((window.start_ms or 0) - begin_ms) * SOUND_RATE_HZ / 1000), window.sound) for window in windows]
    whole = np.zeros(max(place + len(sound) for place, sound in places if sound is not None), np.float32)
    for place, sound in places:
        if sound is not None:
            whole[place : place + len(sound)] = sound
    return whole


def _power_of_two(most: int) -> int:
    """The largest that is not above `most`."""
    return 1 << (most.bit_length() - 1)
