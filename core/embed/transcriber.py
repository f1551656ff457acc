"""What is said, with its times: Whisper by CTranslate2, on the stretches in which Silero's detector hears a voice.

faster-whisper brings model, tokenizer and detector. Its own pipelines are not used: they guess one language for all,
from an extra pass over the start, and give no line its own.
"""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embed.whisper_graph import LONGEST_S, QUIETEST, RANGE, SCALE, SHIFT
from core.embed.whisper_weights import CTRANSLATE2_FILE
from core.errors import ModelError
from core.records import SOUND_RATE_HZ, Line, Samples, Vectors

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Windows of LONGEST_S that are written down together."""
TICK_MS = 20
"""Whisper's unit of time."""
PAUSE_MS = 160
"""A shorter silence does not part two pieces of speech."""
ISO_639_1 = {"jw": "jv"}
"""Where Whisper's codes of two letters are not the standard's."""
SILENT = 0.6
UNSURE = -1.0
LOOPING = 2.4
"""Whisper's own limits (Radford et al. 2022, section 4.5): probability of no speech, mean log probability of a token,
and how far the text can be compressed."""


@dataclass(frozen=True, slots=True)
class _Window:
    """Pieces of speech that Whisper hears as one: (start, end) in samples of the stretch they are from."""

    pieces: list[tuple[int, int]]

    @property
    def samples(self) -> int:
        return sum(end - start for start, end in self.pieces)

    def place_ms(self, ms: int, *, is_end: bool) -> int:
        """Where `ms` of the window are in the stretch. On a seam an end belongs to the piece before it."""
        sample = ms * SOUND_RATE_HZ // 1000
        for start, end in self.pieces:
            length = end - start
            if sample < length or (is_end and sample == length):
                return (start + sample) * 1000 // SOUND_RATE_HZ
            sample -= length
        return self.pieces[-1][1] * 1000 // SOUND_RATE_HZ


class Transcriber:
    """Reads the weights that the encoder `Whisper` reads, if in CTranslate2's format. Used on one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: WhisperModel | None = None

    def load(self) -> WhisperModel:
        """The model, read at the first call. That takes a second. Raises ModelError."""
        if self._model is None:
            self._model = _opened(self._folder)
        return self._model

    def unload(self) -> None:
        """Frees the model."""
        self._model = None

    def transcribe(self, sound: Samples) -> list[Line]:
        """The lines said in a stretch of some minutes, with times from its beginning. Raises ModelError."""
        model = self.load()
        windows = _spoken(sound)
        lines: list[Line] = []
        for first in range(0, len(windows), AT_ONCE):
            lines += self._written(model, sound, windows[first : first + AT_ONCE])
        return lines

    def _written(self, model: WhisperModel, sound: Samples, windows: Sequence[_Window]) -> Iterator[Line]:
        heard = model.encode(np.stack([_features(model, sound, window) for window in windows]))
        languages = _languages(model, heard, len(windows))
        results = model.model.generate(
            heard,
            [_prompt(model, language) for language in languages],
            beam_size=1,
            return_scores=True,
            return_no_speech_prob=True,
        )
        for window, language, result in zip(windows, languages, results, strict=True):
            if not _is_invented(result):
                yield from _lines(model, window, language, result.sequences_ids[0])


def _opened(folder: Path) -> WhisperModel:
    missing = [name for name in (CTRANSLATE2_FILE, "config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:  # faster-whisper would look for a tokenizer on the hub
        raise ModelError(
            f"The model in {folder} cannot write down speech: {missing[0]} is missing.",
            "Use a Whisper model in CTranslate2's format, such as the built-in one.",
        )
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1, local_files_only=True
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"The model in {folder} cannot be used to write down speech ({error}).") from error


def _spoken(sound: Samples) -> list[_Window]:
    """The pieces in which somebody speaks, as few windows as hold them."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if not len(sound):
        return []
    options = VadOptions(max_speech_duration_s=LONGEST_S, min_silence_duration_ms=PAUSE_MS)
    windows: list[_Window] = []
    for piece in get_speech_timestamps(sound, options):
        span = int(piece["start"]), int(piece["end"])
        if not windows or windows[-1].samples + span[1] - span[0] > LONGEST_S * SOUND_RATE_HZ:
            windows.append(_Window([]))
        windows[-1].pieces.append(span)
    return windows


def _features(model: WhisperModel, sound: Samples, window: _Window) -> Vectors:
    """(bands, 3000) log-mel of the window, silence after it."""
    heard: Vectors = model.feature_extractor(np.concatenate([sound[start:end] for start, end in window.pieces]))
    frames = LONGEST_S * model.frames_per_second
    heard = heard[:, :frames]
    silence = max(float(heard.max()) - RANGE / SCALE, (np.log10(QUIETEST) + SHIFT) / SCALE)
    return np.pad(heard, ((0, 0), (0, frames - heard.shape[1])), constant_values=silence)


def _languages(model: WhisperModel, heard: Any, count: int) -> list[str]:
    """Whisper's code of the likeliest language of each window; empty if the model knows but one."""
    if not model.model.is_multilingual:
        return [""] * count
    return [ranked[0][0].strip("<|>") for ranked in model.model.detect_language(heard)]


def _prompt(model: WhisperModel, language: str) -> list[int]:
    names = ["<|startoftranscript|>", *([f"<|{language}|>", "<|transcribe|>"] if language else [])]
    return [model.hf_tokenizer.token_to_id(name) for name in names]


def _is_invented(result: Any) -> bool:
    """Whether the model itself does not believe what it wrote."""
    certainty = result.scores[0] * len(result.sequences_ids[0]) / (len(result.sequences_ids[0]) + 1)
    return bool(result.no_speech_prob > SILENT and certainty < UNSURE)


def _lines(model: WhisperModel, window: _Window, language: str, tokens: Sequence[int]) -> Iterator[Line]:
    """Tokens are text with a time before and behind each line; the last time may be missing."""
    first_time = model.hf_tokenizer.token_to_id("<|notimestamps|>") + 1
    end_ms = window.samples * 1000 // SOUND_RATE_HZ
    code = ISO_639_1.get(language, language) if len(language) == 2 else ""
    start, written = 0, []
    for token in [*tokens, first_time + end_ms // TICK_MS]:
        if token < first_time:
            written.append(token)
            continue
        at = min((token - first_time) * TICK_MS, end_ms)
        text = model.hf_tokenizer.decode(written).strip()
        if text and not _is_looping(text):
            yield Line(window.place_ms(start, is_end=False), window.place_ms(at, is_end=True), text, code)
        start, written = at, []


def _is_looping(text: str) -> bool:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) > LOOPING
