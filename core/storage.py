"""What the `store` thread owns: the catalog and, beside it, the thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.paths import LibraryPaths
from core.runtime import clock
from core.store.catalog import Catalog
from core.store.saving import IndexedFile
from core.store.thumbnails import Thumbnails


@dataclass(frozen=True, slots=True)
class Storage:
    """Every write goes through here. Made, used and closed on the `store` thread."""

    catalog: Catalog
    thumbnails: Thumbnails

    @classmethod
    def open(cls, library: LibraryPaths) -> Storage:
        """Opens or makes the library. Raises LibraryError."""
        return cls(Catalog(library), Thumbnails(library.thumbnails))

    def save(self, batch: Sequence[tuple[IndexedFile, bytes]]) -> None:
        """Saves indexed files with their thumbnails, if any, these first: an item that can be found has its one."""
        self.thumbnails.put_many([(indexed.content_hash, jpeg) for indexed, jpeg in batch if jpeg])
        self.catalog.save([indexed for indexed, _ in batch])

    def purge(self) -> None:
        """Forgets contents that have had no file for a month."""
        self.catalog.pass_time(clock.steady_s())
        self.thumbnails.remove(self.catalog.purge_orphans())

    def close(self) -> None:
        """Writes what is pending and lets go of the library."""
        self.thumbnails.close()
        self.catalog.close()
