"""A library of each version before comes through with everything in it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.paths import LibraryPaths
from core.records import Changes, ContentHash, EncoderSpec, FileId, Filters, Kind, Role, SpaceId, SpaceSpec
from core.store.catalog import Catalog
from core.store.database import connect_writer
from core.store.migrate import migrate
from core.store.reader import Reader
from tests.conftest import REPOSITORY
from tests.core.store.conftest import found, unit_vector

STEPS = REPOSITORY / "core" / "store" / "migrations"
WORDS = SpaceSpec(SpaceId("starter/words@1"), 24, answers_text=True, answers_media=False, reason="matches the words")
LOOKS = SpaceSpec(SpaceId("starter/looks@1"), 40, answers_text=False, answers_media=True, reason="looks like")
STARTER = EncoderSpec("starter", "Starter", "1", Role.PICTURES, (WORDS, LOOKS))
SPEECH = EncoderSpec("texts", "Texts", "1", Role.SPEECH, (SpaceSpec(SpaceId("texts/lines@1"), 8, True, False, "says"),))


def fill_version_1(db: sqlite3.Connection) -> None:
    """Two folders; a picture, its copy and one more, understood; one that waits, one that failed; an orphan."""
    db.execute("INSERT INTO folder (id, path) VALUES (1, ?), (2, ?)", (b"/pictures", b"/more/Lyon"))
    for space_id, spec in ((1, WORDS), (2, LOOKS)):
        db.execute("INSERT INTO space (id, name, dim) VALUES (?, ?, ?)", (space_id, spec.space_id, spec.dim))
    for item, orphaned in ((1, None), (2, None), (3, 1000)):
        db.execute(
            """INSERT INTO item (id, content_hash, kind, width, height, format, taken_at, camera, colour, orphaned_at)
               VALUES (?, ?, 'image', 640, 480, 'JPEG', '2020-02-02T00:00:00', 'Camera', 7, ?)""",
            (item, bytes([item]) * 32, orphaned),
        )
        db.execute("INSERT INTO segment (id, item_id) VALUES (?, ?)", (10 + item, item))
        for space_id, spec in ((1, WORDS), (2, LOOKS)):
            db.execute(
                "INSERT INTO embedding (segment_id, space_id, vector) VALUES (?, ?, ?)",
                (10 + item, space_id, unit_vector(bytes([item]), spec.dim).tobytes()),
            )
    files = [
        (1, 1, "/pictures/Old Tower.jpg", "done", 1),
        (2, 2, "/more/Lyon/copy.jpg", "done", 1),
        (3, 1, "/pictures/sub/two.jpg", "done", 2),
        (4, 1, "/pictures/waits.jpg", "waiting", None),
        (5, 1, "/pictures/broken.jpg", "failed", None),
    ]
    for file_id, folder, path, state, item in files:
        name = Path(path).name.lower()
        db.execute(
            """INSERT INTO file (id, folder_id, path, name_key, stem_key, kind, signature, size_bytes, mtime, state,
                   item_id, date_key)
               VALUES (?, ?, ?, ?, ?, 'image', '1 2 3 4 5', 3, 4.0, ?, ?, '2020-02-02T00:00:00')""",
            (file_id, folder, path.encode(), name, name[:-4], state, item),
        )
    db.execute("INSERT INTO failure VALUES (5, 'decode', 'damaged', 'It is damaged.', 9.0, 0)")


@pytest.fixture
def version_1(tmp_path: Path) -> LibraryPaths:
    """A library as version 1 left it."""
    paths = LibraryPaths(tmp_path / "library")
    paths.root.mkdir()
    (tmp_path / "steps").mkdir()
    shutil.copy(STEPS / "0001_initial.sql", tmp_path / "steps")
    with closing(connect_writer(paths.catalog)) as connection:
        migrate(connection, paths.catalog, tmp_path / "steps")
        fill_version_1(connection)
    return paths


def test_version_1_comes_through_with_everything_in_it(version_1: LibraryPaths) -> None:
    with closing(Catalog(version_1)) as catalog, closing(Reader(version_1)) as reader:
        plan = catalog.plan_spaces([STARTER], {Role.PICTURES: "starter"})
        assert plan.active == {WORDS.space_id, LOOKS.space_id}
        assert catalog.shares() == {}
        assert [work.path for work in catalog.claim(64)] == [b"/pictures/waits.jpg"], "nothing is understood again"

        assert {str(result.path) for result in reader.browse(Filters(), 10)} == {
            "/pictures/Old Tower.jpg",
            "/more/Lyon/copy.jpg",
            "/pictures/sub/two.jpg",
        }
        (failure,) = reader.failures()
        assert (failure.path, failure.sentence) == (Path("/pictures/broken.jpg"), "It is damaged.")
        assert [str(folder.path) for folder in reader.folders()] == ["/pictures", "/more/Lyon"]
        for item in (1, 2):
            ids, vectors = reader.vectors(LOOKS.space_id, np.array([10 + item]))
            assert ids.tolist() == [10 + item]
            assert vectors[0].tobytes() == unit_vector(bytes([item]), LOOKS.dim).tobytes()
            known = reader.find_item(ContentHash(bytes([item]) * 32))
            assert known == (item, Kind.IMAGE, {WORDS.space_id, LOOKS.space_id})
        assert reader.searchable(WORDS.space_id).come.tolist() == [11, 12]
        details = reader.details(FileId(1))
        assert details is not None
        assert (details.metadata.camera, details.metadata.duration_ms, details.metadata.title) == ("Camera", 0, "")
        assert (details.transcript, details.peaks) == ((), b"")
        assert reader.named("tower").ids.tolist() == [1]
        assert reader.files_in("lyon") == [2]
    assert len(list(version_1.root.glob("catalog-before-*.db"))) == 1


def test_version_1_goes_on_as_a_new_library_does(version_1: LibraryPaths) -> None:
    with closing(Catalog(version_1)) as catalog, closing(Reader(version_1)) as reader:
        catalog.plan_spaces([STARTER, SPEECH], {Role.PICTURES: "starter", Role.SPEECH: "texts"})
        assert reader.counts().waiting == 1, "photos say nothing"
        catalog.remove_folder(reader.folders()[0].folder_id)
        assert reader.named("tower").ids.size == 0
        assert [str(result.path) for result in reader.browse(Filters(), 10)] == ["/more/Lyon/copy.jpg"]
        assert len(catalog.purge_orphans(older_than_days=-1)) == 2
        assert reader.searchable(WORDS.space_id).come.tolist() == [11]
        folder = catalog.add_folder(Path("/pictures")).folder_id
        catalog.apply_changes(folder, Changes(added=[found("/pictures/Old Tower.jpg")]))
        assert reader.named("tower").ids.size == 1


def test_a_migrated_library_has_the_schema_of_a_new_one(version_1: LibraryPaths, tmp_path: Path) -> None:
    Catalog(version_1).close()
    new = LibraryPaths(tmp_path / "new")
    Catalog(new).close()

    def schema(paths: LibraryPaths) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(paths.catalog)) as database:
            return database.execute(
                "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
            ).fetchall()

    assert schema(version_1) == schema(new)
