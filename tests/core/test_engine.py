"""What a front end can ask, with real photos, decoders, models and stores."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from core import (
    CoreError,
    Engine,
    Example,
    Filters,
    Kind,
    Outcome,
    Question,
    Strength,
)
from tests.core.steps import WAIT_S, ask, index, names


@pytest.mark.parametrize(
    ("words", "expected"),
    [("a cat", "chelsea.png"), ("a rocket on the launch pad", "rocket.jpg"), ("a cup of coffee", "coffee.png")],
)
def test_words_find_the_photo(engine: Engine, photos: Path, words: str, expected: str) -> None:
    index(engine, photos)

    answer = ask(engine, words)

    assert answer.outcome is Outcome.FOUND
    assert names(answer)[0] == expected
    assert answer.results[0].kind is Kind.IMAGE
    assert answer.results[0].strength is not Strength.WEAK
    scores = [result.score for result in answer.results]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] <= scores[0] <= 1


def test_every_item_is_an_answer_when_enough_are_wanted(engine: Engine, photos: Path) -> None:
    index(engine, photos)

    assert len(ask(engine, "a cat", limit=8).results) == 8
    assert len(ask(engine, "a cat", limit=3).results) == 3
    assert len(ask(engine, "a cat", limit=8, filters=Filters(kinds=frozenset({Kind.IMAGE}))).results) == 8


def test_same_question_same_order(engine: Engine, photos: Path) -> None:
    index(engine, photos)

    assert ask(engine, "something round").results == ask(engine, "something round").results


def test_a_picture_from_outside_finds_its_like(engine: Engine, photos: Path, tmp_path: Path) -> None:
    index(engine, photos)
    with Image.open(photos / "coffee.png") as coffee:
        picture = coffee.crop((60, 40, 560, 380)).resize((400, 272))
    outside = tmp_path / "cropped.jpg"
    picture.save(outside)
    pasted = io.BytesIO()
    picture.save(pasted, "PNG")

    link = tmp_path / "link.jpg"
    link.symlink_to(outside)

    by_path = ask(engine, examples=(Example(path=outside),))
    by_link = ask(engine, examples=(Example(path=link),))
    by_data = ask(engine, examples=(Example(data=pasted.getvalue()),))

    assert names(by_path)[0] == "coffee.png"
    assert by_link.results == by_path.results
    assert names(by_data)[0] == "coffee.png"
    assert by_path.results[0].reason == "looks like"


def test_a_file_finds_itself_and_its_copies_as_the_same(engine: Engine, photos: Path) -> None:
    shutil.copy(photos / "chelsea.png", photos / "copy of chelsea.png")
    index(engine, photos)
    cat = ask(engine, "a cat").results[0]

    answer = ask(engine, examples=(Example(file_id=cat.file_id),))

    assert set(names(answer)[:2]) == {"chelsea.png", "copy of chelsea.png"}
    assert [result.reason for result in answer.results[:2]] == ["same file", "same file"]
    assert answer.results[0].item_id == answer.results[1].item_id
    assert len(answer.results) == 9


def test_an_unreadable_example_says_so(engine: Engine, photos: Path, tmp_path: Path) -> None:
    index(engine, photos)
    text = tmp_path / "notes.jpg"
    text.write_text("no picture at all")

    with pytest.raises(CoreError, match=r"notes\.jpg"):
        ask(engine, examples=(Example(path=text),))
    with pytest.raises(CoreError, match=r"absent\.jpg"):
        ask(engine, examples=(Example(path=tmp_path / "absent.jpg"),))


def test_a_file_name_comes_first(engine: Engine, photos: Path) -> None:
    (photos / "chelsea.png").rename(photos / "rocket science.png")
    index(engine, photos)

    first = ask(engine, "Rocket Science").results[0]

    assert first.path.name == "rocket science.png"
    assert (first.reason, first.space, first.strength) == ("in the name", "name", Strength.STRONG)


def test_answers_that_are_not_matches(engine: Engine, photos: Path) -> None:
    assert ask(engine, "a cat").outcome is Outcome.EMPTY_LIBRARY
    assert ask(engine).outcome is Outcome.EMPTY_LIBRARY
    index(engine, photos)

    assert ask(engine, filters=Filters(kinds=frozenset({Kind.VIDEO}))).outcome is Outcome.FILTERED_OUT
    assert ask(engine, "cat", filters=Filters(since="2999-01-01")).outcome is Outcome.FILTERED_OUT
    everything = ask(engine)
    assert everything.outcome is Outcome.BROWSE
    assert sorted(names(everything)) == sorted(path.name for path in photos.iterdir())
    nothing = ask(engine, "an underwater welding competition")
    assert nothing.outcome is Outcome.NO_GOOD_MATCH
    assert {result.strength for result in nothing.results} == {Strength.WEAK}


def test_a_copy_in_another_folder_is_no_answer_there(engine: Engine, photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(photos / "chelsea.png", other / "copy.png")
    index(engine, photos)
    index(engine, other)
    folder = next(folder for folder in engine.folders().result(WAIT_S) if folder.path == other)

    assert names(ask(engine, "a cat", filters=Filters(folder_id=folder.folder_id))) == ["copy.png"]


def test_words_that_are_no_text_are_asked_all_the_same(engine: Engine, photos: Path) -> None:
    index(engine, photos)

    assert len(ask(engine, "a cat \udcff \ud83d").results) == 8
    assert ask(engine, "\0" * 2000).outcome in (Outcome.FOUND, Outcome.NO_GOOD_MATCH)


def test_pictures_and_details(engine: Engine, photos: Path) -> None:
    shutil.copy(photos / "rocket.jpg", photos / "again.jpg")
    index(engine, photos)
    rocket = next(result for result in ask(engine).results if result.path.name == "rocket.jpg")

    thumbnail = engine.thumbnail(rocket.item_id).result(WAIT_S)
    preview = engine.preview(rocket.file_id, 500).result(WAIT_S)
    details = engine.details(rocket.file_id).result(WAIT_S)

    assert thumbnail is not None
    assert max(thumbnail.width, thumbnail.height) == 384
    assert len(thumbnail.rgb) == thumbnail.width * thumbnail.height * 3
    assert (preview.width, preview.height) == (500, 334)
    with Image.open(photos / "rocket.jpg") as rocket_itself:
        assert (details.metadata.width, details.metadata.height) == rocket_itself.size
    assert details.size_bytes == (photos / "rocket.jpg").stat().st_size
    assert [path.name for path in details.copies] == ["again.jpg"]


def test_a_newer_question_cancels_older_ones(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    older = [engine.search(Question(f"question {number}"), cancel_older=True) for number in range(20)]
    newest = engine.search(Question("a cat"), cancel_older=True)

    assert names(newest.result(WAIT_S))[0] == "chelsea.png"
    assert any(future.cancelled() or future.exception() for future in older)
