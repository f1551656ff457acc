"""Sounds that are in nobody's library, made from numbers: what a sound encoder is centred on and chance is measured on.

Eight kinds that between them are somewhat like what people record: rain and wind, knocks and crackling, music, birds,
engines, speech in no language, cries, and two of these at once. The same number gives the same sound on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.records import SOUND_RATE_HZ, Samples

Wave: TypeAlias = "NDArray[np.float64]"
Maker: TypeAlias = "Callable[[np.random.Generator, int], Wave]"


def synthetic_sounds(count: int) -> Iterator[Samples]:
    """`count` sounds of one to four seconds, quiet and loud, clean and noisy, of every kind in turn."""
    for number in range(count):
        random = np.random.default_rng(number)
        size = int(random.uniform(1, 4) * SOUND_RATE_HZ)
        wave = _level(KINDS[number % len(KINDS)](random, size))
        if random.random() < 0.3:  # heard through a telephone
            wave = _filtered(wave, lambda hz: ((hz > 250) & (hz < 3800)).astype(float))
        if random.random() < 0.7:  # in a room that is never quite silent
            wave = wave + _level(_coloured(random, size, random.uniform(0, 2))) * 10 ** random.uniform(-3, -0.5)
        yield (_level(wave) * 10 ** random.uniform(-1.5, -0.1)).astype(np.float32)


def _rain(random: np.random.Generator, size: int) -> Wave:
    """Noise of any colour, steady or in gusts."""
    noise = _coloured(random, size, random.uniform(-0.5, 2.5))
    gusts = np.interp(np.arange(size), np.linspace(0, size, 8), random.uniform(0.05, 1, 8))
    return noise * gusts if random.random() < 0.6 else noise


def _knocks(random: np.random.Generator, size: int) -> Wave:
    """Clicks, at even or random times, that ring in one to three resonances."""
    clicks = np.zeros(size)
    if random.random() < 0.5:
        times = np.arange(random.integers(0, 2000), size, random.integers(800, 12000))
    else:
        times = random.integers(0, size, random.integers(3, 200))
    clicks[times] = random.uniform(0.1, 1, len(times)) * random.choice([-1, 1], len(times))
    return _ringing(random, clicks, random.uniform(0.002, 0.1))


def _music(random: np.random.Generator, size: int) -> Wave:
    """Notes of a scale, one to three at a time, plucked or held."""
    wave = np.zeros(size)
    beat = int(random.integers(1600, 12000))
    partials = random.uniform(0.5, 3)
    for start in range(0, size, beat):
        length = min(size - start, 3 * beat)
        seconds = np.arange(length) / SOUND_RATE_HZ
        envelope = np.exp(-seconds * random.uniform(0.5, 8)) * np.minimum(seconds * 200, 1)
        for _ in range(random.integers(1, 4)):
            pitch = 110 * 2 ** (random.integers(0, 36) / 12)
            wave[start : start + length] += envelope * _harmonics(np.full(length, pitch), partials)
    return wave


def _birds(random: np.random.Generator, size: int) -> Wave:
    """Short sweeps of a high tone, in groups."""
    wave = np.zeros(size)
    base, width = random.uniform(800, 5000), random.uniform(0.1, 0.6)
    place = 0
    while place < size:
        length = min(size - place, int(random.integers(400, 5000)))
        bend = np.interp(np.arange(length), np.linspace(0, length, 5), random.uniform(1 - width, 1 + width, 5))
        wave[place : place + length] = np.sin(_phase(base * bend)) * np.hanning(length)
        place += length + int(random.integers(200, 8000))
    return wave


def _engine(random: np.random.Generator, size: int) -> Wave:
    """A low buzz whose speed drifts, in the noise it makes."""
    speed = random.uniform(15, 130) * np.interp(np.arange(size), np.linspace(0, size, 4), random.uniform(0.8, 1.3, 4))
    buzz = _harmonics(speed, random.uniform(0.2, 1.5))
    noise = _level(_coloured(random, size, 1)) * (0.3 + np.maximum(np.sin(_phase(speed)), 0))
    return _ringing(random, _level(buzz) + random.uniform(0.1, 1) * noise, random.uniform(0.001, 0.01))


def _speech(random: np.random.Generator, size: int) -> Wave:
    """Syllables: a hiss or a stop, then a vowel, in a melody; now and then a pause."""
    wave = np.zeros(size)
    voice, throat, place = random.uniform(85, 280), random.uniform(0.9, 1.25), 0
    while place < size:
        hiss, vowel = (min(max(size - place, 0), int(random.integers(*span))) for span in ((200, 1800), (1200, 4800)))
        high = random.uniform(2000, 6000)
        wave[place : place + hiss] = 0.2 * _bump(random.normal(size=hiss), (high,), high / 3) * np.hanning(hiss)
        place += hiss
        vowel = min(vowel, size - place)
        pitch = voice * np.linspace(random.uniform(0.85, 1.25), random.uniform(0.75, 1.1), vowel)
        formants = throat * np.array([random.uniform(280, 800), random.uniform(850, 2300), random.uniform(2400, 3100)])
        wave[place : place + vowel] = _level(_bump(_harmonics(pitch, 1), formants, 120)) * np.hanning(vowel)
        place += vowel + int(random.choice([0, 300, 6000], p=[0.5, 0.35, 0.15]))
    return wave


def _cries(random: np.random.Generator, size: int) -> Wave:
    """Long or short calls that rise and fall, hoarse or clear."""
    wave = np.zeros(size)
    base, length = random.uniform(180, 900), int(random.integers(1500, 16000))
    formants = (random.uniform(600, 1400), random.uniform(1500, 3500))
    for start in range(0, size, length + int(random.integers(1000, 12000))):
        span = min(length, size - start)
        pitch = base * np.interp(np.arange(span), np.linspace(0, span, 4), random.uniform(0.7, 1.5, 4))
        hoarse = 1 + random.uniform(0, 1) * random.normal(size=span)
        wave[start : start + span] = _bump(_harmonics(pitch, 0.7) * hoarse, formants, 300) * np.hanning(span)
    return wave


def _two_at_once(random: np.random.Generator, size: int) -> Wave:
    one, other = random.choice(len(KINDS) - 1, 2, replace=False)
    return _level(KINDS[one](random, size)) + random.uniform(0.2, 1) * _level(KINDS[other](random, size))


KINDS: tuple[Maker, ...] = (_rain, _knocks, _music, _birds, _engine, _speech, _cries, _two_at_once)


def _level(wave: Wave) -> Wave:
    """At a peak of 1."""
    return wave / max(float(np.abs(wave).max(initial=0)), 1e-9)


def _phase(hertz: Wave) -> Wave:
    return 2 * np.pi * np.cumsum(hertz) / SOUND_RATE_HZ


def _harmonics(hertz: Wave, fall: float) -> Wave:
    """A tone of changing pitch with its overtones, each weaker by its number to the power of `fall`."""
    phase, top = _phase(hertz), int(min(7600 / max(hertz.min(initial=7600), 1), 60))
    return np.asarray(sum(np.sin(n * phase) * (n * hertz < 7800) / n**fall for n in range(1, top + 1)), np.float64)


def _coloured(random: np.random.Generator, size: int, slope: float) -> Wave:
    """Noise whose power falls with the frequency to the power of `slope`."""
    return _filtered(random.normal(size=size), lambda hz: np.maximum(hz, 30) ** (-slope / 2))


def _ringing(random: np.random.Generator, wave: Wave, lasting_s: float) -> Wave:
    """`wave` in a body with one to three resonances."""
    seconds = np.arange(int(8 * lasting_s * SOUND_RATE_HZ)) / SOUND_RATE_HZ
    tones = random.uniform(80, 6000, random.integers(1, 4))[:, None]
    body = (np.exp(-seconds / lasting_s) * np.sin(2 * np.pi * tones * seconds)).sum(axis=0)
    size = len(wave) + len(body)
    rung: Wave = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(body, size), size)[: len(wave)]
    return rung


def _bump(wave: Wave, centres_hz: Wave | tuple[float, ...], width_hz: float) -> Wave:
    """What passes the throat: `wave` with resonances."""

    def passes(hz: Wave) -> Wave:
        peaks = [1 / (1 + ((hz - at) / width_hz) ** 2) for at in centres_hz]
        return np.asarray(np.sum(peaks, axis=0), np.float64)

    return _filtered(wave, passes)


def _filtered(wave: Wave, gain: Callable[[Wave], Wave]) -> Wave:
    """`wave` with each frequency (Hz) made louder by `gain`."""
    if not len(wave):
        return wave
    hertz: Wave = np.fft.rfftfreq(len(wave), 1 / SOUND_RATE_HZ).astype(np.float64)
    spectrum = np.fft.rfft(wave) * gain(hertz)
    filtered: Wave = np.fft.irfft(spectrum, len(wave))
    return filtered
