"""Decode processes at work: what goes in, what comes out, and what one bad file costs."""

from __future__ import annotations

import csv
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.decode.answers import read_decoded, read_picture
from core.decode.pool import DecodePool
from core.errors import MediaError
from core.records import Decoded, ImageView, Kind, Reason, Wanted
from core.runtime.frames import FrameError
from core.runtime.worker import Priority
from tests.conftest import WAIT_S, children, until
from tests.core.decode.conftest import VIEW, WANTED, as_seen, difference


@contextmanager
def decoding(processes: int = 1, *, limit_s: float = 20, max_pixels: int = 250_000_000) -> Iterator[DecodePool]:
    pool = DecodePool(processes, limit_s=limit_s, max_pixels=max_pixels, max_bytes=1 << 31)
    try:
        yield pool
    finally:
        assert pool.close(WAIT_S)


@pytest.fixture
def photo(picture: Image.Image, tmp_path: Path) -> bytes:
    picture.save(tmp_path / "photo.jpg", quality=92)
    return os.fsencode(tmp_path / "photo.jpg")


def the_child(pool: DecodePool, photo: bytes, before: set[int]) -> int:
    """The process that decodes, waiting for its next request."""
    pool.decode(photo, WANTED).result(WAIT_S)
    (child,) = set(children()) - before
    return child


def stop(child: int) -> None:
    """Stops the process in its tracks: what it is sent from now on stays unread."""
    os.kill(child, signal.SIGSTOP)
    until(lambda: Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "T")


def wait_for_request(child: int) -> None:
    """Until something lies in a pipe that the stopped process reads from."""
    until(lambda: any(unread_bytes(entry) for entry in Path(f"/proc/{child}/fd").iterdir()))


