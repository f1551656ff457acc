from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ask.question_model import NO_FILTERS, Asked, ExampleChip, QuestionModel, Removal, chip_of
from core import Example, Filters, FolderId, Kind, Question

CAT, DOG = (chip_of(Example(path=Path(f"/pictures/{name}.jpg"))) for name in ("cat", "dog"))
SUMMER = Filters(since="2026-06-01", until="2026-08-31")


@pytest.fixture
def model() -> QuestionModel:
    return QuestionModel()


@pytest.fixture
def removals(model: QuestionModel) -> list[Removal]:
    """What the model said it removed, the last at the end."""
    said: list[Removal] = []
    model.removed.connect(said.append)
    return said


def test_words_examples_and_filters_make_one_question(model: QuestionModel) -> None:
    model.set_text("on a beach")
    model.add([CAT, DOG, CAT])
    model.set_filters(SUMMER)
    assert model.asked.question(7) == Question("on a beach", (CAT.example, DOG.example), SUMMER, 7)


def test_searching_with_an_example_replaces_words_but_keeps_filters(model: QuestionModel) -> None:
    model.set_filters(SUMMER)
    model.set_text("dog")
    model.search_with([CAT])
    assert (model.asked.text, model.asked.chips, model.asked.filters) == ("", (CAT,), SUMMER)


def test_what_was_removed_comes_back_in_its_place(model: QuestionModel, removals: list[Removal]) -> None:
    model.add([CAT, DOG])
    model.set_filters(SUMMER)
    model.drop_filters()
    model.remove_chip(CAT)
    assert model.asked.chips == (DOG,)
    model.take_back(removals.pop())
    assert model.asked.chips == (CAT, DOG)
    model.take_back(removals.pop())
    assert model.asked.filters == SUMMER
    assert not removals


def test_taking_back_keeps_what_came_since(model: QuestionModel, removals: list[Removal]) -> None:
    model.add([CAT])
    model.remove_chip(CAT)
    model.set_text("on a beach")
    model.add([DOG])
    model.set_filters(SUMMER)
    model.take_back(removals.pop())
    assert model.asked == Asked("on a beach", (CAT, DOG), SUMMER)


def test_a_replaced_question_comes_back_whole(model: QuestionModel, removals: list[Removal]) -> None:
    model.set_text("a cat")
    model.add([CAT])
    model.search_with([DOG])
    assert model.asked == Asked(chips=(DOG,))
    model.clear()
    model.take_back(removals.pop())
    model.take_back(removals.pop())
    assert model.asked == Asked("a cat", (CAT,))


def test_what_removes_nothing_cannot_be_taken_back(model: QuestionModel, removals: list[Removal]) -> None:
    model.clear()
    model.search_with([CAT])
    model.search_with([CAT])
    model.remove_chip(DOG)
    assert not removals


def test_clearing_leaves_the_filters_until_nothing_else_is_left(model: QuestionModel) -> None:
    model.set_text("dog")
    model.set_filters(SUMMER)
    model.clear()
    assert (model.asked.text, model.asked.filters) == ("", SUMMER)
    model.clear()
    assert model.is_empty


def test_a_folder_that_is_gone_is_no_filter(model: QuestionModel, removals: list[Removal]) -> None:
    model.look_in(FolderId(3))
    model.drop_filters()
    model.take_back(removals.pop().without_folder(FolderId(3)))
    assert model.is_empty
    model.look_in(FolderId(3))
    model.forget_folder(FolderId(3))
    assert model.asked.filters == NO_FILTERS


def test_a_change_that_changes_nothing_is_not_announced(model: QuestionModel) -> None:
    changes: list[str] = []
    model.changed.connect(lambda: changes.append(model.asked.text))
    model.set_text("dog")
    model.set_text("dog")
    assert changes == ["dog"]


def test_a_question_survives_being_stored(model: QuestionModel) -> None:
    model.set_text("a “quoted” dog\n")
    model.add([CAT, ExampleChip(Example(data=b"pasted"), "Pasted picture")])
    model.set_filters(Filters(frozenset({Kind.IMAGE}), FolderId(2), "2026-01-01", ""))
    restored = QuestionModel()
    restored.restore(json.loads(json.dumps(model.to_stored())))
    assert restored.asked.text == model.asked.text
    assert restored.asked.filters == model.asked.filters
    assert restored.asked.chips == (CAT,)  # what was pasted is not kept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["text", "examples", "kinds", "folder_id", "since", "until"]), JSON))
def test_nothing_that_was_stored_can_break_the_start(stored: dict[str, object]) -> None:
    model = QuestionModel()
    model.restore(stored)
    model.asked.question(5)


def test_words_after_a_minus_sign_are_asked_as_unwanted(model: QuestionModel) -> None:
    model.set_text('a dog -beach -"two men"')
    assert model.asked.question(5) == Question("a dog", limit=5, without="beach, two men")
    assert model.asked.text == 'a dog -beach -"two men"'


def test_an_example_is_asked_for_more_or_for_less_but_not_for_both(model: QuestionModel) -> None:
    model.add([CAT, DOG])
    model.turn(DOG)
    assert [example.less for example in model.asked.question(5).examples] == [False, True]
    model.add([DOG])
    assert [(chip.label, chip.example.less) for chip in model.asked.chips] == [("cat.jpg", False), ("dog.jpg", False)]
    model.turn(DOG)
    model.turn(model.asked.chips[1])
    assert model.asked.chips == (CAT, DOG)


def test_a_part_of_a_recording_and_its_sign_survive_being_stored(model: QuestionModel) -> None:
    talk = chip_of(Example(path=Path("/recordings/talk.mp3"), start_ms=134_000, end_ms=140_000, less=True))
    assert (talk.label, talk.kind) == ("talk.mp3 2:14", Kind.AUDIO)
    model.add([talk])
    restored = QuestionModel()
    restored.restore(json.loads(json.dumps(model.to_stored())))
    assert restored.asked.chips == (talk,)


def test_a_place_is_a_kind_or_a_folder(model: QuestionModel) -> None:
    model.set_filters(SUMMER)
    model.look_in(kind=Kind.VIDEO)
    model.look_in(FolderId(3))
    assert model.asked.filters == Filters(frozenset(), FolderId(3), SUMMER.since, SUMMER.until)
    model.look_in(kind=Kind.AUDIO)
    assert model.asked.filters == Filters(frozenset({Kind.AUDIO}), None, SUMMER.since, SUMMER.until)
    model.look_in()
    assert model.asked.filters == SUMMER
