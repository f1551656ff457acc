"""What the `store` thread owns: the catalog and, beside it, thumbnails and backups."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import LibraryError
from core.paths import LibraryPaths
from core.runtime import clock
from core.store.backups import Backups
from core.store.catalog import Catalog
from core.store.room import require_room
from core.store.saving import IndexedFile
from core.store.thumbnails import Thumbnails
from core.store.work_queue import WorkItem

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Storage:
    """Every write goes through here. Made, used and closed on the `store` thread."""

    library: LibraryPaths
    catalog: Catalog
    thumbnails: Thumbnails
    backups: Backups

    @classmethod
    def open(cls, library: LibraryPaths) -> Storage:
        """Opens or makes the library. Raises LibraryError."""
        catalog = Catalog(library)
        try:
            return cls(library, catalog, Thumbnails(library.thumbnails), Backups(library))
        except BaseException:
            catalog.close()
            raise

    def claim(self, limit: int, *, later: bool) -> list[WorkItem]:
        """Takes waiting files, as `Catalog.claim` does. Raises DiskAlmostFullError when none are to be indexed."""
        require_room(self.library)
        return self.catalog.claim(limit, later=later)

    def save(self, batch: Sequence[tuple[IndexedFile, bytes]]) -> None:
        """Saves indexed files with their thumbnails, if any, these first: an item that can be found has its one."""
        self.thumbnails.put_many([(indexed.content_hash, jpeg) for indexed, jpeg in batch if jpeg])
        self.catalog.save([indexed for indexed, _ in batch])

    def purge(self) -> None:
        """Forgets contents that have had no file for a month."""
        self.catalog.pass_time(clock.steady_s())
        self.thumbnails.remove(self.catalog.purge_orphans())

    def back_up_if_due(self) -> None:
        """Now and then, backs up what only the user can make, if that has changed."""
        if self.backups.is_due():
            self.back_up_if_changed()

    def back_up_if_changed(self) -> None:
        """Backs up what only the user can make, if the newest backup is not the same. Says nothing if it cannot."""
        try:
            self.backups.make_if_changed(self.catalog.users_rows())
        except LibraryError:
            log.warning("no backup could be made", exc_info=True)

    def close(self) -> None:
        """Writes what is pending and lets go of the library."""
        self.back_up_if_changed()
        self.thumbnails.close()
        self.catalog.close()
