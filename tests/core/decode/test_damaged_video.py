"""Videos whose times, ends or bytes are not as they should be: what can be seen of them is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.decode.decoder import Order
from core.decode.problems import explain
from core.decode.video import VideoDecoder
from core.errors import MediaError
from core.records import (
    Reason,
    Wanted,
)
from tests.core.decode.media import (
    MAX_PIXELS,
    chain,
    colour,
    plain,
    see,
    shots,
    tone,
    write_video,
)
from tests.core.decode.test_video import BLUE, GREEN, RED, VIEW_224, VideoFile, moving, near, scenes


def test_frames_of_irregular_length_keep_their_times(tmp_path: Path) -> None:
    at = [0, 40, 900, 4000, 4010, 4020, 9000, 9500, 15_000]
    frames = [plain(RED)] * 3 + [plain(GREEN)] * 3 + [plain(BLUE)] * 3

    found = shots(see(write_video(tmp_path / "a.mkv", frames, times=at)))

    assert [shot.start_ms for shot in found] == [0, 4000, 9000]
    assert [near(colour(shot), shade) for shot, shade in zip(found, (RED, GREEN, BLUE), strict=True)] == [True] * 3


def test_times_that_start_anew_in_the_middle_do_not_end_it(tmp_path: Path) -> None:
    """Two transport streams one after the other, as recorders write them."""
    parts = [
        write_video(tmp_path / f"{number}.ts", scenes((shade, 4)), sound=tone(4), gop_size=25).read_bytes()
        for number, shade in enumerate((RED, BLUE))
    ]
    (tmp_path / "a.mts").write_bytes(b"".join(parts))

    found = shots(*chain(see, tmp_path / "a.mts"))

    assert {near(colour(shot), RED) for shot in found} == {True, False}
    assert near(colour(found[-1]), BLUE)


def test_without_any_times_frames_follow_each_other(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.m1v", scenes((RED, 3), (GREEN, 3)), "mpeg1video")
    (tmp_path / "a.mpg").write_bytes(path.read_bytes())

    found = shots(see(tmp_path / "a.mpg"))

    assert [near(colour(shot), shade) for shot, shade in zip(found, (RED, GREEN), strict=True)] == [True] * 2
    assert found[-1].end_ms == pytest.approx(6000, abs=200)


@pytest.mark.parametrize(
    ("extension", "codec"), [("mkv", "libx264"), ("avi", "mpeg4"), ("mts", "libx264"), ("mpg", "mpeg2video")]
)
def test_of_a_video_that_was_cut_off_the_rest_is_kept(tmp_path: Path, extension: str, codec: str) -> None:
    path = write_video(tmp_path / f"a.{extension}", moving(40, fps=25), codec, gop_size=25)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    found = shots(*chain(see, path))

    assert 10_000 < (found[-1].end_ms or 0) < 32_000


def test_of_a_video_with_damage_the_rest_is_kept(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", scenes((RED, 4), (GREEN, 4), (BLUE, 4)), gop_size=10)
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(data)

    found = shots(see(path))

    assert near(colour(found[-1]), BLUE)


def reason(path: Path, max_pixels: int = MAX_PIXELS) -> Reason:
    with pytest.raises(Exception) as raised, VideoFile(path) as file:  # noqa: PT011 - any: explain() knows
        VideoDecoder().decode(file, Order(Wanted((VIEW_224,), sound=True), max_pixels))
    return explain(raised.value).reason


def test_a_video_whose_index_is_cut_off_is_incomplete(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(4))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert reason(path) == Reason.INCOMPLETE


def test_too_large_frames_are_refused_with_their_size(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [plain(RED, 640, 480)] * 3)

    assert reason(path, 300_000) == Reason.TOO_LARGE
    with pytest.raises(MediaError, match="0 megapixels"), VideoFile(path) as file:
        VideoDecoder().preview(file, Order(Wanted(), 300_000), 100)


def test_a_container_of_nothing_is_no_media(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"\x1aE\xdf\xa3\x84webm" + bytes(500))

    assert reason(tmp_path / "a.mkv") in {Reason.DAMAGED, Reason.NOT_MEDIA, Reason.INCOMPLETE}
