"""What a front end can rely on, with real photos, decoders, models and stores."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core import (
    Activity,
    Answer,
    CoreError,
    Engine,
    Event,
    Example,
    Filters,
    FolderError,
    FolderState,
    Kind,
    LibraryChanged,
    Outcome,
    ProgressChanged,
    Question,
    Reason,
    Strength,
)

WAIT_S = 60


def index(engine: Engine, folder: Path) -> None:
    engine.add_folder(folder).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)


def rescan(engine: Engine) -> None:
    engine.rescan().result(WAIT_S)
    engine.wait_idle().result(WAIT_S)


def ask(engine: Engine, text: str = "", **kwargs: object) -> Answer:
    return engine.search(Question(text, **kwargs)).result(WAIT_S)  # type: ignore[arg-type]


def names(answer: Answer) -> list[str]:
    return [result.path.name for result in answer.results]


def work_of(engine: Engine, act: Callable[[], object]) -> int:
    """How many files went through the pipeline while `act` ran."""
    seen: list[Event] = []
    unsubscribe = engine.events.subscribe(seen.append)
    act()
    unsubscribe()
    return max([event.progress.done for event in seen if isinstance(event, ProgressChanged)], default=0)


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


def test_unchanged_files_are_not_read_twice(engine: Engine, photos: Path) -> None:
    assert work_of(engine, lambda: index(engine, photos)) == 8
    assert work_of(engine, lambda: rescan(engine)) == 0


def test_new_changed_and_removed_files(engine: Engine, photos: Path, samples: Path) -> None:
    index(engine, photos)
    shutil.copy(samples / "motorcycle_left.png", photos / "new.png")
    shutil.copy(samples / "hubble_deep_field.jpg", photos / "chelsea.png")
    (photos / "rocket.jpg").unlink()

    assert work_of(engine, lambda: rescan(engine)) == 2

    assert names(ask(engine, "a motorcycle"))[0] == "new.png"
    assert names(ask(engine, "stars and galaxies in space"))[0] == "chelsea.png"
    assert "rocket.jpg" not in names(ask(engine, "a rocket"))
    assert len(ask(engine).results) == 8


def test_moves_keep_what_was_understood(open_library: Callable[[], Engine], photos: Path) -> None:
    engine = open_library()
    engine.start(watch=False)
    index(engine, photos)
    before = {result.path.name: result.item_id for result in ask(engine).results}
    engine.close()
    (photos / "sub").mkdir()
    (photos / "chelsea.png").rename(photos / "sub" / "cat.png")  # the same inode
    shutil.copy(photos / "coffee.png", photos / "sub" / "cup.png")  # another inode, the same bytes
    (photos / "coffee.png").unlink()

    engine = open_library()
    engine.start(watch=False)
    engine.wait_idle().result(WAIT_S)
    after = {result.path.name: result.item_id for result in ask(engine).results}

    assert after["cat.png"] == before["chelsea.png"]
    assert after["cup.png"] == before["coffee.png"]
    assert names(ask(engine, "a cat"))[0] == "cat.png"
    assert len(after) == 8


def test_one_bad_file_costs_nothing_else_and_can_be_retried(engine: Engine, photos: Path, samples: Path) -> None:
    bad = photos / "broken.jpg"
    bad.write_bytes((samples / "rocket.jpg").read_bytes()[:5000])
    (photos / "empty.png").touch()
    index(engine, photos)

    failures = {failure.path.name: failure for failure in engine.failures().result(WAIT_S)}
    assert set(failures) == {"broken.jpg", "empty.png"}
    assert failures["empty.png"].reason is Reason.EMPTY
    assert failures["broken.jpg"].sentence
    assert len(ask(engine).results) == 8

    assert work_of(engine, lambda: rescan(engine)) == 0, "a failed file is tried again only when asked, or changed"
    shutil.copy(samples / "rocket.jpg", bad)
    assert engine.retry().result(WAIT_S) == 2
    engine.wait_idle().result(WAIT_S)
    assert [failure.path.name for failure in engine.failures().result(WAIT_S)] == ["empty.png"]


def test_removing_a_folder_is_undone_by_adding_it(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    before = {result.path: result.item_id for result in ask(engine).results}
    folder = engine.folders().result(WAIT_S)[0]

    engine.remove_folder(folder.folder_id).result(WAIT_S)
    assert ask(engine, "a cat").outcome is Outcome.EMPTY_LIBRARY
    index(engine, photos)

    assert {result.path: result.item_id for result in ask(engine).results} == before


def test_an_unplugged_drive_is_not_a_deletion(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    away = photos.with_name("unplugged")
    photos.rename(away)
    photos.mkdir()

    rescan(engine)
    assert engine.folders().result(WAIT_S)[0].state is FolderState.OFFLINE
    cat = ask(engine, "a cat").results[0]
    assert (cat.path.name, cat.online) == ("chelsea.png", False)
    assert engine.thumbnail(cat.item_id).result(WAIT_S) is not None

    photos.rmdir()
    away.rename(photos)
    assert work_of(engine, lambda: rescan(engine)) == 0
    assert engine.folders().result(WAIT_S)[0].state is FolderState.ONLINE


def test_folders_that_cannot_be_watched(engine: Engine, photos: Path, tmp_path: Path) -> None:
    engine.add_folder(photos).result(WAIT_S)

    for path in (tmp_path / "absent", photos / "chelsea.png", tmp_path, tmp_path / "library" / "stores"):
        with pytest.raises(FolderError, match=path.name):
            engine.add_folder(path).result(WAIT_S)


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


def test_pause_resume_and_cancel(engine: Engine, photos: Path) -> None:
    engine.pause()
    engine.add_folder(photos).result(WAIT_S)
    engine.rescan().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 8
    assert ask(engine).outcome is Outcome.EMPTY_LIBRARY

    engine.cancel()
    engine.wait_idle().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 8
    engine.resume()
    engine.wait_idle().result(WAIT_S)

    status = engine.status().result(WAIT_S)
    assert (status.waiting, status.files, status.items) == (0, 8, 8)
    assert engine.progress.activity is Activity.IDLE


def test_closing_in_the_middle_goes_on_next_time(open_library: Callable[[], Engine], photos: Path) -> None:
    with Image.open(photos / "rocket.jpg") as picture:
        for number in range(60):
            picture.rotate(number).save(photos / f"rocket {number}.jpg")
    engine = open_library()
    engine.start(watch=False)
    engine.add_folder(photos).result(WAIT_S)
    engine.rescan().result(WAIT_S)
    engine.close()

    engine = open_library()
    engine.start(watch=False)
    engine.wait_idle().result(WAIT_S)

    status = engine.status().result(WAIT_S)
    assert (status.files, status.waiting, status.failed) == (68, 0, 0)


def test_a_newer_question_cancels_older_ones(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    older = [engine.search(Question(f"question {number}"), cancel_older=True) for number in range(20)]
    newest = engine.search(Question("a cat"), cancel_older=True)

    assert names(newest.result(WAIT_S))[0] == "chelsea.png"
    assert any(future.cancelled() or future.exception() for future in older)


def test_a_live_folder_is_followed(open_library: Callable[[], Engine], photos: Path, samples: Path) -> None:
    engine = open_library()
    engine.start(watch=True)
    index(engine, photos)
    changed = threading.Event()
    engine.events.subscribe(lambda event: changed.set() if isinstance(event, LibraryChanged) else None)

    shutil.copy(samples / "motorcycle_left.png", photos / "new.png")

    while changed.wait(20):
        changed.clear()
        if names(ask(engine, "a motorcycle"))[0] == "new.png":
            return
    pytest.fail("the new photo never turned up")
