"""Answers questions from one library: exact names, then every space that can answer, fused by calibrated score."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
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
    Other,
    Outcome,
    Question,
    Result,
    SpaceId,
    SpaceSpec,
    Strength,
    Vectors,
)
from core.search.asked import Asked
from core.search.calibrate import LIKELY_SURPRISE
from core.search.exact import exact_matches
from core.search.inquiry import Inquiry
from core.search.listing import Listing, named
from core.search.move import Move, MoveStep
from core.search.others import of_others
from core.search.space import Space
from core.settings import Settings
from core.store.reader import Reader
from core.store.vectors.remote.others import Others
from core.store.vectors.remote.server import MilvusServer, StoreError
from core.store.vectors.served_index import ServedIndex
from core.store.vectors.space_index import PendingSnapshot

SPARE = 32
"""Segments fetched beyond the results wanted: a few may belong to the same file, or be gone in this moment."""
WIDER = 4
"""Where parts of a question are combined, the best for all need not be among the best for one: look so much further."""


class Searcher:
    """Everything that finds. Made, used and closed on the `search` thread.

    Answers are right from the first call on, whatever state the stores on disk are in.
    """

    def __init__(self, library: LibraryPaths, server: MilvusServer | None = None) -> None:
        self._server = server
        self._library = library
        self._reader = Reader(library)
        self._spaces: dict[SpaceId, Space] = {}
        self._move: Move | None = None

    def use(self, specs: Sequence[SpaceSpec]) -> None:
        """From now on these spaces answer."""
        roles = self._reader.roles()
        self._spaces = {
            spec.space_id: self._spaces.get(spec.space_id)
            or Space(self._library, self._reader, spec, roles[spec.space_id], self._server)
            for spec in specs
        }

    def unmet(self, spaces: Iterable[SpaceId]) -> list[SpaceId]:
        """Those of `spaces` that answer and whose strangers are not known yet."""
        return [space_id for space_id in spaces if space_id in self._spaces and not self._spaces[space_id].has_met]

    def meet(self, strangers: Mapping[SpaceId, Vectors]) -> None:
        """Takes vectors (n, dim) of things in nobody's library: what chance is measured on beside the library."""
        for space_id, rows in strangers.items():
            if space_id in self._spaces:
                self._spaces[space_id].meet(rows)

    def close(self) -> None:
        """Lets go of the catalog and of Milvus."""
        for server in (self._server, self.end_move()):
            if server is not None:
                server.close()
        self._reader.close()

    # moving to another store

    def begin_move(self, server: MilvusServer | None) -> None:
        """Fills another store from now on, step by step, Milvus or with None this program's; the one in use answers."""
        self._move = Move(self._library, self._reader, server)

    def step_move(self) -> MoveStep:
        """One small step of the move that was begun. When it has arrived, the other store answers from now on."""
        if self._move is None:
            raise CancelledError
        self.refresh()
        step = self._move.step({space_id: space.index.count for space_id, space in self._spaces.items()})
        if step.arrived:
            for space_id, space in self._spaces.items():
                space.take(self._move.indexes[space_id])
            self._server, self._move.server = self._move.server, self._server
        return step

    def end_move(self) -> MilvusServer | None:
        """Ends the move, if any: gives it up unless it has arrived. Returns the server now unused, to be closed."""
        move, self._move = self._move, None
        return None if move is None else move.server

    # sharing with others

    def share(self, settings: Settings) -> None:
        """From now on others on a server see as much of this library as `settings` say."""
        for server in (self._server, None if self._move is None else self._move.server):
            if server is not None:
                server.shared_as = settings.with_search_at(server.place.uri).seen_as
        moving = () if self._move is None else self._move.indexes.values()
        for index in (*(space.index for space in self._spaces.values()), *moving):
            if isinstance(index, ServedIndex):
                index.share()

    def connect(self) -> Future[None] | None:
        """Connects to the server if there is one and others on it are to be asked."""
        server = self._server
        return server.submit(server.connect) if server is not None and server.shared_as else None

    # questions

    def answer(self, question: Question, asked: Sequence[Asked]) -> Answer:
        """The best files for `question`, whose words and examples are `asked`."""
        started = time.perf_counter()
        for space_id in {space_id for part in asked for space_id in part.vectors if space_id in self._spaces}:
            self._spaces[space_id].refresh()
        outcome, results = self._find(question, asked)
        others, note = self._of_others(question, asked)
        return Answer(question, outcome, results, (time.perf_counter() - started) * 1000, others, note)

    @property
    def example_spaces(self) -> list[SpaceId]:
        """The spaces in which examples are asked."""
        return [space_id for space_id, space in self._spaces.items() if space.spec.answers_media]

    def known(self, example: Example) -> tuple[dict[SpaceId, Vectors], ContentHash, Path]:
        """The stored vectors of a file's segments in the spaces that answer examples, its content and its path.

        Of a stretch only the segments that it touches. Raises QuestionError when the library does not know the file.
        """
        file_id = example.file_id or FileId(0)
        details = self._reader.details(file_id)
        content = None if details is None else self._reader.content_hash(details.result.item_id)
        if details is None or content is None:
            raise QuestionError("That file is no longer in the library.", "Search again to see what is there now.")
        segments = self._reader.segments_of_file(file_id, example.start_ms, example.end_ms)
        vectors = {space_id: self._reader.vectors(space_id, segments)[1] for space_id in self.example_spaces}
        return {space_id: rows for space_id, rows in vectors.items() if len(rows)}, content, details.result.path

    def _find(self, question: Question, asked: Sequence[Asked]) -> tuple[Outcome, list[Result]]:
        if self._reader.is_empty():
            return Outcome.EMPTY_LIBRARY, []
        if question.filters and not self._reader.browse(question.filters, 1):
            return Outcome.FILTERED_OUT, []
        if question.is_empty:
            return Outcome.BROWSE, self._reader.browse(question.filters, question.limit)
        if asked and all(part.less for part in asked):
            return Outcome.BROWSE, self._all_but(question, asked)
        results = self._ranked(question, asked)
        if not question.examples:
            exact = exact_matches(self._reader, question.text, question.filters, question.limit, results)
            certain = {result.file_id for result in exact}
            results = exact + [result for result in results if result.file_id not in certain]
        results = self._same_first(results, asked)[: question.limit]
        good = any(result.strength is not Strength.WEAK for result in results)
        return (Outcome.FOUND if good else Outcome.NO_GOOD_MATCH), results

    def _of_others(self, question: Question, asked: Sequence[Asked]) -> tuple[list[Other], str]:
        """What other libraries have, where search is shared and no folder of this one is looked in; or why not."""
        server = self._server
        wanted = question.shared and bool(asked) and question.filters.folder_id is None
        if server is None or not server.shared_as or not wanted:
            return [], ""
        try:
            return of_others(Others(server), Inquiry(self._reader, self._spaces, asked), question.filters), ""
        except StoreError as error:
            return [], f"The other libraries were not searched. {error}"

    def _ranked(self, question: Question, asked: Sequence[Asked]) -> list[Result]:
        """Enough files, best first; looks at ever more segments while some turn out to be of the same file."""
        filters = question.filters
        among = self._reader.segments_matching(filters) if filters else None
        inquiry = Inquiry(self._reader, self._spaces, asked)
        called = named(self._reader, asked)
        by_name = self._reader.items_of_files(np.array(list(called.files), np.int64))
        wanted = (question.limit + SPARE) * (WIDER if len(asked) > 1 else 1)
        while True:
            items = inquiry.candidates(wanted, among, filters)
            items = np.unique(np.concatenate([items, by_name, np.array(list(called.items), np.int64)]))
            files, owners = self._reader.files_of(items, filters)
            if len(files) >= question.limit or wanted >= inquiry.most:
                listing = Listing(self._reader, inquiry.weigh(items), inquiry.voices, called)
                return listing.results(files, owners, question.limit)
            wanted *= 4

    def _all_but(self, question: Question, asked: Sequence[Asked]) -> list[Result]:
        """Everything, the newest first, but for what is likely to be unwanted."""
        inquiry = Inquiry(self._reader, self._spaces, [replace(part, less=False) for part in asked])
        wanted = question.limit
        while True:
            files = self._reader.browse(question.filters, wanted)
            weighed = inquiry.weigh(np.unique(np.array([file.item_id for file in files], np.int64)))
            unwanted = set(weighed.items[weighed.fused.items >= LIKELY_SURPRISE].tolist())
            kept = [file for file in files if file.item_id not in unwanted][: question.limit]
            if len(kept) == question.limit or len(files) < wanted:
                return kept
            wanted *= 4

    def _same_first(self, results: list[Result], asked: Sequence[Asked]) -> list[Result]:
        """Where examples are all that is asked, files that are one of them come first and are said to be."""
        contents = [part.content for part in asked]
        if None in contents or any(part.less for part in asked):
            return results
        found = [self._reader.find_item(content) for content in contents if content is not None]
        same = {item[0] for item in found if item is not None}
        first = [
            replace(result, score=1.0, strength=Strength.STRONG, reason="same file")
            for result in results
            if result.item_id in same
        ]
        return first + [result for result in results if result.item_id not in same]

    # upkeep, while nobody waits

    def refresh(self) -> None:
        """Takes in what was committed since, in every space."""
        for space in self._spaces.values():
            space.refresh()

    def work(self) -> bool:
        """One small step of putting new vectors where they are found fastest; False when there is none left."""
        for space in self._spaces.values():
            opened = space.is_open
            space.refresh()
            if not opened or space.index.work():
                return True
        return False

    def begin_snapshot(self) -> PendingSnapshot | None:
        """The next store file to make safe, or None."""
        indexes = [space.index for space in self._spaces.values()]
        if self._move is not None:  # a move that is broken off is not to begin anew
            indexes += self._move.opened
        for index in indexes:
            pending = index.begin_snapshot()
            if pending is not None:
                return pending
        return None
