"""What the catalog remembers of a vector store's file."""

from __future__ import annotations

from dataclasses import dataclass

from core.records import Ids, SpaceId


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file of a vector store that was written whole, and what it must be when it is read again.

    `format` names library, version and parameters; `ids` are the segments by position in the file, -1 where the
    position is dead; `dropped` are shards that are no longer part of the store.
    """

    space_id: SpaceId
    shard: int
    file: str
    size_bytes: int
    sha256: bytes
    format: str
    ids: Ids
    dropped: tuple[int, ...] = ()
