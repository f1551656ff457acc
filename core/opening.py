"""Opening a library: whether it may lie where it lies, who does the work in it, what readers make up for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import CancelledError, Future

from core.decode.pool import DecodePool
from core.decode.thumbnail import read_thumbnail
from core.errors import CoreError, LibraryError, LibraryPlaceError
from core.events import EventBus
from core.keeping import ModelKeeper
from core.paths import LibraryPaths
from core.reading import LostThumbnail
from core.records import Decoded, Picture, Wanted
from core.runtime.chain import then
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
    except BaseException:
        storage.close()  # else it would stay locked for whoever tries again
        raise
    try:
        storage.purge()
    except LibraryError:
        log.warning("what has had no file for a month is kept until later", exc_info=True)
    return storage


def refuse_writing() -> Storage:
    """For a library that can only be looked at."""
    raise LibraryError(
        "This library can only be looked at now, not changed.",
        "Close the other Likewise that has it open, or make its folder one that can be written; then start again.",
    )


def thumbnail_maker(
    pool: DecodePool, store: Lane[Storage]
) -> Callable[[Picture | LostThumbnail | None], Future[Picture | None]]:
    """What makes and keeps the small pictures that the cache has lost; nobody waits for it but who wants to see one."""

    def make(found: Picture | LostThumbnail | None) -> Future[Picture | None]:
        if not isinstance(found, LostThumbnail):
            there: Future[Picture | None] = Future()
            there.set_result(found)
            return there
        decoding = pool.decode(found.path, Wanted(), priority=Priority.NORMAL)
        jpeg: Future[bytes] = Future()

        def on_decoded(done: Future[Decoded]) -> None:
            try:
                made = done.result().thumbnail
            except (CoreError, CancelledError):
                made = b""
            if made:
                store.call(Priority.BATCH, lambda storage: storage.thumbnails.put_many([(found.content, made)]))
            if jpeg.set_running_or_notify_cancel():
                jpeg.set_result(made)

        decoding.add_done_callback(on_decoded)
        picture = then(jpeg, lambda made: read_thumbnail(made) if made else None)
        picture.add_done_callback(lambda ended: decoding.cancel() if ended.cancelled() else None)
        return picture

    return make
