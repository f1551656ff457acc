"""Videos: which shots they are taken apart into, what stands for each, and how they survive what is wrong with them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.decode.decoder import Order, OtherKind
from core.decode.video import VideoDecoder
from core.records import (
    CLIP_FRAMES,
    CLIP_PX,
    CLIP_RATE_HZ,
    CLIP_SAMPLES,
    WINDOW_MS,
    ImageView,
    Kind,
    Wanted,
)
from tests.core.decode.conftest import as_seen, difference
from tests.core.decode.media import (
    MAX_PIXELS,
    Frame,
    chain,
    colour,
    noise,
    pitch,
    plain,
    see,
    shots,
    times,
    tone,
    windows,
    write_sound,
    write_video,
)

RED, GREEN, BLUE = (200, 30, 30), (30, 180, 40), (40, 50, 210)
FORMATS = [
    ("mp4", "libx264"),
    ("mov", "mpeg4"),
    ("m4v", "mpeg4"),
    ("mkv", "libx264"),
    ("webm", "libvpx-vp9"),
    ("avi", "mpeg4"),
    ("mpg", "mpeg2video"),
    ("mts", "libx264"),
    ("3gp", "mpeg4"),
    ("flv", "flv"),
    ("wmv", "wmv2"),
    ("ogv", "libvpx"),
]
VIEW_224 = ImageView(224, 224)


def scenes(*parts: tuple[tuple[int, int, int], float], fps: int = 25) -> Iterator[Frame]:
    """Plain colours, each for some seconds."""
    for shade, seconds in parts:
        for _ in range(round(seconds * fps)):
            yield plain(shade)


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 16 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("extension", "codec"), FORMATS)
def test_every_format_is_taken_apart_where_the_picture_changes(tmp_path: Path, extension: str, codec: str) -> None:
    path = write_video(tmp_path / f"a.{extension}", scenes((RED, 2), (GREEN, 3), (BLUE, 2)), codec, bit_rate=900_000)

    decoded = see(path)

    found = shots(decoded)
    assert decoded.next_ms is None
    assert [near(colour(shot), shade) for shot, shade in zip(found, (RED, GREEN, BLUE), strict=True)] == [True] * 3
    ends = [shot.end_ms for shot in found]
    assert ends == pytest.approx([2000, 5000, 7000], abs=600)
    assert [shot.start_ms for shot in found[1:]] == ends[:-1]
    assert (decoded.metadata.width, decoded.metadata.height) == (160, 120)
    assert decoded.metadata.duration_ms == pytest.approx(7000, abs=150)
    assert near((decoded.colour >> 16, decoded.colour >> 8 & 255, decoded.colour & 255), RED)
    with Image.open(io.BytesIO(decoded.thumbnail)) as thumbnail:
        assert thumbnail.size == (160, 120)


def film(picture: Image.Image) -> Frame:
    return np.asarray(picture.crop((0, 0, 448, 300)))


TURNS = {
    "upright": ((1, 0, 0, 1), lambda image: image),
    "turned left": ((0, 1, -1, 0), lambda image: image.transpose(Image.Transpose.ROTATE_270)),
    "turned over": ((-1, 0, 0, -1), lambda image: image.transpose(Image.Transpose.ROTATE_180)),
    "turned right": ((0, -1, 1, 0), lambda image: image.transpose(Image.Transpose.ROTATE_90)),
    "mirrored": ((-1, 0, 0, 1), lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_key_frame_is_seen_like_a_picture_of_it(tmp_path: Path, picture: Image.Image, turn: str) -> None:
    (a, b, c, d), as_held = TURNS[turn]
    one = 1 << 16
    path = write_video(
        tmp_path / "a.mp4",
        [film(picture)] * 5,
        options={"crf": "1"},
        pixels="yuv444p",
        turned=(a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30),
    )

    decoded = see(path, wanted=Wanted((VIEW_224, ImageView(64, 48))))

    upright = as_held(picture.crop((0, 0, 448, 300)))
    assert (decoded.metadata.width, decoded.metadata.height) == upright.size
    for view, data in zip((VIEW_224, ImageView(64, 48)), decoded.segments[0].views, strict=True):
        seen = np.frombuffer(data, np.uint8).reshape(view.crop_px, view.crop_px, 3)
        assert difference(seen, as_seen(upright, view)) < 2
    with VideoFile(path) as file:
        preview = VideoDecoder().preview(file, Order(Wanted(), MAX_PIXELS), 2000)
    assert (preview.width, preview.height) == upright.size
    shown = np.frombuffer(preview.rgb, np.uint8).reshape(preview.height, preview.width, 3)
    assert difference(shown, np.asarray(upright)) < 2


def VideoFile(path: Path) -> io.BufferedReader:  # noqa: N802 - reads like what it is
    return path.open("rb")


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path, picture: Image.Image) -> None:
    squeezed = picture.resize((224, 300))
    path = write_video(tmp_path / "a.mp4", [np.asarray(squeezed)] * 5, sample_aspect_ratio=2, options={"crf": "2"})

    decoded = see(path, wanted=Wanted((VIEW_224,)))

    assert (decoded.metadata.width, decoded.metadata.height) == (448, 300)
    seen = np.frombuffer(decoded.segments[0].views[0], np.uint8).reshape(224, 224, 3)
    assert difference(seen, as_seen(picture.resize((448, 300)))) < 6


@pytest.mark.parametrize("space", [1, 5], ids=["709", "601"])
@pytest.mark.parametrize("full", [1, 2], ids=["studio", "full"])
def test_colours_are_those_that_were_filmed(tmp_path: Path, space: int, full: int) -> None:
    path = write_video(
        tmp_path / "a.mp4", [plain((220, 60, 30))] * 5, pixels="yuv444p", colorspace=space, color_range=full
    )

    assert near(colour(see(path).segments[0]), (220, 60, 30))


def test_black_makes_no_segment_and_what_follows_does(tmp_path: Path) -> None:
    black = [np.zeros((120, 160, 3), np.uint8)] * 75
    frames = [*black, *scenes((RED, 3)), *black, *scenes((BLUE, 3)), *black[:50]]
    path = write_video(tmp_path / "a.mp4", frames)

    decoded = see(path)

    assert [near(colour(shot), shade) for shot, shade in zip(shots(decoded), (RED, BLUE), strict=True)] == [True] * 2
    assert decoded.metadata.duration_ms == 14_000
    assert near((decoded.colour >> 16, decoded.colour >> 8 & 255, decoded.colour & 255), RED)


def test_nothing_but_black_has_a_thumbnail_all_the_same(tmp_path: Path) -> None:
    decoded = see(write_video(tmp_path / "a.mp4", [np.zeros((120, 160, 3), np.uint8)] * 50))

    assert decoded.segments == []
    assert decoded.thumbnail.startswith(b"\xff\xd8")


def moving(seconds: float, fps: int = 5) -> Iterator[Frame]:
    """One scene in which something moves all the time."""
    frame = plain((90, 120, 100))
    for number in range(round(seconds * fps)):
        shifted = frame.copy()
        at = number * 3 % 100
        shifted[30:90, at : at + 60] = (200, 180, 160)
        yield shifted


def test_what_moves_has_a_segment_every_ten_seconds(tmp_path: Path) -> None:
    found = shots(*chain(see, write_video(tmp_path / "a.mp4", moving(95), fps=5)))

    assert (found[0].start_ms, found[-1].end_ms) == (0, 95_000)
    assert all(0 < (shot.end_ms or 0) - (shot.start_ms or 0) <= 12_000 for shot in found)
    assert len(found) <= 12


def test_what_stands_still_has_a_segment_a_minute(tmp_path: Path) -> None:
    stretches = chain(see, write_video(tmp_path / "a.mp4", scenes((GREEN, 300), fps=5), fps=5))

    assert times(shots(*stretches)) == [(at, at + 60_000) for at in range(0, 300_000, 60_000)]


def test_a_frame_that_is_sharp_stands_for_a_shot(tmp_path: Path, picture: Image.Image) -> None:
    sharp = film(picture)
    blurred = np.asarray(picture.crop((0, 0, 448, 300)).resize((28, 19)).resize((448, 300)))
    frames = [blurred] * 30 + [sharp] * 20 + [blurred] * 30
    path = write_video(tmp_path / "a.mp4", frames, fps=10, gop_size=5, options={"crf": "4"})

    (shot,) = shots(see(path, wanted=Wanted((VIEW_224,))))

    seen = np.frombuffer(shot.views[0], np.uint8).reshape(224, 224, 3)
    assert difference(seen, as_seen(Image.fromarray(sharp))) < 5


def test_the_whole_video_is_seen_in_stretches_without_gap(tmp_path: Path) -> None:
    shades = [RED, GREEN, BLUE, (200, 200, 60)]
    parts = [(shades[number % 4], 7.0) for number in range(26)]
    path = write_video(
        tmp_path / "a.mkv", scenes(*parts, fps=5), fps=5, sound=noise(182), sound_codec="pcm_s16le", gop_size=250
    )

    stretches = chain(see, path)

    found = shots(*stretches)
    assert len(stretches) >= 3
    assert [shot.start_ms for shot in found] == [0, *(shot.end_ms for shot in found[:-1])]
    assert found[-1].end_ms == 182_000
    starts = np.array([shot.start_ms for shot in found])
    assert all(np.abs(starts - cut).min() <= 600 for cut in range(7000, 182_000, 7000))
    for shot in found:
        middle = ((shot.start_ms or 0) + (shot.end_ms or 0)) // 2
        assert near(colour(shot), shades[middle // 7000 % 4])
    heard = windows(*stretches)
    assert [window.start_ms for window in heard] == [0, *(window.end_ms for window in heard[:-1])]
    assert heard[-1].end_ms == pytest.approx(182_000, abs=60)
    assert all(1000 <= (window.end_ms or 0) - (window.start_ms or 0) <= WINDOW_MS for window in heard)
    assert len(b"".join(stretch.peaks for stretch in stretches)) == pytest.approx(1820, abs=1)
    assert {stretch.next_ms for stretch in stretches[:-1]} <= {window.end_ms for window in heard}
    assert [bool(stretch.thumbnail) for stretch in stretches] == [True] + [False] * (len(stretches) - 1)


def test_the_same_file_is_taken_apart_alike(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "a.mov", moving(75, fps=10), fps=10, sound=noise(75), sound_codec="pcm_s16le", gop_size=40
    )

    once, again = chain(see, path), chain(see, path)

    assert once == again


def test_an_interval_can_be_asked_for(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", scenes((RED, 8), (GREEN, 8), (BLUE, 8)), sound=tone(24), gop_size=100)

    decoded = see(path, 9100, 14_300)

    (shot,) = shots(decoded)
    assert near(colour(shot), GREEN)
    assert (shot.start_ms or 0) >= 9100
    assert (shot.end_ms, decoded.next_ms, decoded.thumbnail) == (14_300, None, b"")
    assert times(windows(decoded)) == [(9100, 14_300)]


def test_a_film_without_picture_is_a_sound(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp4", tone(2), "aac")

    with pytest.raises(OtherKind) as raised:
        see(path)

    assert raised.value.kind is Kind.AUDIO


def test_a_silent_film_has_no_windows_and_no_peaks(tmp_path: Path) -> None:
    decoded = see(write_video(tmp_path / "a.mp4", scenes((RED, 2))))

    assert (windows(decoded), decoded.peaks, len(shots(decoded))) == ([], b"", 1)


def test_sound_that_lasts_longer_than_the_picture_is_heard_to_its_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", scenes((RED, 3)), sound=tone(75), sound_codec="flac")

    stretches = chain(see, path)

    assert windows(*stretches)[-1].end_ms == pytest.approx(75_000, abs=1)
    assert len(shots(*stretches)) == 1


def test_only_what_is_wanted_is_answered(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mov", moving(100), fps=5, sound=tone(100), sound_codec="pcm_s16le")

    bare = see(path, wanted=Wanted())
    heard = chain(see, path, wanted=Wanted(sound=True))

    assert (bare.segments, bare.next_ms, bool(bare.thumbnail)) == ([], None, True)
    assert shots(*heard) == []
    assert windows(*heard)[-1].end_ms == pytest.approx(100_000, abs=60)


def test_a_preview_shows_the_frame_of_a_moment(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", scenes((RED, 3), (GREEN, 3), (BLUE, 3)), gop_size=60)
    for at_ms, shade in ((0, RED), (2960, RED), (3000, GREEN), (5990, BLUE), (8000, BLUE), (99_000, BLUE)):
        with VideoFile(path) as file:
            preview = VideoDecoder().preview(file, Order(Wanted(), MAX_PIXELS, at_ms), 80)

        shown = np.frombuffer(preview.rgb, np.uint8).reshape(60, 80, 3)
        assert near(tuple(int(value) for value in shown[30, 40]), shade)


def brightening(fps: int, seconds: float) -> Iterator[Frame]:
    """Frames that tell their time: two greys a tenth of a second."""
    for number in range(round(fps * seconds)):
        yield np.full((120, 160, 3), 40 + round(20 * number / fps), np.uint8)


@pytest.mark.parametrize("fps", [50, 25, 10])
def test_a_clip_is_16_frames_at_25_a_second_around_the_key_frame(tmp_path: Path, fps: int) -> None:
    path = write_video(
        tmp_path / "a.mp4", brightening(fps, 8), fps=fps, sound=tone(8, 1000), options={"crf": "1"}, gop_size=30
    )

    (shot,) = [shot for shot in see(path, wanted=Wanted((ImageView(32, 32),), clips=True)).segments if shot.frames]

    frames = np.frombuffer(shot.frames, np.uint8).reshape(CLIP_FRAMES, CLIP_PX, CLIP_PX, 3)
    told = (frames[:, 100, 100, 0].astype(float) - 40) / 20
    steps = np.floor(told[0] * fps + np.arange(CLIP_FRAMES) / 25 * fps + 0.5) / fps
    assert np.abs(told - steps).max() <= max(1 / fps, 0.05) + 0.03
    assert told[-1] - told[0] == pytest.approx(0.6, abs=0.13)
    assert (colour(shot)[0] - 40) / 20 == pytest.approx(told.mean(), abs=0.4)
    heard = np.frombuffer(shot.clip_sound, "<i2").astype(float)
    assert len(heard) == CLIP_SAMPLES
    assert pitch(heard, CLIP_RATE_HZ) == pytest.approx(1000, abs=3)


def test_the_clip_of_a_short_silent_video_repeats_its_last_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [plain(RED)] * 3 + [plain(BLUE)] * 2)

    (shot,) = see(path, wanted=Wanted((ImageView(32, 32),), clips=True)).segments

    frames = np.frombuffer(shot.frames, np.uint8).reshape(CLIP_FRAMES, CLIP_PX, CLIP_PX, 3)
    assert near(tuple(int(value) for value in frames[0, 112, 112]), RED)
    assert near(tuple(int(value) for value in frames[-1, 112, 112]), BLUE)
    assert shot.clip_sound == bytes(2 * CLIP_SAMPLES)


def test_tags_say_when_where_and_with_what_it_was_filmed(tmp_path: Path) -> None:
    tags = {
        "com.apple.quicktime.creationdate": "2021-07-08T19:20:21+0200",
        "com.apple.quicktime.location.ISO6709": "+48.8577-002.2950+035.000/",
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.model": "iPhone 12",
        "title": "At the\x07 tower",
    }
    path = write_video(tmp_path / "a.mov", [plain(RED)] * 5, tags=tags, container={"movflags": "use_metadata_tags"})

    said = see(path).metadata

    assert (said.taken_at, said.camera, said.title) == ("2021-07-08T19:20:21", "Apple iPhone 12", "At the tower")
    assert (said.latitude, said.longitude) == (48.8577, -2.295)


def test_real_videos_are_whole(shared: Path) -> None:
    folder = shared / "data" / "video_real" / "dev"
    for path in sorted(folder.glob("*.[am][vpo][i4v]"))[::3]:
        stretches = chain(see, path, wanted=Wanted((VIEW_224,), sound=True))

        found = shots(*stretches)
        assert 1 <= len(found) <= 8
        assert found[-1].end_ms == pytest.approx(stretches[0].metadata.duration_ms, abs=400)
