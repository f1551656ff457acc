"""The starter's trained part: from EfficientNet's outputs and MiniLM's words to vectors that can be compared.

Two ways from a picture to words, joined in one vector. One is learned: a linear map from the pooled features to
MiniLM's space, trained on captioned photos. The other, ConSE (Norouzi et al. 2014, arXiv:1312.5650), is the mean of
class-text vectors weighted by class probabilities. How it was trained: resources/starter/CARD.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.records import Vectors

FEATURE_SCALE = 30.0
"""What the unit-norm square roots of the features are multiplied by, so that ridge penalties are round numbers."""
TEMPERATURE = 2.0
TOP_CLASSES = 50


@dataclass(frozen=True, slots=True)
class Head:
    """The trained arrays, float32, and what follows from them.

    Attributes:
        image_mean: (1280,) mean of the scaled features.
        image_map: (1280, 384) scaled features to the learned words space.
        text_mean: (384,) mean caption.
        text_map: (384, 384) MiniLM's space to the learned words space.
        classes: (1000, 384) unit-norm MiniLM vectors of ImageNet's class texts.
        looks_mean: (1280,) mean of the features at norm 1; less it, unrelated pictures are at right angles on average.
    """

    image_mean: Vectors
    image_map: Vectors
    text_mean: Vectors
    text_map: Vectors
    classes: Vectors
    looks_mean: Vectors

    @classmethod
    def read(cls, path: Path) -> Head:
        """The head stored in a safetensors file under the attributes' names."""
        from safetensors.numpy import load_file

        tensors = load_file(path)
        head = {name: tensors[name].astype(np.float32) for name in cls.__dataclass_fields__}
        return cls(**head | {"classes": unit(head["classes"])})

    def write(self, path: Path) -> None:
        """Stores the head in half precision, which changes scores by less than 0.001."""
        from safetensors.numpy import save_file

        save_file({name: getattr(self, name).astype(np.float16) for name in self.__dataclass_fields__}, path)

    def words(self, features: Vectors, logits: Vectors) -> Vectors:
        """(n, 768) pictures as words, from features (n, 1280) and logits (n, 1000): a learned and a ConSE half."""
        learned = unit((scaled(features) - self.image_mean) @ self.image_map)
        return unit(np.hstack([learned, conse(logits, self.classes)]))

    def looks(self, features: Vectors) -> Vectors:
        """(n, 1280) pictures by how they look, from (n, 1280)."""
        return unit(unit(features) - self.looks_mean)

    def question(self, words: Vectors) -> Vectors:
        """(n, 768) to be compared with `words`, from MiniLM's (n, 384).

        The inner product is learned + weight * ConSE. Class names are better served by ConSE and sentences by the
        learned map, so the weight grows with how near the words are to some class text.
        """
        learned = unit((words - self.text_mean) @ self.text_map)
        nearest = (words @ self.classes.T).max(axis=1, keepdims=True)
        weight = 0.5 + 2.5 / (1 + np.exp(-(nearest - 0.6) / 0.04))
        return unit(np.hstack([learned, weight * words]))


def conse(logits: Vectors, classes: Vectors, temperature: float = TEMPERATURE) -> Vectors:
    """(n, 384) unit norm: the likeliest classes' texts (1000, 384), weighted by probability, from (n, 1000) logits."""
    exponents = (logits - logits.max(axis=1, keepdims=True)) / np.float32(temperature)
    rest = np.argpartition(exponents, -TOP_CLASSES, axis=1)[:, :-TOP_CLASSES]
    np.put_along_axis(exponents, rest, -np.inf, axis=1)
    return unit(np.exp(exponents) @ classes)


def scaled(features: Vectors) -> Vectors:
    """Signed-off square roots on a sphere, as the image map wants them: (n, 1280) → (n, 1280) of norm FEATURE_SCALE."""
    return np.float32(FEATURE_SCALE) * unit(np.sqrt(np.maximum(features, 0)))


def unit(rows: NDArray[np.floating[Any]]) -> Vectors:
    """`rows` at norm 1, float32; a row without direction (zero, or not finite) is all NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        divided: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    divided[~np.isfinite(divided).all(axis=1)] = np.nan
    return divided
