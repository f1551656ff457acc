"""How well sounds find sounds and how well speech is written down, by Whisper-base on the processor; and how fast.

    python benchmarks/sound.py FOLDER       # Whisper-base in CTranslate2's format; needs $LIKEWISE_SHARED

Sounds: every clip asks for the others of its class (esc10: clips of the same recording are left out), for its altered
copies (audio_copies, among all of them), for its word and its speaker (fsdd). Against log-mel and cepstral statistics
and against the whole encoder, both centred on the set. "Asked less the library's mean" is what a search gains that
takes the mean of its library from each question.

Speech: word error rate where people wrote the text, numbers as Whisper writes them; languages; whether the second is
found in which a sentence of the long reading begins; lines written where nobody speaks, with and without the rules
against it.
"""

from __future__ import annotations

import csv
import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from report import heading

from core.embed import transcriber as transcribing
from core.embed.head import unit
from core.embed.synthetic import synthetic_sounds
from core.embed.transcriber import Transcriber
from core.embed.whisper import WINDOW_S, Whisper
from core.embed.whisper_graph import log_mel
from core.embed.whisper_weights import open_whisper
from core.paths import model_cache
from core.records import SOUND_RATE_HZ, Line, ModelCard, Role, Samples, Segment, Vectors, WeightFile

DATA = Path(os.environ.get("LIKEWISE_SHARED", "../shared")) / "data"
CARD = ModelCard("whisper", "whisper", Role.SOUNDS, "Whisper", "", "MIT")
Truth = NDArray[np.bool_]


class Folder:
    """Weights in the folder that was named."""

    def file(self, file: WeightFile) -> bytes:
        raise NotImplementedError(file.member)

    def folder(self) -> Path:
        return Path(sys.argv[1])


@dataclass(frozen=True)
class Sounds:
    """One evaluation set."""

    rows: list[dict[str, str]]
    sounds: list[Samples]

    @classmethod
    def read(cls, name: str) -> Sounds:
        with (DATA / name / "labels.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return cls(rows, [decode(DATA / name / row["file"]) for row in rows])

    def alike(self, column: str) -> Truth:
        """Which pairs have the same label."""
        labels = np.array([row[column] for row in self.rows])
        return labels[:, None] == labels


def decode(file: Path) -> Samples:
    """16 kHz mono."""
    with av.open(str(file)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE_HZ)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])


def ask(asked: Vectors, stored: Vectors, wanted: Truth, hidden: Truth) -> tuple[float, float, NDArray[np.int64]]:
    """R@1, mAP and each question's ranking. Hidden pairs are neither found nor wanted."""
    scores = np.where(hidden, -np.inf, asked @ stored.T)
    ranking = np.argsort(-scores, axis=1, kind="stable")
    right = np.take_along_axis(wanted & ~hidden, ranking, axis=1)
    right = right[right.any(axis=1)]
    precisions = [float(np.mean(np.arange(1, row.sum() + 1) / (np.flatnonzero(row) + 1))) for row in right]
    return float(right[:, 0].mean()), float(np.mean(precisions)), ranking


# contestants


def statistics(sounds: list[Samples]) -> Vectors:
    """Mean and deviation of the log-mel bands and of 20 cepstral coefficients and their changes (MFCC)."""
    import torch

    listen = log_mel(80)
    order = np.arange(80)
    cosines = np.cos(np.pi / 80 * (order + 0.5) * order[:20, None])
    rows = []
    for sound in sounds:
        with torch.inference_mode():
            mel = listen(torch.from_numpy(np.pad(sound, (0, 320))[None]))[0].numpy()
        mel = mel[:, mel.max(axis=0) > mel.min() + 1e-3]
        coefficients = cosines @ mel
        parts = (mel, coefficients, np.diff(coefficients, axis=1))
        rows.append(np.concatenate([moment for part in parts for moment in (part.mean(axis=1), part.std(axis=1))]))
    features = np.array(rows)
    return unit((features - features.mean(axis=0)) / features.std(axis=0))


def last_layer(sounds: list[Samples]) -> Vectors:
    """All of the encoder, 30 s whatever the length, mean over the frames in which something sounds."""
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    weights = open_whisper(Folder().folder())
    encoder = WhisperEncoder(WhisperConfig(**weights.config)).eval()
    encoder.load_state_dict({name: torch.from_numpy(weights.read(f"encoder.{name}")) for name in encoder.state_dict()})
    extract, rows = WhisperFeatureExtractor(), []
    for sound in sounds:
        mel = extract(sound, sampling_rate=SOUND_RATE_HZ, return_tensors="pt").input_features
        loudest = mel[0].amax(0).reshape(-1, 2).amax(1)
        with torch.inference_mode():
            states = encoder(mel).last_hidden_state[0]
        rows.append(states[loudest > mel.min() + 1e-3].mean(0).numpy())
    averages = np.stack(rows)
    return unit(averages - averages.mean(axis=0))


