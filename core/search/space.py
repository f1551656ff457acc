"""One space that answers: its vectors, and what any question gets in it by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.paths import LibraryPaths
from core.records import Ids, Role, SpaceSpec, Vectors
from core.search.calibrate import SAMPLE_SIZE, Chance, Numbers, alike, best_of, chance, chances
from core.search.fuse import Medium
from core.store.reader import Reader
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.served_index import Index, make_index

MEDIUM_OF = {
    Role.PICTURES: Medium.SEEN,
    Role.LOOKS: Medium.SEEN,
    Role.MOTION: Medium.SEEN,
    Role.SOUNDS: Medium.HEARD,
    Role.SPEECH: Medium.SAID,
}
_LOOKED_AT = 4 * SAMPLE_SIZE
"""Segments among which the sample finds as many different items as it can."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Segments that stand for the library.

    `weights` say as how many each counts; `alike` is how alike those of one item are, on average.
    """

    segments: Ids
    vectors: Vectors
    weights: Numbers
    alike: float


class Space:
    """Used on the `search` thread. Opened when it is first asked or tidied: nobody waits for another's vectors."""

    def __init__(
        self, library: LibraryPaths, reader: Reader, spec: SpaceSpec, role: Role, server: MilvusServer | None
    ) -> None:
        self.spec = spec
        self.medium = MEDIUM_OF[role]
        self.index = make_index(library, reader, spec.space_id, server)
        self.has_met = False
        self._strangers: Vectors = np.empty((0, spec.dim), np.float32)
        self.is_open = False
        self._reader = reader
        self._sample: Sample | None = None

    def refresh(self) -> None:
        """Takes in what was committed since."""
        if not self.is_open:
            self.index.open()
            self.is_open = True
        elif not self.index.refresh():
            return
        self._sample = None

    def take(self, index: Index) -> None:
        """From now on another index answers; it is open and knows the same."""
        self.index, self.is_open, self._sample = index, True, None

    def meet(self, strangers: Vectors) -> None:
        """Takes vectors (n, dim) of things in nobody's library; there may be none."""
        self._strangers, self.has_met = strangers, True

    @property
    def items(self) -> int:
        """How many items it knows."""
        return self._reader.understood(self.spec.space_id)

    @property
    def sample(self) -> Sample:
        """The same one for the same library."""
        if self._sample is None:
            self._sample = self._draw()
        return self._sample

    def chance(self, queries: Vectors) -> Chance:
        """What `queries` (q, dim) get here by chance."""
        return chance(queries, self.sample.vectors, self.sample.weights, self._strangers)

    def surprises(self, queries: Vectors, segments: Ids) -> Vectors:
        """(n,) how much each segment resembles the best of `queries` (q, dim), in deviations above chance.

        NaN for those that have no vector here.
        """
        ids, vectors = self.index.vectors(segments)
        found = np.full(len(segments), np.nan, np.float32)
        found[np.isin(segments, ids)] = self.resemblance(queries, vectors)
        return found

    def typical(self, queries: Vectors) -> Vectors:
        """The same of every segment of the sample."""
        return self.resemblance(queries, self.sample.vectors)

    def resemblance(self, queries: Vectors, vectors: Vectors) -> Vectors:
        """(n,) how much each of `vectors` (n, dim), whoever's they are, resembles the best of `queries` (q, dim)."""
        scores = (vectors.astype(np.float64) @ queries.T.astype(np.float64)).astype(np.float32)
        return best_of(self.chance(queries).surprises(scores).max(axis=1), float(len(queries)))

    def _draw(self) -> Sample:
        segments = self.index.some(_LOOKED_AT)
        owners = self._reader.item_of_each(segments)
        order = np.argsort(owners, kind="stable")
        _, firsts, counts = np.unique(owners[order], return_index=True, return_counts=True)
        ranks = np.empty(len(segments), np.int64)
        ranks[order] = np.arange(len(segments)) - np.repeat(firsts, counts)
        chosen = np.argsort(ranks, kind="stable")[:SAMPLE_SIZE]
        segments, vectors = self.index.vectors(segments[chosen])
        _, places, sizes = np.unique(owners[chosen], return_inverse=True, return_counts=True)
        likeness = alike(vectors, places, sizes)
        weights = (chances(sizes.astype(np.float64), likeness) / sizes)[places]
        several = sizes > 1
        return Sample(segments, vectors, weights, float(likeness[several].mean()) if several.any() else 0.0)
