"""The engine's front as far as looking at one file goes: its small picture, the file itself, what is known of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from core.decode.pool import DecodePool
from core.reading import LostThumbnail, Reading
from core.records import Details, FileId, ItemId, Picture
from core.runtime.chain import chain
from core.runtime.lane import Lane
from core.runtime.worker import Priority


class LookFront:
    """Part of `Engine`, which sets the attributes. Every method returns at once."""

    _read: Lane[Reading]
    _pool: DecodePool
    _make_thumbnail: Callable[[Picture | LostThumbnail | None], Future[Picture | None]]

    def thumbnail(self, item_id: ItemId) -> Future[Picture | None]:
        """An item's small picture, at most 384 px on its longer side; None when there is none."""
        return chain(self._read.call(Priority.NORMAL, Reading.thumbnail, item_id), self._make_thumbnail)

    def preview(self, file_id: FileId, max_px: int, at_ms: int = 0) -> Future[Picture]:
        """A file decoded again, at most `max_px` on its longer side; of a video the frame at `at_ms`.

        Fails with MediaError or LibraryError.
        """

        def decode(found: Path) -> Future[Picture]:
            return self._pool.preview(os.fsencode(found), max_px, at_ms=at_ms, priority=Priority.INTERACTIVE)

        return chain(self._read.call(Priority.INTERACTIVE, Reading.path, file_id), decode)

    def details(self, file_id: FileId) -> Future[Details]:
        """All we know of a file. Fails with LibraryError when it is no longer known."""
        return self._read.call(Priority.INTERACTIVE, Reading.details, file_id)
