"""Small pictures by content: a cache in a database of its own, which may be deleted at any time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.records import ContentHash


class Thumbnails:
    """JPEG bytes by content hash. Make one per thread that uses it (`store` writes, `thumbs` reads)."""

    def __init__(self, path: Path) -> None:
        """Opens the cache, a damaged one being replaced by an empty one."""
        raise NotImplementedError

    def put_many(self, thumbnails: Sequence[tuple[ContentHash, bytes]]) -> None:
        """Keeps JPEGs. Put them before `Catalog.save`, so that a saved item always has one.

        Raises `LibraryError` when the disk is full.
        """
        raise NotImplementedError

    def get(self, content_hash: ContentHash) -> bytes | None:
        """The JPEG, or None when it must be made again."""
        raise NotImplementedError

    def remove(self, content_hashes: Sequence[ContentHash]) -> None:
        """Forgets contents that were purged."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of the database."""
        raise NotImplementedError
