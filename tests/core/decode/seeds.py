"""A small file of every format that is read, made here, and ways to break it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.core.decode.media import RATE, noise, plain, tone, write_sound, write_video

PICTURES = {
    "jpg": "JPEG",
    "mpo": "MPO",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "tif": "TIFF",
    "bmp": "BMP",
    "avif": "AVIF",
    "heic": "HEIF",
}
SOUNDS = {
    "wav": "pcm_s16le",
    "mp3": "libmp3lame",
    "flac": "flac",
    "ogg": "libopus",
    "opus": "libopus",
    "m4a": "aac",
    "aiff": "pcm_s16be",
    "aac": "aac",
    "wma": "wmav2",
    "mka": "libopus",
}
VIDEOS = {
    "mp4": ("libx264", "aac"),
    "mov": ("mpeg4", "aac"),
    "mkv": ("libx264", "flac"),
    "webm": ("libvpx", ""),
    "avi": ("mpeg4", "libmp3lame"),
    "mpg": ("mpeg2video", "mp2"),
    "mts": ("libx264", "aac"),
    "flv": ("flv", "libmp3lame"),
    "wmv": ("wmv2", "libmp3lame"),
    "3gp": ("mpeg4", "aac"),
}
FORMATS = (*PICTURES, *SOUNDS, *VIDEOS)


def make_seed(extension: str, folder: Path) -> bytes:
    """A whole file of that kind, a few kilobytes long."""
    path = folder / f"seed.{extension}"
    if extension in PICTURES:
        _write_picture(path, PICTURES[extension])
    elif extension in SOUNDS:
        codec = SOUNDS[extension]
        rate = 48_000 if codec == "libopus" else RATE
        wave = tone(0.3, rate=rate) + noise(0.3, 0.05, rate=rate)
        write_sound(path, wave, codec, rate=rate, tags={"title": "A seed", "artist": "Nobody"})
    else:
        codec, sound_codec = VIDEOS[extension]
        frames = [plain((12 * number, 90, 200 - 12 * number), 64, 48) for number in range(15)]
        write_video(path, frames, codec, sound=tone(0.6) if sound_codec else None, sound_codec=sound_codec)
    return path.read_bytes()


def _write_picture(path: Path, format_name: str) -> None:
    if format_name == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    slope = np.add.outer(np.arange(48), np.arange(64))
    pixels = np.stack([slope * 2, slope[::-1] * 2, np.full_like(slope, 90)], axis=2).astype(np.uint8)
    picture = Image.fromarray(pixels)
    said = Image.Exif()
    said[0x0112], said[0x010F], said[0x0132] = 6, "A maker", "2024:05:06 07:08:09"
    more = {"save_all": True, "append_images": [picture.rotate(180)]} if format_name in {"MPO", "GIF", "TIFF"} else {}
    profile = {} if format_name in {"GIF", "BMP"} else {"exif": said}
    picture.save(path, format_name, **more, **profile)


def _flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _break_head(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 2, 4])):
        data[chance.randrange(min(len(data), 256))] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])


def _lie_about_a_length(data: bytearray, chance: random.Random) -> None:
    size = chance.choice([2, 4, 8])
    at = chance.randrange(max(1, len(data) - size))
    value = chance.choice([0, 1, 1 << 15, (1 << 8 * size - 1) - 1, (1 << 8 * size - 1), (1 << 8 * size) - 1, len(data)])
    data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, chance.choice(["little", "big"]))


def _cut_off(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(1, len(data)) :]


def _cut_out(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice([1, 3, 16, 100, 1000])]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = bytes(data[at : at + chance.choice([4, 64, 512])]) * chance.choice([1, 2, 50])


def _blank(data: bytearray, chance: random.Random) -> None:
    at, size = chance.randrange(len(data)), chance.choice([4, 32, 512, 4096])
    data[at : at + size] = bytes([chance.choice([0, 0xFF])]) * len(data[at : at + size])


def _put_in_noise(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.randbytes(chance.choice([1, 7, 100, 3000]))


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip_bits,
    _break_head,
    _lie_about_a_length,
    _cut_off,
    _cut_out,
    _repeat,
    _blank,
    _put_in_noise,
)


def mutated(seed: bytes, other: bytes, number: int) -> bytes:
    """The seed broken in the way that has this number; `other` is what may be spliced in."""
    chance = random.Random(number)
    data = bytearray(seed)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        if chance.random() < 0.08:
            at = chance.randrange(len(data) or 1)
            data[at:] = other[chance.randrange(len(other)) :]
        elif data:
            chance.choice(MUTATIONS)(data, chance)
    return bytes(data)
