"""Videos and speech through the whole program: each set indexed by the engine, each question answered by its search.

`python benchmarks/through.py [SET …]`; sets are read from LIKEWISE_SHARED. The peer of each table is what a simple tool
does: chance for videos by words, and the very words (SQLite's FTS5 over the same transcripts) for what is meant.
"""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from report import heading

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import Engine, Example, Filters, Question, open_engine
from core.records import FileId, Kind

SHARED = Path(os.environ.get("LIKEWISE_SHARED", "../shared")) / "data"
ALL = 1000


def labels(name: str) -> list[dict[str, str]]:
    with (SHARED / name / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def indexed(engine: Engine, name: str) -> dict[str, FileId]:
    """The set's files, once all are indexed. They are copied under numbers: their own names say what is in them."""
    folder = engine.library.root.with_name("media")
    folder.mkdir()
    names = {}
    for number, row in enumerate(labels(name)):
        path = folder / f"{number:04}{Path(row['file']).suffix}"
        shutil.copy(SHARED / name / row["file"], path)
        names[path.name] = row["file"]
    engine.start(watch=False)
    started = time.perf_counter()
    engine.add_folder(folder).result()
    engine.wait_idle().result()
    listed = engine.search(Question(limit=ALL)).result().results
    print(f"\n{name}: {len(listed)} files indexed in {time.perf_counter() - started:.0f} s")
    return {names[result.path.name]: result.file_id for result in listed}


def ranking(engine: Engine, question: Question) -> list[FileId]:
    return [result.file_id for result in engine.search(question).result().results]


def rank_of(wanted: FileId, found: Sequence[FileId]) -> float:
    return found.index(wanted) + 1 if wanted in found else float("inf")


def report(title: str, ranks: Sequence[float]) -> None:
    values = np.array(ranks)
    recalls = "  ".join(f"R@{k} {np.mean(values <= k):.3f}" for k in (1, 5, 10))
    print(f"{title:34} {recalls}  MRR {np.mean(1 / values):.3f}  ({len(values)} questions)")


def average_precision(relevant: set[FileId], found: Sequence[FileId]) -> float:
    hits, total = 0, 0.0
    for place, file_id in enumerate(found, start=1):
        if file_id in relevant:
            hits += 1
            total += hits / place
    return total / max(1, len(relevant))


def video_real(engine: Engine) -> None:
    """A caption finds its video; a video finds those of its theme."""
    files = indexed(engine, "video_real")
    rows = [row for row in labels("video_real") if row["file"] in files]
    videos = Filters(kinds=frozenset({Kind.VIDEO, Kind.IMAGE}))
    report(
        "caption → video",
        [rank_of(files[row["file"]], ranking(engine, Question(row["caption"], filters=videos))) for row in rows],
    )
    report("chance", [float(rank) for rank in np.random.default_rng(0).integers(1, len(rows) + 1, 10_000)])
    hits, asked = 0, 0
    for row in rows:
        same = {files[other["file"]] for other in rows if other["theme"] == row["theme"]} - {files[row["file"]]}
        if same:
            found = ranking(engine, Question(examples=(Example(file_id=files[row["file"]]),)))
            asked += 1
            hits += next(file_id for file_id in found if file_id != files[row["file"]]) in same
    print(f"video → video of its theme, P@1: {hits} of {asked}")


def video_copies(engine: Engine) -> None:
    """The original finds what was made of it."""
    files = indexed(engine, "video_copies")
    rows = [row for row in labels("video_copies") if row["file"] in files]
    precisions, recalls = [], []
    for group in sorted({row["group"] for row in rows}):
        members = [row for row in rows if row["group"] == group]
        original = next((row for row in members if row["transform"].startswith("orig")), members[0])
        wanted = {files[row["file"]] for row in members} - {files[original["file"]]}
        found = ranking(engine, Question(examples=(Example(file_id=files[original["file"]]),)))
        found = [file_id for file_id in found if file_id != files[original["file"]]]
        precisions.append(average_precision(wanted, found))
        recalls.append(len(wanted & set(found[: len(wanted)])) / max(1, len(wanted)))
    print(f"original → copies: mAP {np.mean(precisions):.3f}, R-precision {np.mean(recalls):.3f} ({len(precisions)})")


def speech(engine: Engine) -> None:
    """Other words for what is said find the recording."""
    name = "speech_captions_tts"
    files = indexed(engine, name)
    rows = [row for row in labels(name) if row["file"] in files]
    asked = [(row[f"paraphrase{number}"], files[row["file"]]) for row in rows for number in range(1, 5)]
    report("paraphrase → recording", [rank_of(wanted, ranking(engine, Question(text))) for text, wanted in asked])
    report(
        "the very words → recording",
        [rank_of(files[row["file"]], ranking(engine, Question(row["transcript"]))) for row in rows],
    )
    said = {
        file_id: " ".join(line.text for line in engine.details(file_id).result().transcript)
        for file_id in files.values()
    }
    report("peer: words said (FTS5, any word)", [rank_of(wanted, by_words(said, text)) for text, wanted in asked])


def by_words(said: dict[FileId, str], text: str) -> list[FileId]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE said USING fts5 (text, tokenize='porter')")
    connection.executemany("INSERT INTO said (rowid, text) VALUES (?, ?)", said.items())
    words = " OR ".join(f'"{word}"' for word in text.split() if word.isalnum())
    rows = connection.execute("SELECT rowid FROM said WHERE said MATCH ? ORDER BY rank", (words,)).fetchall()
    connection.close()
    return [FileId(row[0]) for row in rows]


SETS: dict[str, Callable[[Engine], None]] = {
    "video_real": video_real,
    "video_copies": video_copies,
    "speech_captions_tts": speech,
}


def main() -> None:
    heading("Videos and speech through the whole program")
    for name in sys.argv[1:] or SETS:
        with tempfile.TemporaryDirectory() as folder, open_engine(Path(folder, "library")) as engine:
            SETS[name](engine)


if __name__ == "__main__":
    main()