def unread_bytes(descriptor: Path) -> int:
    if not str(descriptor.readlink()).startswith("pipe:") or not descriptor.lstat().st_mode & 0o400:
        return 0
    pipe = os.open(descriptor, os.O_RDONLY | os.O_NONBLOCK)
    try:
        (unread,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    finally:
        os.close(pipe)
    return int(unread)


def test_a_file_becomes_arrays_thumbnail_and_metadata(pool: DecodePool, picture: Image.Image, photo: bytes) -> None:
    other = ImageView(256, 256)

    decoded = pool.decode(photo, Wanted((VIEW, other))).result(WAIT_S)

    assert decoded.kind is Kind.IMAGE
    (segment,) = decoded.segments
    assert (segment.start_ms, segment.end_ms) == (None, None)
    for view, pixels in segment.views.items():
        assert (pixels.shape, pixels.dtype) == ((view.crop_px, view.crop_px, 3), np.uint8)
        assert not pixels.flags.writeable
        assert difference(pixels, as_seen(picture, view)) < 6
    with Image.open(BytesIO(decoded.thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", (384, 256))
    assert (decoded.metadata.width, decoded.metadata.height) == (450, 300)


def test_pasted_bytes_are_decoded_like_a_file(pool: DecodePool, photo: bytes) -> None:
    data = Path(os.fsdecode(photo)).read_bytes()

    pasted, read = pool.decode_data(data, WANTED).result(WAIT_S), pool.decode(photo, WANTED).result(WAIT_S)

    assert pasted.thumbnail == read.thumbnail
    assert pasted.metadata == read.metadata
    assert np.array_equal(pasted.segments[0].views[VIEW], read.segments[0].views[VIEW])


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", Reason.EMPTY), (b"no picture", Reason.NOT_MEDIA), (bytes(1_000_001), Reason.TOO_LARGE)],
)
def test_pasted_bytes_that_are_no_picture_are_refused(pool: DecodePool, data: bytes, reason: Reason) -> None:
    error = pool.decode_data(data, WANTED).exception(WAIT_S)

    assert isinstance(error, MediaError)
    assert error.reason == reason


def test_a_preview_fits_and_is_upright(pool: DecodePool, picture: Image.Image, photo: bytes) -> None:
    preview = pool.preview(photo, 300).result(WAIT_S)

    assert (preview.width, preview.height) == (300, 200)
    shown = np.frombuffer(preview.rgb, np.uint8).reshape(200, 300, 3)
    assert difference(shown, np.asarray(picture.resize((300, 200)))) < 8


def test_a_preview_of_a_bad_file_says_what_is_wrong(pool: DecodePool, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0")

    error = pool.preview(os.fsencode(tmp_path / "a.jpg"), 300).exception(WAIT_S)

    assert isinstance(error, MediaError)


def results(futures: list[Future[Decoded]]) -> list[str | None]:
    """Each file's reason to fail."""
    errors = [future.exception(WAIT_S) for future in futures]
    assert all(error is None or isinstance(error, MediaError) for error in errors)
    return [error.reason if isinstance(error, MediaError) else None for error in errors]


def test_a_crash_of_the_decoder_costs_the_file_it_worked_on(photo: bytes) -> None:
    before = set(children())
    with decoding() as pool:
        child = the_child(pool, photo, before)
        stop(child)  # so that it dies with the first request in hand, not before
        futures = [pool.decode(photo, WANTED) for _ in range(10)]
        wait_for_request(child)
        os.kill(child, signal.SIGSEGV)
        os.kill(child, signal.SIGCONT)

        assert results(futures) == [Reason.DECODER_CRASHED] + [None] * 9


def test_a_hang_of_the_decoder_costs_the_file_it_worked_on(photo: bytes) -> None:
    before = set(children())
    with decoding(limit_s=3) as pool:
        child = the_child(pool, photo, before)
        stop(child)
        futures = [pool.decode(photo, WANTED) for _ in range(10)]

        assert results(futures) == [Reason.TOO_SLOW] + [None] * 9
        assert "3 seconds" in str(futures[0].exception())


def test_ten_crashes_are_ten_reports_and_nothing_is_left(photo: bytes) -> None:
    before = set(children())
    with decoding() as pool:
        for _ in range(10):
            child = the_child(pool, photo, before)
            stop(child)
            future = pool.decode(photo, WANTED)
            wait_for_request(child)
            os.kill(child, signal.SIGKILL)

            assert results([future]) == [Reason.DECODER_CRASHED]
        assert pool.decode(photo, WANTED).result(WAIT_S)

    assert set(children()) == before


def test_closing_in_the_middle_leaves_nothing(photo: bytes) -> None:
    before = set(children())
    with decoding(2) as pool:
        child = the_child(pool, photo, before)
        stop(child)  # so that it is at work when the end comes
        futures = [pool.decode(photo, WANTED) for _ in range(200)]
        wait_for_request(child)
        assert pool.close(WAIT_S)

    assert all(future.done() for future in futures)
    assert any(future.cancelled() for future in futures)
    assert set(children()) == before


def test_someone_waiting_overtakes_the_batch(photo: bytes) -> None:
    before = set(children())
    order: list[str] = []
    with decoding() as pool:
        child = the_child(pool, photo, before)
        stop(child)  # so that nothing is answered before all is asked
        batch = [pool.decode(photo, WANTED) for _ in range(20)]
        asked: list[Future[Any]] = [
            pool.preview(photo, 200),
            pool.decode(photo, WANTED, priority=Priority.INTERACTIVE),
        ]
        for name, futures in (("batch", batch), ("asked", asked)):
            for future in futures:
                future.add_done_callback(lambda _, name=name: order.append(name))
        os.kill(child, signal.SIGCONT)

        assert results(batch + asked) == [None] * 22

    assert max(place for place, name in enumerate(order) if name == "asked") < 6


def test_very_large_pictures_are_decoded_one_at_a_time_and_rightly(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.linear_gradient("L").resize((7200, 7200), Image.Resampling.NEAREST).save(path, compress_level=1)
    with decoding(2) as pool:
        futures = [pool.decode(os.fsencode(path), WANTED) for _ in range(2)]
        pixels = [future.result(WAIT_S).segments[0].views[VIEW] for future in futures]

    expected = as_seen(Image.linear_gradient("L"))
    assert all(difference(seen, expected) < 2 for seen in pixels)


ANSWER: dict[str, Any] = {
    "kind": "image",
    "metadata": {
        "width": 1,
        "height": 1,
        "format": "",
        "taken_at": "",
        "camera": "",
        "latitude": None,
        "longitude": 1.5,
        "duration_ms": 0,
        "title": "",
    },
    "colour": 0,
    "next_ms": None,
    "segments": [["picture", None, None]],
    "thumbnail": 11,
}
SMALL = Wanted((ImageView(2, 2),))
PAYLOAD = bytes(12) + b"\xff\xd8thumbnail"


def test_an_honest_answer_is_believed() -> None:
    decoded = read_decoded(ANSWER, PAYLOAD, Kind.IMAGE, SMALL)

    assert decoded.thumbnail == b"\xff\xd8thumbnail"
    assert decoded.metadata.longitude == 1.5


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({}, PAYLOAD),
        (ANSWER, b""),
        (ANSWER, bytes(11)),
        (ANSWER, bytes(12)),
        (ANSWER, bytes(13) + b"\xff\xd8thumbnai"),
        (ANSWER, PAYLOAD + b"more"),
        (ANSWER | {"thumbnail": -1}, PAYLOAD),
        (ANSWER | {"kind": "audio"}, PAYLOAD),
        (ANSWER | {"kind": "smell"}, PAYLOAD),
        (ANSWER | {"next_ms": 5}, PAYLOAD),
        (ANSWER | {"segments": []}, PAYLOAD),
        (ANSWER | {"segments": "picture"}, PAYLOAD),
        (ANSWER | {"segments": [["sound", 0, 1]]}, PAYLOAD),
        (ANSWER | {"segments": [["clip", None, None]]}, PAYLOAD),
        (ANSWER | {"segments": [["picture"]]}, PAYLOAD),
        (ANSWER | {"colour": 1 << 24}, PAYLOAD),
        (ANSWER | {"colour": True}, PAYLOAD),
        (ANSWER | {"colour": "red"}, PAYLOAD),
        (ANSWER | {"metadata": []}, PAYLOAD),
        (ANSWER | {"metadata": ANSWER["metadata"] | {"width": -1}}, PAYLOAD),
        (ANSWER | {"metadata": ANSWER["metadata"] | {"duration_ms": 1.5}}, PAYLOAD),
        (ANSWER | {"metadata": ANSWER["metadata"] | {"camera": "x" * 501}}, PAYLOAD),
        (ANSWER | {"metadata": ANSWER["metadata"] | {"title": None}}, PAYLOAD),
        (ANSWER | {"metadata": ANSWER["metadata"] | {"latitude": float("nan")}}, PAYLOAD),
        (ANSWER | {"metadata": ANSWER["metadata"] | {"latitude": 91.0}}, PAYLOAD),
        ({"error": "oh"}, b""),
        ({"error": {"reason": "bad luck", "what": "", "advice": "", "detail": ""}}, b""),
        ({"error": {"reason": "damaged", "what": 7, "advice": "", "detail": ""}}, b""),
    ],
)
def test_an_answer_that_does_not_fit_the_request_is_refused(header: dict[str, Any], payload: bytes) -> None:
    with pytest.raises(FrameError):
        read_decoded(header, payload, Kind.IMAGE, SMALL)


FILM: dict[str, Any] = ANSWER | {
    "kind": "video",
    "segments": [["picture", 0, 500], ["sound", 0, 2]],
    "next_ms": 500,
}
HEARD = Wanted(SMALL.views, sound=True)
FILM_PAYLOAD = bytes(12) + bytes(64) + b"\xff\xd8thumbnail" + bytes([7])


def test_an_honest_answer_about_a_video_is_believed() -> None:
    decoded = read_decoded(FILM, FILM_PAYLOAD, Kind.AUDIO, HEARD)

    shot, window = decoded.segments
    assert (decoded.kind, decoded.next_ms, decoded.peaks) == (Kind.VIDEO, 500, b"\7")
    assert (shot.views[SMALL.views[0]].shape, shot.sound, shot.end_ms) == ((2, 2, 3), None, 500)
    assert window.sound is not None
    assert (window.sound.shape, window.sound.dtype, dict(window.views)) == ((32,), np.float32, {})


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        (FILM, FILM_PAYLOAD[:70]),
        (FILM | {"next_ms": 0}, FILM_PAYLOAD),
        (FILM | {"next_ms": -5}, FILM_PAYLOAD),
        (FILM | {"kind": "image"}, FILM_PAYLOAD),
        (FILM | {"segments": [["picture", None, None], ["sound", 0, 2]]}, FILM_PAYLOAD),
        (FILM | {"segments": [["picture", 5, 5], ["sound", 0, 2]]}, FILM_PAYLOAD),
        (FILM | {"segments": [["picture", 0, 500], ["sound", 0, 1 << 39]]}, FILM_PAYLOAD),
        (FILM | {"segments": [["clip", 0, 500], ["sound", 0, 2]]}, FILM_PAYLOAD),
        (FILM | {"segments": [["picture", 0, 1 << 41], ["sound", 0, 2]]}, FILM_PAYLOAD),
    ],
)
def test_an_answer_about_a_video_that_does_not_fit_is_refused(header: dict[str, Any], payload: bytes) -> None:
    with pytest.raises(FrameError):
        read_decoded(header, payload, Kind.VIDEO, HEARD)


