"""Opening a library: one at a time, any older version, no newer one, whatever became of the file."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import LibraryBusyError, LibraryError, LibraryTooNewError
from core.paths import LibraryPaths
from core.records import Filters, Role
from core.store.catalog import Catalog
from core.store.database import connect_writer
from core.store.migrate import APPLICATION_ID, migrate
from tests.conftest import REPOSITORY
from tests.core.store.conftest import LOOKS, MADE, Library

STEPS = REPOSITORY / "core" / "store" / "migrations"
OLD = "CREATE TABLE pet (name TEXT) STRICT;\nINSERT INTO pet VALUES ('cat');\n"
ADD_AGE = "ALTER TABLE pet ADD COLUMN age INTEGER;\nUPDATE pet SET age = 3;\n"
ADD_MANY = """-- long, so that it can be killed on its way
ALTER TABLE pet ADD COLUMN age INTEGER;
INSERT INTO pet (name, age)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT 'dog', i FROM n;
"""


def integrity(catalog: Path) -> str:
    with closing(sqlite3.connect(catalog)) as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])


def run(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    """A Python process of its own, with the repository importable."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, **options)


# one at a time


def test_second_opener_is_refused_and_first_keeps_working(library: Library) -> None:
    with pytest.raises(LibraryBusyError, match="already open"):
        Catalog(library.paths)
    code = (
        "import sys; from core.paths import *; from core.store.catalog import *; from core.errors import *\n"
        "try: Catalog(LibraryPaths(Path(sys.argv[1])))\nexcept LibraryBusyError: print('busy')"
    )
    process = run(code, library.paths.root)
    assert process.communicate()[0] == "busy\n"
    library.add_indexed("a.jpg")
    assert library.reader.counts().items == 1


