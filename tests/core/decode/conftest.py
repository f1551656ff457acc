"""A picture to write in every way, what a decoder should make of it, and a pool of decode processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.decode.decoder import Order
from core.decode.image import ImageDecoder
from core.decode.pool import DecodePool
from core.records import ImageView, Wanted
from tests.conftest import WAIT_S

VIEW = ImageView(resize_px=224, crop_px=224)
WANTED = Wanted((VIEW,))
MAX_PIXELS = 4_000_000

Looks = Callable[[Path], NDArray[np.uint8]]


@pytest.fixture(scope="session")
def picture(sample_photos: list[Path]) -> Image.Image:
    """A photo, 450 x 300, no two sides or corners of which are alike."""
    with Image.open(next(path for path in sample_photos if path.stem == "chelsea")) as photo:
        return photo.convert("RGB").crop((0, 0, 450, 300))


def as_seen(image: Image.Image, view: ImageView = VIEW) -> NDArray[np.uint8]:
    """The reference: every pixel decoded, then resized and cropped as torchvision and Hugging Face do."""
    scale = view.resize_px / min(image.size)
    size = (int(image.width * scale + 1e-9), int(image.height * scale + 1e-9))
    method = Image.Resampling.BILINEAR if view.bilinear else Image.Resampling.BICUBIC
    image = image.convert("RGB").resize((view.crop_px, view.crop_px) if view.square else size, method)
    left, top = (image.width - view.crop_px) // 2, (image.height - view.crop_px) // 2
    return np.asarray(image.crop((left, top, left + view.crop_px, top + view.crop_px)))


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference, of 255."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def decode(path: Path, view: ImageView = VIEW) -> tuple[NDArray[np.uint8], Any]:
    """The view's pixels and all that was decoded, in this process."""
    with path.open("rb") as file:
        decoded = ImageDecoder().decode(file, Order(Wanted((view,)), MAX_PIXELS * 10))
    return np.frombuffer(decoded.segments[0].views[0], np.uint8).reshape(view.crop_px, view.crop_px, 3), decoded


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecodePool]:
    """One decode process, started."""
    pool = DecodePool(1, limit_s=20, max_pixels=MAX_PIXELS, max_bytes=1_000_000)
    first = tmp_path_factory.mktemp("first") / "first.png"
    Image.new("RGB", (8, 8)).save(first)
    pool.decode(os.fsencode(first), WANTED).result(WAIT_S)
    yield pool
    assert pool.close(WAIT_S)
