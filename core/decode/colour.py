"""Brings every mode that a picture can have to sRGB on white."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image, ImageCms

_PLAIN_MODES = frozenset({"L", "RGB", "CMYK"})
_ALPHA_MODES = frozenset({"LA", "RGBA"})
_TIFF_BITS_PER_SAMPLE = 258
_SRGB_TOLERANCE = 1
"""How far, of 255, a profile may take a colour and still be called sRGB."""


def blendable(image: Image.Image) -> Image.Image:
    """The image in a mode whose pixels can be averaged: L, LA, RGB, RGBA or CMYK, 8 bits, no palette."""
    if image.mode in _ALPHA_MODES:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in _PLAIN_MODES:
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        return _to_8_bits(image)
    return image.convert("RGB")


def on_white(image: Image.Image) -> Image.Image:
    """A blendable image without alpha: white shines through. L, RGB or CMYK."""
    if image.mode not in _ALPHA_MODES:
        return image
    flat = Image.new("L" if image.mode == "LA" else "RGB", image.size, "white")
    flat.paste(image.convert(flat.mode), mask=image.getchannel("A"))
    return flat


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An L, RGB or CMYK image as sRGB. A profile that cannot be used is ignored, as browsers do."""
    transform = _transform(profile, image.mode) if profile else None
    if transform is not None:
        converted = ImageCms.applyTransform(image, transform)
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scales more than 8 bits down to 8, where Pillow's own conversion clips.

    16-bit pictures use 16 bits, or as many as a TIFF says. In 32 bits, integer or floating, white is the least usual
    full scale that holds the brightest value; without one (heights, temperatures) the values are stretched.
    """
    bits = getattr(image, "tag_v2", {}).get(_TIFF_BITS_PER_SAMPLE, (16,))[0]
    if image.mode.startswith("I;16"):
        low, white = 0.0, float(2**bits - 1)
        image = image.convert("I")
    else:
        low, high = (float(value) for value in image.getextrema() if isinstance(value, int | float))
        scales = (255.0, 65535.0) if image.mode == "I" else (1.0, 255.0, 65535.0)
        white = next((scale for scale in scales if low >= 0 and high <= scale), 0.0)
        if not white and low < high:
            white = high - low
        else:
            low = 0.0
    scale = 255 / white if white else 1.0
    return image.point(lambda value: value * scale - low * scale).convert("L")


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From `profile` to sRGB; None when it is sRGB, does not fit the mode, or is broken."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    return None if mode == "RGB" and _keeps_colours(transform) else transform


def _keeps_colours(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a profile is sRGB in fact, whatever its name: most are, and the conversion costs as much as a resize."""
    steps = range(0, 256, 15)
    before = bytes(value for red in steps for green in steps for blue in steps for value in (red, green, blue))
    image = Image.frombytes("RGB", (len(before) // 3, 1), before)
    after = (ImageCms.applyTransform(image, transform) or image).tobytes()
    return all(abs(a - b) <= _SRGB_TOLERANCE for a, b in zip(before, after, strict=True))
