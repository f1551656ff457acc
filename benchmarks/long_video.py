"""An hour of video through the whole program: how fast, and how much memory, against a tenth of it.

A 720p video of some minutes whose sound is somebody reading, its packets repeated until the time is full. Speed is
given as a multiple of real time and against decoding every frame of it with PyAV and doing nothing with them, the
least that looking at all frames costs. Memory is the highest of all processes together, sampled: it should not
depend on length.

    python benchmarks/long_video.py [--minutes 60]       # needs $LIKEWISE_SHARED for the voice
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
from decode_media import FPS, frames
from report import heading

from core import Activity, Event, ProgressChanged, open_engine

VOICE = Path(os.environ.get("LIKEWISE_SHARED", "../shared")) / "data" / "speech_read" / "dev" / "LJ001_long_dev.flac"


def make(path: Path) -> float:
    """The video; gives its length in seconds, which is the voice's."""
    with av.open(str(path), "w") as container, av.open(str(VOICE)) as voice:
        (spoken,) = voice.streams.audio
        seconds = int(spoken.duration * spoken.time_base)
        stream: Any = container.add_stream("libx264", rate=FPS, options={"preset": "superfast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        heard: Any = container.add_stream("aac", rate=44100, layout="mono")
        for frame in frames(1280, 720, seconds):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.copy(), "rgb24")))
        container.mux(stream.encode(None))
        resampler = av.AudioResampler(heard.format, heard.layout, heard.rate, heard.codec_context.frame_size or 1024)
        for sound in voice.decode(spoken):
            for part in resampler.resample(sound):
                container.mux(heard.encode(part))
        container.mux(heard.encode(None))
    return float(seconds)


def repeat(short: Path, path: Path, times: int, seconds: float) -> None:
    """The same packets, over and over."""
    with av.open(str(path), "w") as container:
        with av.open(str(short)) as first:
            streams = [container.add_stream_from_template(stream) for stream in first.streams]
        for number in range(times):
            with av.open(str(short)) as source:
                for packet in source.demux():
                    if packet.dts is None or packet.pts is None:
                        continue
                    moved = int(number * (seconds + 1) / packet.time_base)
                    packet.pts, packet.dts = packet.pts + moved, packet.dts + moved
                    packet.stream = streams[packet.stream.index]
                    container.mux(packet)


def plain(path: Path) -> float:
    """Seconds to decode every frame."""
    started = time.perf_counter()
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode(video=0):
            pass
    return time.perf_counter() - started


class Memory:
    """The most that this process and its children held together, looked at ten times a second."""

    def __init__(self) -> None:
        self.peaks: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            own = _resident_mb(os.getpid())
            held = {"program": own, "children": sum(map(_resident_mb, _children()))}
            held["together"] = sum(held.values())
            self.peaks = {name: max(mb, self.peaks.get(name, 0)) for name, mb in held.items()}


def _children() -> list[int]:
    pids: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread that has ended
            pids += map(int, (task / "children").read_text().split())
    return pids


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
    except OSError:  # ended meanwhile
        return 0.0


def index(folder: Path, library: Path, seconds: float) -> None:
    """Prints a row: the first pass, after which the video is found, and the second, which writes down what is said."""
    listening = 0.0

    def note(event: Event) -> None:
        nonlocal listening
        if isinstance(event, ProgressChanged) and event.progress.activity is Activity.LISTENING and not listening:
            listening = time.perf_counter()

    with open_engine(library) as engine, Memory() as memory:
        engine.start(watch=False)
        engine.wait_idle().result()
        engine.events.subscribe(note)
        started = time.perf_counter()
        engine.add_folder(folder).result()
        engine.wait_idle().result()
        ended = time.perf_counter()
        status = engine.status().result()
        assert (status.files, status.failed) == (1, 0), status
    first, second = (listening or ended) - started, ended - (listening or ended)
    speeds = f"{seconds / first:5.1f} × | {seconds / second if second else 0:5.1f} ×"
    peaks = " | ".join(f"{memory.peaks[name]:,.0f} MB" for name in ("program", "children", "together"))
    print(f"| {seconds / 60:.0f} minutes | {speeds} | {seconds / (ended - started):5.1f} × | {peaks} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    minutes = parser.parse_args().minutes
    heading("long_video")
    with tempfile.TemporaryDirectory() as name:
        once = Path(name, "once.mp4")
        seconds = make(once)
        print(f"every frame decoded, nothing else: {seconds / plain(once):.1f} × real time")
        print("\n| | found: × real time | listened to: × real time | both | program | children | together |")
        print("| --- " * 7 + "|")
        for length in (minutes / 10, minutes):
            times = max(1, round(length * 60 / seconds))
            folder = Path(name, f"{length}")
            folder.mkdir()
            repeat(once, folder / "a.mp4", times, seconds)
            index(folder, Path(name, f"library {length}"), times * seconds)


if __name__ == "__main__":
    main()
