"""How segments are shared out to the models: in jobs as large as the device is fast, and no question waits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest

from core.embedding import Embedder, ModelBoard
from core.events import EventBus
from core.records import EncoderSpec, Role, Segment, SpaceId, Vectors
from core.runtime.lane import Lane
from core.understanding import MOST_AT_ONCE, Understanding

SEGMENTS = [Segment(text=str(number)) for number in range(600)]


class Numbering:
    """Reads numbers; each takes `each_s`."""

    runs_on = "here"
    spec = EncoderSpec("numbers", "Numbers", "1", Role.SPEECH, ())

    def __init__(self, each_s: float) -> None:
        self.each_s = each_s
        self.sizes: list[int] = []

    def load(self) -> None: ...

    def unload(self) -> None: ...

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        return {}

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:
        return {SpaceId("numbers"): np.array([[float(text)] for text in texts], np.float32)}

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        self.sizes.append(len(segments))
        time.sleep(self.each_s * len(segments))
        return self.encode_query([segment.text for segment in segments])


@pytest.fixture
def understanding() -> Iterator[Understanding]:
    gpu = Lane("gpu", lambda: Embedder(ModelBoard(EventBus())), Embedder.unload)
    yield Understanding(gpu, listen=lambda _: pytest.fail("nothing is said"))
    gpu.close(timeout_s=10)


def embed(understanding: Understanding, encoder: Numbering, count: int) -> None:
    embedded = understanding.embed([encoder], SEGMENTS[:count]).result()
    assert [int(row[SpaceId("numbers")][0]) for row in embedded.vectors] == list(range(count))


def test_a_fast_device_gets_many_segments_at_once(understanding: Understanding) -> None:
    encoder = Numbering(each_s=0)
    for count in (1, 3, 7, 20, 50, 600, 600):
        embed(understanding, encoder, count)
    assert 16 <= max(encoder.sizes) <= MOST_AT_ONCE


def test_what_was_measured_counts_for_the_rest_of_the_same_batch(understanding: Understanding) -> None:
    encoder = Numbering(each_s=0)
    embed(understanding, encoder, 600)
    assert encoder.sizes[0] == 1
    assert max(encoder.sizes) >= 16


def test_a_slow_one_gets_one_after_the_other(understanding: Understanding) -> None:
    encoder = Numbering(each_s=0.06)
    for count in (1, 3, 4):
        embed(understanding, encoder, count)
    assert encoder.sizes == [1] * 8


def test_one_that_becomes_slow_gets_fewer(understanding: Understanding) -> None:
    encoder = Numbering(each_s=0)
    for count in (1, 3, 7, 20, 50):
        embed(understanding, encoder, count)
    encoder.each_s = 0.06
    embed(understanding, encoder, 16)
    encoder.sizes.clear()
    embed(understanding, encoder, 3)
    assert encoder.sizes == [1, 1, 1]
