"""Answers questions from one library: exact names, then every space that can answer, fused by calibrated score."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.errors import QuestionError
from core.paths import LibraryPaths
from core.records import (
    Answer,
    ContentHash,
    Example,
    FileId,
    Ids,
    Outcome,
    Question,
    Result,
    SegmentId,
    SpaceId,
    SpaceSpec,
    Strength,
    Vectors,
)
from core.search.asked import Asked
from core.search.calibrate import SAMPLE_SIZE, score, strength, surprises
from core.search.fuse import Ranked, fuse
from core.store.reader import Reader
from core.store.vectors.space_index import PendingSnapshot, SpaceIndex

SPARE = 32
"""Segments fetched beyond the results wanted: a few may belong to the same file, or be gone in this moment."""


class Searcher:
    """Everything that finds. Made, used and closed on the `search` thread.

    Answers are right from the first call on, whatever state the stores on disk are in.
    """

    def __init__(self, library: LibraryPaths) -> None:
        self._library = library
        self._reader = Reader(library)
        self._strangers: dict[SpaceId, Vectors] = {}
        self._specs: dict[SpaceId, SpaceSpec] = {}
        self._indexes: dict[SpaceId, SpaceIndex] = {}
        self._opened: set[SpaceId] = set()

    def use(self, spaces: Sequence[SpaceSpec]) -> None:
        """From now on these spaces answer."""
        self._specs = {spec.space_id: spec for spec in spaces}
        self._indexes = {
            space_id: self._indexes.get(space_id) or SpaceIndex(self._library, self._reader, space_id)
            for space_id in self._specs
        }
        self._opened &= self._indexes.keys()
        self._strangers = {space_id: rows for space_id, rows in self._strangers.items() if space_id in self._specs}

    def unmet(self, spaces: Iterable[SpaceId]) -> list[SpaceId]:
        """Those of `spaces` that answer and whose strangers are not known yet."""
        return [space_id for space_id in spaces if space_id in self._specs and space_id not in self._strangers]

    def meet(self, strangers: Mapping[SpaceId, Vectors]) -> None:
        """Takes vectors (n, dim) of things in nobody's library: what chance is measured on beside the library."""
        self._strangers |= strangers

    def close(self) -> None:
        """Lets go of the catalog."""
        self._reader.close()

    # questions

    def answer(self, question: Question, asked: Sequence[Asked]) -> Answer:
        """The best files for `question`, whose words and examples are `asked`."""
        started = time.perf_counter()
        same = asked[0].content if len(asked) == 1 else None
        together: dict[SpaceId, list[Vectors]] = {}
        for part in asked:
            for space_id, rows in part.vectors.items():
                if space_id in self._specs:
                    together.setdefault(space_id, []).append(rows)
        for space_id in together:
            self._refresh(space_id)
        vectors = {space_id: np.concatenate(rows) for space_id, rows in together.items()}
        outcome, results = self._find(question, vectors, same)
        return Answer(question, outcome, results, (time.perf_counter() - started) * 1000)

    @property
    def example_spaces(self) -> list[SpaceId]:
        """The spaces in which examples are asked."""
        return [spec.space_id for spec in self._specs.values() if spec.answers_media]

    def known(self, example: Example) -> tuple[dict[SpaceId, Vectors], ContentHash, Path]:
        """The stored vectors of a file's segments in the spaces that answer examples, its content and its path.

        Raises QuestionError when the library does not know the file.
        """
        file_id = example.file_id or FileId(0)
        details = self._reader.details(file_id)
        content = None if details is None else self._reader.content_hash(details.result.item_id)
        if details is None or content is None:
            raise QuestionError("That file is no longer in the library.", "Search again to see what is there now.")
        segments = self._reader.segments_of_file(file_id)
        vectors = {space_id: self._reader.vectors(space_id, segments)[1] for space_id in self.example_spaces}
        return {space_id: rows for space_id, rows in vectors.items() if len(rows)}, content, details.result.path

    def _find(
        self, question: Question, asked: Mapping[SpaceId, Vectors], same: ContentHash | None
    ) -> tuple[Outcome, list[Result]]:
        if self._reader.is_empty():
            return Outcome.EMPTY_LIBRARY, []
        among = self._reader.segments_matching(question.filters) if question.filters else None
        if among is not None and len(among) == 0:
            return Outcome.FILTERED_OUT, []
        if question.is_empty:
            return Outcome.BROWSE, self._reader.browse(question.filters, question.limit)
        results = self._named(question)
        named = {result.file_id for result in results}
        results += [result for result in self._ranked(question, asked, among, same) if result.file_id not in named]
        good = any(result.strength is not Strength.WEAK for result in results)
        return (Outcome.FOUND if good else Outcome.NO_GOOD_MATCH), results[: question.limit]

    def _named(self, question: Question) -> list[Result]:
        """Files whose name is just what was typed: certain, so first."""
        if not question.text.strip() or question.examples:
            return []
        found = self._reader.exact_name_matches(question.text.strip(), question.filters, question.limit)
        return [
            replace(result, score=1.0, strength=Strength.STRONG, space="name", reason="in the name") for result in found
        ]

    def _ranked(
        self, question: Question, asked: Mapping[SpaceId, Vectors], among: Ids | None, same: ContentHash | None
    ) -> list[Result]:
        """Enough files, best first; asks for ever more segments while some turn out to have no file."""
        wanted = question.limit + SPARE
        most = self._count()
        while True:
            ranked = self._rank(asked, among, wanted)
            results = self._results(ranked, same, question)
            if len(results) >= question.limit or wanted >= most:
                return results
            wanted *= 4

    def _rank(self, asked: Mapping[SpaceId, Vectors], among: Ids | None, k: int) -> Ranked:
        """Candidates of every space asked, each scored exactly in every one of them."""
        queries = {space_id: _one(vectors) for space_id, vectors in asked.items() if space_id in self._specs}
        hits = {space_id: self._indexes[space_id].search(query, k, among) for space_id, query in queries.items()}
        candidates = np.unique(np.concatenate([ids for ids, _ in hits.values()])) if hits else np.empty(0, np.int64)
        if candidates.size == 0:
            return Ranked(candidates, np.empty(0, np.float32), ())
        evidence: list[tuple[SpaceSpec, Vectors]] = []
        for space_id, query in queries.items():
            ids, scores = hits[space_id]
            if len(queries) > 1:
                ids, vectors = self._reader.vectors(space_id, candidates)
                scores = vectors @ query
            spec, sample = self._specs[space_id], self._indexes[space_id].sample(SAMPLE_SIZE)
            column = np.full(len(candidates), np.nan, np.float32)
            column[np.searchsorted(candidates, ids)] = surprises(
                scores, query, sample, self._strangers.get(space_id, np.empty((0, spec.dim), np.float32))
            )
            evidence.append((spec, column))
        return fuse(candidates, evidence)

    def _results(self, ranked: Ranked, same: ContentHash | None, question: Question) -> list[Result]:
        """The files of the ranked segments that pass the question's filters, each once."""
        files = self._reader.results_for_segments(ranked.segments, question.filters)
        same_item = None if same is None else self._reader.find_item(same)
        count = self._count()
        results: dict[FileId, Result] = {}
        for segment, surprise, spec in zip(ranked.segments, ranked.surprises, ranked.spaces, strict=True):
            for result in files.get(SegmentId(int(segment)), ()):
                is_same = same_item is not None and result.item_id == same_item[0]
                points = 1.0 if is_same else score(float(surprise), count)
                scored = replace(
                    result,
                    score=points,
                    strength=strength(points),
                    space=str(spec.space_id),
                    reason="same file" if is_same else spec.reason,
                )
                results.setdefault(result.file_id, scored)
            if len(results) >= question.limit:
                break
        return list(results.values())

    def _count(self) -> int:
        """How many segments can be found."""
        return max((index.count for index in self._indexes.values()), default=0)

    # upkeep, while nobody waits

    def refresh(self) -> None:
        """Takes in what was committed since, in every space."""
        for space_id in self._indexes:
            self._refresh(space_id)

    def _refresh(self, space_id: SpaceId) -> None:
        """A space is opened when it is first asked or tidied: nobody waits for the vectors of another."""
        if space_id in self._opened:
            self._indexes[space_id].refresh()
        else:
            self._indexes[space_id].open()
            self._opened.add(space_id)

    def work(self) -> bool:
        """One small step of putting new vectors where they are found fastest; False when there is none left."""
        for space_id, index in self._indexes.items():
            opened = space_id in self._opened
            self._refresh(space_id)
            if not opened or index.work():
                return True
        return False

    def begin_snapshot(self) -> PendingSnapshot | None:
        """The next store file to make safe, or None."""
        for index in self._indexes.values():
            pending = index.begin_snapshot()
            if pending is not None:
                return pending
        return None


def _one(vectors: Vectors) -> Vectors:
    """Several questions in one space as one: their mean direction."""
    mean: Vectors = vectors.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    return mean / norm if norm > 0 else mean
