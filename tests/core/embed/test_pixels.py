"""What preprocessor_config.json asks for, in the forms that repositories on the hub have."""

from __future__ import annotations

from typing import Any

import pytest

from core.embed.pixels import Preprocessing
from core.records import ImageView

SCALE = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}
SQUARE = {"height": 224, "width": 224}


@pytest.mark.parametrize(
    ("config", "view"),
    [
        ({"size": 224, "crop_size": 224, "do_center_crop": True, "resample": 3}, ImageView(224, 224)),
        ({"size": {"shortest_edge": 256}, "crop_size": SQUARE}, ImageView(256, 224)),
        ({"size": {"shortest_edge": 224}, "do_center_crop": None}, ImageView(224, 224)),
        ({"size": SQUARE, "resample": 3}, ImageView(224, 224, square=True)),
        ({"size": SQUARE, "resample": 2}, ImageView(224, 224, square=True, bilinear=True)),
        ({"size": SQUARE, "do_center_crop": True, "crop_size": SQUARE}, ImageView(224, 224, square=True)),
        ({"size": 224, "crop_pct": 0.875}, ImageView(256, 224)),
        ({"size": {"shortest_edge": 384}, "crop_pct": 0.875}, ImageView(384, 384, square=True)),
    ],
)
def test_the_view_is_the_processors(config: dict[str, Any], view: ImageView) -> None:
    read = Preprocessing.read(config | SCALE)
    assert read.view == view
    assert read.mean == pytest.approx([127.5] * 3)
    assert read.deviation == pytest.approx([63.75] * 3)


@pytest.mark.parametrize(
    "config",
    [
        {"size": {"height": 224, "width": 336}},
        {"size": {"shortest_edge": 224, "longest_edge": 448}},
        {"size": SQUARE, "do_center_crop": True, "crop_size": 192},
        {"size": 224, "crop_size": 256},
        {"size": 224, "resample": 1},
        {"size": 224, "do_resize": False},
        {"size": 224, "image_mean": [0.5]},
    ],
)
def test_what_our_decoders_cannot_do_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown kind|a crop of|unpack"):
        Preprocessing.read(SCALE | config)
