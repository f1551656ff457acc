"""The library's only truth, written here and nowhere else: folders, files, items, embeddings, failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.paths import LibraryPaths
from core.records import (
    Changes,
    ContentHash,
    FileId,
    Folder,
    FolderId,
    FolderState,
    ItemId,
    Kind,
    Metadata,
    Reason,
    Signature,
    SpaceId,
    SpaceSpec,
    Stage,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A file to be indexed. `attempts` counts this one, so it is at least 1."""

    file_id: FileId
    path: bytes
    kind: Kind
    signature: Signature
    attempts: int


@dataclass(frozen=True, slots=True)
class IndexedSegment:
    """One segment's vectors, each (dim,) float32 of norm 1, by space."""

    vectors: Mapping[SpaceId, NDArray[np.float32]]
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file decoded and embedded, ready to be saved. `signature` is what it was when its bytes were read."""

    file_id: FileId
    signature: Signature
    content_hash: ContentHash
    kind: Kind
    metadata: Metadata
    colour: int
    segments: Sequence[IndexedSegment]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A vector store file that was written whole, and what it must be when it is read again."""

    space_id: SpaceId
    shard: int
    file: str
    size_bytes: int
    sha256: bytes
    dim: int
    library: str


class Catalog:
    """The writer. Open, use and close it on one thread (`store`); every method commits before it returns.

    Every method raises `LibraryError` with a sentence when the disk is full, read-only or damaged; nothing of the
    call is then kept.
    """

    notice: str
    """What the user should read once after opening ("the library was damaged …"), or empty."""

    def __init__(self, library: LibraryPaths) -> None:
        """Locks, checks, migrates and opens the library, making it where there is none.

        Raises:
            LibraryBusyError: another Likewise has it open.
            LibraryTooNewError: a newer Likewise wrote it.
            LibraryError: it cannot be read or written.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Empties the write-ahead log into the database and lets go of the lock. Close the readers first."""
        raise NotImplementedError

    # folders

    def add_folder(self, path: Path) -> Folder:
        """The folder at `path`, added unless it is there. Nesting is the caller's to refuse."""
        raise NotImplementedError

    def remove_folder(self, folder_id: FolderId) -> None:
        """Forgets a folder and its files. What was understood of them is kept until `purge_orphans`."""
        raise NotImplementedError

    def set_folder_state(self, folder_id: FolderId, state: FolderState) -> None:
        """Remembers whether the folder can be read now."""
        raise NotImplementedError

    def apply_changes(self, folder_id: FolderId, changes: Changes) -> None:
        """Makes the folder's files what a scan found: all of it or, on an error, none.

        Added and changed files wait to be indexed; a changed file stays findable by its old content until the new is
        saved. Moved files keep everything. Paths may be swapped among the changes.
        """
        raise NotImplementedError

    def purge_orphans(self, older_than_days: float = 30) -> list[ContentHash]:
        """Deletes what was understood of contents that have had no file for so long; returns their hashes."""
        raise NotImplementedError

    # work

    def claim(self, limit: int) -> list[WorkItem]:
        """Takes up to `limit` waiting files, newest first, of online folders; the attempt is committed before it begins."""
        raise NotImplementedError

    def release(self, file_ids: Sequence[FileId]) -> None:
        """Puts claimed files back, the attempt not counted: indexing was cancelled, nothing went wrong."""
        raise NotImplementedError

    def find_item(self, content_hash: ContentHash, spaces: Sequence[SpaceId]) -> ItemId | None:
        """The item with this content, if it has embeddings in every one of `spaces`: then `link` suffices."""
        raise NotImplementedError

    def link(self, file_id: FileId, item_id: ItemId, signature: Signature) -> bool:
        """Marks a claimed file as done, its content being `item_id`. False if the file changed since `signature`."""
        raise NotImplementedError

    def save(self, batch: Sequence[IndexedFile]) -> list[ItemId | None]:
        """Saves indexed files in one transaction; equal contents become one item.

        Returns each file's item; None for a file that is gone, or has changed since its signature was taken and waits
        again.
        """
        raise NotImplementedError

    def fail(self, file_id: FileId, stage: Stage, reason: Reason, sentence: str, *, retryable: bool) -> None:
        """Marks a claimed file as failed; it is tried again when it changes or on `retry`."""
        raise NotImplementedError

    def retry(self, file_ids: Sequence[FileId] | None = None) -> int:
        """Lets failed files (None: all) wait again with a clean slate; returns how many."""
        raise NotImplementedError

    # spaces

    def register_space(self, spec: SpaceSpec) -> None:
        """Makes a space known, so that embeddings can be saved in it. Knows it already: nothing happens."""
        raise NotImplementedError

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """The commit point of a vector store's file: from now on it is the one to load; the replaced one is deleted."""
        raise NotImplementedError

    def save_calibration(self, space_id: SpaceId, calibration: Mapping[str, float]) -> None:
        """Remembers how scores of this space are to be read (what the numbers mean is the search's affair)."""
        raise NotImplementedError

    # upkeep

    def tidy(self) -> None:
        """For idle times: empties the write-ahead log into the database."""
        raise NotImplementedError

    def backup(self, path: Path) -> None:
        """Writes a checked copy of the catalog to `path`, atomically."""
        raise NotImplementedError
