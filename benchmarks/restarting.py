"""After a decoder crashed or hung: when is the next file done? And what does it cost that decoders are processes?

The real pool with one process, on photos from scikit-image's wheel, two requests at a time, so that nothing hides
behind anything. Some files are the death of the process that reads them (tests/core/decode/deadly.py).
Compared, in the same run, with the same two requests of which the first is a photo as well; and each photo's decode
with the same decode in this process.

    python benchmarks/restarting.py [--crashes 50] [--hangs 5] [--photos 200]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from report import heading

from core.decode import pool as pools
from core.decode.decoder import Order
from core.decode.image import ImageDecoder
from core.decode.pool import DecodePool
from core.errors import MediaError
from core.records import ImageView, Wanted
from core.settings import Settings

LIMIT_S = 1.0
MAX_PIXELS = 250_000_000
WANTED = Wanted((ImageView(224, 224),))
NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")


def photos() -> list[bytes]:
    """Their paths."""
    found = importlib.util.find_spec("skimage")
    assert found is not None
    assert found.origin is not None
    return [os.fsencode(Path(found.origin).parent / "data" / name) for name in NAMES]


def deadly_pool(limit_s: float) -> DecodePool:
    """One process, which dies of some files."""
    command = pools.python_command
    pools.python_command = lambda _module, *arguments: command("tests.core.decode.deadly", *arguments)
    return DecodePool(1, limit_s=limit_s, max_pixels=MAX_PIXELS, max_bytes=1 << 31)


def two_ms(pool: DecodePool, first: bytes, second: bytes) -> float:
    """From asking for both to having the second."""
    began = time.perf_counter()
    futures = [pool.decode(first, WANTED), pool.decode(second, WANTED)]
    with suppress(MediaError):
        futures[0].result()
    futures[1].result()
    return (time.perf_counter() - began) * 1000


def told(times_ms: Sequence[float]) -> str:
    """Median, 95th percentile, longest."""
    ordered = sorted(times_ms)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return f"p50 {statistics.median(ordered):.0f} ms, p95 {p95:.0f} ms, longest {ordered[-1]:.0f} ms (n={len(ordered)})"


def each_ms(act: Callable[[bytes], object], paths: Sequence[bytes]) -> list[float]:
    """How long each takes."""
    times = []
    for path in paths:
        began = time.perf_counter()
        act(path)
        times.append((time.perf_counter() - began) * 1000)
    return times


def in_this_process(path: bytes) -> object:
    """The decode alone."""
    with Path(os.fsdecode(path)).open("rb") as file:
        return ImageDecoder().decode(file, Order(WANTED, MAX_PIXELS, alone=True))


def main() -> None:
    """Prints what RELIABILITY.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crashes", type=int, default=50)
    parser.add_argument("--hangs", type=int, default=5)
    parser.add_argument("--photos", type=int, default=200)
    arguments = parser.parse_args()
    heading("Restarting decoders")
    good = photos()
    with tempfile.TemporaryDirectory() as temporary:
        crash, hang = (os.fsencode(Path(temporary) / f"{kind}.jpg") for kind in ("crash", "hang"))
        for path, content in ((crash, b"CRASH"), (hang, b"HANG")):
            Path(os.fsdecode(path)).write_bytes(content)
        pool = deadly_pool(LIMIT_S)
        two_ms(pool, good[0], good[1])
        plain, crashed = [], []
        for number in range(arguments.crashes):
            photo = good[number % len(good)]
            plain.append(two_ms(pool, good[0], photo))
            crashed.append(two_ms(pool, crash, photo))
        hung = [two_ms(pool, hang, good[0]) - LIMIT_S * 1000 for _ in range(arguments.hangs)]
        ratio = statistics.median(crashed) / statistics.median(plain)
        print(f"two photos:                               {told(plain)}")
        print(f"a crash, and the next photo:              {told(crashed)}, {ratio:.1f} times as long")
        print(f"from the limit of one that hangs to next: {told(hung)}")

        many = [good[number % len(good)] for number in range(arguments.photos)]
        apart, here = each_ms(lambda path: pool.decode(path, WANTED).result(), many), each_ms(in_this_process, many)
        more = statistics.median(one - other for one, other in zip(apart, here, strict=True))
        print(f"a photo by the pool:                      {told(apart)}")
        print(f"a photo in this process:                  {told(here)}; by the pool {more:.1f} ms more (median)")
        pool.close(timeout_s=5)
    print(f"settings: a picture may take {Settings().decode_limit_s:.0f} s; here {LIMIT_S:.0f} s")


if __name__ == "__main__":
    main()