def test_library_of_a_killed_process_opens_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from core.paths import *; from core.store.catalog import *\n"
        "Catalog(LibraryPaths(Path(sys.argv[1]))); print('open', flush=True); time.sleep(60)"
    )
    process = run(code, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    process.kill()
    process.communicate()
    Catalog(LibraryPaths(tmp_path)).close()


# versions


def test_new_library_is_marked_as_ours(library: Library) -> None:
    with closing(sqlite3.connect(library.paths.catalog)) as database:
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        newest = int(max(step.name for step in STEPS.glob("*.sql"))[:4])
        assert database.execute("PRAGMA user_version").fetchone() == (newest,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_newer_library_is_refused_untouched(library: Library) -> None:
    library.add_indexed("a.jpg")
    library.close()
    with closing(sqlite3.connect(library.paths.catalog)) as database:
        database.execute("PRAGMA user_version=9999")
    before = library.paths.catalog.read_bytes()
    with pytest.raises(LibraryTooNewError, match="newer version"):
        Catalog(library.paths)
    assert library.paths.catalog.read_bytes() == before
    with closing(sqlite3.connect(library.paths.catalog)) as database:
        database.execute("PRAGMA user_version=1")
    library.open()
    assert library.reader.counts().items == 1


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database at version 1 of a made-up schema, whose steps are in the folder `steps` beside it."""
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "0001_initial.sql").write_text(OLD)
    with closing(connect_writer(tmp_path / "old.db")) as connection:
        migrate(connection, tmp_path / "old.db", tmp_path / "steps")
    return tmp_path / "old.db"


def test_old_library_is_brought_up_to_date_after_a_copy_was_put_aside(old: Path) -> None:
    (old.parent / "steps" / "0002_age.sql").write_text(ADD_AGE)
    (old.parent / "steps" / "0003_empty.sql").write_text("-- nothing; to do\n")
    with closing(connect_writer(old)) as connection:
        migrate(connection, old, old.parent / "steps")
        migrate(connection, old, old.parent / "steps")
        assert connection.execute("SELECT name, age FROM pet").fetchall() == [("cat", 3)]
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    with closing(sqlite3.connect(old.with_name("old-before-0003.db"))) as copy:
        assert copy.execute("SELECT * FROM pet").fetchall() == [("cat",)]
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)


def test_step_that_fails_leaves_everything_as_it_was(old: Path) -> None:
    (old.parent / "steps" / "0002_age.sql").write_text(ADD_AGE)
    (old.parent / "steps" / "0003_wrong.sql").write_text("INSERT INTO nowhere VALUES (1);")
    with closing(connect_writer(old)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(connection, old, old.parent / "steps")
        assert connection.execute("SELECT * FROM pet").fetchall() == [("cat",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_kill_in_a_migration_leaves_the_old_or_the_new(old: Path) -> None:
    (old.parent / "steps" / "0002_many.sql").write_text(ADD_MANY)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from core.store.database import *; from core.store.migrate import *\n"
        "path = Path(sys.argv[1]); connection = connect_writer(path)\n"
        "connection.set_progress_handler(lambda: os.kill(os.getpid(), 9), int(sys.argv[2]))\n"
        "migrate(connection, path, path.parent / 'steps')"
    )
    seen = set()
    for instructions in (1, 100, 10**6, 7 * 10**6, 10**9):  # of SQLite's, before the kill; 10**7 are enough
        work = old.with_name("work.db")
        for suffix in ("", "-wal", "-shm"):
            work.with_name(f"work.db{suffix}").unlink(missing_ok=True)
        shutil.copy(old, work)
        process = run(code, work, instructions)
        process.communicate()
        with closing(sqlite3.connect(work)) as database:
            version, columns = (
                database.execute("PRAGMA user_version").fetchone()[0],
                len(database.execute("SELECT * FROM pet").description),
            )
            rows = database.execute("SELECT count(*) FROM pet").fetchone()[0]
        assert (version, columns, rows) in {(1, 1, 1), (2, 2, 300_001)}
        assert integrity(work) == "ok"
        seen.add(version)
    assert seen == {1, 2}


# damage


def test_damaged_library_is_set_aside_and_built_anew(library: Library) -> None:
    library.catalog.add_folder(Path("/more"))
    library.add_indexed(*(f"{number}.jpg" for number in range(50)))
    library.close()
    data = bytearray(library.paths.catalog.read_bytes())
    with closing(sqlite3.connect(library.paths.catalog)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name='embedding'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    data[(page - 1) * size : page * size] = os.urandom(size)
    library.paths.catalog.write_bytes(data)

    library.open()
    assert library.catalog.notice == ""
    with pytest.raises(LibraryError, match="damaged"):
        library.reader.vectors(LOOKS.space_id, library.reader.segments_matching(Filters()))
    library.reopen()
    assert "2 folders" in library.catalog.notice
    assert [str(folder.path) for folder in library.reader.folders()] == ["/pictures", "/more"]
    (kept,) = (library.paths.root / "quarantine").glob("*/catalog.db")
    assert kept.read_bytes()[(page - 1) * size : page * size] == data[(page - 1) * size : page * size]
    library.catalog.plan_spaces([MADE], {Role.PICTURES: "made"})
    library.reopen()
    assert library.catalog.notice == ""


@pytest.mark.parametrize("seed", range(12))
def test_no_damage_keeps_a_library_from_opening(tmp_path: Path, seed: int) -> None:
    library = Library(tmp_path)
    library.add_indexed(*(f"{number}.jpg" for number in range(30)))
    library.close()
    rng = random.Random(seed)
    data = bytearray(library.paths.catalog.read_bytes())
    if seed == 0:
        data = bytearray(b"no database at all" * 500)
    elif seed == 1:
        del data[len(data) // 2 :]
    else:
        start = 0 if seed == 2 else rng.randrange(len(data) - 512)
        data[start : start + 512] = rng.randbytes(512)
    library.paths.catalog.write_bytes(data)
    (tmp_path / ".damaged").touch()
    library.open()
    assert integrity(library.paths.catalog) == "ok"
    assert {folder.path for folder in library.reader.folders()} <= {Path("/pictures")}
    library.close()


# disks

IN_A_SMALL_DISK = """
import sys
from pathlib import Path
import numpy as np
from core.errors import LibraryError
from core.records import Filters, Role
from core.store.thumbnails import Thumbnails
from core.store.vectors.space_index import SpaceIndex
from tests.core.store.conftest import WORDS, Library, found

disk = Path(sys.argv[1])
library = Library(disk / "library")
thumbnails = Thumbnails(library.paths.thumbnails)
(disk / "filler").write_bytes(bytes(1 << 20))
library.add(*(found(f"/pictures/{number}.jpg") for number in range(4000)))
said, acknowledged = "", 0
try:
    while True:
        library.index_some(64)
        acknowledged = library.reader.counts().items
except LibraryError as error:
    said = str(error)
print(said)
assert library.reader.counts().items == acknowledged > 0, "what was acknowledged is there, and nothing else"
assert len(library.reader.browse(Filters(), 10)) == 10, "search goes on"
index = SpaceIndex(library.paths, library.reader, WORDS.space_id)
index.open()
while index.work():
    pass
try:
    index.begin_snapshot()
except LibraryError as error:
    print(error)
assert not list(library.paths.stores.iterdir()), "no half of a file is left"
assert len(index.search(np.ones(WORDS.dim, np.float32), 10)[0]) == 10
try:
    thumbnails.put_many([(b"x" * 32, bytes(3 << 20))])
except LibraryError as error:
    print(error)
(disk / "filler").unlink()
library.index_some(1)
assert library.reader.counts().items == acknowledged + 1, "it goes on once there is room"
library.reopen()
library.close()
thumbnails.close()
"""


PRIVATE_MOUNTS = ["unshare", "-Urm", "true"]


def in_a_namespace(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell script where mounts are ours and vanish with it; skips where the system does not let us."""
    if shutil.which("unshare") is None or subprocess.run(PRIVATE_MOUNTS, check=False).returncode:
        pytest.skip("this system gives no user namespace (unshare -Urm), so no disk can be filled")
    command = [*PRIVATE_MOUNTS[:-1], "sh", "-ec", script, "sh", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, text=True, capture_output=True, check=False)


def test_full_disk_stops_saving_but_nothing_else(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=6m tmpfs "$1"; exec "$2" -c "$3" "$1"'
    done = in_a_namespace(script, str(tmp_path), sys.executable, IN_A_SMALL_DISK)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is full") == 2
    assert "could not be saved" in done.stdout


def test_read_only_disk_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; from core.paths import *; from core.store.catalog import *; from core.errors import *\n"
        "try: Catalog(LibraryPaths(Path(sys.argv[1])))\nexcept LibraryError as error: print(error)"
    )
    script = 'mount -t tmpfs tmpfs "$1"; mkdir "$1/library"; mount -o remount,ro "$1"; exec "$2" -c "$3" "$1/library"'
    done = in_a_namespace(script, str(tmp_path), sys.executable, code)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/library" in done.stdout
    assert "Read-only" in done.stdout


def test_a_folder_among_the_stores_keeps_no_library_from_opening(library: Library) -> None:
    (library.paths.stores / "mine").mkdir()
    (library.paths.stores / "stray.hnsw").write_bytes(b"half")
    library.reopen()
    assert [path.name for path in library.paths.stores.iterdir()] == ["mine"]


def test_a_copy_that_cannot_be_put_aside_leaves_nothing(old: Path) -> None:
    (old.parent / "steps" / "0002_age.sql").write_text(ADD_AGE)
    old.with_name("old-before-0002.db").mkdir()
    with closing(connect_writer(old)) as connection, pytest.raises(LibraryError, match="copy"):
        migrate(connection, old, old.parent / "steps")
    assert not list(old.parent.glob("*.tmp*"))


def test_a_disk_that_cannot_lock_files_is_not_called_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(LibraryError, match="No locks available") as caught:
        Catalog(LibraryPaths(tmp_path / "library"))
    assert not isinstance(caught.value, LibraryBusyError)
