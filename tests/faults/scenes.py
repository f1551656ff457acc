"""Write paths on which any call may fail, or end the process: what is done, and what must be so afterwards.

A scene is prepared once. `act` does its work and, told of an error, does it again: each call fails only once. Then it
must be as if nothing had happened (`is_done`). What a killed process leaves `is_whole`, and `act` goes on from there.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import hnswlib  # noqa: F401 - else each fork would import it
import numpy as np
import sqlite_utils  # noqa: F401 - likewise

from core.errors import CoreError
from core.paths import LibraryPaths
from core.records import Changes, Filters, Reason, SpaceId, Stage
from core.settings import Settings
from core.storage import Storage
from core.store.catalog import Catalog
from core.store.reader import Reader
from core.store.vectors import hnsw
from core.store.vectors.exact import ExactStore
from core.store.vectors.space_index import SpaceIndex
from tests.conftest import REPOSITORY
from tests.core.store.conftest import LOOKS, WORDS, Library, found, indexed, unit_vector

T = TypeVar("T")
KILL = -1
FIXTURES = REPOSITORY / "tests" / "fixtures" / "libraries"
BROKEN = b"/pictures/13.jpg"
FILES = 40


def persist(step: Callable[[], T]) -> T:
    """Does a step until it works; whatever is told must be a sentence, and be over the next time."""
    for _ in range(3):
        try:
            return step()
        except CoreError as error:
            print("told:", error)
    raise AssertionError("it does not recover")


def integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])


def answers_exactly(
    index: SpaceIndex, reader: Reader, count: int = 600, space: SpaceId = WORDS.space_id, dim: int = WORDS.dim
) -> None:
    exact = ExactStore(dim)
    for ids, vectors in reader.vector_batches(space, reader.searchable(space).come, 1000):
        exact.add(ids, vectors)
    assert index.count == exact.count == count
    for query in (b"query", b"another", b"third"):
        vector = unit_vector(query, dim)
        assert np.array_equal(index.search(vector, 10)[0], exact.search(vector, 10)[0])


class Scene:
    """By default whole is what opens, with everything in it."""

    def prepare(self, paths: LibraryPaths) -> None:
        raise NotImplementedError

    def act(self, paths: LibraryPaths) -> None:
        raise NotImplementedError

    def is_whole(self, paths: LibraryPaths) -> None:
        with closing(Catalog(paths)) as catalog:
            assert catalog.notice == ""
        assert integrity(paths.catalog) == "ok"

    def is_done(self, paths: LibraryPaths) -> None:
        raise NotImplementedError


class Making(Scene):
    """A library is made."""

    def prepare(self, paths: LibraryPaths) -> None:
        paths.root.mkdir()

    def act(self, paths: LibraryPaths) -> None:
        catalog = persist(lambda: Catalog(paths))
        persist(lambda: catalog.add_folder(Path("/pictures")))
        catalog.close()

    def is_done(self, paths: LibraryPaths) -> None:
        with closing(Catalog(paths)), closing(Reader(paths)) as reader:
            assert [folder.path for folder in reader.folders()] == [Path("/pictures")]


class Indexing(Scene):
    """Files are scanned, claimed, saved with thumbnails, one fails; what the user made is backed up."""

    pictures_are_safe = True

    def prepare(self, paths: LibraryPaths) -> None:
        library = Library(paths.root)
        library.add(*(found(f"/pictures/{number}.jpg") for number in range(FILES // 2)))
        library.close()

    def act(self, paths: LibraryPaths) -> None:
        storage = persist(lambda: Storage.open(paths))
        with closing(Reader(paths)) as reader:
            folder = reader.folders()[0].folder_id
            known = {file.path for file in reader.known_files(folder)}
        more = [found(f"/pictures/{number}.jpg") for number in range(FILES)]
        added = Changes(added=[file for file in more if file.path not in known])
        persist(lambda: storage.catalog.apply_changes(folder, added))
        while persist(lambda: self._some(storage)):
            pass
        persist(lambda: storage.backups.make_if_changed(storage.catalog.users_rows()))
        storage.close()

    def _some(self, storage: Storage) -> int:
        storage.catalog.release()  # as the pipeline does
        work = storage.catalog.claim(8)
        for item in work:
            if item.path == BROKEN:
                storage.catalog.fail(item.file_id, Stage.DECODE, Reason.DAMAGED, "It is damaged.", retryable=False)
        storage.save([(indexed(item, item.path), item.path) for item in work if item.path != BROKEN])
        for item in work:
            print("saved", os.fsdecode(item.path), flush=True)
        return len(work)

    def is_whole(self, paths: LibraryPaths) -> None:
        super().is_whole(paths)
        with closing(Storage.open(paths)) as storage, closing(Reader(paths)) as reader:
            found_files = reader.browse(Filters(), 1000)
            assert len({result.path for result in found_files}) == len(found_files)
            for result in found_files:
                content = reader.content_hash(result.item_id)
                assert content is not None
                picture = storage.thumbnails.get(content)
                assert picture == os.fsencode(result.path) or (picture is None and not self.pictures_are_safe)
            ids = reader.searchable(WORDS.space_id).come
            assert len(ids) == len(found_files)
            for space in (WORDS, LOOKS):
                assert len(reader.vectors(space.space_id, ids)[0]) == len(ids)
            assert {failure.path for failure in reader.failures()} <= {Path(os.fsdecode(BROKEN))}

    def is_done(self, paths: LibraryPaths) -> None:
        with closing(Storage.open(paths)) as storage, closing(Reader(paths)) as reader:
            counts = reader.counts()
            assert (counts.files, counts.items, counts.waiting, counts.failed) == (FILES, FILES - 1, 0, 1)
            assert storage.backups.all()[0].folders == (Path("/pictures"),)


class Snapshots(Scene):
    """Graphs are built and saved."""

    def prepare(self, paths: LibraryPaths) -> None:
        library = Library(paths.root)
        library.add_indexed(*(f"{number}.jpg" for number in range(600)))
        library.close()

    def act(self, paths: LibraryPaths) -> None:
        catalog = persist(lambda: Catalog(paths))
        with closing(Reader(paths)) as reader:
            index = SpaceIndex(paths, reader, WORDS.space_id)
            index.open()
            while index.work():
                pass
            try:
                while (pending := index.begin_snapshot()) is not None:
                    catalog.save_snapshot(pending.finish())
            except CoreError as error:
                print("told:", error)  # and it is made up for at the next start
        catalog.close()

    def is_whole(self, paths: LibraryPaths) -> None:
        super().is_whole(paths)
        with closing(Catalog(paths)), closing(Reader(paths)) as reader:
            named = {snapshot.file for snapshot in reader.snapshots(WORDS.space_id)}
            assert {file.name for file in paths.stores.iterdir()} == named, "no half of a file is left"
            index = SpaceIndex(paths, reader, WORDS.space_id)
            index.open()
            while index.work():
                pass
            answers_exactly(index, reader)

    def is_done(self, paths: LibraryPaths) -> None:
        self.is_whole(paths)


class Migrating(Scene):
    """A library of the first version is brought up to date."""

    def prepare(self, paths: LibraryPaths) -> None:
        paths.root.mkdir()
        shutil.copy(FIXTURES / "0001.db", paths.catalog)

    def act(self, paths: LibraryPaths) -> None:
        persist(lambda: Catalog(paths)).close()

    def is_whole(self, paths: LibraryPaths) -> None:
        with closing(sqlite3.connect(paths.catalog)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")}
            assert version == 1 or "understood" in tables
            assert version > 1 or "understood" not in tables
        super().is_whole(paths)

    def is_done(self, paths: LibraryPaths) -> None:
        with closing(Catalog(paths)), closing(Reader(paths)) as reader:
            assert len(reader.browse(Filters(), 10)) == 3
        (copy,) = paths.root.glob("catalog-before-*.db")
        assert integrity(copy) == "ok"


class Replacing(Scene):
    """A damaged library is set aside and what only the user can make restored."""

    FOLDERS = (Path("/pictures"), Path("/more"))

    def prepare(self, paths: LibraryPaths) -> None:
        library = Library(paths.root)
        library.catalog.add_folder(Path("/more"))
        library.add_indexed(*(f"{number}.jpg" for number in range(30)))
        library.close()
        with closing(Storage.open(paths)) as storage:
            storage.back_up_if_changed()
        data = bytearray(paths.catalog.read_bytes())
        data[4096:8192] = random.Random(1).randbytes(4096)
        paths.catalog.write_bytes(data)
        paths.root.joinpath(".damaged").touch()

    def act(self, paths: LibraryPaths) -> None:
        persist(lambda: Catalog(paths)).close()

    def is_whole(self, paths: LibraryPaths) -> None:
        self.is_done(paths)

    def is_done(self, paths: LibraryPaths) -> None:
        with closing(Catalog(paths)), closing(Reader(paths)) as reader:
            assert {folder.path for folder in reader.folders()} == {*self.FOLDERS}
        assert integrity(paths.catalog) == "ok"
        assert list(paths.root.glob("quarantine/*/catalog.db")), "the damaged file is kept"


class GoingBack(Scene):
    """The settings are saved, a backup is made, and an older one is gone back to."""

    def prepare(self, paths: LibraryPaths) -> None:
        with closing(Storage.open(paths)) as storage:
            storage.catalog.add_folder(Path("/old"))
            storage.back_up_if_changed()
            storage.catalog.restore({"folder": [{"path": b"/new 1"}, {"path": b"/new 2"}]})
        Settings(batch_size=2).save(paths.settings)

    def act(self, paths: LibraryPaths) -> None:
        storage = persist(lambda: Storage.open(paths))
        persist(lambda: Settings(batch_size=3).save(paths.settings))
        persist(lambda: storage.backups.make(storage.catalog.users_rows()))
        persist(lambda: storage.catalog.restore(storage.backups.content(1).rows))
        storage.close()

    def is_whole(self, paths: LibraryPaths) -> None:
        super().is_whole(paths)
        text = paths.settings.read_text("utf-8")
        assert Settings.parse(text) in {Settings(batch_size=2), Settings(batch_size=3)}
        with closing(Storage.open(paths)) as storage, closing(Reader(paths)) as reader:
            watched = {str(folder.path) for folder in reader.folders()}
            assert watched in ({"/old"}, {"/new 1", "/new 2"}), "all of one or all of the other"
            assert storage.backups.content(1).rows["folder"] == [{"path": b"/old"}]

    def is_done(self, paths: LibraryPaths) -> None:
        with closing(Storage.open(paths)) as storage, closing(Reader(paths)) as reader:
            assert [str(folder.path) for folder in reader.folders()] == ["/old"]
            assert (Path("/new 1"), Path("/new 2")) in {backup.folders for backup in storage.backups.all()}
        assert Settings.parse(paths.settings.read_text("utf-8")) == Settings(batch_size=3)


SCENES = {scene.__name__: scene() for scene in (Making, Indexing, Snapshots, Migrating, Replacing, GoingBack)}


# what forks call


def prepare(name: str, root: str) -> None:
    SCENES[name].prepare(LibraryPaths(Path(root)))


def act(name: str, root: str) -> None:
    SCENES[name].act(LibraryPaths(Path(root)))


def strike(name: str, faults: str, prepared: str, root: str, nth: int, error: int) -> None:
    """Acts while the nth call that writes into `root` fails; prints at last how many there were."""
    shutil.copytree(prepared, root)
    paths, scene = LibraryPaths(Path(root)), SCENES[name]
    library = ctypes.CDLL(faults)
    library.fault_arm(os.fsencode(root), nth, error)
    scene.act(paths)
    calls = library.fault_calls()
    library.fault_arm(b"", 0, 0)
    scene.is_whole(paths)
    scene.is_done(paths)
    print(calls)


def recover(name: str, root: str) -> None:
    """After a kill."""
    paths, scene = LibraryPaths(Path(root)), SCENES[name]
    scene.is_whole(paths)
    scene.act(paths)
    scene.is_whole(paths)
    scene.is_done(paths)


def acknowledged(root: str, *said: str) -> None:
    """What was said to be saved before a kill is there."""
    wanted = {line.removeprefix("saved ") for line in said} - {os.fsdecode(BROKEN)}
    paths = LibraryPaths(Path(root))
    with closing(Catalog(paths)), closing(Reader(paths)) as reader:
        assert wanted <= {str(result.path) for result in reader.browse(Filters(), 1000)}


def damage_a_graph(prepared: str, root: str, seed: int) -> None:
    """Damages the file of a graph; search must be right before, while and after it is made anew."""
    shutil.copytree(prepared, root)
    hnsw.EXACT_PER_RESULT = 1  # else so few vectors would be searched without their graph
    paths, rng = LibraryPaths(Path(root)), random.Random(seed)
    (path,) = paths.stores.iterdir()
    data = bytearray(path.read_bytes())
    at, page = rng.randrange(len(data)), 4096 * rng.randrange(1 + len(data) // 4096)
    kind = seed % 5
    if kind == 0:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[at : at + 64] = rng.randbytes(64)
    elif kind == 2:
        data[: rng.randrange(1, 96)] = b""
    elif kind == 3:
        del data[at:]
    else:
        data[page : page + 4096] = bytes(4096)
    path.write_bytes(data)
    with closing(Catalog(paths)), closing(Reader(paths)) as reader:
        index = SpaceIndex(paths, reader, WORDS.space_id)
        index.open()
        answers_exactly(index, reader)
        while index.work():
            answers_exactly(index, reader)
        answers_exactly(index, reader)


def write_for_ever(root: str) -> None:
    """Indexes made-up files, says so after each commit, and saves snapshots in between, until it is killed."""
    library = Library(Path(root))
    index = SpaceIndex(library.paths, library.reader, WORDS.space_id)
    index.open()
    print("open", flush=True)
    for batch in range(sys.maxsize):
        if not (work := library.catalog.claim(16)):
            first = library.reader.counts().files
            library.add(*(found(f"/pictures/{number}.jpg", number % 7) for number in range(first, first + 500)))
            continue
        library.catalog.save([indexed(item, item.path) for item in work])
        print(" ".join(os.fsdecode(item.path) for item in work), flush=True)
        if batch % 3 == 0:
            index.refresh()
            while index.work():
                pass
            while (pending := index.begin_snapshot()) is not None:
                library.catalog.save_snapshot(pending.finish())


def migrate_once(root: str, steps: str, kill_after: int) -> None:
    """Brings a library up to the last step in `steps`; killed after so many of SQLite's instructions, if any."""
    from core.store.database import connect_writer
    from core.store.migrate import migrate

    paths = LibraryPaths(Path(root))
    ran = 0

    def tick() -> None:
        nonlocal ran
        ran += 1
        if ran == kill_after:
            os.kill(os.getpid(), 9)

    with closing(connect_writer(paths.catalog)) as connection:
        connection.set_progress_handler(tick, 10)
        migrate(connection, paths.catalog, Path(steps))
    print(ran)