@pytest.mark.parametrize(
    ("header", "payload"),
    [({"width": 2, "height": 2}, bytes(11)), ({"width": 3, "height": 2}, bytes(18)), ({"width": 2}, bytes(12))],
)
def test_a_picture_that_does_not_fit_the_request_is_refused(header: dict[str, Any], payload: bytes) -> None:
    with pytest.raises(FrameError):
        read_picture(header, payload, 2)


def test_phone_photos_say_when_where_and_with_what_they_were_taken(shared: Path) -> None:
    folder = shared / "data" / "phone_photos"
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    with decoding(2) as pool:
        decoded = [pool.decode(os.fsencode(folder / label["file"]), WANTED) for label in labels]
        for label, future in zip(labels, decoded, strict=True):
            said = future.result(WAIT_S).metadata
            size = (int(label["width"]), int(label["height"]))
            turned = label["orientation"] in {"5", "6", "7", "8"}
            assert (said.width, said.height) == (size[::-1] if turned else size)
            assert said.format == label["format"]
            if label["date_original"]:
                assert said.taken_at.replace("-", ":").replace("T", " ") == label["date_original"]
            assert label["model"] in said.camera
            position = None if said.latitude is None else (round(said.latitude, 5), round(said.longitude or 0, 5))
            assert position == ((float(label["lat"]), float(label["lon"])) if label["lat"] else None)
