"""From a raw inner product to how sure a match is, measured on the library itself.

Raw scores of two spaces, of two questions, or of one question to two libraries mean different things. What carries over
is how far a score stands above what this very question gets by chance, in deviations (a z-score, the usual
normalisation before fusing rankings; Montague & Aslam 2001, "Relevance score normalization for metasearch").

Chance is measured on a sample of everything. Some of that is what was asked for, and in a small library much: so not
mean and deviation are taken, which it would spoil, but the median, and the larger of the deviation below the median and
that up to the upper quartile, if that is less than the deviation of all (Huber 1981, Robust Statistics). It bears one
thing in ten being a match. That chance is measured on few things, or has longer tails than a normal one, as scores of
real models do, is made up for by Student's t, brought back to a normal deviate as in Wallace 1959, "Bounds on normal
approximations to Student's and the chi-square distributions": in a library of a few without strangers to be compared
with, little is called strong.

How far is far enough depends on how many things had their chance: the expected number of things that would reach a
score by chance (the E-value of Karlin & Altschul 1990, doi:10.1073/pnas.87.6.2264) is what makes a match likely or
strong, in a library of ten photos as in one of a million.

The segments of one item are alike: the windows of an hour of rain, less so the shots of a film, hardly the lines of a
talk. With r for how alike they are, n of them count as n / (1 + (n - 1) r) (the design effect: Kish 1965, Survey
Sampling): in the sample, where rain must not make everything else a surprise, and where an item is judged by its best
segment, which had so many chances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from core.records import Ids, Strength, Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

Numbers: TypeAlias = "NDArray[np.floating[Any]]"

SAMPLE_SIZE = 1000
"""How many stored vectors stand for the library."""
USUAL_COUNT = 1000
"""Surprises are those of a library of so many things; in a smaller one a match must be just as convincing."""
MOST_FREEDOM = 100
"""Degrees of freedom of chance's tails, however much was measured. Fewer would call less strong that is not there, and
less that is: chosen by hand on the photos of benchmarks/strengths.py."""
SMALLEST_DEVIATION = 1e-3
"""Things that all look alike must not make every small difference a surprise."""
NORMAL_QUARTILE = NormalDist().inv_cdf(0.75)
LIKELY_SCORE = 0.5
"""Chance alone would give one such match in the whole library."""
STRONG_SCORE = 0.99
"""Chance alone would give one such match in a hundred libraries of this size."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What each of q queries gets by chance.

    Attributes:
        middles: (q,) what most things get.
        deviations: (q,) how far from it they are.
        freedom: how sure that is, as degrees of freedom.
    """

    middles: Numbers
    deviations: Numbers
    freedom: float

    def surprises(self, scores: Vectors) -> Vectors:
        """How many normal deviations each of `scores` (n, q) stands above chance."""
        t = (scores - self.middles) / self.deviations
        freedom = self.freedom
        shrunk = np.sqrt(freedom * np.log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
        return (np.sign(t) * shrunk).astype(np.float32)


def chance(queries: Vectors, sample: Vectors, weights: Numbers, strangers: Vectors) -> Chance:
    """What `queries` (q, dim) get by chance.

    `sample` (m, dim) stands for the library, and its rows count as `weights` (m,). `strangers` (s, dim), perhaps none,
    are vectors of things that are in nobody's library. Together they are what chance is measured on: the things in a
    small library are rarely unrelated to what is asked of it.
    """
    scores = np.concatenate([sample @ queries.T, strangers @ queries.T]).astype(np.float64)
    weights = np.concatenate([weights, np.ones(len(strangers))])
    if not len(scores):
        return Chance(np.zeros(len(queries)), np.ones(len(queries)), 1.0)
    middles, deviations = np.array([_middle(column, weights) for column in scores.T]).T
    counted = float(weights.sum() ** 2 / (weights**2).sum())
    freedom = float(np.clip(counted - 1, 1, MOST_FREEDOM))
    return Chance(middles, np.maximum(deviations, SMALLEST_DEVIATION), freedom)


def _middle(scores: Numbers, weights: Numbers) -> tuple[float, float]:
    """The median of `scores`, and how far chance is from it, in spite of matches among them."""
    order = np.argsort(scores, kind="stable")
    scores, weights = scores[order], weights[order]
    shares = (np.cumsum(weights) - 0.5 * weights) / weights.sum()
    median, quartile = np.interp([0.5, 0.75], shares, scores)
    below = scores <= median
    deviation = math.sqrt(float(np.average((scores[below] - median) ** 2, weights=weights[below])))
    deviation = max(deviation, float(quartile - median) / NORMAL_QUARTILE)
    of_all = math.sqrt(float(np.average((scores - np.average(scores, weights=weights)) ** 2, weights=weights)))
    return float(median), min(deviation, of_all)


def alike(vectors: Vectors, places: Ids, sizes: Ids) -> Numbers:
    """(k,) how alike the segments of each item are (0..1): of their mean cosine, what two items' do not have.

    `vectors` (m, dim) belong to the items at `places` (m,), which have `sizes` (k,) of them. 0 where it cannot be seen.
    """
    if len(sizes) < 2:
        return np.zeros(len(sizes))
    by_item = vectors[np.argsort(places, kind="stable")]
    sums = np.add.reduceat(by_item, np.cumsum(sizes) - sizes, axis=0, dtype=np.float64)
    own, total = (sums**2).sum(axis=1), sums.sum(axis=0)
    counts = sizes.astype(np.float64)
    within = (own - counts) / np.maximum(counts * (counts - 1), 1)
    between = float(total @ total - own.sum()) / float(counts.sum() ** 2 - (counts**2).sum())
    return np.where(sizes > 1, np.clip((within - between) / max(1 - between, 1e-6), 0, 1), 0)


def chances(count: Numbers, alike: Numbers | float) -> Numbers:
    """For how many `count` segments of one item count that are so alike."""
    return count / (1 + np.maximum(count - 1, 0) * alike)


def best_of(surprises: Vectors, chances: Numbers | float) -> Vectors:
    """How surprising it is that the best of so many `chances` is as it is.

    The chance of a deviation z is about exp(-z²/2), and that the best of n reaches it n times as large; so z² shrinks
    by 2 ln n. For fewer than one chance nothing changes.
    """
    squares = surprises * np.abs(surprises) - 2 * np.log(np.maximum(chances, 1.0))
    roots: Vectors = (np.sign(squares) * np.sqrt(np.abs(squares))).astype(np.float32)
    return roots


def score(surprise: float) -> float:
    """0..1, for people and programs: 1 / (1 + E), E being how many of USUAL_COUNT things would be as surprising.

    Chance is taken to be normal. 0.5 means that one would; 0.99 that one in a hundred such libraries would.
    """
    return 1 / (1 + USUAL_COUNT * 0.5 * math.erfc(surprise / math.sqrt(2)))


def surprise_of(expected: float) -> float:
    """The surprise of what chance gives `expected` times in a library: the other way round from `score`."""
    return -NormalDist().inv_cdf(expected / USUAL_COUNT)


def strength(score: float) -> Strength:
    """The band a result belongs to."""
    if score >= STRONG_SCORE:
        return Strength.STRONG
    return Strength.LIKELY if score >= LIKELY_SCORE else Strength.WEAK


LIKELY_SURPRISE = surprise_of(1.0)
"""Where a match begins to be likely."""
