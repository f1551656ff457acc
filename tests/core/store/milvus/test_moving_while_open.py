"""An open library moves to another store: questions are answered meanwhile, and what was broken off goes on."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core import CoreError, Engine, NoticePosted, Settings, StoreChanged, StoreStatus, open_engine
from core.cli.command_line import main
from core.opening import settings_of
from core.store.vectors import milvus
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.place import MilvusPlace
from core.store.vectors.remote.server import MilvusServer
from tests.conftest import WAIT_S, until
from tests.core.steps import ask, index, names
from tests.core.store.milvus.steps import free_port, is_sentence, milvus_server

WORDS = "a cat"


@pytest.fixture
def open_library(tmp_path: Path, model_cache: Path) -> Iterator[Callable[[], Engine]]:
    """Opens a library of two spaces, as often as wanted; whatever is open at the end is closed."""
    opened: list[Engine] = []

    def open_it() -> Engine:
        chosen = Settings(decode_processes=2, sounds_model="", motion_model="", speech_model="")
        chosen.save(tmp_path / "library" / "settings.json")
        opened.append(open_engine(tmp_path / "library", chosen))
        return opened[-1]

    yield open_it
    for engine in opened:
        engine.close(WAIT_S)


def arrive(engine: Engine, uri: str) -> None:
    until(lambda: engine.stores.status == StoreStatus(uri))
    assert settings_of(engine.library).searched_at == engine.settings.searched_at == uri
    assert not engine.library.move.exists()


def checked(library: Path, capsys: pytest.CaptureFixture[str], *words: object) -> list[tuple[int, int, int]]:
    """What each space wants, lacks and has too much of in its store; the library is closed."""
    capsys.readouterr()
    assert main(["store", "check", "--json", "--library", str(library), *map(str, words)]) == 0
    checks = json.loads(capsys.readouterr().out)
    return [(check["wanted"], check["missing"], check["surplus"]) for check in checks]


def test_to_one_milvus_to_another_and_back(
    engine: Engine,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked, search = [], MilvusCollection.search
    monkeypatch.setattr(milvus, "EXACT_COUNT", 0)
    monkeypatch.setattr(MilvusCollection, "search", lambda part, *rest: (asked.append(part), search(part, *rest))[1])
    index(engine, photos)
    before, seen = names(ask(engine, WORDS)), []
    engine.events.subscribe(lambda event: seen.append(event.status) if isinstance(event, StoreChanged) else None)
    places = [str(tmp_path / "one.db"), str(tmp_path / "two.db"), ""]
    for place in places:
        seen.clear()
        engine.stores.move(place).result(WAIT_S)
        arrive(engine, place)
        asked.clear()
        assert names(ask(engine, WORDS)) == before
        assert bool(asked) == bool(place)
        assert {status.goes_to for status in seen[:-1]} == {place}
        assert [status.done for status in seen[:-1]] == sorted(status.done for status in seen[:-1])
        assert max(status.done for status in seen) == seen[-2].total == 2 * len(before)
    engine.close(WAIT_S)
    for place in places[:2]:
        there = checked(engine.library.root, capsys, "--store", "milvus", "--milvus-uri", place)
        assert [(wanted, lacks) for wanted, lacks, _ in there] == 2 * [(len(before), len(before))], "deleted"


def test_questions_are_answered_and_files_taken_in_meanwhile(
    engine: Engine, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left_behind = (photos / "chelsea.png").rename(tmp_path / "chelsea.png")
    index(engine, photos)
    going, held, feed = threading.Event(), threading.Event(), MilvusCollection.feed

    def slow(part: MilvusCollection, *rest: object) -> None:
        going.set()
        held.wait(WAIT_S)
        feed(part, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(MilvusCollection, "feed", slow)
    place = str(tmp_path / "milvus.db")
    engine.stores.move(place).result(WAIT_S)
    assert going.wait(WAIT_S)
    assert "coffee.png" in names(ask(engine, "coffee"))
    left_behind.rename(photos / "chelsea.png")
    engine.rescan().result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    assert names(ask(engine, WORDS))[0] == "chelsea.png"
    assert engine.stores.status.goes_to == place
    held.set()
    arrive(engine, place)
    assert names(ask(engine, WORDS))[0] == "chelsea.png"
    engine.close(WAIT_S)
    assert {(lacks, surplus) for _, lacks, surplus in checked(engine.library.root, capsys)} == {(0, 0)}


def test_what_was_broken_off_goes_on(open_library: Callable[[], Engine], photos: Path, tmp_path: Path) -> None:
    """The server is away, the library is closed, and later both are there again."""
    engine, port, said = open_library(), free_port(), []
    place = f"http://127.0.0.1:{port}"
    engine.events.subscribe(lambda event: said.append(event.text) if isinstance(event, NoticePosted) else None)
    engine.start(watch=False)
    index(engine, photos)
    engine.stores.move(f"{place}/").result(WAIT_S)
    until(lambda: bool(engine.stores.status.note))
    assert engine.stores.status.goes_to == place
    assert "cannot be reached" in engine.stores.status.note
    assert said == [engine.stores.status.note]
    assert is_sentence(said[0])
    assert names(ask(engine, WORDS))[0] == "chelsea.png"
    engine.close(WAIT_S)
    assert settings_of(engine.library).searched_at == "", "the settings say where it is"
    with milvus_server(tmp_path / "server", port):
        engine = open_library()
        engine.start()
        arrive(engine, place)
        engine.close(WAIT_S)


def test_naming_the_place_where_it_is_gives_up(
    engine: Engine, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index(engine, photos)
    place = f"http://127.0.0.1:{free_port()}"
    engine.stores.move(place).result(WAIT_S)
    until(lambda: bool(engine.stores.status.note))
    engine.stores.move("").result(WAIT_S)
    assert engine.stores.status == StoreStatus("")
    assert not engine.library.move.exists()
    assert names(ask(engine, WORDS))[0] == "chelsea.png"


@pytest.mark.parametrize(
    ("uri", "word"),
    [("studio:19530", "neither"), ("milvus.db", "neither"), ("https://me:SECRET@studio", "password")],
)
def test_place_that_cannot_be_is_refused_and_kept_nowhere(
    engine: Engine, uri: str, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CoreError, match=word):
        engine.stores.move(uri).result(WAIT_S)
    assert engine.stores.status == StoreStatus("")
    engine.close(WAIT_S)
    assert not engine.library.move.exists()
    assert "SECRET" not in caplog.text


def test_what_is_left_behind_is_deleted_after_the_next_start_if_closing_came_first(
    open_library: Callable[[], Engine],
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine, old = open_library(), str(tmp_path / "one.db")
    engine.start(watch=False)
    index(engine, photos)
    engine.stores.move(old).result(WAIT_S)
    arrive(engine, old)
    deleting, held, remove = threading.Event(), threading.Event(), MilvusCollection.remove

    def slow(part: MilvusCollection) -> None:
        deleting.set()
        held.wait(WAIT_S)
        remove(part)

    monkeypatch.setattr(MilvusCollection, "remove", slow)
    engine.stores.move("").result(WAIT_S)
    assert deleting.wait(WAIT_S)
    assert settings_of(engine.library).searched_at == "", "it has arrived"
    threading.Timer(0.5, held.set).start()
    engine.close(WAIT_S)
    monkeypatch.undo()
    wanted = {(lacks, surplus) for _, lacks, surplus in checked(engine.library.root, capsys, "--milvus-uri", old)}
    assert wanted == {(0, 0)}, "all is still there"
    engine = open_library()
    engine.start()
    until(lambda: not engine.library.left.exists())
    assert names(ask(engine, WORDS))[0] == "chelsea.png"
    engine.close(WAIT_S)
    there = checked(engine.library.root, capsys, "--store", "milvus", "--milvus-uri", old)
    assert all(lacks == wanted > 0 for wanted, lacks, _ in there), "deleted"


def test_sharing_that_is_turned_off_on_the_way_shows_nothing_there(
    open_library: Callable[[], Engine], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, port = open_library(), free_port()
    place = f"http://127.0.0.1:{port}"
    engine.start(watch=False)
    index(engine, photos)
    engine.change_settings(replace(engine.settings, shared_search=True)).result(WAIT_S)
    going, held, feed = threading.Event(), threading.Event(), MilvusCollection.feed

    def slow(part: MilvusCollection, *rest: object) -> None:
        going.set()
        held.wait(WAIT_S)
        feed(part, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(MilvusCollection, "feed", slow)
    with milvus_server(tmp_path / "server", port):
        engine.stores.move(place).result(WAIT_S)
        assert going.wait(WAIT_S)
        engine.change_settings(replace(engine.settings, shared_search=False)).result(WAIT_S)
        held.set()
        arrive(engine, place)
        server = MilvusServer(MilvusPlace(place, "0"))
        server.connect()
        assert not [name for name in server.client.list_collections() if name.endswith("_names")]
        server.close()
        engine.close(WAIT_S)


def test_keyring_that_never_answers_holds_up_no_closing(
    open_library: Callable[[], Engine], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does whose window asks for a password that nobody sees."""
    asked, held = threading.Event(), threading.Event()

    def hang(*_: object) -> str:
        asked.set()
        held.wait(WAIT_S)
        return ""

    monkeypatch.setattr("core.store.vectors.remote.server.milvus_token", hang)
    monkeypatch.setattr("core.moving.keep_milvus_token", hang)
    place = f"http://127.0.0.1:{free_port()}"
    for given in (None, "a token"):
        engine = open_library()
        engine.start(watch=False)
        index(engine, photos)
        asked.clear()
        moving = engine.stores.move(place, given)
        assert asked.wait(WAIT_S)
        engine.close(WAIT_S)  # says so if a thread does not end
        assert moving.done()
        assert settings_of(engine.library).searched_at == ""
    held.set()
