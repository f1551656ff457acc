"""A library of 100,000 files: how soon it opens, how fast and how rightly it answers.

The real code path from the engine's front door on, real text encoders, real stores, full text and thumbnails; only the
stored vectors and lines are made up (a clustered mixture; common words in proportion) and the files do not exist on
disk. Of twenty files one is a recording of three windows of sound and five spoken lines, the others are photos. Ratios
are to exact search over the same vectors with numpy, measured in the same run.

    python benchmarks/scale.py [--items 100000] [--library DIR]     # a kept DIR is built once and reused
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from report import heading, percentiles

from core import Engine, Filters, Kind, Question, open_engine
from core.paths import LibraryPaths
from core.records import (
    Changes,
    ContentHash,
    EncoderSpec,
    FoundFile,
    Line,
    Metadata,
    ModelStatus,
    Role,
    Signature,
    SpaceId,
    SpaceSpec,
)
from core.search.asked import Asked
from core.search.searcher import Searcher
from core.storage import Storage
from core.store.reader import Reader
from core.store.saving import IndexedFile, IndexedSegment
from core.store.work_queue import WorkItem

YEARS = range(2010, 2026)
RECORDINGS = 20
"""One file in so many."""
WINDOWS = 3
LINES = 5
WORDS = np.array(
    ["the", "a", "and", "to", "we", "at", "on", "dog", "children", "red", "car", "beach", "train", "station"]
)
QUERIES = [
    f"{who} {what} {where}"
    for who in ("a dog", "two children", "a red car", "an old man", "a bride")
    for what in ("running", "sleeping", "in the rain", "at night")
    for where in ("on a beach", "in a city", "at home")
]


def clustered(count: int, dim: int, seed: int) -> np.ndarray:
    """(count, dim) float32 unit vectors around 2,000 centres of unequal size with a common cone, as embeddings are."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((2000, dim), np.float32) + 1.0
    weights = 1 / np.arange(1, 2001)
    chosen = rng.choice(2000, count, p=weights / weights.sum())
    vectors = rng.standard_normal((count, dim), np.float32)
    vectors *= 0.8
    vectors += centres[chosen]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def thumbnails() -> list[bytes]:
    """JPEGs of scikit-image's photos."""
    found = importlib.util.find_spec("skimage")
    assert found is not None
    assert found.origin is not None
    jpegs = []
    for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"):
        picture = Image.open(Path(found.origin).parent / "data" / name).convert("RGB")
        picture.thumbnail((384, 384))
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=82)
        jpegs.append(data.getvalue())
    return jpegs


def encoders_in_use(models: list[ModelStatus]) -> list[EncoderSpec]:
    """Those that answer, as far as their spaces go."""
    return [
        EncoderSpec(model.card.model_id, model.card.title, "", model.card.role, model.spaces)
        for model in models
        if model.in_use
    ]


