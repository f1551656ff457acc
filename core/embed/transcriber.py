"""What is said, with its times: Whisper by CTranslate2, on the stretches in which Silero's detector hears a voice.

faster-whisper brings model, tokenizer and detector. Its own pipelines are not used: they guess one language for all, by
an extra pass over the start.
"""

from __future__ import annotations

import math
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

AT_ONCE = 4
"""Windows of LONGEST_S that are written down together."""
TICK_MS = 20
"""Whisper's unit of time."""
PAUSE_MS = 160
"""A shorter silence does not part two pieces of speech."""
SURE_S = 1
"""How far Whisper's times may be off."""
ISO_639_1 = {"jw": "jv"}
"""Where Whisper's codes of two letters are not the standard's."""
SHORTEST_MS = 250
"""A shorter voice is none."""
BELIEVED = 0.35
"""Least product of two of Whisper's own figures: that somebody speaks, and how likely a token of the text was on the
whole. For real speech it is 0.39 or more, even over the radio; for a cough, a cry or a bell mostly far less."""
LOOPING = 2.4
"""Text that can be compressed further than this repeats itself (Radford et al. 2022, section 4.5)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces of speech that Whisper hears as one: (start, end) in samples of the stretch they are from."""

    pieces: list[tuple[int, int]]

    @property
    def samples(self) -> int:
        """How long it is."""
        return sum(end - start for start, end in self.pieces)

    def place(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """Where in the stretch a line is that has these times in the window, in ms.

        Whisper often begins a line where the last one ended, before the pause that was taken out between two pieces.
        So what a line has of a piece counts only from SURE_S on, or if it has no more of any.
        """
        start, end = (ms * SOUND_RATE_HZ // 1000 for ms in (start_ms, end_ms))
        parts: list[tuple[int, int]] = []
        before = 0
        for first, last in self.pieces:
            part = max(start - before + first, first), min(end - before + first, last)
            before += last - first
            if part[0] < part[1]:
                parts.append(part)
        enough = min(SURE_S * SOUND_RATE_HZ, max(last - first for first, last in parts))
        sure = [part for part in parts if part[1] - part[0] >= enough]
        return sure[0][0] * 1000 // SOUND_RATE_HZ, sure[-1][1] * 1000 // SOUND_RATE_HZ


class Transcriber:
    """Made of the same weights as the encoder `Whisper`, if they are in CTranslate2's format. For one thread."""

    def __init__(self, folder: Path, *, cores: int = 0) -> None:
        """Uses so many `cores`; 0 for all there are."""
        self._folder = folder
        self._cores = cores or os.cpu_count() or 1
        self._model: WhisperModel | None = None

    def load(self) -> WhisperModel:
        """The model, opened at the first call. Raises ModelError."""
        if self._model is None:
            self._model = _opened(self._folder, self._cores)
        return self._model

    def unload(self) -> None:
        """Frees the model."""
        self._model = None

    def transcribe(self, sound: Samples) -> list[Line]:
        """The lines said in a stretch of some minutes, with times from its beginning. Raises ModelError."""
        model, windows = self.load(), windows_of(sound)
        lines: list[Line] = []
        for first in range(0, len(windows), AT_ONCE):
            lines += _written(model, sound, windows[first : first + AT_ONCE])
        return lines


def _opened(folder: Path, cores: int) -> WhisperModel:
    missing = [name for name in (CTRANSLATE2_FILE, "config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:  # faster-whisper would look for a tokenizer on the hub
        raise ModelError(
            f"The model in {folder} cannot write down speech: {missing[0]} is missing.",
            "Use a Whisper model in CTranslate2's format, such as the built-in one.",
        )
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=cores, local_files_only=True)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"The model in {folder} cannot be used to write down speech ({error}).") from error


def windows_of(sound: Samples) -> list[Window]:
    """The pieces in which somebody speaks, as few windows as hold them."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if not len(sound):
        return []
    options = VadOptions(
        max_speech_duration_s=LONGEST_S, min_silence_duration_ms=PAUSE_MS, min_speech_duration_ms=SHORTEST_MS
    )
    windows: list[Window] = []
    for piece in get_speech_timestamps(sound, options):
        span = int(piece["start"]), int(piece["end"])
        if not windows or windows[-1].samples + span[1] - span[0] > LONGEST_S * SOUND_RATE_HZ:
            windows.append(Window([]))
        windows[-1].pieces.append(span)
    return windows


def _written(model: WhisperModel, sound: Samples, windows: Sequence[Window]) -> Iterator[Line]:
    heard = model.encode(np.stack([_features(model, sound, window) for window in windows]))
    languages = _languages(model, heard, len(windows))
    prompts = [_prompt(model, language) for language in languages]
    results = model.model.generate(heard, prompts, beam_size=1, return_scores=True, return_no_speech_prob=True)
    for window, language, result in zip(windows, languages, results, strict=True):
        if _belief(result) >= BELIEVED:
            yield from _lines(model, window, language, result.sequences_ids[0])


def _features(model: WhisperModel, sound: Samples, window: Window) -> Vectors:
    """(bands, 3000) log-mel of the window, silence after it."""
    heard: Vectors = model.feature_extractor(np.concatenate([sound[start:end] for start, end in window.pieces]))
    frames = LONGEST_S * model.frames_per_second
    heard = heard[:, :frames]
    silence = max(float(heard.max()) - RANGE / SCALE, (np.log10(QUIETEST) + SHIFT) / SCALE)
    return np.pad(heard, ((0, 0), (0, frames - heard.shape[1])), constant_values=silence)


def _languages(model: WhisperModel, heard: Any, count: int) -> list[str]:
    """Whisper's code of the likeliest language of each window."""
    if not model.model.is_multilingual:
        return ["en"] * count
    return [ranked[0][0].strip("<|>") for ranked in model.model.detect_language(heard)]


def _prompt(model: WhisperModel, language: str) -> list[int]:
    names = ["<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>"]
    return [model.hf_tokenizer.token_to_id(name) for name in names[: 3 if model.model.is_multilingual else 1]]


def _belief(result: Any) -> float:
    """How far the model itself believes that this was said, 0 to 1."""
    count = len(result.sequences_ids[0])
    return float(math.exp(result.scores[0] * count / (count + 1)) * (1 - result.no_speech_prob))


def _lines(model: WhisperModel, window: Window, language: str, tokens: Sequence[int]) -> Iterator[Line]:
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
            yield Line(*window.place(min(start, end_ms - TICK_MS), max(at, start + TICK_MS)), text, code)
        start, written = at, []


def _is_looping(text: str) -> bool:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) > LOOPING
