"""What is said, when, in which language; and nothing where nothing is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.embed.encoder import Weights
from core.embed.synthetic import KINDS, synthetic_sounds
from core.embed.transcriber import Transcriber
from core.errors import ModelError
from core.records import SOUND_RATE_HZ, Line, Samples

SPEECH_KIND = 5
"""The synthetic sounds that are like speech, and every eighth from there on."""


@pytest.fixture(scope="module")
def transcriber(whisper_base: Weights) -> Iterator[Transcriber]:
    made = Transcriber(whisper_base.folder())
    made.load()
    yield made
    made.unload()


@pytest.fixture(scope="module")
def kennedy(shared: Path, heard: Callable[[Path], Samples]) -> Samples:
    """Eleven seconds: "And so my fellow Americans, ask not what your country can do for you, ask …"."""
    return heard(shared / "data/speech_read/dev/jfk.flac")


def said(lines: list[Line]) -> list[str]:
    return re.findall(r"\w+", " ".join(line.text for line in lines).lower())


def noise(colour: float) -> Samples:
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=20 * SOUND_RATE_HZ))
    hertz = np.maximum(np.fft.rfftfreq(20 * SOUND_RATE_HZ, 1 / SOUND_RATE_HZ), 20)
    wave = np.fft.irfft(spectrum * hertz**-colour)
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


HUM = (0.3 * np.sin(2 * np.pi * 50 * np.arange(20 * SOUND_RATE_HZ) / SOUND_RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize(
    "sound",
    [np.zeros(20 * SOUND_RATE_HZ, np.float32), np.zeros(0, np.float32), np.zeros(1, np.float32), HUM],
    ids=["silence", "nothing", "a sample", "hum"],
)
def test_silence_says_nothing(transcriber: Transcriber, sound: Samples) -> None:
    assert transcriber.transcribe(sound) == []


@pytest.mark.parametrize("colour", [0, 0.5, 1], ids=["white", "pink", "brown"])
def test_noise_says_nothing(transcriber: Transcriber, colour: float) -> None:
    assert transcriber.transcribe(noise(colour)) == []


def test_rain_knocks_music_birds_and_engines_say_nothing(transcriber: Transcriber) -> None:
    sounds = [
        sound for number, sound in enumerate(synthetic_sounds(4 * len(KINDS))) if number % len(KINDS) < SPEECH_KIND
    ]
    assert transcriber.transcribe(np.concatenate(sounds)) == []


def test_speech_is_written_down_with_its_times(transcriber: Transcriber, kennedy: Samples) -> None:
    pause_ms = 40_000
    pause = np.zeros(pause_ms * SOUND_RATE_HZ // 1000, np.float32)
    lines = transcriber.transcribe(np.concatenate([pause, kennedy, pause, kennedy]))
    assert said(lines).count("americans") == 2
    assert {line.language for line in lines} == {"en"}
    starts = [line.start_ms for line in lines if "Americans" in line.text]
    np.testing.assert_allclose(starts, [pause_ms, 2 * pause_ms + 11_000], atol=1000)
    ends = [line.end_ms for line in lines]
    assert all(line.start_ms < line.end_ms for line in lines)
    assert ends == sorted(ends)
    assert ends[-1] <= 2 * (pause_ms + 11_000)


def test_each_window_has_its_own_language(
    transcriber: Transcriber, kennedy: Samples, shared: Path, heard: Callable[[Path], Samples]
) -> None:
    spanish = heard(shared / "data/speech_read/dev/es_book.mp3")[: 29 * SOUND_RATE_HZ]
    lines = transcriber.transcribe(np.concatenate([spanish, kennedy, kennedy, kennedy]))
    assert {line.language for line in lines if line.end_ms < 25_000} == {"es"}
    assert lines[-1].language == "en"


def test_a_second_is_found_by_what_is_said_in_it(
    transcriber: Transcriber, shared: Path, heard: Callable[[Path], Samples]
) -> None:
    lines = transcriber.transcribe(heard(shared / "data/speech_read/dev/LJ001_long_dev.flac"))
    truth = json.loads((shared / "data/speech_read/segments.json").read_text())["LJ001_long_dev.flac"]
    wanted = next(start for start, _, text in truth if text.startswith("Printing, then, for our purpose"))
    found = next(line for line in lines if "art of making books" in line.text or "for our purpose" in line.text)
    assert abs(found.start_ms / 1000 - wanted) < 2


def test_works_again_after_unload(transcriber: Transcriber, kennedy: Samples) -> None:
    before = transcriber.transcribe(kennedy)
    transcriber.unload()
    assert transcriber.transcribe(kennedy) == before


def test_a_folder_of_another_format_is_a_sentence(whisper_base: Weights, tmp_path: Path) -> None:
    """Most of all, nothing is looked for elsewhere: faster-whisper would ask the hub for an absent tokenizer."""
    for name in ("config.json", "model.bin"):
        (tmp_path / name).symlink_to(whisper_base.folder() / name)
    with pytest.raises(ModelError, match=r"tokenizer\.json is missing"):
        Transcriber(tmp_path).load()


def test_a_damaged_model_is_a_sentence(whisper_base: Weights, tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).symlink_to(whisper_base.folder() / name)
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot be used to write down speech"):
        Transcriber(tmp_path).load()


def test_writing_down_opens_no_connection(whisper_base: Weights) -> None:
    code = """
import sys
told = []
sys.addaudithook(lambda event, _: told.append(event) if event.startswith("socket.") else None)
from pathlib import Path
from core.embed.synthetic import synthetic_sounds
from core.embed.transcriber import Transcriber
transcriber = Transcriber(Path(sys.argv[1]))
for sound in list(synthetic_sounds(6))[5:]:
    transcriber.transcribe(sound)
assert not told, told
"""
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(whisper_base.folder())],
        check=False,
        capture_output=True,
        timeout=110,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")
