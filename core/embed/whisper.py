"""Sounds that sound alike, by what the lower half of Whisper's encoder hears in them."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.embed import whisper_graph
from core.embed.device import run_graph
from core.embed.encoder import Weights
from core.embed.graph import Run
from core.embed.head import unit
from core.embed.synthetic import synthetic_sounds
from core.embed.whisper_graph import LONGEST_S
from core.embed.whisper_weights import open_whisper
from core.paths import resource
from core.records import SOUND_RATE_HZ, EncoderSpec, ModelCard, Samples, Segment, SpaceId, SpaceSpec, Vectors

log = logging.getLogger(__name__)

SCORING = 1
"""Raise when vectors change for another reason than weights: they then belong to a space of another name."""
LOW_WEIGHT = 0.5**0.5
"""A likeness in the low layer counts half as much as one in the middle layer."""
STRANGERS = 160
"""How many synthetic sounds stand for all that is in nobody's library."""
STEP = SOUND_RATE_HZ // 2
"""Sounds are filled with silence to a multiple of so many samples: what has one length runs together."""
TENSOR = "averages"


class Whisper:
    """See the module. A vector is what the graph gives, less its mean over synthetic sounds, in their deviations."""

    def __init__(self, card: ModelCard, *, weights: Weights, device: str, cache: Path) -> None:
        self._weights = open_whisper(weights.folder())
        self._device = device
        self._cache = cache
        self._run: Run | None = None
        self._reference: Vectors | None = None
        revision = hashlib.sha256(f"{SCORING}/{whisper_graph.revision(self._weights)}".encode()).hexdigest()[:8]
        self._reference_file = f"reference-{revision}.safetensors"
        space = SpaceSpec(
            SpaceId(f"{card.model_id}/sound@{revision}"),
            dim=whisper_graph.dim(self._weights),
            answers_text=False,
            answers_media=True,
            reason="sounds like",
        )
        self.spec = EncoderSpec(card.model_id, card.title, revision, card.role, (space,))

    @property
    def runs_on(self) -> str:
        """The device, once loaded."""
        return self._run.runs_on if self._run is not None else ""

    def load(self) -> None:
        """Makes the network ready; a model that was never seen listens to the synthetic sounds. Raises ModelError."""
        self._ready()
        self._known()

    def unload(self) -> None:
        """Frees the network."""
        self._run = None

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        """The synthetic sounds. Raises ModelError."""
        return self._in_space(self._known())

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """Sounds in the one space. What is longer than Whisper's own window is cut. Raises ModelError."""
        sounds = [segment.sound for segment in segments if segment.sound is not None]
        return self._in_space(self._averages(self._ready(), sounds))

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:  # noqa: ARG002 - no words are understood
        """Nothing: no space answers words."""
        return {}

    def _ready(self) -> Run:
        if self._run is None:
            self._run = self._made()
        return self._run

    def _made(self) -> Run:
        return run_graph(whisper_graph.graph(self._weights), self._device, self._cache)

    def _averages(self, run: Run, sounds: Sequence[Samples]) -> Vectors:
        """(n, dim), as the graph gives them."""
        averages = np.empty((len(sounds), self.spec.spaces[0].dim), np.float32)
        filled = [_filled(sound)[None] for sound in sounds]
        rows_of: dict[int, list[int]] = defaultdict(list)
        for row, sound in enumerate(filled):
            rows_of[sound.size].append(row)
        for rows in rows_of.values():  # a graphics card takes only those of one length together
            averages[rows] = np.concatenate([output for (output,) in run([filled[row] for row in rows])])
        return averages

    def _in_space(self, averages: Vectors) -> Mapping[SpaceId, Vectors]:
        known = self._known()
        low, middle = np.split((averages - known.mean(axis=0)) / known.std(axis=0), whisper_graph.LAYERS, axis=1)
        return {self.spec.spaces[0].space_id: unit(np.hstack([LOW_WEIGHT * unit(low), unit(middle)]))}

    def _known(self) -> Vectors:
        """(STRANGERS, dim) what the graph gives for the synthetic sounds: shipped, kept in the cache, or found now."""
        if self._reference is None:
            shipped, kept = resource("whisper", self._reference_file), self._cache / self._reference_file
            found = (rows for rows in map(read_reference, (shipped, kept)) if rows is not None)
            self._reference = next(found, None)
        if self._reference is None:
            run = self._made()  # this may be any thread, and the other run serves one
            self._reference = self._averages(run, list(synthetic_sounds(STRANGERS)))
            try:
                write_reference(self._reference, kept)
            except OSError as error:
                log.warning("what %s hears in synthetic sounds cannot be kept: %s", self.spec.title, error)
        return self._reference


def read_reference(file: Path) -> Vectors | None:
    """What `write_reference` wrote; None where that is not to be had, whatever the reason."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors: dict[str, Vectors] = load(file.read_bytes())
    except (OSError, SafetensorError):
        return None
    return tensors.get(TENSOR)


def write_reference(averages: Vectors, file: Path) -> None:
    """Keeps averages for `read_reference`. Raises OSError."""
    from safetensors.numpy import save

    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(save({TENSOR: averages}))
    part.replace(file)


def _filled(sound: Samples) -> Samples:
    """`sound` with silence after it, up to the next STEP."""
    sound = sound[: LONGEST_S * SOUND_RATE_HZ]
    return np.pad(sound, (0, max(-len(sound) % STEP, STEP - len(sound))))
