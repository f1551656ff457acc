"""Libraries on one server that show each other what they have, if both want to; and those that do not."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest

from core.records import Answer, Changes, Filters, Kind, Other, Role, Strength
from core.search.searcher import Searcher
from core.settings import Settings
from core.store.reader import Reader
from core.store.vectors.remote import others as asking
from core.store.vectors.remote import server as servers
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.names import SharedNames, names_of, no_vectors
from core.store.vectors.remote.place import MilvusPlace, library_id
from core.store.vectors.remote.server import MilvusServer, StoreError
from core.store.vectors.served_index import ServedIndex
from tests.conftest import until
from tests.core.search.conftest import DIM, SPACES, MadeLibrary, Part, direction, names, shots
from tests.core.store.milvus.places import real_server
from tests.core.store.milvus.steps import Said, free_port, is_sentence, milvus_server

SEEN = SPACES[Role.PICTURES].space_id


@pytest.fixture(params=["milvus-lite", "server"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A server's: milvus-lite in another process, and then a real one if there is one."""
    port = free_port()
    with real_server() if request.param == "server" else milvus_server(tmp_path / "server", port) as given:
        yield given if isinstance(given, str) else f"http://127.0.0.1:{port}"


class Shared(MadeLibrary):
    """A library that is searched on a server, and shown there under its title."""

    def __init__(self, root: Path, address: str, title: str, roles: tuple[Role, ...]) -> None:
        self.address, self.title, self.said = address, title, Said()
        super().__init__(root, roles)

    def open(self) -> None:
        place = MilvusPlace(self.address, library_id(self.paths))
        self.server = MilvusServer(place, self.said.append, shared_as=self.title)
        self.searcher = Searcher(self.paths, self.server)
        self.searcher.use([space for encoder in self.encoders for space in encoder.spaces])
        self.searcher.meet(dict.fromkeys(self.searcher._spaces, np.empty((0, DIM), np.float32)))

    def share(self, title: str) -> None:
        """The settings are changed."""
        self.searcher.share(Settings(shared_search=bool(title), shared_as=title))

    def settle(self) -> None:
        """All is at the server."""
        indexes = [space.index for space in self.searcher._spaces.values()]

        def is_there() -> bool:
            while self.searcher.work():
                pass
            return all(isinstance(index, ServedIndex) and index.is_current for index in indexes)

        until(is_there)

    def seen(self) -> list[str]:
        """The names of whom others see in what is looked at."""
        client = self.server.client
        if not client.has_collection(names_of(SEEN)):
            return []
        rows = client.query(names_of(SEEN), filter="id >= 0", output_fields=["name", "library"], limit=1000)
        return sorted(f"{row['library']}: {row['name']}" for row in rows)


@pytest.fixture
def open_library(tmp_path: Path, address: str) -> Iterator[Callable[..., Shared]]:
    with ExitStack() as opened:

        def open_it(name: str, title: str = "", roles: tuple[Role, ...] = (Role.PICTURES, Role.LOOKS)) -> Shared:
            library = Shared(tmp_path / name, address, title, roles)
            opened.callback(library.close)
            library.add_many(60)
            return library

        yield open_it


def others(answer: Answer) -> list[str]:
    assert answer.others_note == ""
    return [f"{other.library}: {other.name}" for other in answer.others]


def test_what_another_library_has_is_found_there(open_library: Callable[..., Shared]) -> None:
    mine, theirs = open_library("mine", "Kitchen"), open_library("theirs", "Studio")
    mine.add("dog.jpg", Part(seen="dog"))
    theirs.add("2024/a dog.jpg", Part(seen="dog"))
    theirs.add("2025/a dog.jpg", Part(seen="dog"))
    theirs.add("film.mp4", *shots("dog", "sea", "dog", "dog"))
    for library in (mine, theirs):
        library.settle()
    answer = mine.ask("dog")
    assert names(answer.results)[0] == "dog.jpg"
    assert {result.path.name for result in answer.results} >= {"dog.jpg"}
    assert sorted(others(answer)) == ["Studio: a dog.jpg", "Studio: a dog.jpg", "Studio: film.mp4"]
    assert {(other.name, other.kind) for other in answer.others} == {
        ("a dog.jpg", Kind.IMAGE),
        ("film.mp4", Kind.VIDEO),
    }
    assert all(other.strength is Strength.STRONG for other in answer.others)
    assert others(theirs.ask("dog")) == ["Kitchen: dog.jpg"]
    assert others(mine.ask("rain")) == []
    assert others(mine.ask()) == []