class MadeUp:
    """What each file holds."""

    def __init__(self, items: int, encoders: list[EncoderSpec]) -> None:
        recordings = -(-items // RECORDINGS)
        counts = {Role.PICTURES: items, Role.SOUNDS: recordings * WINDOWS, Role.SPEECH: recordings * LINES}
        self._vectors: dict[Role, dict[SpaceId, np.ndarray]] = {role: {} for role in Role}
        for seed, (role, spec) in enumerate((encoder.role, spec) for encoder in encoders for spec in encoder.spaces):
            self._vectors[role][spec.space_id] = clustered(counts[role], spec.dim, seed)
        self._spaces = frozenset(space_id for spaces in self._vectors.values() for space_id in spaces)
        rng = np.random.default_rng(5)
        frequencies = 1 / np.arange(1, len(WORDS) + 1)
        self._said = WORDS[rng.choice(len(WORDS), (counts[Role.SPEECH], 9), p=frequencies / frequencies.sum())]

    def file(self, item: WorkItem) -> IndexedFile:
        """The claimed file with what it holds."""
        row = item.signature.inode - 1
        return IndexedFile(
            item.file_id,
            item.signature,
            ContentHash(row.to_bytes(32, "big")),
            item.kind,
            Metadata(4000, 3000, "made up", f"{YEARS[row % len(YEARS)]}-06-{1 + row % 28:02}T12:00:00"),
            0x808080,
            [self._segment(Role.PICTURES, row)] if item.kind is Kind.IMAGE else self._recording(row // RECORDINGS),
            understood=self._spaces,
        )

    def _recording(self, number: int) -> list[IndexedSegment]:
        sounds = [self._segment(Role.SOUNDS, number * WINDOWS + part, part * 30_000, 30_000) for part in range(WINDOWS)]
        lines = [self._segment(Role.SPEECH, number * LINES + part, part * 5_000, 4_000) for part in range(LINES)]
        return sounds + lines

    def _segment(self, role: Role, row: int, start_ms: int | None = None, length_ms: int = 0) -> IndexedSegment:
        vectors = {space_id: matrix[row] for space_id, matrix in self._vectors[role].items()}
        if start_ms is None:
            return IndexedSegment(vectors)
        end_ms = start_ms + length_ms
        line = Line(start_ms, end_ms, " ".join(self._said[row]), "en") if role is Role.SPEECH else None
        return IndexedSegment(vectors, start_ms, end_ms, line)


def build(library: LibraryPaths, items: int, encoders: list[EncoderSpec]) -> None:
    """Fills the catalog through its own methods, as indexing does."""
    storage = Storage.open(library)
    storage.catalog.plan_spaces(encoders, {encoder.role: encoder.encoder_id for encoder in encoders})
    jpegs = thumbnails()
    made_up = MadeUp(items, encoders)
    folders = [storage.catalog.add_folder(library.root.parent / "photos" / str(year)) for year in YEARS]
    for number, folder in enumerate(folders):
        found = []
        for row in range(number, items, len(folders)):
            name, kind = (
                (f"REC_{row:06}.wav", Kind.AUDIO) if row % RECORDINGS == 0 else (f"IMG_{row:06}.jpg", Kind.IMAGE)
            )
            found.append(FoundFile(bytes(folder.path / name), kind, Signature(1, row + 1, 1000 + row, row, row)))
        storage.catalog.apply_changes(folder.folder_id, Changes(added=found))
    done = 0
    while batch := storage.catalog.claim(1000):
        storage.save([(made_up.file(item), jpegs[item.file_id % len(jpegs)]) for item in batch])
        done += len(batch)
        print(f"\r  {done:,} of {items:,} items", end="", flush=True)
    print()
    storage.close()


def timed(engine: Engine, questions: list[Question]) -> list[float]:
    """Milliseconds from asking to the answer in hand, question by question."""
    times = []
    for question in questions:
        started = time.perf_counter()
        engine.search(question).result()
        times.append((time.perf_counter() - started) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--library", type=Path)
    arguments = parser.parse_args()
    heading("scale")
    folder = arguments.library or Path(tempfile.mkdtemp(prefix="likewise-scale-")) / "library"
    library = LibraryPaths(folder)
    with open_engine(folder.with_name("specs")) as probe:
        probe.opened.result()
        encoders = encoders_in_use(probe.models())
    if not library.catalog.exists():
        build(library, arguments.items, encoders)
        started = time.perf_counter()
        with open_engine(folder) as engine:
            engine.start(watch=False)
            engine.wait_idle().result()
        print(f"stores built and saved in {time.perf_counter() - started:.0f} s")

    started = time.perf_counter()
    with open_engine(folder) as engine:
        engine.opened.result()
        opened_s = time.perf_counter() - started
        browsed = engine.search(Question(limit=arguments.items)).result()
        browsed_s = time.perf_counter() - started
        engine.search(Question(QUERIES[0])).result()
        first_s = time.perf_counter() - started
        print(
            f"opened {opened_s:.2f} s · all {len(browsed.results):,} listed {browsed_s:.2f} s"
            f" · first answer {first_s:.2f} s"
        )

        june = Filters(since="2015-06-01", until="2016-06-30")
        year = Filters(folder_id=engine.folders().result()[3].folder_id)
        broad = Filters(since="2012-01-01")
        for title, filters in (
            ("no filter", Filters()),
            ("two Junes", june),
            ("one folder", year),
            ("14 of 16 years", broad),
            ("recordings", Filters(kinds=frozenset({Kind.AUDIO}))),
        ):
            questions = [Question(words, filters=filters) for words in QUERIES]
            timed(engine, questions[:5])
            print(f"  {title:16} {percentiles(timed(engine, questions))}")
        for title, texts in (
            ("common words", ["the dog", "we", "a train to the station", "red car"]),
            ("while typing", ["be", "bea", "beac", "beach"]),
            ("names, dates", ["IMG_012345", "2015", "2015-06", "photos", "IMG"]),
        ):
            print(f"  {title:16} {percentiles(timed(engine, [Question(text) for text in texts] * 10))}")
    recall(library, [spec for encoder in encoders for spec in encoder.spaces])


def recall(library: LibraryPaths, specs: list[SpaceSpec]) -> None:
    """recall@10 against exact search over the vectors read back from the catalog, and how long either takes."""
    reader = Reader(library)
    searcher = Searcher(library)
    searcher.use(specs)
    searcher.meet({spec.space_id: clustered(200, spec.dim, 9) for spec in specs})
    while searcher.work():
        continue
    rng = np.random.default_rng(1)
    for spec in specs:
        ids, stored = reader.vectors(spec.space_id, reader.searchable(spec.space_id).come)
        queries = stored[rng.choice(len(stored), 100, replace=False)]
        queries += 0.3 * rng.standard_normal(queries.shape).astype(np.float32) / np.sqrt(spec.dim)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        hits, wanted, answer_ms, exact_ms = 0, 0, [], []
        for query in queries:
            answer = searcher.answer(Question("made up", limit=10), [Asked({spec.space_id: query[None]})])
            answer_ms.append(answer.elapsed_ms)
            started = time.perf_counter()
            scores = stored @ query
            best = np.argpartition(scores, -10)[-10:]
            exact_ms.append((time.perf_counter() - started) * 1000)
            files, _ = reader.files_of(reader.item_of_each(ids[best]))
            truth = {result.path for result in reader.results_of_files(files)}
            hits += len(truth & {result.path for result in answer.results})
            wanted += len(truth)
        print(f"  {spec.space_id}: recall@10 {hits / wanted:.3f} of exact")
        print(f"    whole answer but the encoder: {percentiles(answer_ms)}")
        print(f"    numpy's exact scores alone:   {percentiles(exact_ms)}")
    searcher.close()
    reader.close()


if __name__ == "__main__":
    main()
