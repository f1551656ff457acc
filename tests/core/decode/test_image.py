"""Whatever a picture is stored as, an encoder sees the same picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from core.decode.decoder import Order
from core.decode.image import ImageDecoder
from core.decode.thumbnail import read_thumbnail
from core.errors import MediaError
from core.records import ImageView, Wanted
from tests.core.decode.conftest import VIEW, WANTED, as_seen, decode, difference

pillow_heif.register_heif_opener()

Write = Callable[[Image.Image, Path], None]


def saved(name: str, mode: str = "RGB", **options: object) -> object:
    """A parameter: the picture converted to `mode` and saved as `name`."""

    def write(picture: Image.Image, path: Path) -> None:
        picture.convert(mode).save(path, **options)

    return pytest.param(name, write, id=f"{mode} {name} {' '.join(map(str, options.values()))}".strip())


def palette_with_transparency(picture: Image.Image, path: Path) -> None:
    image = picture.quantize(255)
    image.save(path, transparency=255)


def grey_16(mode: str) -> Write:
    def write(picture: Image.Image, path: Path) -> None:
        values = np.asarray(picture.convert("L")).astype(np.uint16) * 257
        image = Image.fromarray(values.astype({"I;16": "<u2", "I;16B": ">u2"}[mode]))
        assert image.mode == mode
        image.save(path)

    return write


def grey_12(picture: Image.Image, path: Path) -> None:
    """A TIFF of 12 bits a pixel, as scanners and microscopes write."""
    values = np.asarray(picture.convert("L")).astype(np.uint32) * 4095 // 255
    first, second = values[:, ::2], values[:, 1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1).astype(np.uint8).tobytes()
    height, width = values.shape
    tags = [(256, width), (257, height), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, height)]
    tags.append((279, len(packed)))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + directory)


def numbers(scale: float, kind: str) -> Write:
    """Grey values as 32-bit numbers, 0 to `scale`."""

    def write(picture: Image.Image, path: Path) -> None:
        values = np.asarray(picture.convert("L")).astype(np.float32) / 255 * scale
        Image.fromarray(values.astype(kind)).save(path)

    return write


def rgb_16(picture: Image.Image, path: Path) -> None:
    """A PNG of 16 bits a channel, which Pillow cannot write."""
    values = (np.asarray(picture).astype(">u2") * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", *picture.size, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    )


def first_of_two(**options: object) -> Write:
    def write(picture: Image.Image, path: Path) -> None:
        other = Image.new("RGB", picture.size, "magenta")
        picture.save(path, save_all=True, append_images=[other], **options)

    return write


COLOUR = [
    saved("a.jpg", quality=95),
    saved("progressive.jpg", quality=95, progressive=True),
    saved("a.jpeg", "CMYK", quality=95),
    saved("a.png"),
    saved("a.png", "RGBA"),
    saved("a.webp", quality=95),
    saved("lossless.webp", lossless=True),
    saved("a.gif"),
    saved("a.bmp"),
    saved("a.dib"),
    saved("a.tif"),
    saved("a.tiff", compression="tiff_lzw"),
    saved("b.tiff", compression="jpeg", quality=95),
    saved("a.tif", "CMYK", compression="packbits"),
    saved("lab.tif", "LAB"),
    saved("a.avif", quality=95),
    saved("a.heic", quality=95),
    saved("a.hif", "RGBA", quality=95),
    pytest.param("palette.png", lambda picture, path: picture.quantize(256).save(path), id="palette"),
    pytest.param("transparent.png", palette_with_transparency, id="transparent palette"),
    pytest.param("deep.png", rgb_16, id="16-bit colour png"),
    pytest.param("frames.gif", first_of_two(), id="animated gif"),
    pytest.param("frames.webp", first_of_two(quality=95), id="animated webp"),
    pytest.param("frames.png", first_of_two(), id="animated png"),
    pytest.param("frames.avif", first_of_two(quality=95), id="animated avif"),
    pytest.param("pages.tif", first_of_two(), id="tiff of two pages"),
    pytest.param("pair.mpo", first_of_two(quality=95), id="mpo of two pictures"),
]
GREY = [
    saved("grey.jpg", "L", quality=95),
    saved("grey.png", "L"),
    saved("grey.png", "LA"),
    saved("grey.tif", "L"),
    pytest.param("deep.png", grey_16("I;16"), id="16-bit png"),
    pytest.param("deep.tif", grey_16("I;16"), id="16-bit tiff"),
    pytest.param("deep-b.tif", grey_16("I;16B"), id="16-bit big-endian tiff"),
    pytest.param("12.tif", grey_12, id="12-bit tiff"),
    pytest.param("unit.tif", numbers(1.0, "float32"), id="0..1 tiff"),
    pytest.param("bytes.tif", numbers(255.0, "float32"), id="0..255 tiff"),
    pytest.param("words.tif", numbers(65535, "int32"), id="0..65535 tiff"),
]


@pytest.mark.parametrize(("name", "write"), COLOUR)
def test_every_encoding_of_a_picture_is_seen_alike(
    picture: Image.Image, tmp_path: Path, name: str, write: Write
) -> None:
    write(picture, tmp_path / name)

    pixels, decoded = decode(tmp_path / name)

    assert difference(pixels, as_seen(picture)) < 6
    assert (decoded.metadata.width, decoded.metadata.height) == picture.size


@pytest.mark.parametrize(("name", "write"), GREY)
def test_every_encoding_of_a_grey_picture_is_seen_alike(
    picture: Image.Image, tmp_path: Path, name: str, write: Write
) -> None:
    write(picture, tmp_path / name)

    pixels, _ = decode(tmp_path / name)

    assert difference(pixels, as_seen(picture.convert("L"))) < 2


def test_black_and_white_is_seen_as_grey_where_it_is_dithered(picture: Image.Image, tmp_path: Path) -> None:
    picture.resize((1804, 1200)).convert("1").save(tmp_path / "a.png")

    pixels, _ = decode(tmp_path / "a.png")

    assert difference(pixels, as_seen(picture.convert("L"))) < 12


def test_measurements_without_a_usual_scale_are_stretched_to_grey(tmp_path: Path) -> None:
    heights = np.linspace(-400, 8848, 300 * 300, dtype=np.float32).reshape(300, 300)
    Image.fromarray(heights).save(tmp_path / "heights.tif")

    pixels, _ = decode(tmp_path / "heights.tif")

    assert pixels.min() < 5
    assert pixels.max() > 250


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(picture: Image.Image, tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what undoes the orientation
    stored = picture.transpose(Image.Transpose(turn[orientation])) if orientation > 1 else picture
    stored.save(tmp_path / name, quality=95, exif=exif.tobytes())

    pixels, decoded = decode(tmp_path / name)

    assert difference(pixels, as_seen(picture)) < 6
    assert (decoded.metadata.width, decoded.metadata.height) == picture.size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_odd_margin_is_cropped_where_the_reference_crops_it(tmp_path: Path, orientation: int) -> None:
    """One pixel off costs more than everything else: stripes one pixel wide show it."""
    size = (225, 224) if orientation < 5 else (224, 225)
    stripes = np.indices(size[::-1]).sum(axis=0) % 7 * 40
    stored = Image.fromarray(stripes.astype(np.uint8)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # what the orientation asks for
    upright = stored.transpose(Image.Transpose(turn[orientation])) if orientation > 1 else stored

    pixels, _ = decode(tmp_path / "a.png")

    assert difference(pixels, as_seen(upright)) < 0.5


@pytest.mark.parametrize(
    "size", [(500, 375), (375, 500), (224, 224), (1000, 299), (40, 30), (3, 700), (2016, 1512), (1799, 2400)]
)
@pytest.mark.parametrize("view", [VIEW, ImageView(256, 224), ImageView(336, 336)])
def test_pixels_are_those_of_a_full_decode(
    picture: Image.Image, tmp_path: Path, size: tuple[int, int], view: ImageView
) -> None:
    picture.resize(size).save(tmp_path / "a.jpg", quality=92)
    with Image.open(tmp_path / "a.jpg") as image:
        reference = as_seen(image, view)

    pixels, _ = decode(tmp_path / "a.jpg", view)

    assert difference(pixels, reference) <= 1.0


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_large_picture_that_is_no_jpeg_keeps_its_pixels_too(picture: Image.Image, tmp_path: Path, mode: str) -> None:
    picture.resize((2255, 1500)).convert(mode).save(tmp_path / "a.png", compress_level=1)
    with Image.open(tmp_path / "a.png") as image:
        reference = as_seen(image)

    pixels, _ = decode(tmp_path / "a.png")

    assert difference(pixels, reference) <= 1.0


def test_several_views_come_from_one_decode(picture: Image.Image, tmp_path: Path) -> None:
    picture.save(tmp_path / "a.png")
    views = (VIEW, ImageView(256, 224), ImageView(384, 384), ImageView(224, 224, bilinear=True))
    views += (ImageView(224, 224, square=True), ImageView(256, 256, square=True, bilinear=True))

    with (tmp_path / "a.png").open("rb") as file:
        decoded = ImageDecoder().decode(file, Order(Wanted(views), 1_000_000))

    for view, data in zip(views, decoded.segments[0].views, strict=True):
        pixels = np.frombuffer(data, np.uint8).reshape(view.crop_px, view.crop_px, 3)
        assert difference(pixels, as_seen(picture, view)) < 0.5


def profile_of(space: Literal["LAB", "sRGB"]) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def swapped_profile() -> bytes:
    """sRGB but for red and green, which have changed places."""
    return profile_of("sRGB").replace(b"rXYZ", b"....", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"....", b"gXYZ", 1)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_a_colour_profile_is_obeyed(picture: Image.Image, tmp_path: Path, name: str) -> None:
    red, green, blue = picture.split()
    stored = Image.merge("RGB", (green, red, blue))
    stored.save(tmp_path / name, icc_profile=swapped_profile(), quality=95)

    pixels, _ = decode(tmp_path / name)

    assert difference(pixels, as_seen(picture)) < 6


@pytest.mark.parametrize(
    "profile", [b"rubbish", bytes(200), ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()]
)
def test_a_profile_that_makes_no_sense_is_ignored(picture: Image.Image, tmp_path: Path, profile: bytes) -> None:
    picture.save(tmp_path / "a.png", icc_profile=profile)

    pixels, _ = decode(tmp_path / "a.png")

    assert difference(pixels, as_seen(picture)) < 0.5


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_white_shines_through_what_is_transparent(picture: Image.Image, tmp_path: Path, name: str) -> None:
    alpha = Image.linear_gradient("L").resize(picture.size)
    image = picture.copy()
    image.putalpha(alpha)
    image.save(tmp_path / name, quality=95)
    expected = Image.composite(picture, Image.new("RGB", picture.size, "white"), alpha)

    pixels, _ = decode(tmp_path / name)

    assert difference(pixels, as_seen(expected)) < 6


def test_white_shines_through_grey_too(tmp_path: Path) -> None:
    Image.new("LA", (300, 300), (0, 128)).save(tmp_path / "half.png")

    assert np.abs(decode(tmp_path / "half.png")[0].astype(int) - 127).max() <= 1


@pytest.mark.parametrize(
    ("size", "thumbnail"),
    [((1200, 800), (384, 256)), ((800, 1200), (256, 384)), ((100, 50), (100, 50)), ((5000, 3), (384, 1))],
)
def test_a_thumbnail_is_small_and_never_enlarged(
    picture: Image.Image, tmp_path: Path, size: tuple[int, int], thumbnail: tuple[int, int]
) -> None:
    picture.resize(size).save(tmp_path / "a.png")

    with (tmp_path / "a.png").open("rb") as file:
        decoded = ImageDecoder().decode(file, Order(WANTED, 10_000_000))

    seen = read_thumbnail(decoded.thumbnail)
    assert (seen.width, seen.height) == thumbnail
    shown = np.frombuffer(seen.rgb, np.uint8).reshape(thumbnail[1], thumbnail[0], 3)
    assert difference(shown, np.asarray(picture.resize(thumbnail))) < 8


def test_the_average_colour_is_that_of_the_picture(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 400), (200, 100, 50))
    image.paste((0, 100, 50), (0, 0, 200, 400))
    image.save(tmp_path / "a.png")

    colour = decode(tmp_path / "a.png")[1].colour

    assert np.allclose([colour >> 16, colour >> 8 & 255, colour & 255], [100, 100, 50], atol=2)


def test_a_thumbnail_from_elsewhere_is_refused(picture: Image.Image, tmp_path: Path) -> None:
    picture.resize((385, 385)).save(tmp_path / "large.jpg")
    for jpeg in (b"", b"rubbish", (tmp_path / "large.jpg").read_bytes()):
        with pytest.raises(MediaError):
            read_thumbnail(jpeg)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_preview_is_upright_and_never_enlarged(picture: Image.Image, tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = picture.transpose(Image.Transpose.ROTATE_90) if orientation == 6 else picture
    stored.save(tmp_path / "a.jpg", quality=95, exif=exif)

    for max_px, size in ((200, (200, 133)), (4000, picture.size)):
        with (tmp_path / "a.jpg").open("rb") as file:
            preview = ImageDecoder().preview(file, Order(Wanted(), 1_000_000), max_px)
        assert (preview.width, preview.height) == size
        shown = np.frombuffer(preview.rgb, np.uint8).reshape(size[1], size[0], 3)
        assert difference(shown, np.asarray(picture.resize(size))) < 8
