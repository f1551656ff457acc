"""From a raw inner product to how sure a match is, measured on the library itself.

Raw scores of two spaces, of two questions, or of one question to two libraries mean different things. What carries over
is how far a score stands above what this very question gets from the library by chance: the mean and deviation of its
scores over a sample of everything (a z-score, the usual normalisation before fusing rankings; Montague & Aslam 2001,
"Relevance score normalization for metasearch"). And how far is far enough depends on how many things had their chance:
the expected number of things that would reach a score by chance (the E-value of Karlin & Altschul 1990,
doi:10.1073/pnas.87.6.2264) is what makes a match likely or strong, in a library of ten photos as in one of a million.
"""

from __future__ import annotations

import math

import numpy as np

from core.records import Strength, Vectors
from core.store.vectors.vector_store import Vector

SAMPLE_SIZE = 1000
"""How many stored vectors stand for the library."""
SMALLEST_COUNT = 1000
"""In a library of fewer things a match must be as convincing as in one of so many."""
SMALLEST_DEVIATION = 1e-3
"""Things that all look alike must not make every small difference a surprise."""
LIKELY_SCORE = 0.5
"""Chance alone would give one such match in the whole library."""
STRONG_SCORE = 0.99
"""Chance alone would give one such match in a hundred libraries of this size."""


def surprises(scores: Vector, query: Vector, sample: Vectors, strangers: Vectors) -> Vector:
    """How many deviations each of `scores` (n,) stands above what `query` gets by chance.

    `sample` (m, dim) stands for the library, `strangers` (s, dim) are vectors of things that are in nobody's. Together
    they are what chance is measured on: the photos of a small library are rarely unrelated to what is asked of it.
    """
    chance = np.concatenate([sample @ query, strangers @ query])
    deviation = max(float(chance.std()), SMALLEST_DEVIATION)
    return ((scores - float(chance.mean())) / deviation).astype(np.float32)


def score(surprise: float, count: int) -> float:
    """0..1, for people and programs: 1 / (1 + E), E being how many of `count` things would be as surprising by chance.

    Chance is taken to be normal. 0.5 means that one would; 0.99 that one in a hundred such libraries would.
    """
    return 1 / (1 + max(count, SMALLEST_COUNT) * 0.5 * math.erfc(surprise / math.sqrt(2)))


def strength(score: float) -> Strength:
    """The band a result belongs to."""
    if score >= STRONG_SCORE:
        return Strength.STRONG
    return Strength.LIKELY if score >= LIKELY_SCORE else Strength.WEAK
