"""A library on disk with made-up files and vectors; SQLite and hnswlib are the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.paths import LibraryPaths
from core.records import (
    Changes,
    ContentHash,
    EncoderSpec,
    FileId,
    FoundFile,
    Kind,
    Metadata,
    Role,
    Signature,
    SpaceId,
    SpaceSpec,
)
from core.store.catalog import Catalog, WorkItem
from core.store.reader import Reader
from core.store.saving import IndexedFile, IndexedSegment

WORDS = SpaceSpec(SpaceId("made/words@1"), 24, answers_text=True, answers_media=False, reason="matches the words")
LOOKS = SpaceSpec(SpaceId("made/looks@1"), 40, answers_text=False, answers_media=True, reason="looks like")
MADE = EncoderSpec("made", "Made up", "1", Role.PICTURES, (WORDS, LOOKS))
DAY_S = 86400


def unit_vector(content: bytes, dim: int) -> np.ndarray:
    """The same vector for the same content, and clustered like embeddings are."""
    seed = int.from_bytes(content[:4].ljust(4, b"\0"), "big")
    rng = np.random.default_rng([seed, *content])
    centres = np.random.default_rng(dim).standard_normal((20, dim))
    vector = centres[rng.integers(20)] + 0.5 * rng.standard_normal(dim)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def found(path: str | bytes, version: int = 0, kind: Kind = Kind.IMAGE) -> FoundFile:
    """A file whose inode and times follow from its name and `version`, a day apart."""
    raw = path if isinstance(path, bytes) else path.encode()
    inode = int.from_bytes(raw[-7:], "big") + version
    return FoundFile(raw, kind, Signature(2**63 + 1, inode, 100 + version, version * DAY_S * 10**9 + inode % 10**9, 7))


def indexed(
    work: WorkItem, content: bytes, taken_at: str = "", specs: Sequence[SpaceSpec] = (WORDS, LOOKS)
) -> IndexedFile:
    """The claimed file with made-up vectors that follow from `content`."""
    vectors = {spec.space_id: unit_vector(content, spec.dim) for spec in specs}
    return IndexedFile(
        work.file_id,
        work.signature,
        ContentHash(content.ljust(32, b"\0")),
        work.kind,
        Metadata(640, 480, "JPEG", taken_at, "Camera", 1.5, -2.5),
        0x102030,
        [IndexedSegment(vectors)],
        understood=frozenset(vectors),
    )


class Library:
    """An open library with one watched folder, `/pictures`, and short words for what tests do with it."""

    def __init__(self, root: Path) -> None:
        self.paths = LibraryPaths(root)
        self.open()
        self.catalog.plan_spaces([MADE], {Role.PICTURES: "made"})
        self.folder_id = self.catalog.add_folder(Path("/pictures")).folder_id

    def open(self) -> None:
        self.catalog = Catalog(self.paths)
        self.reader = Reader(self.paths)

    def close(self) -> None:
        self.reader.close()
        self.catalog.close()

    def reopen(self) -> None:
        self.close()
        self.open()

    def add(self, *files: FoundFile) -> None:
        self.catalog.apply_changes(self.folder_id, Changes(added=files))

    def index(self, content: Callable[[bytes], bytes] = lambda path: path, taken_at: str = "") -> None:
        """Indexes all that waits; a file's content follows from its path."""
        while self.index_some(64, content, taken_at):
            pass

    def index_some(self, limit: int, content: Callable[[bytes], bytes] = lambda path: path, taken_at: str = "") -> int:
        """Indexes up to `limit` files; returns how many."""
        work = self.catalog.claim(limit)
        self.catalog.save([indexed(item, content(item.path), taken_at) for item in work])
        return len(work)

    def add_indexed(self, *names: str) -> None:
        self.add(*(found(f"/pictures/{name}") for name in names))
        self.index()

    def file_id(self, path: str | bytes) -> FileId:
        raw = path if isinstance(path, bytes) else path.encode()
        return next(known.file_id for known in self.reader.known_files(self.folder_id) if known.path == raw)

    def segment(self, path: str) -> int:
        (segment,) = self.reader.segments_of_file(self.file_id(path))
        return int(segment)

    def searchable(self) -> set[int]:
        return set(self.reader.searchable(WORDS.space_id).come.tolist())


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()
