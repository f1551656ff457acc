"""Several spaces, one ranking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.records import Ids, SpaceSpec, Vectors


@dataclass(frozen=True, slots=True)
class Ranked:
    """Segments best first. `surprises` are deviations above chance; `spaces[i]` is the space that says most for it."""

    segments: Ids
    surprises: Vectors
    spaces: tuple[SpaceSpec, ...]


def fuse(segments: Ids, evidence: list[tuple[SpaceSpec, Vectors]]) -> Ranked:
    """One ranking of `segments` (n,) from each asked space's surprises (n,), NaN where the space has no vector.

    Surprises of independent spaces add up like z-scores: their sum over the square root of their number (Stouffer's
    method). A segment absent from a space counts as chance there. Ties go to the lower segment id, so the same library
    always answers in the same order.
    """
    table = np.nan_to_num(np.stack([surprises for _, surprises in evidence]), nan=0.0)
    total = (table.sum(axis=0) / np.sqrt(len(evidence))).astype(np.float32)
    best = table.argmax(axis=0)
    order = np.lexsort((segments, -total))
    specs = [spec for spec, _ in evidence]
    return Ranked(segments[order], total[order], tuple(specs[best[row]] for row in order))