def test_it_is_judged_as_if_it_were_here(open_library: Callable[..., Shared]) -> None:
    mine, theirs = open_library("mine", "Kitchen"), open_library("theirs", "Studio")
    for library in (mine, theirs):  # the very same vectors
        library.add("1.jpg", Part(seen="dog"))
        library.settle()
    answer = mine.ask("dog")
    assert answer.others == [Other("Studio", "1.jpg", Kind.IMAGE, answer.results[0].score, Strength.STRONG)]


def test_space_in_which_the_others_have_nothing_is_silent(open_library: Callable[..., Shared]) -> None:
    """Words are asked in speech as well, and there is none in photos."""
    roles = (Role.PICTURES, Role.LOOKS, Role.SPEECH)
    mine, theirs = open_library("mine", "Kitchen", roles), open_library("theirs", "Studio", roles)
    theirs.add("a dog.jpg", Part(seen="dog"))
    for library in (mine, theirs):
        library.settle()
    assert others(mine.ask("dog")) == ["Studio: a dog.jpg"]


def test_whole_question_counts(open_library: Callable[..., Shared]) -> None:
    mine, theirs = open_library("mine", "Kitchen"), open_library("theirs", "Studio")
    example = mine.add("dog.jpg", Part(seen="dog"))
    theirs.add("dog on beach.jpg", Part(seen="dog+beach"))
    theirs.add("dog.jpg", Part(seen="dog"))
    theirs.add("dog.mp4", *shots("dog"))
    for library in (mine, theirs):
        library.settle()
    assert sorted(others(mine.ask("dog"))) == ["Studio: dog on beach.jpg", "Studio: dog.jpg", "Studio: dog.mp4"]
    assert "Studio: dog on beach.jpg" not in others(mine.ask("dog", without="beach"))
    assert others(mine.ask("beach", mine.example(example)))[0] == "Studio: dog on beach.jpg"
    assert others(mine.ask("dog", filters=Filters(kinds=frozenset({Kind.VIDEO})))) == ["Studio: dog.mp4"]
    assert others(mine.ask("dog", filters=Filters(folder_id=mine.folder_id))) == []


def test_who_does_not_share_is_not_seen_and_does_not_see(open_library: Callable[..., Shared]) -> None:
    mine, theirs, private = open_library("mine", "Kitchen"), open_library("theirs", "Studio"), open_library("private")
    for library, name in ((mine, "mine.jpg"), (theirs, "theirs.jpg"), (private, "private.jpg")):
        library.add(name, Part(seen="dog"))
        library.settle()
    assert others(mine.ask("dog")) == ["Studio: theirs.jpg"]
    assert others(private.ask("dog")) == []
    assert names(private.ask("dog").results)[0] == "private.jpg"
    assert not any("private" in seen for seen in mine.seen())


def test_names_are_all_that_is_shown_and_gone_when_it_is_off(open_library: Callable[..., Shared]) -> None:
    mine, theirs = open_library("mine", "Kitchen"), open_library("theirs", "Studio")
    theirs.add("holiday/secret/dog.jpg", Part(seen="dog"))
    for library in (mine, theirs):
        library.settle()
    assert "Studio: dog.jpg" in theirs.seen()
    told = theirs.server.client.describe_collection(names_of(SEEN))
    assert [field["name"] for field in told["fields"]] == ["id", "vector", "name", "item", "library"]
    assert others(mine.ask("dog")) == ["Studio: dog.jpg"]
    theirs.share("")
    until(lambda: not any(seen.startswith("Studio") for seen in mine.seen()))
    assert others(mine.ask("dog")) == []
    theirs.settle()
    theirs.share("Atelier")
    theirs.settle()
    assert others(mine.ask("dog")) == ["Atelier: dog.jpg"]
    theirs.title = "Atelier of Ana"
    theirs.reopen()
    theirs.settle()
    assert others(mine.ask("dog")) == ["Atelier of Ana: dog.jpg"]
    theirs.title = ""  # turned off in the settings file
    theirs.reopen()
    theirs.settle()
    assert mine.seen() == [seen for seen in mine.seen() if seen.startswith("Kitchen")]
    mine.share("")
    mine.settle()
    assert mine.seen() == []


def test_what_comes_and_goes_there_is_followed(open_library: Callable[..., Shared]) -> None:
    mine, theirs = open_library("mine", "Kitchen"), open_library("theirs", "Studio")
    gone = theirs.add("old dog.jpg", Part(seen="dog"))
    for library in (mine, theirs):
        library.settle()
    assert others(mine.ask("dog")) == ["Studio: old dog.jpg"]
    theirs.catalog.apply_changes(theirs.folder_id, Changes(left_out=[gone]))
    theirs.add("new dog.jpg", Part(seen="dog"))
    theirs.settle()
    until(lambda: others(mine.ask("dog")) == ["Studio: new dog.jpg"])  # a server takes a moment to delete
    for space_id in theirs.searcher._spaces:  # as when it moves elsewhere
        ServedIndex(Reader(theirs.paths), space_id, theirs.server).forget()
    assert others(mine.ask("dog")) == []
    assert not any(seen.startswith("Studio") for seen in mine.seen())


