"""Sounds and videos to decode, written by PyAV, and what a decoder makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from core.decode.audio import AudioDecoder
from core.decode.decoder import Order, RawDecoded, RawSegment
from core.decode.video import VideoDecoder
from core.records import SOUND_RATE_HZ, ImageView, Wanted

VIEW = ImageView(32, 32)
ALL = Wanted((VIEW,), sound=True)
MAX_PIXELS = 4_000_000
RATE = 44100

Wave = NDArray[np.float64]
Frame = NDArray[np.uint8]


def tone(seconds: float, hertz: float = 440, loud: float = 0.3, rate: int = RATE) -> Wave:
    return loud * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def noise(seconds: float, loud: float = 0.2, rate: int = RATE) -> Wave:
    return loud * np.random.default_rng(7).standard_normal(round(seconds * rate)).clip(-3, 3) / 3


def talk(seconds: float, pauses: Iterable[float], rate: int = RATE) -> Wave:
    """Noise, with pauses of 0.4 s in which it is quieter, around the moments given."""
    wave = noise(seconds, rate=rate)
    for pause in pauses:
        wave[round((pause - 0.2) * rate) : round((pause + 0.2) * rate)] *= 0.01
    return wave


def write_sound(
    path: Path,
    wave: Wave,
    codec: str,
    *,
    rate: int = RATE,
    tags: dict[str, str] | None = None,
    cover: bytes | None = None,
) -> Path:
    with av.open(str(path), "w", format="mp4" if path.suffix == ".m4a" else None) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        if not codec.startswith(("pcm", "flac")):
            stream.bit_rate = 128_000
        picture: Any = None
        if cover:
            picture = container.add_stream("mjpeg")
            picture.width, picture.height, picture.pix_fmt = 90, 60, "yuvj420p"
            picture.disposition = Disposition.attached_pic
        _put_sound(container, stream, wave, rate)
        if cover:
            packet = av.Packet(cover)
            packet.stream, packet.pts, packet.dts, packet.time_base = picture, 0, 0, Fraction(1, 25)
            container.mux(packet)
    return path


def _put_sound(container: Any, stream: Any, wave: Wave, rate: int) -> None:
    samples = np.repeat((wave * 32767).round().astype(np.int16), 2)
    resampler = av.AudioResampler(stream.format, stream.layout, stream.rate, stream.codec_context.frame_size or None)
    for at in range(0, len(wave), rate):
        frame = av.AudioFrame.from_ndarray(samples[None, 2 * at : 2 * (at + rate)], "s16", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        for part in resampler.resample(frame):
            container.mux(stream.encode(part))
    for part in resampler.resample(None):
        container.mux(stream.encode(part))
    container.mux(stream.encode(None))


def plain(colour: Sequence[int], width: int = 160, height: int = 120) -> Frame:
    """A frame of one colour with a little of another in the corner, so that it is not quite plain."""
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = colour
    frame[: height // 8, : width // 8] = 255 - np.array(colour, np.uint8)
    return frame


def write_video(
    path: Path,
    frames: Iterable[Frame],
    codec: str = "libx264",
    *,
    fps: int = 25,
    times: Sequence[int] | None = None,
    sound: Wave | None = None,
    sound_codec: str = "aac",
    pixels: str = "yuv420p",
    tags: dict[str, str] | None = None,
    **said: Any,
) -> Path:
    """`times` are in ms; `said` are further attributes of the stream, or options of the encoder as `options`."""
    turned, form = said.pop("turned", None), said.pop("container", {})
    options = said.pop("options", {"preset": "ultrafast"} if codec == "libx264" else {})
    frames = iter(frames)
    first = next(frames)
    with av.open(str(path), "w", options=form) as container:
        container.metadata.update(tags or {})
        stream: Any = container.add_stream(codec, rate=fps, options=options)
        stream.height, stream.width, stream.pix_fmt = *first.shape[:2], pixels
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for name, value in said.items():
            setattr(stream.codec_context, name, value)
        if turned is not None:
            stream.set_display_matrix(turned)
        heard = container.add_stream(sound_codec, rate=RATE, layout="stereo") if sound is not None else None
        for number, pixels_ in enumerate([first, *frames]):
            frame = av.VideoFrame.from_ndarray(pixels_, "rgb24")
            if "color_range" in said or "colorspace" in said:
                frame = frame.reformat(
                    format=pixels, dst_colorspace=said.get("colorspace"), dst_color_range=said.get("color_range")
                )
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, fps) if times is None else Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _put_sound(container, heard, sound, RATE)
    return path


def hear(path: Path, from_ms: int = 0, until_ms: int | None = None, wanted: Wanted = ALL) -> RawDecoded:
    """A stretch of a sound, decoded in this process."""
    with path.open("rb") as file:
        return AudioDecoder().decode(file, Order(wanted, MAX_PIXELS, from_ms, until_ms))


def see(path: Path, from_ms: int = 0, until_ms: int | None = None, wanted: Wanted = ALL) -> RawDecoded:
    """A stretch of a video, decoded in this process."""
    with path.open("rb") as file:
        return VideoDecoder().decode(file, Order(wanted, MAX_PIXELS, from_ms, until_ms))


def chain(decode: Any, path: Path, **said: Any) -> list[RawDecoded]:
    """All stretches."""
    stretches = [decode(path, **said)]
    while stretches[-1].next_ms is not None:
        stretches.append(decode(path, stretches[-1].next_ms, **said))
    return stretches


def windows(*stretches: RawDecoded) -> list[RawSegment]:
    return [segment for stretch in stretches for segment in stretch.segments if segment.sound]


def shots(*stretches: RawDecoded) -> list[RawSegment]:
    return [segment for stretch in stretches for segment in stretch.segments if segment.views]


def times(segments: Iterable[RawSegment]) -> list[tuple[int | None, int | None]]:
    return [(segment.start_ms, segment.end_ms) for segment in segments]


def samples(*segments: RawSegment) -> Wave:
    return np.frombuffer(b"".join(segment.sound for segment in segments), "<i2") / 32768


def pitch(wave: Wave, rate: int = SOUND_RATE_HZ) -> float:
    """The loudest frequency."""
    return float(np.abs(np.fft.rfft(wave)).argmax() * rate / len(wave))


def colour(segment: RawSegment) -> tuple[int, ...]:
    """The middle of a shot's first view."""
    pixels = np.frombuffer(segment.views[0], np.uint8).reshape(VIEW.crop_px, VIEW.crop_px, 3)
    return tuple(int(value) for value in pixels[16, 16])
