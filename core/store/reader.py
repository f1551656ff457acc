"""Reads the catalog. One `Reader` per thread; each call reads to its end, so none holds the write-ahead log open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.paths import LibraryPaths
from core.records import (
    ContentHash,
    Details,
    Failure,
    FileId,
    Filters,
    Folder,
    FolderId,
    Ids,
    ItemId,
    KnownFile,
    Result,
    SegmentId,
    SpaceId,
    Vectors,
)
from core.store.catalog import Snapshot


@dataclass(frozen=True, slots=True)
class Counts:
    """The library in numbers; `waiting` includes files being worked on. Orphaned items are not counted."""

    files: int
    items: int
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class Operations:
    """How the searchable segments of a space changed up to `sequence`: `gone` first, then `come`; disjoint, sorted."""

    sequence: int
    come: Ids
    gone: Ids


class Reader:
    """A read-only connection. Make, use and close it on one thread, after the `Catalog` has opened.

    Results carry no score or strength; whoever ranks them adds these with `dataclasses.replace`.
    """

    def __init__(self, library: LibraryPaths) -> None:
        """Raises `LibraryError` when the catalog cannot be read."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of the database."""
        raise NotImplementedError

    # folders and files

    def folders(self) -> list[Folder]:
        """Every watched folder with its counts, in the order of adding."""
        raise NotImplementedError

    def known_files(self, folder_id: FolderId) -> list[KnownFile]:
        """What the catalog remembers of a folder's files, by path."""
        raise NotImplementedError

    def failures(self) -> list[Failure]:
        """Files that failed, newest first."""
        raise NotImplementedError

    def counts(self) -> Counts:
        """The library in numbers."""
        raise NotImplementedError

    def path(self, file_id: FileId) -> bytes | None:
        """Where the file is; None if it is not known (any more)."""
        raise NotImplementedError

    def details(self, file_id: FileId) -> Details | None:
        """All we know of one indexed file."""
        raise NotImplementedError

    def content_hash(self, item_id: ItemId) -> ContentHash | None:
        """The item's content: the key of its thumbnail."""
        raise NotImplementedError

    # answers

    def results_for_segments(self, ids: Ids | Sequence[int]) -> dict[SegmentId, list[Result]]:
        """For each segment the files it is found in: one result a path. Segments without files are left out."""
        raise NotImplementedError

    def segments_matching(self, filters: Filters) -> Ids:
        """Ids, ascending, of the segments of all files that pass `filters`."""
        raise NotImplementedError

    def browse(self, filters: Filters, limit: int) -> list[Result]:
        """Indexed files that pass `filters`, newest first (when taken, else when modified)."""
        raise NotImplementedError

    def exact_name_matches(self, text: str, filters: Filters, limit: int = 50) -> list[Result]:
        """Files whose name, name without extension, or full path is `text`, upper and lower case alike."""
        raise NotImplementedError

    def segments_of_file(self, file_id: FileId) -> Ids:
        """Ids of the file's segments, ascending; empty if it is not indexed."""
        raise NotImplementedError

    # spaces

    def spaces(self) -> dict[SpaceId, int]:
        """Every space that has been registered, with its dimension."""
        raise NotImplementedError

    def vectors(self, space_id: SpaceId, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of `ids` that have a vector in the space, ascending, and the vectors, row for row."""
        raise NotImplementedError

    def searchable(self, space_id: SpaceId) -> Operations:
        """All searchable segments of the space as `come`, consistent with its `sequence`."""
        raise NotImplementedError

    def operations(self, space_id: SpaceId, after: int) -> Operations:
        """What changed for the space since sequence number `after`."""
        raise NotImplementedError

    def vector_batches(self, space_id: SpaceId, ids: Ids, batch_size: int = 1000) -> Iterator[tuple[Ids, Vectors]]:
        """As `vectors`, batch by batch."""
        raise NotImplementedError

    def snapshots(self, space_id: SpaceId) -> list[Snapshot]:
        """The files of the space's vector store, by shard."""
        raise NotImplementedError

    def calibration(self, space_id: SpaceId) -> Mapping[str, float] | None:
        """What `Catalog.save_calibration` remembered."""
        raise NotImplementedError
