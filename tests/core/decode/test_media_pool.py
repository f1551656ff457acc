"""Sounds and videos through the decode processes, which have little memory, few rights and little time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.decode.pool import DecodePool
from core.records import CLIP_SAMPLES, Decoded, ImageView, Kind, Wanted
from tests.core.decode.media import noise, pitch, plain, tone, write_sound, write_video
from tests.core.decode.test_decode_pool import children, decoding

VIEW = ImageView(64, 64)
ALL = Wanted((VIEW,), sound=True, clips=True)
WAIT_S = 60


def all_of(pool: DecodePool, path: Path, wanted: Wanted = ALL) -> Iterator[Decoded]:
    at_ms: int | None = 0
    while at_ms is not None:
        decoded = pool.decode(os.fsencode(path), wanted, from_ms=at_ms).result(WAIT_S)
        yield decoded
        at_ms = decoded.next_ms


def test_a_sound_becomes_samples(pool: DecodePool, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp3", tone(2), "libmp3lame", tags={"title": "A"})

    (decoded,) = all_of(pool, path)

    (window,) = decoded.segments
    assert window.sound is not None
    assert (decoded.kind, window.sound.dtype, window.views, window.clip) == (Kind.AUDIO, np.float32, {}, None)
    assert pitch(window.sound) == pytest.approx(440, abs=2)
    assert 0.25 < np.abs(window.sound).max() < 0.35
    assert (len(decoded.peaks), decoded.metadata.title) == (20, "A")
    preview = pool.preview(os.fsencode(path), 100).result(WAIT_S)
    assert (preview.width, preview.height) == (100, 67)


def test_a_video_becomes_pixels_samples_and_moments(pool: DecodePool, tmp_path: Path) -> None:
    frames = [plain((200, 30, 30))] * 50 + [plain((30, 30, 200))] * 50
    path = write_video(tmp_path / "a.mp4", frames, sound=tone(4))

    (decoded,) = all_of(pool, path)

    assert decoded.kind is Kind.VIDEO
    assert [(segment.start_ms, segment.clip is not None) for segment in decoded.segments if segment.sound is None] == [
        (0, True),
        (2000, True),
    ]
    shot = next(segment for segment in decoded.segments if segment.clip is not None)
    assert shot.clip is not None
    assert (shot.views[VIEW].shape, shot.clip.frames.shape) == ((64, 64, 3), (16, 224, 224, 3))
    assert (shot.clip.sound.shape, shot.clip.sound.dtype) == ((CLIP_SAMPLES,), np.float32)
    preview = pool.preview(os.fsencode(path), 80, at_ms=3000).result(WAIT_S)
    assert preview.rgb[-1] > 150 > preview.rgb[-3]


def test_the_content_decides_whether_it_is_a_sound_or_a_video(pool: DecodePool, tmp_path: Path) -> None:
    write_sound(tmp_path / "a.mp4", tone(1), "aac").rename(tmp_path / "sound.mov")
    write_video(tmp_path / "a.mp4", [plain((1, 99, 200))] * 9, sound=tone(1)).rename(tmp_path / "film.m4a")

    (sound,) = all_of(pool, tmp_path / "sound.mov")
    (film,) = all_of(pool, tmp_path / "film.m4a")

    assert (sound.kind, film.kind) == (Kind.AUDIO, Kind.VIDEO)
    assert pool.preview(os.fsencode(tmp_path / "film.m4a"), 80).result(WAIT_S).width == 80


def test_the_limit_on_the_size_of_files_is_for_pictures(pool: DecodePool, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", noise(8), "pcm_s16le")
    assert path.stat().st_size > 1_000_000  # the pool's limit

    assert list(all_of(pool, path))


def peak_mb(before: set[int]) -> int:
    """The most memory that a decode process had at any time."""
    (child,) = set(children()) - before
    lines = Path(f"/proc/{child}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1000 for line in lines if line.startswith("VmHWM"))


def long_recording(path: Path, minutes: int) -> Path:
    """8 kHz, a megabyte a minute that takes no disk: two minutes of noise at its start and end, silence between."""
    size = minutes * 60 * 16_000
    head = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data" + size.to_bytes(
        4, "little"
    )
    part = (noise(120, rate=8000) * 32767).astype("<i2").tobytes()
    with path.open("wb") as file:
        file.write(head + part)
        file.truncate(len(head) + size)
        file.seek(-len(part), 2)
        file.write(part)
    return path


@pytest.mark.parametrize("minutes", [20, pytest.param(180, marks=pytest.mark.slow)])
def test_a_long_recording_needs_no_more_memory_than_a_short_one(tmp_path: Path, minutes: int) -> None:
    before = set(children())
    with decoding() as pool:
        list(all_of(pool, long_recording(tmp_path / "short.wav", 5), Wanted(sound=True)))
        short_mb = peak_mb(before)

        stretches = list(all_of(pool, long_recording(tmp_path / "long.wav", minutes), Wanted(sound=True)))

        assert peak_mb(before) <= short_mb + 40  # of 345 MB of sound
    segments = [segment for stretch in stretches for segment in stretch.segments]
    assert (segments[0].start_ms, segments[-1].end_ms) == (0, minutes * 60_000)
    assert sum(len(stretch.peaks) for stretch in stretches) == minutes * 600
    assert all(
        (segment.end_ms or 0) <= 160_000 or (segment.start_ms or 0) >= (minutes - 3) * 60_000 for segment in segments
    )
