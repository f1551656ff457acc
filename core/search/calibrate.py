"""From a raw inner product to how sure a match is, measured on the library itself.

Raw scores of two spaces, of two questions, or of one question to two libraries mean different things. What carries over
is how far a score stands above what this very question gets by chance: the mean and deviation of its scores over a
sample of everything (a z-score, the usual normalisation before fusing rankings; Montague & Aslam 2001, "Relevance score
normalization for metasearch"). Nothing in a sample of n can stand more than (n - 1) / sqrt(n) deviations above its mean
(Samuelson 1968, doi:10.1080/01621459.1968.10480944), so where a library of a few has no strangers to be compared with,
nothing in it is called strong.

How far is far enough depends on how many things had their chance: the expected number of things that would reach a
score by chance (the E-value of Karlin & Altschul 1990, doi:10.1073/pnas.87.6.2264) is what makes a match likely or
strong, in a library of ten photos as in one of a million.

The segments of one item are alike: the windows of an hour of rain, less so the shots of a film, hardly the lines of a
talk. How much they are, for this question, is their intraclass correlation r, and n of them count as
n / (1 + (n - 1) r) (the design effect: Kish 1965, Survey Sampling): in the sample, where rain must not make everything
else a surprise, and where an item is judged by its best segment, which had so many chances.
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
SMALLEST_DEVIATION = 1e-3
"""Things that all look alike must not make every small difference a surprise."""
LIKELY_SCORE = 0.5
"""Chance alone would give one such match in the whole library."""
STRONG_SCORE = 0.99
"""Chance alone would give one such match in a hundred libraries of this size."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What each of q queries gets by chance: `means` and `deviations` are (q,).

    `alike` is how alike they find the segments of one item, from 0 to 1.
    """

    means: Numbers
    deviations: Numbers
    alike: float

    def surprises(self, scores: Vectors) -> Vectors:
        """How many deviations each of `scores` (n, q) stands above chance."""
        return ((scores - self.means) / self.deviations).astype(np.float32)


def chance(queries: Vectors, sample: Vectors, owners: Ids, strangers: Vectors) -> Chance:
    """What `queries` (q, dim) get by chance.

    `sample` (m, dim) stands for the library, `owners` (m,) are the items of its rows. `strangers` (s, dim), perhaps
    none, are vectors of things that are in nobody's library. Together they are what chance is measured on: the things
    in a small library are rarely unrelated to what is asked of it.
    """
    scores = (sample @ queries.T).astype(np.float64)
    _, places, sizes = np.unique(owners, return_inverse=True, return_counts=True)
    alike = _alike(scores, places, sizes)
    weights = np.concatenate([1 / (1 + (sizes[places] - 1) * alike), np.ones(len(strangers))])[:, None]
    weights /= max(float(weights.sum()), 1.0)
    scores = np.concatenate([scores, strangers @ queries.T])
    means = (weights * scores).sum(axis=0)
    deviations = np.sqrt((weights * (scores - means) ** 2).sum(axis=0))
    return Chance(means, np.maximum(deviations, SMALLEST_DEVIATION), alike)


def _alike(scores: Numbers, places: Ids, sizes: Ids) -> float:
    """The intraclass correlation of `scores` (m, q), whose items are at `places` (m,) of `sizes` (k,); 0 if it is unseen.

    From the variances of the items' means and within items, every item counting alike; the mean over the queries.
    """
    several = sizes > 1
    if len(sizes) < 2 or not several.any():
        return 0.0
    means = _sums(scores, places, sizes) / sizes[:, None]
    within = _sums((scores - means[places]) ** 2, places, sizes)[several] / (sizes[several, None] - 1)
    usual = within.mean(axis=0)
    between = means.var(axis=0, ddof=1) - ((1 / sizes).mean() * usual)
    return float(np.mean(np.maximum(between, 0) / np.maximum(np.maximum(between, 0) + usual, 1e-12)))


def _sums(scores: Numbers, places: Ids, sizes: Ids) -> Numbers:
    return np.stack([np.bincount(places, column, len(sizes)) for column in scores.T], axis=1)


def chances(count: Numbers, alike: float) -> Numbers:
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