# sounds


def report_sounds(encoder: Whisper) -> None:
    sets = {name: Sounds.read(name) for name in ("esc10", "audio_copies", "fsdd")}

    def chosen(sounds: list[Samples]) -> Vectors:
        batches = (sounds[first : first + 8] for first in range(0, len(sounds), 8))
        return np.concatenate([embed(encoder, batch) for batch in batches])

    def less_mean(sounds: list[Samples]) -> Vectors:
        vectors = chosen(sounds)
        return unit(vectors - vectors.mean(axis=0))

    contestants: dict[str, tuple[Callable[[list[Samples]], Vectors], Callable[[list[Samples]], Vectors]]] = {
        "log-mel and MFCC statistics": (statistics, statistics),
        "Whisper's last layer": (last_layer, last_layer),
        "layers 1 and 3, as searched": (chosen, chosen),
        "asked less the library's mean": (less_mean, chosen),
    }
    print("\n| sound → sound | esc10 R@1 | mAP | copies mAP | fsdd same word R@1 | same speaker R@1 |")
    print("| --- | --- | --- | --- | --- | --- |")
    recalls: dict[str, dict[str, float]] = {}
    for name, (ask_as, store_as) in contestants.items():
        asked = {key: ask_as(one.sounds) for key, one in sets.items()}
        stored = asked if ask_as is store_as else {key: store_as(one.sounds) for key, one in sets.items()}
        esc, digits, copies = sets["esc10"], sets["fsdd"], sets["audio_copies"]
        first, precision, _ = ask(asked["esc10"], stored["esc10"], esc.alike("class"), esc.alike("freesound_id"))
        itself = np.eye(len(digits.rows), dtype=bool)
        word, _, _ = ask(asked["fsdd"], stored["fsdd"], digits.alike("digit"), itself)
        speaker, _, _ = ask(asked["fsdd"], stored["fsdd"], digits.alike("speaker"), itself)
        originals = [number for number, row in enumerate(copies.rows) if row["transform"] == "original"]
        wanted, itself = copies.alike("group")[originals], np.eye(len(copies.rows), dtype=bool)[originals]
        _, found, ranking = ask(asked["audio_copies"][originals], stored["audio_copies"], wanted, itself)
        values = (first, precision, found, word, speaker)
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
        recalls[name] = recall(copies, wanted & ~itself, ranking)
    print("\n| copy among the first 8 | " + " | ".join(recalls) + " |\n| --- |" + " --- |" * len(recalls))
    for transform in recalls["layers 1 and 3, as searched"]:
        print(f"| {transform} | " + " | ".join(f"{recalls[name][transform]:.2f}" for name in recalls) + " |")


def recall(copies: Sounds, wanted: Truth, ranking: NDArray[np.int64]) -> dict[str, float]:
    """Of each transform, the share found among the first eight."""
    found: dict[str, list[bool]] = {}
    for relevant, ranked in zip(wanted, ranking, strict=True):
        for number in np.flatnonzero(relevant):
            found.setdefault(copies.rows[number]["transform"], []).append(number in ranked[:8])
    return {transform: float(np.mean(hits)) for transform, hits in sorted(found.items())}


def embed(encoder: Whisper, sounds: list[Samples]) -> Vectors:
    (vectors,) = encoder.encode_media([Segment(sound=sound) for sound in sounds]).values()
    return vectors


# speech


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower().replace("’", "'"))


def errors(said: list[str], written: list[str]) -> int:
    """Levenshtein's distance in words."""
    row = np.arange(len(written) + 1)
    for number, word in enumerate(said, 1):
        above, row[0] = row.copy(), number
        for place, other in enumerate(written, 1):
            row[place] = min(above[place] + 1, row[place - 1] + 1, above[place - 1] + (word != other))
    return int(row[-1])


def report_speech(transcriber: Transcriber) -> None:
    read = Sounds.read("speech_read")
    lines = dict(zip([row["file"] for row in read.rows], map(transcriber.transcribe, read.sounds), strict=True))
    human = [
        row
        for row in read.rows
        if row["transcript"] and "Whisper" not in row["transcript_source"] and "ASR" not in row["transcript_source"]
    ]
    print("\n| speech_read | words | errors |\n| --- | --- | --- |")
    for name, rows in {
        "LJSpeech, read from print": [row for row in human if row["file"].startswith("dev/LJ0")],
        "LJSpeech, joined": [row for row in human if "LJ001_long" in row["file"]],
        "all but hotwords.mp3": [row for row in human if "hotwords" not in row["file"]],
    }.items():
        said = [words(row["transcript"]) for row in rows]
        wrong = sum(
            errors(text, words(" ".join(line.text for line in lines[row["file"]])))
            for text, row in zip(said, rows, strict=True)
        )
        print(f"| {name} | {sum(map(len, said))} | {wrong / sum(map(len, said)):.3f} |")
    known = [row for row in read.rows if lines[row["file"]]]
    right = [all(line.language in row["language"] for line in lines[row["file"]]) for row in known]
    print(f"\nlanguage of every line right: {sum(right)} of {len(read.rows)} files; with text: {len(known)}")
    truth = json.loads((DATA / "speech_read" / "segments.json").read_text("utf-8"))["LJ001_long_dev.flac"]
    offsets = [abs(second(words(text), lines["dev/LJ001_long_dev.flac"]) - start) for start, _, text in truth]
    print(f"sentence found within 2 s of where it begins: {sum(np.array(offsets) <= 2)} of {len(truth)}")


