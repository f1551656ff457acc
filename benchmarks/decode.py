"""What decoding costs: our one decode for view, thumbnail and metadata against decoding everything in full.

    python benchmarks/decode.py [--rounds 5]

The naive way opens the picture, turns it upright, converts it to RGB at full size, resizes and crops it for the
encoder, and shrinks it once more for a thumbnail. Both ways run in turns in one process; of the rounds the quickest
counts, in processor time; the last column is the mean absolute difference of the worst view. The second table is the
pool: files a second against the naive loop, both in wall time.

Photos: $LIKEWISE_SHARED/data (flickr8k, phone_photos) where there, and some made from those in scikit-image's wheel.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps
from report import heading

from core.decode.decoder import Order
from core.decode.image import ImageDecoder
from core.decode.pool import DecodePool
from core.records import ImageView, Wanted
from core.settings import Settings

VIEW = ImageView(224, 224)
WANTED = Wanted((VIEW,))
ORDER = Order(WANTED, 250_000_000, alone=True)
LARGE_PIXELS = 8_000_000


def naive(path: Path, *, with_profile: bool = False) -> tuple[bytes, bytes]:
    """View and thumbnail from a full decode. Like most such loops it ignores colour profiles, unless told."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
        profile = opened.info.get("icc_profile") if with_profile else None
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB")) or image
    width, height = image.size
    size = (224 * width // min(width, height), 224 * height // min(width, height))
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    view = image.resize(size, Image.Resampling.BICUBIC).crop((left, top, left + 224, top + 224))
    image.thumbnail((384, 384))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return view.tobytes(), buffer.getvalue()


def ours(path: Path) -> tuple[bytes, bytes]:
    """The same by the decoder, in this process."""
    with path.open("rb") as file:
        decoded = ImageDecoder().decode(file, ORDER)
    return decoded.segments[0].views[0], decoded.thumbnail


def cost_ms(decode: Callable[[Path], object], photos: Sequence[Path]) -> float:
    """Processor time of one photo, in ms."""
    started = time.process_time()
    for photo in photos:
        decode(photo)
    return (time.process_time() - started) / len(photos) * 1000


def compare(title: str, photos: Sequence[Path], rounds: int) -> None:
    """One row: cost both ways, their ratio, and how far the worst view is from that of a full decode."""
    costs = [(cost_ms(naive, photos), cost_ms(ours, photos)) for _ in range(rounds)]
    naive_ms, our_ms = (min(times) for times in zip(*costs, strict=True))
    error = max(difference(naive(photo, with_profile=True)[0], ours(photo)[0]) for photo in photos)
    print(f"{title:34}{len(photos):5}{naive_ms:10.2f}{our_ms:10.2f}{naive_ms / our_ms:9.2f}{error:12.3f}")


def difference(one: bytes, other: bytes) -> float:
    """Mean absolute difference of two views, of 255."""
    first, second = (np.frombuffer(view, np.uint8).astype(int) for view in (one, other))
    return float(np.abs(first - second).mean())


def throughput(title: str, photos: Sequence[Path], rounds: int, pool: DecodePool) -> None:
    """One row: photos a second by the naive loop and by the pool, in turns."""
    paths = [os.fsencode(photo) for photo in photos]

    def pooled() -> None:
        for future in [pool.decode(path, WANTED) for path in paths]:
            future.result()

    def looped() -> None:
        for photo in photos:
            naive(photo)

    times: dict[Callable[[], None], float] = {}
    for _ in range(rounds):
        for way in (looped, pooled):
            started = time.perf_counter()
            way()
            times[way] = min(times.get(way, 1e9), time.perf_counter() - started)
    rates = {way: len(photos) / seconds for way, seconds in times.items()}
    print(f"{title:34}{len(photos):5}{rates[looped]:10.1f}{rates[pooled]:10.1f}{rates[pooled] / rates[looped]:9.2f}")


def made(folder: Path, count: int, width: int, height: int) -> list[Path]:
    """Photos of this size from those in scikit-image's wheel, with a sensor's noise."""
    import skimage.data

    noise = np.random.default_rng(5)
    sources = [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee(), skimage.data.rocket()]
    paths = []
    for number in range(count):
        image = Image.fromarray(sources[number % len(sources)]).resize((width, height), Image.Resampling.BICUBIC)
        grain = noise.normal(0, 4, (height, width, 1)).astype(np.float32)
        pixels = np.clip(np.asarray(image, np.float32) + grain, 0, 255).astype(np.uint8)
        paths.append(folder / f"{width}x{height}-{number}.jpg")
        Image.fromarray(pixels).save(paths[-1], quality=90)
    return paths


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    heading("decode")
    shared = Path(os.environ.get("LIKEWISE_SHARED", "../shared")) / "data"
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        sets = {
            "made 500 x 375 JPEG": made(Path(folder), 60, 500, 375),
            "made 4000 x 3000 JPEG": made(Path(folder), 8, 4000, 3000),
            "flickr8k, 500 px JPEG": sorted((shared / "flickr8k" / "dev").glob("*.jpg"))[:100],
            "phone photos, JPEG": sorted((shared / "phone_photos").glob("*.jpg")),
            "phone photos, HEIC and AVIF": sorted((shared / "phone_photos").glob("*.[ha]*")),
        }
        sets = {title: photos for title, photos in sets.items() if photos}
        ImageDecoder().decode(io.BytesIO(next(iter(sets.values()))[0].read_bytes()), ORDER)  # imports its readers
        import pillow_heif

        pillow_heif.register_heif_opener()
        print(
            f"{'processor time, one process':34}{'n':>5}{'naive ms':>10}{'ours ms':>10}{'ratio':>9}{'max MAD/255':>12}"
        )
        for title, photos in sets.items():
            compare(title, photos, rounds)
        pool = DecodePool(settings.decoders, limit_s=60, max_pixels=ORDER.max_pixels, max_bytes=1 << 31)
        first = next(iter(sets.values()))[0]
        started = time.perf_counter()
        pool.decode(os.fsencode(first), WANTED).result()
        print(f"\nfirst answer of a process started for it: {(time.perf_counter() - started) * 1000:.0f} ms")
        print(f"\n{f'wall time, {settings.decoders} processes':34}{'n':>5}{'naive /s':>10}{'pool /s':>10}{'ratio':>9}")
        for title, photos in sets.items():
            throughput(title, photos, rounds, pool)
        pool.close(timeout_s=5)


if __name__ == "__main__":
    main()
