"""A library moves to Milvus and back, is compared with it, and goes on where a move was broken off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.command_line import main
from core.opening import settings_of
from core.paths import LibraryPaths
from core.settings import Settings
from core.store.vectors.moving import check_stores, fill_stores
from core.store.vectors.remote import server as servers
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.place import MilvusPlace, library_id
from core.store.vectors.remote.server import MilvusServer
from tests.core.store.conftest import LOOKS, WORDS, Library

COUNT = 700


@pytest.fixture
def filled(library: Library) -> Library:
    """A library of 700 pictures in two spaces, closed."""
    library.add_indexed(*(f"{number}.jpg" for number in range(COUNT)))
    library.close()
    return library


def run(library: LibraryPaths, *words: object) -> int:
    return main(["store", *map(str, words), "--library", str(library.root)])


def test_there_and_back(filled: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths, place = filled.paths, tmp_path / "milvus.db"
    assert run(paths, "move", "milvus", "--milvus-uri", place) == 0
    assert str(place) in capsys.readouterr().out
    settings = settings_of(paths)
    assert (settings.vector_store, settings.milvus_uri) == ("milvus", str(place))
    assert run(paths, "check", "--json") == 0
    checks = json.loads(capsys.readouterr().out)
    assert {(check["space_id"], check["wanted"], check["missing"]) for check in checks} == {
        (WORDS.space_id, COUNT, 0),
        (LOOKS.space_id, COUNT, 0),
    }
    assert run(paths, "move", "hnsw") == 0
    assert settings_of(paths).vector_store == "hnsw"
    assert len(list(paths.stores.iterdir())) >= 2
    capsys.readouterr()
    assert run(paths, "check") == 0
    assert "this program" in capsys.readouterr().out
    assert run(paths, "check", "--store", "milvus", "--json") == 0  # nothing was left behind there
    assert [check["missing"] for check in json.loads(capsys.readouterr().out)] == [COUNT, COUNT]
    filled.open()


def test_move_that_was_broken_off_goes_on(filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.open()
    place = MilvusPlace(str(tmp_path / "milvus.db"), library_id(filled.paths))
    sent: list[int] = []
    feed = MilvusCollection.feed

    def count(part: MilvusCollection, ids: object, *rest: object) -> None:
        feed(part, ids, *rest)  # type: ignore[arg-type]
        sent.append(len(ids))  # type: ignore[arg-type]

    class BrokenOffError(Exception):
        """Ctrl+C."""

    def break_off(done: int, total: int) -> None:
        assert total == 2 * COUNT
        if done > COUNT:
            raise BrokenOffError

    monkeypatch.setattr(MilvusCollection, "feed", count)
    server = MilvusServer(place)
    with pytest.raises(BrokenOffError):
        fill_stores(filled.paths, filled.catalog, filled.reader, server, break_off)
    assert server.close()
    before = sum(sent)
    assert COUNT < before < 2 * COUNT
    seen: list[int] = []
    server = MilvusServer(place)
    fill_stores(filled.paths, filled.catalog, filled.reader, server, lambda done, _: seen.append(done))
    assert sum(sent) == 2 * COUNT
    assert seen[-1] == 2 * COUNT
    assert [check.missing for check in check_stores(filled.paths, filled.reader, server)] == [0, 0]
    assert server.close()


def test_move_to_a_server_that_is_away_gives_up_and_changes_nothing(
    filled: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(servers, "REST_S", 0.01)
    monkeypatch.setattr(servers, "LONGEST_REST_S", 0.01)
    assert run(filled.paths, "move", "milvus", "--milvus-uri", "http://127.0.0.1:1") == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert settings_of(filled.paths) == Settings()
    filled.open()


def test_move_without_a_place_is_a_sentence(filled: Library, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled.paths, "move", "milvus") == 1
    assert "--milvus-uri" in capsys.readouterr().err
    filled.open()


def test_open_library_is_compared_and_not_moved(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library.add_indexed("a.jpg")
    assert run(library.paths, "check", "--json") == 0
    assert [check["missing"] for check in json.loads(capsys.readouterr().out)] == [1, 1]
    assert run(library.paths, "move", "milvus", "--milvus-uri", tmp_path / "milvus.db") == 1
    said = capsys.readouterr().err
    assert "already open" in said
    assert "Settings → Advanced" in said
