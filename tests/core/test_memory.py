"""What was decoded is let go of as soon as it is understood, and not only when garbage is collected."""

from __future__ import annotations

import gc
from pathlib import Path

from core import Engine
from core.records import Decoded, Segment
from tests.core.decode.media import noise, write_sound
from tests.core.steps import WAIT_S, index


def decoded() -> int:
    return sum(type(thing) in {Segment, Decoded} for thing in gc.get_objects())  # `isinstance` asks them, and some warn


def test_nothing_that_was_decoded_is_kept(engine: Engine, photos: Path) -> None:
    write_sound(photos / "noise.wav", noise(3), "pcm_s16le")
    others = decoded()
    index(engine, photos)
    assert engine.status().result(WAIT_S).items == 9
    assert decoded() <= others
