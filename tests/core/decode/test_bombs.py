"""Small files that would fill the memory: refused by what they say of themselves, before anything is made of them."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.decode.pool import DecodePool
from core.errors import MediaError
from core.records import Reason, Wanted
from core.runtime.sandbox import resident_bytes
from tests.conftest import WAIT_S, children
from tests.core.decode.conftest import VIEW
from tests.core.decode.seeds import make_seed
from tests.core.decode.test_decode_pool import decoding
from tests.core.test_torture import most_memory

SIZES = ((17_000, 15_000), (30_000, 30_000), (65_000, 65_000), (65_535, 16_384), (5_000, 65_500), (16_383, 16_383))
LARGER = (
    (20_000, 20_000),
    (50_000, 50_000),
    (65_535, 65_535),
    (100_000, 100_000),
    (1_000_000, 1_000),
    (2**31 - 1, 2**31 - 1),
    (2**30, 3),
    (40_000, 40_000),
)
ALL = Wanted((VIEW,), sound=True)
GROWTH_BYTES = 16 << 20
CHILD_BYTES = 1 << 30
"""A third of what the system would let it have."""
REFUSED = {Reason.TOO_LARGE, Reason.DAMAGED, Reason.INCOMPLETE, Reason.UNSUPPORTED, Reason.OUT_OF_MEMORY}


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(seed: bytes, width: int, height: int) -> bytes:
    """With the picture data for all of it, as far as a kilobyte or two hold them."""
    rows = zlib.compress(bytes(min((width + 7) // 8 + 1, 9000) * min(height, 2000)), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _jpg(seed: bytes, width: int, height: int) -> bytes:
    """SOF0 and SOF2 tell the size."""
    return re.sub(
        rb"(\xff[\xc0\xc2]\0[\x0b\x11]\x08).{4}",
        lambda found: found[1] + struct.pack(">HH", height, width),
        seed,
        flags=re.DOTALL,
    )


def _gif(seed: bytes, width: int, height: int) -> bytes:
    size = struct.pack("<HH", width, height)
    at = seed.index(b",\0\0\0\0")
    return seed[:6] + size + seed[10 : at + 5] + size + seed[at + 9 :]


def _bmp(seed: bytes, width: int, height: int) -> bytes:
    return seed[:18] + struct.pack("<ii", width, height) + seed[26:]


def _tif(seed: bytes, width: int, height: int) -> bytes:
    """The tags for width and height, wherever they are."""
    for tag, value in ((256, width), (257, height)):
        for kind in (3, 4):
            seed = re.sub(
                re.escape(struct.pack("<HHI", tag, kind, 1)) + rb".{4}",
                lambda _, tag=tag, value=value: struct.pack("<HHII", tag, 4, 1, value),
                seed,
                flags=re.DOTALL,
            )
    return seed


def _webp(seed: bytes, width: int, height: int) -> bytes:
    at = seed.index(b"VP8X") + 12
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return seed[:at] + size + seed[at + 6 :]


def _boxed(seed: bytes, width: int, height: int) -> bytes:
    """AVIF and HEIF: the image's spatial extent."""
    return re.sub(
        rb"(ispe\0\0\0\0).{8}", lambda found: found[1] + struct.pack(">II", width, height), seed, flags=re.DOTALL
    )


LONGEST_SIDE = {"jpg": 2**16 - 1, "gif": 2**16 - 1, "webp": 2**24}
BOMBS: dict[str, Callable[[bytes, int, int], bytes]] = {
    "png": _png,
    "jpg": _jpg,
    "gif": _gif,
    "bmp": _bmp,
    "tif": _tif,
    "webp": _webp,
    "avif": _boxed,
    "heic": _boxed,
}


def _texts(folder: Path) -> Iterator[Path]:
    """A PNG whose profile or text is a hundred megabytes when it is unpacked."""
    packed = zlib.compress(bytes(100 << 20), 9)
    whole = make_seed("png", folder)
    for name, head in {"iCCP": b"name\0\0", "zTXt": b"key\0\0", "iTXt": b"key\0\1\0\0\0", "eXIf": b""}.items():
        path = folder / f"text {name}.png"
        path.write_bytes(whole[:33] + _chunk(name.encode(), head + packed) + whole[33:])
        yield path


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bombs")
    paths = []
    for extension, make in BOMBS.items():
        seed = make_seed(extension, folder)
        for number, (width, height) in enumerate((*SIZES, *LARGER)):
            path = folder / f"{number}.{extension}"
            if max(width, height) > LONGEST_SIDE.get(extension, 2**31):
                continue  # it cannot say so
            path.write_bytes(make(seed, width, height))
            assert path.stat().st_size < 500_000
            paths.append(path)
    return paths


def test_a_hundred_bombs_are_refused_and_fill_nothing(bombs: list[Path], tmp_path: Path) -> None:
    processes = set(children())
    texts = list(_texts(tmp_path))
    with decoding() as pool:
        warm(pool, tmp_path)
        memory = resident_bytes()
        refused = {path: reason_of(pool, path) for path in bombs}
        for path in texts:
            assert reason_of(pool, path) in {"", *REFUSED}
        (child,) = set(children()) - processes
        most = most_memory(child)

    assert len(bombs) + len(texts) >= 100
    assert {path.name: reason for path, reason in refused.items() if reason not in REFUSED} == {}
    told_size = [path for path, reason in refused.items() if reason == Reason.TOO_LARGE]
    assert len(told_size) > len(bombs) / 2
    assert resident_bytes() - memory < GROWTH_BYTES
    assert most < CHILD_BYTES


def warm(pool: DecodePool, folder: Path) -> None:
    path = folder / "first.png"
    path.write_bytes(make_seed("png", folder))
    assert reason_of(pool, path) == ""


def reason_of(pool: DecodePool, path: Path) -> str:
    error = pool.decode(os.fsencode(path), ALL).exception(WAIT_S)
    assert error is None or isinstance(error, MediaError)
    return error.reason if error is not None else ""
