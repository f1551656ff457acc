"""Models at work: loaded when needed, freed when long idle, not tried again when they do not work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from core.choosing import Chooser
from core.embed.starter import Starter
from core.embedding import Embedder, ModelBoard
from core.errors import ModelError
from core.events import EventBus
from core.lineup import Lineup
from core.models.presence import Presence
from core.models.shelf import Shelf
from core.records import ModelCard, ModelState, ModelStatus, SpaceId, Vectors, WeightFile

SHELF = Shelf(Path("/nowhere"))
CARD = SHELF.card("starter")


class Absent:
    """Weights that are gone, and how often somebody asked for them."""

    asked = 0

    def file(self, file: WeightFile) -> bytes:
        self.asked += 1
        raise ModelError(f"{file.member} is gone")

    def folder(self) -> Path:
        raise ModelError("gone")


class Broken(Starter):
    """Loads half of itself."""

    freed = False

    def load(self) -> None:
        raise ModelError("half of it is gone")

    def unload(self) -> None:
        self.freed = True


@pytest.fixture
def board() -> ModelBoard:
    board = ModelBoard(EventBus())
    board.show(ModelStatus(CARD, ModelState.NOT_LOADED))
    return board


def state(board: ModelBoard) -> ModelState:
    (status,) = board.statuses
    return status.state


def ask(embedder: Embedder, encoder: Starter) -> Mapping[SpaceId, Vectors]:
    return embedder.texts([encoder], ["a cat"])


def test_a_model_is_freed_only_when_long_idle_and_comes_back(board: ModelBoard, model_cache: Path) -> None:
    encoder = Starter(CARD, weights=SHELF.weights(CARD), device="cpu", cache=model_cache)
    embedder = Embedder(board)
    before = ask(embedder, encoder)
    embedder.unload(idle_s=1000)
    assert state(board) is ModelState.READY
    embedder.unload()
    assert state(board) is ModelState.NOT_LOADED
    for space_id, rows in ask(embedder, encoder).items():
        np.testing.assert_allclose(rows, before[space_id], atol=1e-6)
    assert state(board) is ModelState.READY
    embedder.unload()


def test_a_model_that_does_not_work_says_why_and_is_not_tried_again(board: ModelBoard, tmp_path: Path) -> None:
    weights = Absent()
    encoder = Starter(CARD, weights=weights, device="cpu", cache=tmp_path)
    embedder = Embedder(board)
    for _ in range(3):
        with pytest.raises(ModelError, match="is gone"):
            ask(embedder, encoder)
    assert weights.asked == 1
    (status,) = board.statuses
    assert (status.state, "is gone" in status.note) == (ModelState.UNAVAILABLE, True)


def test_half_a_model_is_freed_when_it_turns_out_not_to_work(board: ModelBoard, model_cache: Path) -> None:
    encoder = Broken(CARD, weights=SHELF.weights(CARD), device="cpu", cache=model_cache)
    with pytest.raises(ModelError, match="half"):
        ask(Embedder(board), encoder)
    assert encoder.freed


def test_a_model_that_does_the_work_no_more_is_freed(board: ModelBoard, model_cache: Path) -> None:
    former, latter = (Starter(CARD, weights=SHELF.weights(CARD), device="cpu", cache=model_cache) for _ in range(2))
    embedder = Embedder(board)
    ask(embedder, former)
    embedder.keep([former])
    assert state(board) is ModelState.READY
    embedder.keep([latter])
    assert state(board) is ModelState.NOT_LOADED


def test_what_is_said_of_a_model_while_its_files_are_looked_for_stands(
    board: ModelBoard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = Shelf.here

    def loaded_meanwhile(shelf: Shelf, card: ModelCard) -> Presence:
        if card == CARD:
            board.change("starter", state=ModelState.READY)
        return here(shelf, card)

    chooser = Chooser(SHELF, board, device="cpu", cache=tmp_path)
    monkeypatch.setattr(Shelf, "here", loaded_meanwhile)
    chooser.show(Lineup(), {})
    assert next(status for status in board.statuses if status.card == CARD).state is ModelState.READY
