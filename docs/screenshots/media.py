"""The sounds and videos of the pictures in this folder: made here, of scikit-image's photos and plain tones."""

from __future__ import annotations

import os
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.samples import sample_folder
from core import Line

FPS = 12
SIZE = (640, 360)
SHOT_S = 7
RATE = 16000
Wave = NDArray[np.float64]

TALK = (
    "So the plan for Saturday is that we all meet at the station.",
    "Half past eight, and please be on time for once.",
    "I have the tickets, and Ana brings the sandwiches.",
    "If the weather turns we can still go to the museum.",
    "We change in Dijon and have twenty minutes there.",
    "Then we take the train to Lyon at ten past eleven.",
    "It has a dining car, somebody told me.",
    "And the hotel is just across the bridge.",
    "On Sunday there is the market by the river.",
    "We could stay until Monday, I would not mind.",
    "Only the last train to Lyon leaves before nine.",
    "All right, I will write it down and send it around.",
)
"""What is said in the talk; posed, for nobody speaks here."""
TALK_S = 4


def transcript(start_s: float = 96.0) -> tuple[Line, ...]:
    """The lines of the talk, one after the other."""
    step_ms = TALK_S * 1000
    first = int(start_s * 1000)
    return tuple(
        Line(first + number * step_ms, first + (number + 1) * step_ms - 300, text, "en")
        for number, text in enumerate(TALK)
    )


def make_media(folder: Path, taken_s: float) -> Path:
    """A folder with three videos and four sounds."""
    folder.mkdir(parents=True)
    tour = _shots(["astronaut.png", "rocket.jpg", "motorcycle_left.png", "coffee.png"])
    write_video(folder / "A day out.mp4", tour, _music(len(tour) / FPS, (220, 277, 330)))
    write_video(folder / "At home.mp4", _shots(["chelsea.png", "coffee.png", "page.png"]))
    write_video(folder / "Launch.mp4", _shots(["rocket.jpg", "moon.png", "hubble_deep_field.jpg"]))
    write_sound(folder / "Weekend plans.wav", _talk(160))
    write_sound(folder / "Piano, evening.wav", _music(74, (262, 330, 392)))
    write_sound(folder / "Rain on the roof.wav", _rain(48))
    write_sound(folder / "Concert in the park (second half).wav", _music(205, (196, 247, 294, 392)))
    for number, path in enumerate(sorted(folder.iterdir())):
        os.utime(path, (taken_s - number * 9000, taken_s - number * 9000))
    return folder


def write_video(path: Path, frames: Sequence[Image.Image], sound: Wave | None = None) -> None:
    """H.264 with AAC."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        heard = None if sound is None else container.add_stream("aac", rate=RATE, layout="mono")
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if heard is not None and sound is not None:
            resampler = av.AudioResampler("fltp", "mono", RATE, 1024)
            samples = av.AudioFrame.from_ndarray((sound * 32767).astype(np.int16)[None], "s16", "mono")
            samples.sample_rate, samples.pts, samples.time_base = RATE, 0, Fraction(1, RATE)
            for part in (*resampler.resample(samples), *resampler.resample(None)):
                container.mux(heard.encode(part))
            container.mux(heard.encode(None))


def write_sound(path: Path, sound: Wave) -> None:
    """A plain WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def _shots(names: Sequence[str]) -> list[Image.Image]:
    """Slow walks over photos, one after the other."""
    frames = []
    for name in names:
        with Image.open(sample_folder() / name) as opened:
            photo = opened.convert("RGB")
        scale = 1.25 * max(SIZE[0] / photo.width, SIZE[1] / photo.height)
        photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.LANCZOS)
        for step in range(FPS * SHOT_S):
            share = step / (FPS * SHOT_S)
            left = round((photo.width - SIZE[0]) * share)
            top = round((photo.height - SIZE[1]) * (0.3 + 0.2 * share))
            frames.append(photo.crop((left, top, left + SIZE[0], top + SIZE[1])))
    return frames


def _music(seconds: float, notes: Sequence[float]) -> Wave:
    time = np.arange(round(seconds * RATE)) / RATE
    beat = np.exp(-3 * (time % 0.75)) * (0.55 + 0.45 * np.sin(2 * np.pi * time / 37))
    return 0.8 * beat * sum(np.sin(2 * np.pi * note * time) for note in notes) / len(notes)


def _rain(seconds: float) -> Wave:
    time = np.arange(round(seconds * RATE)) / RATE
    drops = np.random.default_rng(3).standard_normal(len(time)).clip(-3, 3) / 3
    return 0.5 * drops * (0.35 + 0.3 * np.sin(2 * np.pi * time / 21) ** 2)


def _talk(seconds: float) -> Wave:
    """As loud and quiet as talk is: words and pauses."""
    chance = np.random.default_rng(11)
    loud = np.repeat(chance.choice([0.05, 0.3, 0.6, 0.9], round(seconds * 5), p=[0.3, 0.25, 0.25, 0.2]), RATE // 5)
    smooth = np.convolve(loud, np.ones(1600) / 1600, mode="same")
    return smooth * chance.standard_normal(len(loud)).clip(-3, 3) / 4
