"""A library's spaces filled in another store, beside the one that answers, until that one can take over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.paths import LibraryPaths
from core.records import SpaceId
from core.store.reader import Reader
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.served_index import Index, ServedIndex, make_index


@dataclass(frozen=True, slots=True)
class MoveStep:
    """Where a move is. `worked`: it went on. `rest_s`, `note`: how long Milvus is left alone, and why."""

    done: int
    total: int
    worked: bool
    arrived: bool
    rest_s: float
    note: str


class Move:
    """Used on the `search` thread, a short step at a time; what is in the other store already counts.

    Attributes:
        server: where to; None for this program. Where from, once the other store has taken over.
        indexes: the other store's, by space.
    """

    def __init__(self, library: LibraryPaths, reader: Reader, server: MilvusServer | None) -> None:
        self.server = server
        self.indexes: dict[SpaceId, Index] = {}
        self._library = library
        self._reader = reader
        self._opening: dict[SpaceId, Iterator[int]] = {}

    @property
    def opened(self) -> list[Index]:
        """Those of the other store that know what the catalog knows, though it may not be where it is found fastest."""
        return [index for space_id, index in self.indexes.items() if space_id not in self._opening]

    def step(self, spaces: Mapping[SpaceId, int]) -> MoveStep:
        """Does one small piece, if there is anything to do and Milvus is not to rest.

        `spaces` are those that are to move, with how many segments can be found in each.
        """
        for space_id in spaces:
            if space_id not in self.indexes:
                self.indexes[space_id] = index = make_index(self._library, self._reader, space_id, self.server)
                self._opening[space_id] = index.opening()
        worked = any(self._work(space_id) for space_id in spaces)
        served = [index for index in self.indexes.values() if isinstance(index, ServedIndex)]
        error = next((index.error for index in served if index.error is not None), None)
        opened = [self.indexes[space_id] for space_id in spaces if space_id not in self._opening]
        return MoveStep(
            done=sum(max(0, index.count - index.left) for index in opened),
            total=sum(index.count for index in opened)
            + sum(spaces[space_id] for space_id in spaces.keys() & self._opening),
            worked=worked,
            arrived=not worked and (self.server is None or all(index.is_current for index in opened)),
            rest_s=0.0 if self.server is None else self.server.writing.left_s,
            note="" if error is None else str(error),
        )

    def _work(self, space_id: SpaceId) -> bool:
        opening = self._opening.get(space_id)
        if opening is None:
            self.indexes[space_id].refresh()
            return self.indexes[space_id].work()
        if next(opening, None) is None:
            del self._opening[space_id]
        return True
