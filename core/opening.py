"""Opening a library: whether it may lie where it lies, who does the work in it, what readers make up for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import CancelledError

from core.decode.pool import DecodePool
from core.errors import LibraryError, LibraryPlaceError, MediaError
from core.events import EventBus
from core.keeping import ModelKeeper
from core.paths import LibraryPaths
from core.records import ContentHash, Wanted
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.settings import Settings
from core.storage import Storage
from core.store.backups import Backups
from core.watch.filesystem import harmful_to_databases

log = logging.getLogger(__name__)


def settings_of(library: LibraryPaths) -> Settings:
    """The library's settings; those of the newest backup if their file is damaged, for the models chosen are in it."""
    try:
        text = library.settings.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError):
        text = ""
    settings = Settings.parse(text)
    if settings is None:
        log.warning("settings file %r is damaged; using those of a backup", str(library.settings))
        kept = (Settings.parse(backup.settings) for backup in Backups(library).all())
        settings = next((found for found in kept if found is not None), Settings())
    return settings


def open_storage(library: LibraryPaths, settings: Settings, models: ModelKeeper, events: EventBus) -> Storage:
    """Opens or makes the library; runs on the `store` thread. Raises LibraryError."""
    if settings.library_disk == "local" and (where := harmful_to_databases(library.root)):
        raise LibraryPlaceError(
            f"The library would lie {where}, “{library.root}”. Its database can be damaged there.",
            "Choose a folder on a disk of this computer. Your media may well lie there: only the library may not.",
        )
    storage = Storage.open(library)
    try:
        models.open(storage.catalog)
        if storage.catalog.notice:
            events.notice(storage.catalog.notice)
        storage.purge()
    except BaseException:
        storage.close()  # else it would stay locked for whoever tries again
        raise
    return storage


def refuse_writing() -> Storage:
    """For a library that can only be looked at."""
    raise LibraryError(
        "This library can only be looked at now, not changed.",
        "Close the other Likewise that has it open, or make its folder one that can be written; then start again.",
    )


def thumbnail_maker(pool: DecodePool, store: Lane[Storage]) -> Callable[[ContentHash, bytes], bytes | None]:
    """What makes and keeps a small picture that the cache has lost; who calls it waits for this one picture."""

    def make(content: ContentHash, path: bytes) -> bytes | None:
        try:
            jpeg = pool.decode(path, Wanted(), priority=Priority.NORMAL).result().thumbnail
        except (MediaError, CancelledError):
            return None
        store.call(Priority.BATCH, lambda storage: storage.thumbnails.put_many([(content, jpeg)]))
        return jpeg

    return make
