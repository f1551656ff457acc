"""A library moves into this program from a Milvus that is away, while questions are answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.search.move import MoveStep
from core.search.searcher import Searcher
from core.store.vectors.graph import Graph
from core.store.vectors.remote.place import MilvusPlace
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.space_index import SpaceIndex
from tests.core.search.conftest import MadeLibrary, Part, names


@pytest.fixture
def served(made: MadeLibrary, monkeypatch: pytest.MonkeyPatch) -> MadeLibrary:
    """A library that is searched in Milvus, where nobody is."""

    def open_served() -> None:
        place = MilvusPlace("http://127.0.0.1:1", 32 * "0")
        made.searcher = Searcher(made.paths, MilvusServer(place))
        made.searcher.use([space for encoder in made.encoders for space in encoder.spaces])

    made.searcher.close()
    monkeypatch.setattr(made, "open", open_served)
    made.open()
    made.add_many(600)
    made.add("dog.jpg", Part(seen="dog"))
    return made


def move(library: MadeLibrary, each: Callable[[MoveStep], object] = lambda _: None) -> list[MoveStep]:
    steps = []
    while not steps or not steps[-1].arrived:
        steps.append(library.searcher.step_move())
        each(steps[-1])
    return steps


def test_everything_is_found_throughout(served: MadeLibrary) -> None:
    came = []

    def ask(_: MoveStep) -> None:
        if not came:
            came.append(served.add("cat.jpg", Part(seen="cat")))
        assert names(served.ask("dog").results)[0] == "dog.jpg"
        assert names(served.ask("cat").results)[0] == "cat.jpg"

    served.searcher.begin_move(None)
    steps = move(served, ask)
    left = served.searcher.end_move()
    assert left is not None
    assert left.close()
    assert all(isinstance(space.index, SpaceIndex) for space in served.searcher._spaces.values())
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total == 2 * 602
    assert names(served.ask("dog").results)[0] == "dog.jpg"
    served.add("bird.jpg", Part(seen="bird"))
    assert names(served.ask("bird").results)[0] == "bird.jpg"


def test_move_that_is_given_up_changes_nothing(served: MadeLibrary) -> None:
    served.searcher.begin_move(None)
    for _ in range(5):
        served.searcher.step_move()
    assert served.searcher.end_move() is None
    assert names(served.ask("dog").results)[0] == "dog.jpg"


def test_graphs_of_a_move_that_was_broken_off_are_not_made_again(
    served: MadeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.searcher.begin_move(None)
    while (step := served.searcher.step_move()).done < step.total or not step.total:
        pass
    while (pending := served.searcher.begin_snapshot()) is not None:
        served.catalog.save_snapshot(pending.finish())
    served.reopen()
    monkeypatch.setattr(Graph, "add", lambda *_: pytest.fail("made again"))
    served.searcher.begin_move(None)
    steps = move(served)
    assert steps[-1].done == steps[-1].total == 2 * 601
