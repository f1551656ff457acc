"""What decoding sounds and videos costs: speed as a multiple of real time, and memory, of one decode process.

    python benchmarks/decode_media.py [--minutes 2]

The media are made here: speech-like noise as MP3 and so on; pictures from scikit-image's wheel, panned and cut every
six seconds, as H.264 with 30 frames a second and x264's own groups of pictures, at most 250 frames long. Sounds are
wanted as windows at 16 kHz; videos as key frames for a 224 px encoder, then with the windows of their sound, then with
moments of motion as well. The process is warm: it has its libraries.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
from report import heading

from core.decode.pool import DecodePool
from core.records import ImageView, Wanted

VIEW = ImageView(224, 224)
WANTED = {
    "windows": Wanted(sound=True),
    "key frames": Wanted((VIEW,)),
    "and windows": Wanted((VIEW,), sound=True),
    "and moments": Wanted((VIEW,), sound=True, clips=True),
}
FPS = 30
SCENE_S = 6
RATE = 44100


def frames(width: int, height: int, seconds: int) -> Iterator[np.ndarray]:
    """Photos, panned; another every few seconds."""
    import skimage.data

    photos = [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee(), skimage.data.rocket()]
    size = (width + 200, height + 120)
    large = [np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC)) for photo in photos]
    grain = np.random.default_rng(5).integers(0, 8, (height, width, 1), np.uint8)
    for number in range(seconds * FPS):
        step = number % (SCENE_S * FPS)
        photo = large[number // (SCENE_S * FPS) % len(large)]
        yield np.maximum(photo[step // 2 : step // 2 + height, step : step + width], np.roll(grain, number, 1))


def speech(seconds: int) -> np.ndarray:
    """Noise with pauses, 16 bits, two channels side by side."""
    at = np.arange(seconds * RATE) / RATE
    wave = np.random.default_rng(5).normal(0, 0.1, len(at)) * (np.sin(2 * np.pi * 0.3 * at) > -0.8)
    return np.repeat((wave * 32767).clip(-32768, 32767).astype(np.int16), 2)


def put_sound(container: Any, stream: Any, seconds: int) -> None:
    samples = speech(seconds)
    resampler = av.AudioResampler(stream.format, stream.layout, stream.rate, stream.codec_context.frame_size or None)
    for at in range(0, seconds * RATE, RATE):
        frame = av.AudioFrame.from_ndarray(samples[None, 2 * at : 2 * (at + RATE)], "s16", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        for part in resampler.resample(frame):
            container.mux(stream.encode(part))
    for part in [*resampler.resample(None), None]:
        container.mux(stream.encode(part))


def sound(path: Path, codec: str, seconds: int) -> Path:
    with av.open(str(path), "w") as container:
        put_sound(container, container.add_stream(codec, rate=RATE, layout="stereo"), seconds)
    return path


def video(path: Path, width: int, height: int, seconds: int, group: int) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS, options={"preset": "superfast"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = width, height, "yuv420p", group
        heard = container.add_stream("aac", rate=RATE, layout="stereo")
        for frame in frames(width, height, seconds):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")))
        container.mux(stream.encode(None))
        put_sound(container, heard, seconds)
    return path


def measure(title: str, path: Path, wanted: str) -> None:
    """One row, of a process of its own."""
    pool = DecodePool(1, limit_s=60, max_pixels=250_000_000, max_bytes=1 << 31)
    try:
        pool.decode(os.fsencode(path), WANTED[wanted], until_ms=1000).result()
        children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        (child,) = [pid for task in children for pid in task.read_text().split()]
        at_ms: int | None = 0
        stretches, segments, duration_ms = 0, 0, 0
        longest_s, started = 0.0, time.perf_counter()
        while at_ms is not None:
            asked = time.perf_counter()
            decoded = pool.decode(os.fsencode(path), WANTED[wanted], from_ms=at_ms).result()
            longest_s = max(longest_s, time.perf_counter() - asked)
            at_ms, stretches, segments = decoded.next_ms, stretches + 1, segments + len(decoded.segments)
            duration_ms = max(duration_ms, decoded.metadata.duration_ms)
        wall_s = time.perf_counter() - started
        ticks = sum(map(int, Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]))
        status = Path(f"/proc/{child}/status").read_text()
        peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1000
    finally:
        pool.close(timeout_s=5)
    cpu_s = ticks / os.sysconf("SC_CLK_TCK")
    seconds = duration_ms / 1000
    print(
        f"{title:22}{wanted:13}{seconds / wall_s:9.0f}{seconds / cpu_s:9.0f}{peak_mb:9.0f}"
        f"{segments:10}{stretches:11}{longest_s:11.2f}"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=2)
    seconds = parser.parse_args().minutes * 60
    heading("decode_media")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        media = {
            "MP3": sound(folder / "a.mp3", "libmp3lame", seconds * 5),
            "M4A": sound(folder / "a.m4a", "aac", seconds * 5),
            "FLAC": sound(folder / "a.flac", "flac", seconds * 5),
            "WAV": sound(folder / "a.wav", "pcm_s16le", seconds * 5),
            "720p": video(folder / "720.mp4", 1280, 720, seconds, 250),
            "1080p": video(folder / "1080.mp4", 1920, 1080, seconds, 250),
            "1080p, key every 1 s": video(folder / "short.mp4", 1920, 1080, seconds, FPS),
        }
        print(
            f"{'':22}{'wanted':13}{'x wall':>9}{'x CPU':>9}{'MB':>9}{'segments':>10}{'stretches':>11}{'longest s':>11}"
        )
        for title, path in media.items():
            is_sound = path.suffix != ".mp4"
            for wanted in WANTED if not is_sound else ["windows"]:
                measure(title, path, wanted)


if __name__ == "__main__":
    main()
