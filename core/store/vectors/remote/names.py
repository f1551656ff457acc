"""Shared search, from this side: what other libraries on the server see of this one, and how it is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from core.records import Ids, SpaceId, Vectors
from core.store.vectors.remote.part import Part, Told, collection_of
from core.store.vectors.remote.server import MilvusServer

NO_VECTOR = 2
"""Milvus stores nothing without a vector: this short one says nothing."""
LONGEST_NAME = 255
LONGEST_TITLE = 80


class SharedNames(Part):
    """The names of one space's files, in a collection apart from the vectors: whoever has a part in it shares.

    So nobody is searched who has not asked for it, and to take all names back is to delete one partition, at once.

    Attributes:
        title: what this library is called there; empty while it does not share.
    """

    columns: ClassVar[Mapping[str, int]] = {"name": LONGEST_NAME, "item": 0, "library": LONGEST_TITLE}

    def __init__(self, server: MilvusServer, space_id: SpaceId, title: str) -> None:
        super().__init__(server, names_of(space_id), NO_VECTOR)
        self.title = title

    def prepare(self) -> None:
        """Makes this library's part, or takes it back."""
        if self.title:
            super().prepare()
        else:
            self.remove()

    def window(self, first: int, end: int) -> tuple[Ids, Told]:
        """What is there of segments `first` to `end`; nothing while it does not share."""
        if self.title:
            return super().window(first, end)
        return np.empty(0, np.int64), np.empty((0, len(self.columns)), object)


def names_of(space_id: SpaceId) -> str:
    """What the collection of a space's names is called."""
    return f"{collection_of(space_id)}_names"


def no_vectors(ids: Ids) -> Vectors:
    """What is sent in the place of vectors."""
    return np.tile(np.array([1.0, 0.0], np.float32), (len(ids), 1))
