"""A library of photos, videos, sounds and speech with made-up vectors; catalog and stores are the real ones."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.paths import LibraryPaths
from core.records import (
    Answer,
    Changes,
    ContentHash,
    EncoderSpec,
    Example,
    FileId,
    Filters,
    FoundFile,
    Kind,
    Line,
    Metadata,
    Question,
    Result,
    Role,
    Signature,
    SpaceId,
    SpaceSpec,
    Vectors,
)
from core.search.asked import Asked
from core.search.searcher import Searcher
from core.store.catalog import Catalog
from core.store.reader import NO_FILTERS
from core.store.saving import IndexedFile, IndexedSegment

DIM = 64
KINDS = {"jpg": Kind.IMAGE, "wav": Kind.AUDIO, "mp4": Kind.VIDEO}


def _encoder(role: Role, reason: str, *, words: bool, media: bool = True) -> EncoderSpec:
    space = SpaceSpec(SpaceId(f"{role}/all@1"), DIM, answers_text=words, answers_media=media, reason=reason)
    return EncoderSpec(str(role), str(role), "1", role, (space,))


ENCODERS = (
    _encoder(Role.PICTURES, "looks like", words=True),
    _encoder(Role.LOOKS, "looks like", words=False),
    _encoder(Role.SOUNDS, "sounds like", words=False),
    _encoder(Role.MOTION, "moves like", words=False),
    _encoder(Role.SPEECH, "says", words=True, media=False),
)
SPACES = {encoder.role: encoder.spaces[0] for encoder in ENCODERS}


def direction(thing: str) -> np.ndarray:
    """Where a thing lies, in every space; `a+b` lies between the two."""
    parts = [np.random.default_rng(zlib.crc32(part.encode())).standard_normal(DIM) for part in thing.split("+")]
    mean = sum(part / np.linalg.norm(part) for part in parts)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


@dataclass(frozen=True)
class Part:
    """A part of a file: what is to be seen, heard, or said in it; `said` is both text and meaning unless `about`."""

    seen: str = ""
    heard: str = ""
    said: str = ""
    about: str = ""
    start_ms: int | None = None
    end_ms: int | None = None


def shots(*seen: str, each_ms: int = 10_000) -> list[Part]:
    """A video's shots, one after the other."""
    return [Part(seen, start_ms=n * each_ms, end_ms=(n + 1) * each_ms) for n, seen in enumerate(seen)]


def windows(*heard: str, each_ms: int = 10_000) -> list[Part]:
    """A sound's windows, one after the other."""
    return [Part(heard=heard, start_ms=n * each_ms, end_ms=(n + 1) * each_ms) for n, heard in enumerate(heard)]


def lines(*said: str, each_ms: int = 4_000) -> list[Part]:
    """What is said, line by line; `text|meaning` where these differ."""
    parts = []
    for number, line in enumerate(said):
        text, _, about = line.partition("|")
        parts.append(Part(said=text, about=about, start_ms=number * each_ms, end_ms=(number + 1) * each_ms))
    return parts


