"""What a picture says of itself is kept when it makes sense, and never costs the picture."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from core.records import Metadata
from tests.core.decode.conftest import decode

ORIGINAL, DATE, MAKE, MODEL = 0x9003, 0x0132, 0x010F, 0x0110


def written(
    path: Path,
    main: dict[int, Any] | None = None,
    photo: dict[int, Any] | None = None,
    place: dict[int, Any] | None = None,
) -> Metadata:
    """What is read from a picture with these EXIF tags."""
    exif = Image.Exif()
    exif.update(main or {})
    exif.get_ifd(0x8769).update(photo or {})
    exif.get_ifd(0x8825).update(place or {})
    Image.new("RGB", (60, 40)).save(path, exif=exif.tobytes())
    metadata: Metadata = decode(path)[1].metadata
    return metadata


def position(*degrees: tuple[float, float, float], references: str = "NE") -> dict[int, Any]:
    rational = TiffImagePlugin.IFDRational
    values = [tuple(rational(round(part * 1_000_000), 1_000_000) for part in angle) for angle in degrees]
    return {1: references[0], 2: values[0], 3: references[1], 4: values[1]}


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_date_camera_and_place_are_read(tmp_path: Path, name: str) -> None:
    metadata = written(
        tmp_path / name,
        {MAKE: "Apple", MODEL: "iPhone 7", DATE: "2020:01:01 00:00:00"},
        {ORIGINAL: "2019:03:21 11:04:22"},
        position((41, 13, 13.08), (96, 4, 17.85), references="NW"),
    )

    assert metadata.taken_at == "2019-03-21T11:04:22"
    assert metadata.camera == "Apple iPhone 7"
    assert metadata.latitude == pytest.approx(41.2203)
    assert metadata.longitude == pytest.approx(-96.071625)
    assert (metadata.width, metadata.height) == (60, 40)
    assert metadata.format == {"jpg": "JPEG", "tif": "TIFF", "heic": "HEIF"}.get(name[2:], name[2:].upper())


@pytest.mark.parametrize(
    ("original", "changed", "taken_at"),
    [
        ("2021:04:11 15:47:53", "", "2021-04-11T15:47:53"),
        ("", "2021:04:11 15:47:53", "2021-04-11T15:47:53"),
        ("2021-04-11T15:47:53+02:00", "", "2021-04-11T15:47:53"),
        ("0000:00:00 00:00:00", "2021:04:11 15:47:53", "2021-04-11T15:47:53"),
        ("2021:02:30 10:00:00", "", ""),
        ("2021:13:01 25:61:61", "", ""),
        ("    :  :     :  :  ", "", ""),
        ("yesterday", "", ""),
    ],
)
def test_only_dates_that_exist_are_kept(tmp_path: Path, original: str, changed: str, taken_at: str) -> None:
    assert written(tmp_path / "a.jpg", {DATE: changed}, {ORIGINAL: original}).taken_at == taken_at


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("Canon", " ", "Canon"),
        (" ", "Pixel 7", "Pixel 7"),
        ("Märklin", "Ω", "Märklin Ω"),
        ("HUAWEI\0\0", "P\x0730\n\x1b[31m", "HUAWEI P30[31m"),
        ("ACME", "\u202egnp.exe", "ACME gnp.exe"),
        ("x" * 5000, "y", "x" * 100),
    ],
)
def test_camera_names_are_cleaned(tmp_path: Path, make: str, model: str, camera: str) -> None:
    """The bytes are put in where Pillow wrote others of the same length: it writes ASCII only."""
    names = {b"~" * len(make.encode()): make.encode(), b"^" * len(model.encode()): model.encode()}
    exif = Image.Exif()
    exif.update(zip((MAKE, MODEL), (placeholder.decode() for placeholder in names), strict=False))
    block = exif.tobytes()
    for placeholder, name in names.items():
        block = block.replace(placeholder, name)
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=block)

    assert decode(tmp_path / "a.jpg")[1].metadata.camera == camera


@pytest.mark.parametrize(
    "place",
    [
        {},
        {1: "N", 3: "E"},
        {2: (1.0, 2.0, 3.0), 4: (1.0, 2.0, 3.0)},
        {1: "N", 2: (1.0, 2.0), 3: "E", 4: (1.0, 2.0, 3.0)},
        position((91, 0, 0), (10, 0, 0)),
        position((10, 0, 0), (181, 0, 0)),
        position((0, 0, 0), (0, 0, 0)),
        position((10, 0, 0), (10, 0, 0), references="XY"),
    ],
)
def test_only_places_on_earth_are_kept(tmp_path: Path, place: dict[int, Any]) -> None:
    metadata = written(tmp_path / "a.jpg", place=place)

    assert metadata.latitude is None
    assert metadata.longitude is None


def test_south_and_east_have_their_signs(tmp_path: Path) -> None:
    metadata = written(tmp_path / "a.jpg", place=position((33, 51, 54), (151, 12, 34), references="SE"))

    assert metadata.latitude == pytest.approx(-33.865)
    assert metadata.longitude == pytest.approx(151.209444)


def test_a_hostile_block_never_costs_the_picture(tmp_path: Path) -> None:
    """Blocks broken at random: the picture is decoded, with what sense could be made of them."""
    exif = Image.Exif()
    exif.update({MAKE: "Apple", MODEL: "iPhone", DATE: "2020:01:01 00:00:00", 0x0112: 1})
    exif.get_ifd(0x8769).update({ORIGINAL: "2019:03:21 11:04:22"})
    exif.get_ifd(0x8825).update(position((41, 13, 13), (96, 4, 17)))
    whole = exif.tobytes()
    chance = random.Random(7)
    for number in range(300):
        block = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            block[chance.randrange(6, len(block))] = chance.randrange(256)
        if number % 3 == 0:
            del block[chance.randrange(6, len(block)) :]
        path = tmp_path / f"{number}.jpg"
        Image.new("RGB", (60, 40), "teal").save(path, exif=bytes(block))

        metadata = decode(path)[1].metadata

        assert {metadata.width, metadata.height} == {60, 40}
        assert metadata.latitude is None or abs(metadata.latitude) <= 90
