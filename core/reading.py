"""What the `read` thread owns: everything that is looked up without searching."""

from __future__ import annotations

import csv
import os
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from core.decode.thumbnail import read_thumbnail
from core.embedding import ModelBoard
from core.errors import LibraryError
from core.paths import LibraryPaths
from core.records import (
    ContentHash,
    Details,
    Failure,
    FileId,
    FileStanding,
    Folder,
    ItemId,
    LeftOut,
    LibraryStatus,
    Picture,
    Progress,
    Rule,
    Skipped,
    SpaceId,
    Standing,
)
from core.store.reader import Reader
from core.store.thumbnails import Thumbnails
from core.watch.rules import Rules, not_patterns


@dataclass(frozen=True, slots=True)
class LostThumbnail:
    """A content whose small picture the cache has lost, and a path that holds it."""

    content: ContentHash
    path: bytes


class Reading:
    """Made, used and closed on the `read` thread."""

    def __init__(
        self,
        library: LibraryPaths,
        *,
        read_only: bool = False,
    ) -> None:
        """With `read_only` there may be no cache of thumbnails, and none is made."""
        self._library = library
        self._reader = Reader(library)
        self._thumbnails: Thumbnails | None = None
        with suppress(LibraryError) if read_only else nullcontext():
            self._thumbnails = Thumbnails(library.thumbnails, read_only=read_only)

    def folders(self) -> list[Folder]:
        """Every watched folder."""
        return self._reader.folders()

    def failures(self) -> list[Failure]:
        """Every file that failed, newest first."""
        return self._reader.failures()

    def files(self, standing: Standing, limit: int) -> list[FileStanding]:
        """The files of one standing."""
        return self._reader.files_standing(standing, limit)

    def standings(self) -> dict[Standing, int]:
        """How many files have each standing."""
        return self._reader.standings()

    def export_files(self, to: Path, standing: Standing | None) -> int:
        """Writes the files of one standing (None: all) as a table; returns how many. Raises LibraryError."""
        files = self._reader.files_standing(standing)
        try:
            with to.open("w", encoding="utf-8", errors="surrogateescape", newline="") as written:
                rows = csv.writer(written)
                rows.writerow(("state", "file", "why"))
                rows.writerows((file.standing, file.path, file.sentence) for file in files)
        except OSError as error:
            advice = "Choose another place for it."
            raise LibraryError(f"The list could not be written to {to}: {error.strerror}.", advice) from error
        return len(files)

    def left_out_by(self, patterns: str) -> LeftOut:
        """What `patterns` would leave out of what is known, and what they leave out already."""
        rules = Rules(patterns)
        folders = self._reader.folders()
        roots = {folder.folder_id: len(os.fsencode(folder.path).rstrip(os.sep.encode())) + 1 for folder in folders}
        known = self._reader.paths()
        found: dict[str, Skipped] = {pattern: Skipped(Rule.PATTERN, pattern) for pattern in rules.patterns}
        files = 0
        for folder_id, path in known:
            if (left := rules.pattern(path[roots[folder_id] :])) is not None:
                files += 1
                found[left[1]] = found[left[1]].plus(Skipped(*left, files=1, examples=(os.fsdecode(path),)))
        for skipped in (skipped for folder in folders for skipped in folder.skipped):
            if skipped.rule is Rule.PATTERN and skipped.pattern in found:
                found[skipped.pattern] = found[skipped.pattern].plus(skipped)
        return LeftOut(len(known), files, tuple(found.values()), tuple(not_patterns(patterns)))

    def thumbnail(self, item_id: ItemId) -> Picture | LostThumbnail | None:
        """An item's small picture, or what it can be made of again; None when it is in no file now."""
        content, path = self._reader.content_hash(item_id), self._reader.path_of_item(item_id)
        if content is None or path is None:
            return None
        stored = None if self._thumbnails is None else self._thumbnails.get(content)
        return read_thumbnail(stored) if stored else LostThumbnail(content, path)

    def active_spaces(self) -> dict[SpaceId, str]:
        """The spaces that answer, and the model that each belongs to."""
        return self._reader.active_spaces()

    def path(self, file_id: FileId) -> Path:
        """Where a file is. Raises LibraryError when it is no longer known."""
        path = self._reader.path(file_id)
        if path is None:
            raise LibraryError("That file is no longer in the library.", "Search again to see what is there now.")
        return Path(os.fsdecode(path))

    def details(self, file_id: FileId) -> Details:
        """All we know of a file. Raises LibraryError when it is no longer known."""
        details = self._reader.details(file_id)
        if details is None:
            raise LibraryError("That file is no longer in the library.", "Search again to see what is there now.")
        return details

    def status(self, board: ModelBoard, progress: Progress) -> LibraryStatus:
        """The library in numbers."""
        counts = self._reader.counts()
        return LibraryStatus(
            library=self._library.root,
            files=counts.files,
            items=counts.items,
            waiting=counts.waiting,
            failed=counts.failed,
            standings=self._reader.standings(),
            folders=tuple(self._reader.folders()),
            models=tuple(board.statuses),
            progress=progress,
        )

    def close(self) -> None:
        """Lets go of the databases."""
        if self._thumbnails is not None:
            self._thumbnails.close()
        self._reader.close()