class MadeLibrary:
    """A library that is filled by saying what is to be seen, heard and said in each file."""

    def __init__(self, root: Path, roles: Sequence[Role]) -> None:
        self.paths = LibraryPaths(root)
        self.catalog = Catalog(self.paths)
        self.encoders = [encoder for encoder in ENCODERS if encoder.role in roles]
        self.catalog.plan_spaces(self.encoders, {encoder.role: encoder.encoder_id for encoder in self.encoders})
        self.folder_id = self.catalog.add_folder(Path("/media")).folder_id
        self._random = np.random.default_rng(1)
        self.open()

    def open(self) -> None:
        self.searcher = Searcher(self.paths)
        self.searcher.use([space for encoder in self.encoders for space in encoder.spaces])
        self.searcher.meet({space_id: np.empty((0, DIM), np.float32) for space_id in self.searcher._spaces})

    def close(self) -> None:
        self.searcher.close()
        self.catalog.close()

    def reopen(self) -> None:
        self.searcher.close()
        self.open()

    def like(self, thing: str, noise: float = 0.5) -> np.ndarray:
        vector = direction(thing) + noise * direction(str(self._random.integers(2**60)))
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def add(self, name: str, *parts: Part, taken_at: str = "", title: str = "", content: str = "") -> FileId:
        """A file with these parts; its kind follows from its name."""
        metadata = Metadata(640, 480, "made", taken_at, title=title)
        (file_id,) = self._save({name: parts}, metadata, content)
        return file_id

    def add_many(self, count: int, kind: str = "jpg", parts: int = 1) -> None:
        """Files of which nothing is like anything else."""
        files = {}
        for number in range(count):
            things = [f"{kind} {number} {part}" for part in range(parts)]
            made = {"jpg": [Part(seen=things[0])], "wav": windows(*things), "mp4": shots(*things)}[kind]
            files[f"other/{kind} {number:04}.{kind}"] = made
        self._save(files, Metadata(640, 480, "made"))

    def _save(self, files: Mapping[str, Sequence[Part]], metadata: Metadata, content: str = "") -> list[FileId]:
        found = []
        for name in files:
            path = f"/media/{name}".encode()
            signature = Signature(1, zlib.crc32(path), 100, 86400 * 10**9, 7)
            found.append(FoundFile(path, KINDS[name.rpartition(".")[2]], signature))
        self.catalog.apply_changes(self.folder_id, Changes(added=found))
        claimed = {work.path: work for work in self.catalog.claim(len(found))}
        batch = []
        for name, parts in files.items():
            work = claimed[f"/media/{name}".encode()]
            batch.append(
                IndexedFile(
                    work.file_id,
                    work.signature,
                    ContentHash((content or name).encode().ljust(32, b"\0")[:32]),
                    work.kind,
                    metadata,
                    0,
                    [self._segment(part, work.kind) for part in parts],
                    understood=frozenset(space.space_id for encoder in self.encoders for space in encoder.spaces),
                )
            )
        self.catalog.save(batch)
        return [saved.file_id for saved in batch]

    def _segment(self, part: Part, kind: Kind) -> IndexedSegment:
        things = {role: part.seen for role in (Role.PICTURES, Role.LOOKS) if part.seen}
        if part.seen and kind is Kind.VIDEO:
            things[Role.MOTION] = part.seen
        if part.heard:
            things[Role.SOUNDS] = part.heard
        if part.said:
            things[Role.SPEECH] = part.about or part.said
        known = {encoder.role for encoder in self.encoders}
        vectors = {SPACES[role].space_id: self.like(thing) for role, thing in things.items() if role in known}
        line = Line(part.start_ms or 0, part.end_ms or 0, part.said, "en") if part.said else None
        return IndexedSegment(vectors, part.start_ms, part.end_ms, line)

    def words(self, text: str, *, less: bool = False) -> Asked:
        vectors: dict[SpaceId, Vectors] = {
            space.space_id: direction(text)[None]
            for encoder in self.encoders
            for space in encoder.spaces
            if space.answers_text
        }
        return Asked(vectors, less=less, words=text)

    def example(
        self, file_id: FileId, start_ms: int | None = None, end_ms: int | None = None, less: bool = False
    ) -> Asked:
        vectors, content, _ = self.searcher.known(Example(file_id=file_id, start_ms=start_ms, end_ms=end_ms))
        return Asked(vectors, less=less, content=content)

    def ask(
        self, text: str = "", *examples: Asked, without: str = "", limit: int = 20, filters: Filters = NO_FILTERS
    ) -> Answer:
        asked = [self.words(text)] if text else []
        asked += [self.words(without, less=True)] if without else []
        question = Question(text, tuple(Example() for _ in examples), filters, limit, without)
        return self.searcher.answer(question, [*asked, *examples])


def names(results: Sequence[Result]) -> list[str]:
    return [result.path.name for result in results]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeLibrary]:
    """An empty one, with an encoder for each role."""
    library = MadeLibrary(tmp_path / "library", list(Role))
    yield library
    library.close()
