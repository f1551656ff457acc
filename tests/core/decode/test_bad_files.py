"""What cannot be decoded fails with the right reason and a sentence, whatever it is called, and costs nothing else."""

from __future__ import annotations

import os
import random
import socket
import stat
import struct
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.decode.decoder import Order
from core.decode.image import ImageDecoder
from core.decode.pool import DecodePool
from core.decode.problems import explain
from core.decode.source import open_source
from core.errors import MediaError
from core.records import Reason
from tests.conftest import WAIT_S
from tests.core.decode.conftest import MAX_PIXELS, VIEW, WANTED

EXTENSIONS = ["jpg", "png", "webp", "gif", "bmp", "tif", "avif", "heic"]
PICTURES = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP", "tif": "TIFF", "avif": "AVIF"}
STRANGERS = {
    "text": (b"Dear diary, today I took no picture.", Reason.NOT_MEDIA),
    "html": (b"<!DOCTYPE html><html><body><img src='file:///etc/passwd'></body></html>", Reason.NOT_MEDIA),
    "zip": (b"PK\3\4" + bytes(100), Reason.NOT_MEDIA),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/tmp/x) (w) file\nshowpage\n", Reason.UNSUPPORTED),
    "svg": (
        b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>',
        Reason.UNSUPPORTED,
    ),
    "psd": (b"8BPS\0\1" + bytes(100), Reason.UNSUPPORTED),
    "pdf": (b"%PDF-1.7\n" + bytes(100), Reason.UNSUPPORTED),
    "mp4": (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(100), Reason.UNSUPPORTED),
    "wmf": (b"\xd7\xcd\xc6\x9a" + bytes(100), Reason.UNSUPPORTED),
}


def problem(pool: DecodePool, path: Path | bytes) -> MediaError:
    error = pool.decode(os.fsencode(path), WANTED).exception(WAIT_S)
    assert isinstance(error, MediaError)
    assert error.what.endswith(".")
    assert str(error)
    return error


