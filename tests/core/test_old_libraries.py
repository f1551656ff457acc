"""A library of every released version opens with everything in it, and nothing that is still valid is done again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core import Kind, Settings, open_engine
from core.decode.decoder import kind_of
from core.paths import LibraryPaths
from core.store.changes import signature_text
from core.watch.scan import scan
from tests.conftest import WAIT_S
from tests.core.steps import ask, names, work_of
from tests.faults.scenes import FIXTURES
from tests.fixtures.libraries.make import PHOTOS, fill

MADE = sorted(FIXTURES.glob("*.db"))


def test_every_released_version_is_kept() -> None:
    assert {"0001", "0002"} <= {fixture.stem for fixture in MADE}


@pytest.mark.parametrize("fixture", MADE, ids=lambda path: path.stem)
def test_an_old_library_is_not_read_anew(tmp_path: Path, fixture: Path, model_cache: Path) -> None:
    media, paths = tmp_path / "media", LibraryPaths(tmp_path / "library")
    media.mkdir()
    fill(media)
    paths.root.mkdir()
    shutil.copy(fixture, paths.catalog)
    has_sounds = fixture.stem > "0001"
    if not has_sounds:
        (media / "tone.wav").unlink()
    with closing(sqlite3.connect(paths.catalog)) as database:  # as if its files had always been in this folder
        vectors = database.execute("SELECT count(*), sum(length(vector)) FROM embedding").fetchone()
        database.execute("UPDATE folder SET path=?", (bytes(media),))
        for file in scan(media, kind_of).files:
            name = Path(file.path.decode()).name
            database.execute(
                "UPDATE file SET path=?, signature=? WHERE CAST(path AS TEXT) LIKE ?",
                (file.path, signature_text(file.signature), f"%/{name}"),
            )
        database.commit()

    with open_engine(paths.root, Settings(decode_processes=1)) as engine:
        engine.opened.result(WAIT_S)

        def run() -> None:
            engine.start(watch=False)
            engine.wait_idle().result(WAIT_S)

        assert work_of(engine, run) == 0, "nothing was decoded"
        found = {*PHOTOS, "tone.wav"} if has_sounds else {*PHOTOS}
        assert {*names(ask(engine))} == found
        assert names(ask(engine, "a cat"))[0] == "chelsea.png"
        assert [failure.path.name for failure in engine.failures().result(WAIT_S)] == ["broken.jpg"]
        (folder,) = engine.folders().result(WAIT_S)
        assert (folder.path, folder.waiting, folder.failed) == (media, 0, 1)
        assert (folder.found[Kind.IMAGE], engine.backups.create().result(WAIT_S).folders) == (3, (media,))
    with closing(sqlite3.connect(paths.catalog)) as database:
        assert database.execute("SELECT count(*), sum(length(vector)) FROM embedding").fetchone() == vectors