def second(asked: list[str], lines: list[Line]) -> float:
    """Where most of the words asked for are said in a row, the time within a line taken from the word's place in it."""
    spoken = [
        (word, line.start_ms + (line.end_ms - line.start_ms) * place / len(words(line.text)))
        for line in lines
        for place, word in enumerate(words(line.text))
    ]
    hits = np.array([word in set(asked) for word, _ in spoken], float)
    best = int(np.convolve(hits, np.ones(len(asked)))[len(asked) - 1 :].argmax())
    return spoken[best][1] / 1000


def report_invented(transcriber: Transcriber) -> None:
    random, size = np.random.default_rng(0), 60 * SOUND_RATE_HZ
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / SOUND_RATE_HZ), 20)

    def noise(colour: float) -> Samples:
        wave = np.fft.irfft(np.fft.rfft(random.normal(size=size)) * hertz**-colour, size)
        return (0.5 * wave / np.abs(wave).max()).astype(np.float32)

    synthetic = list(synthetic_sounds(160))
    nobody = {
        "silence, white, pink, brown noise, a minute each": [np.zeros(size, np.float32), *map(noise, (0, 0.5, 1))],
        "synthetic rain, knocks, music, birds, engines (100)": [s for n, s in enumerate(synthetic) if n % 8 < 5],
        "synthetic speech without words, cries, mixtures (60)": [s for n, s in enumerate(synthetic) if n % 8 >= 5],
        "esc10: babies, dogs, sneezes … (130)": Sounds.read("esc10").sounds,
    }
    print("\n| lines written where nobody speaks | Whisper alone | with voice detection | and its own belief |")
    print("| --- | --- | --- | --- |")
    believed = transcribing.BELIEVED
    for name, sounds in nobody.items():
        counts = []
        detecting = transcribing.windows_of
        for detects, least in ((False, 0.0), (True, 0.0), (True, believed)):
            transcribing.BELIEVED = least
            if not detects:
                transcribing.windows_of = everything
            counts.append(sum(len(transcriber.transcribe(sound)) for sound in sounds))
            transcribing.windows_of, transcribing.BELIEVED = detecting, believed
        print(f"| {name} | " + " | ".join(map(str, counts)) + " |")


def everything(sound: Samples) -> list[transcribing.Window]:
    """All of a sound, as if somebody spoke throughout."""
    size = 30 * SOUND_RATE_HZ
    return [transcribing.Window([(start, min(start + size, len(sound)))]) for start in range(0, len(sound), size)]


# speed


def report_speed(encoder: Whisper, transcriber: Transcriber) -> None:
    reading = decode(DATA / "speech_read" / "dev" / "LJ001_long_dev.flac")
    long = np.tile(reading, 5)
    minutes = len(long) / SOUND_RATE_HZ / 60

    def measure(name: str, task: Callable[[], object]) -> None:
        wall, processor = time.perf_counter(), time.process_time()
        task()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        ideal = len(long) / SOUND_RATE_HZ * (os.cpu_count() or 1) / processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {name} | {minutes * 60 / wall:.0f} | {ideal:.0f} | {peak:.0f} |")

    print(f"\n| {minutes:.0f} minutes of speech | × real time | × if alone on the machine | peak MB |")
    print("| --- | --- | --- | --- |")
    for seconds in (WINDOW_S, 30):
        size = seconds * SOUND_RATE_HZ
        windows = [long[start : start + size] for start in range(0, len(long), size)]
        batches = [windows[first : first + 4] for first in range(0, len(windows), 4)]
        embed(encoder, batches[0])
        measure(f"embedding in windows of {seconds} s", lambda b=batches: [embed(encoder, batch) for batch in b])
    encoder.unload()
    transcriber.load()
    measure("transcription", lambda: transcriber.transcribe(long))


def main() -> None:
    heading("Sound")
    encoder = Whisper(CARD, weights=Folder(), device="cpu", cache=model_cache())
    transcriber = Transcriber(Path(sys.argv[1]))
    encoder.load()
    report_speed(encoder, transcriber)
    report_speech(transcriber)
    report_invented(transcriber)
    transcriber.unload()
    report_sounds(encoder)


if __name__ == "__main__":
    main()