@pytest.fixture(scope="module")
def encoded(picture: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The picture in every format."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    folder = tmp_path_factory.mktemp("encoded")
    for extension in EXTENSIONS:
        picture.save(folder / f"a.{extension}")
    return {extension: (folder / f"a.{extension}").read_bytes() for extension in EXTENSIONS}


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_content_decides_how_a_file_is_read(
    pool: DecodePool, encoded: dict[str, bytes], tmp_path: Path, extension: str
) -> None:
    for content, data in encoded.items():
        path = tmp_path / f"{content}.{extension}"
        path.write_bytes(data)

        decoded = pool.decode(os.fsencode(path), WANTED).result(WAIT_S)

        assert decoded.metadata.format == PICTURES.get(content, "HEIF")
        assert decoded.segments[0].views[VIEW].shape == (224, 224, 3)


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_no_picture_is_called_what_it_is(
    pool: DecodePool, tmp_path: Path, stranger: str, extension: str
) -> None:
    data, reason = STRANGERS[stranger]
    path = tmp_path / f"a.{extension}"
    path.write_bytes(data)

    error = problem(pool, path)

    assert error.reason == reason
    assert not error.retryable


def test_no_program_is_started_for_any_stranger(tmp_path: Path) -> None:
    """Pillow hands PostScript to Ghostscript when it is let."""
    started: list[str] = []
    listening = True

    def listen(event: str, _: object) -> None:
        if listening and event in {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn"}:
            started.append(event)

    sys.addaudithook(listen)
    for name, (data, _) in STRANGERS.items():
        (tmp_path / name).write_bytes(data)
        with (tmp_path / name).open("rb") as file, pytest.raises(MediaError):
            ImageDecoder().decode(file, Order(WANTED, MAX_PIXELS))
    listening = False

    assert started == []


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_cut_off_files_are_reported_wherever_they_were_cut(
    pool: DecodePool, encoded: dict[str, bytes], tmp_path: Path, extension: str
) -> None:
    data = encoded[extension]
    for percent in (1, 3, 10, 25, 50, 75, 90, 97):
        path = tmp_path / f"{percent}.{extension}"
        path.write_bytes(data[: max(20, len(data) * percent // 100)])

        assert problem(pool, path).reason in {Reason.INCOMPLETE, Reason.DAMAGED}


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "bmp", "avif", "heic"])
def test_half_a_file_is_called_incomplete(
    pool: DecodePool, encoded: dict[str, bytes], tmp_path: Path, extension: str
) -> None:
    path = tmp_path / f"a.{extension}"
    path.write_bytes(encoded[extension][: len(encoded[extension]) // 2])

    assert problem(pool, path).reason == Reason.INCOMPLETE


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_broken_bytes_end_in_a_picture_or_a_reason(
    pool: DecodePool, encoded: dict[str, bytes], tmp_path: Path, extension: str
) -> None:
    chance = random.Random(11)
    futures = []
    for number in range(40):
        data = bytearray(encoded[extension])
        for _ in range(chance.choice([1, 3, 20])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path = tmp_path / f"{number}.{extension}"
        path.write_bytes(data)
        futures.append(pool.decode(os.fsencode(path), WANTED))

    for future in futures:
        error = future.exception(WAIT_S)
        assert error is None or (isinstance(error, MediaError) and error.reason in set(Reason))


def png_bomb(width: int, height: int) -> bytes:
    """A black 1-bit PNG of any size in few bytes."""
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * min(height, 1000), 9)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


@pytest.mark.parametrize(("width", "height"), [(2001, 2000), (3000, 2500), (30_000, 30_000)])
def test_a_picture_with_too_many_pixels_is_refused_with_its_size(
    pool: DecodePool, tmp_path: Path, width: int, height: int
) -> None:
    """Just above the limit, where Pillow would only warn, and far above."""
    (tmp_path / "bomb.png").write_bytes(png_bomb(width, height))

    error = problem(pool, tmp_path / "bomb.png")

    assert error.reason == Reason.TOO_LARGE
    assert f"{width * height / 1e6:,.0f} megapixels" in error.what


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_format_is_measured_before_it_is_decoded(pool: DecodePool, tmp_path: Path, extension: str) -> None:
    Image.new("L" if extension != "heic" else "RGB", (2100, 2000)).save(tmp_path / f"a.{extension}")

    assert problem(pool, tmp_path / f"a.{extension}").reason == Reason.TOO_LARGE


def test_an_empty_file_is_called_empty(pool: DecodePool, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()

    assert problem(pool, tmp_path / "a.jpg").reason == Reason.EMPTY


def test_a_file_of_too_many_bytes_is_not_read(pool: DecodePool, tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(1_000_001)

    error = problem(pool, tmp_path / "a.jpg")

    assert error.reason == Reason.TOO_LARGE


def test_a_file_that_is_gone_may_come_back(pool: DecodePool, tmp_path: Path) -> None:
    error = problem(pool, tmp_path / "gone.jpg")

    assert (error.reason, error.retryable) == (Reason.CHANGED_WHILE_READING, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_may_be_allowed_later(pool: DecodePool, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"secret")
    (tmp_path / "a.jpg").chmod(0)

    error = problem(pool, tmp_path / "a.jpg")

    assert (error.reason, error.retryable) == (Reason.UNREADABLE, True)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # the whole path may be longer than a socket's may be


def link(path: Path) -> None:
    target = path.with_name("target.png")
    Image.new("RGB", (9, 9)).save(target)
    path.symlink_to(target)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    """Zeros without end."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o644, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root may make devices")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (loop, Reason.UNREADABLE),
        (device, Reason.NOT_MEDIA),
        (fifo, Reason.NOT_MEDIA),
        (unix_socket, Reason.NOT_MEDIA),
        (Path.mkdir, Reason.NOT_MEDIA),
        (link, Reason.UNREADABLE),
    ],
)
def test_only_ordinary_files_are_opened(
    pool: DecodePool, tmp_path: Path, make: Callable[[Path], None], reason: Reason
) -> None:
    """A pipe would keep its reader waiting for ever."""
    make(tmp_path / "a.jpg")

    assert problem(pool, tmp_path / "a.jpg").reason == reason


def test_names_are_bytes_and_mean_nothing(pool: DecodePool, picture: Image.Image, tmp_path: Path) -> None:
    names = [b"a\nb.png", b"-rf.png", b"%d%s.png", b"\xff\xfe.png", b"x" * 251 + b".png", "é🦆\u202e.png".encode()]
    picture.save(tmp_path / "plain.png")
    for name in names:
        path = tmp_path / os.fsdecode(name)
        path.write_bytes((tmp_path / "plain.png").read_bytes())

        assert pool.decode(os.fsencode(path), WANTED).result(WAIT_S).metadata.width == picture.width


def replace(path: Path, other: Path) -> None:
    other.write_bytes(path.read_bytes())
    other.replace(path)


def append(path: Path, _: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def remove(path: Path, _: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replace, Reason.CHANGED_WHILE_READING),
        (append, Reason.CHANGED_WHILE_READING),
        (remove, Reason.CHANGED_WHILE_READING),
    ],
)
@pytest.mark.parametrize("decoder_fails", [False, True])
def test_a_file_that_changes_under_the_reader_is_to_be_read_again(
    tmp_path: Path, change: Callable[[Path, Path], None], reason: Reason, decoder_fails: bool
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"picture")

    def read() -> None:
        with open_source(os.fsencode(path), 100) as file:
            assert file.read() == b"picture"
            change(path, tmp_path / "b.jpg")
            if decoder_fails:
                raise ValueError("broken data stream")

    with pytest.raises(MediaError) as raised:
        read()

    assert raised.value.reason == reason
    assert raised.value.retryable


def test_a_replacer_at_work_never_gets_a_mixture_through(pool: DecodePool, tmp_path: Path) -> None:
    """Two pictures take turns at one path: what is decoded is one of them, or an error.

    The error says to try again, unless nothing was written meanwhile because the writer was held up half-way.
    """
    colours = {"red": (255, 0, 0), "blue": (0, 0, 255)}
    for name in colours:
        Image.new("RGB", (500, 500), name).save(tmp_path / f"{name}.png", compress_level=0 if name == "red" else 9)
    sources = {name: (tmp_path / f"{name}.png").read_bytes() for name in colours}
    path = tmp_path / "a.png"
    path.write_bytes(sources["red"])
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for data in sources.values():
                path.write_bytes(data)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(100):
            future = pool.decode(os.fsencode(path), WANTED)
            error = future.exception(WAIT_S)
            if error is None:
                pixels = future.result().segments[0].views[VIEW]
                assert tuple(pixels[0, 0]) in colours.values()
                assert (pixels == pixels[0, 0]).all()
            else:
                assert isinstance(error, MediaError)
                assert error.retryable or error.reason in {Reason.EMPTY, Reason.INCOMPLETE}
    finally:
        done.set()
        swapper.join()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), Reason.OUT_OF_MEMORY),
        (RuntimeError("Memory allocation error: unspecified"), Reason.OUT_OF_MEMORY),
        (RuntimeError("Memory allocation error: Security limit exceeded: Image size 9x9"), Reason.TOO_LARGE),
        (EOFError(), Reason.INCOMPLETE),
        (OSError("image file is truncated (48 bytes not processed)"), Reason.INCOMPLETE),
        (OSError(5, "Input/output error"), Reason.UNREADABLE),
        (OSError("Unsupported BMP bitfields layout"), Reason.UNSUPPORTED),
        (RuntimeError("Unsupported feature: Unsupported codec"), Reason.UNSUPPORTED),
        (OSError(22, "Invalid argument"), Reason.DAMAGED),
        (RecursionError(), Reason.DAMAGED),
        (SyntaxError("not a TIFF file"), Reason.DAMAGED),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "?"), Reason.DAMAGED),
    ],
)
def test_every_exception_has_a_reason(error: Exception, reason: Reason) -> None:
    assert explain(error).reason == reason
