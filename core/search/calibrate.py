"""From a raw inner product to how sure a match is, measured on the library itself.

Raw scores of two spaces, or of one space on two libraries, mean different things. What carries over is how far a
score stands above what chance gives: each space keeps the mean and deviation of its scores between things that have
nothing to do with each other, and a score is read as its distance from that mean in deviations (a z-score, the usual
normalisation before fusing rankings; Montague & Aslam 2001, "Relevance score normalization for metasearch").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.records import SpaceSpec, Strength, Vectors

SAMPLE_SIZE = 1000
"""How many stored vectors stand for the library when chance is measured."""
PRIOR_COUNT = 200
"""How many samples of the library weigh as much as what was measured in advance on other photos."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores that chance gives in one space: their mean and standard deviation, from `count` vectors."""

    mean: float
    deviation: float
    count: int

    def surprise(self, score: float) -> float:
        """How many deviations `score` stands above chance."""
        return (score - self.mean) / self.deviation


def measure(questions: Vectors, stored: Vectors, prior: Calibration) -> Calibration:
    """Chance in one space: scores of `questions` (m, dim) against `stored` (n, dim), blended with `prior`.

    A score of a vector with itself or its copy (above 0.999) is no chance and left out. With few vectors the prior,
    measured in advance, dominates: the pictures of a small library are rarely unrelated.
    """
    if len(stored) == 0:
        return prior
    scores = (questions @ stored.T).ravel()
    scores = scores[scores < 0.999]
    if scores.size == 0:
        return prior
    weight = len(stored) / (len(stored) + PRIOR_COUNT)
    mean = weight * float(scores.mean()) + (1 - weight) * prior.mean
    deviation = weight * float(scores.std()) + (1 - weight) * prior.deviation
    return Calibration(mean, max(deviation, 1e-6), len(stored))


def strength(surprise: float, spec: SpaceSpec) -> Strength:
    """The band a result belongs to."""
    if surprise >= spec.strong_at:
        return Strength.STRONG
    return Strength.LIKELY if surprise >= spec.likely_at else Strength.WEAK


def probability(surprise: float, spec: SpaceSpec) -> float:
    """A score for people and programs, 0..1: 0.5 where "likely" begins, 0.9 where "strong" does."""
    steepness = math.log(9) / (spec.strong_at - spec.likely_at)
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, steepness * (surprise - spec.likely_at)))))