def test_what_nobody_should_have_written_there_is_left_out(open_library: Callable[..., Shared]) -> None:
    """Whoever may write to the server may write anything."""
    mine, theirs = open_library("mine", "Kitchen"), open_library("theirs", "Studio")
    theirs.add("dog.jpg", Part(seen="dog"))
    for library in (mine, theirs):
        library.settle()
    vector = direction("dog")
    made_up = [(vector, 99), (vector, -1), (100 * vector, 0), (np.full(DIM, np.nan, np.float32), 0)]
    ids = np.arange(90_000, 90_000 + len(made_up))
    part = MilvusCollection(theirs.server, SEEN, DIM)
    for number, (one, kind) in zip(ids, made_up, strict=True):
        with suppress(StoreError):  # a server may refuse some of it by itself
            part.feed(np.array([number]), one[None], np.array([[kind, 0, 0, 0]]), ids[:0])
    told = np.array([("lie.jpg", int(number), "Studio") for number in ids], object)
    SharedNames(theirs.server, SEEN, "Studio").feed(ids, no_vectors(ids), told, ids[:0])
    assert others(mine.ask("dog")) == ["Studio: dog.jpg"]


def test_library_of_another_model_is_not_found(open_library: Callable[..., Shared]) -> None:
    """There is no likening vectors of two spaces."""
    mine, theirs = open_library("mine", "Kitchen"), open_library("theirs", "Studio", (Role.MOTION,))
    theirs.add("dog.mp4", *shots("dog"))
    for library in (mine, theirs):
        library.settle()
    assert others(mine.ask("dog")) == []


def test_why_others_cannot_be_asked_is_said_though_nobody_is_connected(tmp_path: Path) -> None:
    with ExitStack() as opened:
        mine = Shared(tmp_path / "mine", f"http://127.0.0.1:{free_port()}", "Kitchen", (Role.PICTURES,))
        opened.callback(mine.close)
        mine.add("dog.jpg", Part(seen="dog"))
        connecting = mine.searcher.connect()
        assert connecting is not None
        assert isinstance(connecting.exception(), StoreError)
        assert "cannot be reached" in mine.ask("dog").others_note


def test_server_that_does_not_answer_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By this library's own search or by that in others, and nothing else waits with it."""
    port = free_port()
    with ExitStack() as opened:
        process = opened.enter_context(milvus_server(tmp_path / "server", port))
        mine = Shared(tmp_path / "mine", f"http://127.0.0.1:{port}", "Kitchen", (Role.PICTURES,))
        opened.callback(mine.close)
        opened.callback(process.send_signal, signal.SIGCONT)
        mine.add("dog.jpg", Part(seen="dog"))
        mine.settle()
        assert mine.ask("dog").others_note == ""
        monkeypatch.setattr(servers, "LONGEST_REST_S", 600.0)
        monkeypatch.setattr(mine.server.sharing, "_length_s", 600.0)
        monkeypatch.setattr(asking, "OTHERS_LIMIT_S", 0.5)
        process.send_signal(signal.SIGSTOP)
        assert "takes too long" in mine.ask("dog").others_note
        process.send_signal(signal.SIGCONT)
        assert "takes too long" in mine.ask("dog").others_note, "they are left alone for a while"
        mine.add("dog 2.jpg", Part(seen="dog"))
        mine.settle()  # what was indexed is sent
        mine.server.sharing.end()
        assert mine.ask("dog").others_note == ""
        mine.server.searching.begin()
        assert mine.ask("dog").others_note != "", "it has been waited for already"


def test_server_that_is_away_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with ExitStack() as opened:
        with milvus_server(tmp_path / "server", port):
            mine = Shared(tmp_path / "mine", f"http://127.0.0.1:{port}", "Kitchen", (Role.PICTURES,))
            opened.callback(mine.close)
            mine.add("dog.jpg", Part(seen="dog"))
            mine.settle()
        for _ in range(3):
            answer = mine.ask("dog")
            assert names(answer.results)[0] == "dog.jpg"
            assert answer.others == []
            assert answer.others_note.startswith("The other libraries were not searched.")
            assert is_sentence(answer.others_note)
        assert asking.OTHERS_LIMIT_S <= 2
