"""One ranked answer over photos, video moments, sounds and spoken lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.records import Filters, Kind, Outcome, Strength
from tests.core.search.conftest import MadeLibrary, Part, lines, names, shots, windows


@pytest.fixture
def full(made: MadeLibrary) -> MadeLibrary:
    """A hundred photos, twenty videos and sounds, forty lines, none like another."""
    made.add_many(100)
    made.add_many(20, "mp4", parts=4)
    made.add_many(20, "wav", parts=3)
    made.add("other/lecture.wav", *windows("lecture"), *lines(*(f"sentence {number}" for number in range(40))))
    return made


def test_words_find_what_is_seen_and_what_is_said(full: MadeLibrary) -> None:
    full.add("photo.jpg", Part(seen="dog"))
    full.add("video.mp4", *shots("road", "house", "dog", "sea"))
    full.add("talk.mp4", *shots("desk", "wall"), *lines("hello there", "the train leaves|train", "about my pet|dog"))
    full.add("speech.wav", *windows("voice", "voice"), *lines("good morning|morning", "he has a hound|dog"))

    answer = full.ask("dog")

    assert answer.outcome is Outcome.FOUND
    by_name = {result.path.name: result for result in answer.results[:4]}
    assert by_name.keys() == {"photo.jpg", "video.mp4", "talk.mp4", "speech.wav"}
    assert by_name["photo.jpg"].strength is by_name["video.mp4"].strength is Strength.STRONG
    assert Strength.WEAK not in {result.strength for result in by_name.values()}
    assert all(result.strength is Strength.WEAK for result in answer.results[4:])
    shown = {name: (result.reason, result.start_ms, result.line) for name, result in by_name.items()}
    assert shown == {
        "photo.jpg": ("matches the words", None, ""),
        "video.mp4": ("matches the words", 20_000, ""),
        "talk.mp4": ("heard at 0:08", 8_000, "about my pet"),
        "speech.wav": ("heard at 0:04", 4_000, "he has a hound"),
    }


def test_nothing_is_strong_for_what_is_not_there(full: MadeLibrary) -> None:
    full.add("speech.wav", *windows("voice"), *lines("good morning|morning", "he has a hound|dog"))

    answer = full.ask("submarine")

    assert answer.outcome is Outcome.NO_GOOD_MATCH
    assert len(answer.results) == 20


def test_what_is_seen_and_said_comes_before_what_is_only_one_of_them(full: MadeLibrary) -> None:
    full.add("both.mp4", *shots("dog", "road"), *lines("nothing yet", "look at him|dog"))
    full.add("seen.mp4", *shots("dog", "house"), *lines("well well|well"))
    full.add("said.mp4", *shots("desk", "wall"), *lines("look at her|dog"))

    results = full.ask("dog").results

    assert names(results)[0] == "both.mp4"
    assert set(names(results)[:3]) == {"both.mp4", "seen.mp4", "said.mp4"}
    assert [moment.reason for moment in results[0].moments] == ["matches the words", "heard at 0:04"]


def test_the_very_words_are_strong_however_few_lines_there_are(made: MadeLibrary) -> None:
    made.add_many(30)
    made.add("trip.mp4", *shots("station"), *lines("we are late", "the train to Lyon leaves soon|departure"))

    result = made.ask("train to Lyon").results[0]

    assert (result.path.name, result.strength) == ("trip.mp4", Strength.STRONG)
    assert (result.reason, result.line) == ("heard at 0:04", "the train to Lyon leaves soon")
    assert made.ask("trains").results[0].path.name != "trip.mp4"
    assert made.ask("lyo").results[0].path.name == "trip.mp4", "found while it is being typed"


@pytest.mark.parametrize(
    "text",
    ['"', "AND", "NOT", "a OR", "NEAR(a b)", "text:cat", "a*", "(", "^dog", "-dog", "{x}: y", "'; --", "é\u0301"],
)
def test_no_words_are_syntax(full: MadeLibrary, text: str) -> None:
    full.add("talk.wav", *windows("voice"), *lines("a cat"))
    assert full.ask(text).outcome in (Outcome.FOUND, Outcome.NO_GOOD_MATCH)


def test_moments_are_all_that_match_in_order_of_time(full: MadeLibrary) -> None:
    full.add("long.mp4", *shots("dog", "road", "sea", "dog", "house", "dog+ball"))
    full.add("overlaps.wav", *(Part(heard="bell", start_ms=n * 1000, end_ms=n * 1000 + 5000) for n in range(4)))
    full.add("alarm.wav", *windows("bell", "quiet", "bell"))

    long = full.ask("dog").results[0]
    assert long.path.name == "long.mp4"
    assert [moment.start_ms for moment in long.moments] == [0, 30_000, 50_000]
    assert (long.start_ms, long.end_ms) in {(moment.start_ms, moment.end_ms) for moment in long.moments}
    assert long.score >= max(moment.score for moment in long.moments)

    alarm = full.example(next(result.file_id for result in full.ask("alarm").results if result.path.stem == "alarm"))
    overlapping = next(result for result in full.ask("", alarm).results if result.path.name == "overlaps.wav")
    starts = [moment.start_ms for moment in overlapping.moments]
    assert len(starts) < 4, "windows that overlap are not listed one by one"
    assert {moment.reason for moment in overlapping.moments} == {"sounds like"}


def test_a_hundred_matches_in_one_file_are_fifty_moments(full: MadeLibrary) -> None:
    full.add("dogs.mp4", *shots(*["dog"] * 120))
    dogs = full.ask("dog").results[0]
    assert len(dogs.moments) == 50
    assert list(dogs.moments) == sorted(dogs.moments, key=lambda moment: moment.start_ms)


def test_each_kind_of_example_finds_what_is_like_it(full: MadeLibrary) -> None:
    photo = full.add("photo.jpg", Part(seen="dog"))
    full.add("photo2.jpg", Part(seen="dog"))
    sound = full.add("bark.wav", *windows("barking"))
    full.add("bark2.wav", *windows("quiet", "barking"))
    clip = [*shots("road", "dog"), *windows("wind", "barking")]
    video = full.add("clip.mp4", *clip)
    full.add("clip2.mp4", *shots("dog", "sea"), *windows("barking", "waves"))

    def found(file_id: int) -> dict[str, str]:
        results = full.ask("", full.example(file_id)).results
        return {r.path.name: r.reason for r in results if r.strength is not Strength.WEAK}

    assert found(photo) == {
        "photo.jpg": "same file",
        "photo2.jpg": "looks like",
        "clip.mp4": "looks like",
        "clip2.mp4": "looks like",
    }
    assert found(sound) == {
        "bark.wav": "same file",
        "bark2.wav": "sounds like",
        "clip.mp4": "sounds like",
        "clip2.mp4": "sounds like",
    }
    of_video = found(video)
    assert list(of_video)[:2] == ["clip.mp4", "clip2.mp4"]
    assert of_video.keys() == {"clip.mp4", "clip2.mp4", "photo.jpg", "photo2.jpg", "bark.wav", "bark2.wav"}


def test_only_the_stretch_that_is_asked_for_counts(full: MadeLibrary) -> None:
    video = full.add("clip.mp4", *shots("road", "dog", "sea"))
    full.add("dog.jpg", Part(seen="dog"))
    full.add("sea.jpg", Part(seen="sea"))

    second = names(full.ask("", full.example(video, 10_000, 20_000)).results)
    third = names(full.ask("", full.example(video, 20_500, 21_000)).results)

    assert second[:2] == ["clip.mp4", "dog.jpg"]
    assert third[:2] == ["clip.mp4", "sea.jpg"]


def test_all_examples_matter(full: MadeLibrary) -> None:
    dog, beach = full.add("dog.jpg", Part(seen="dog")), full.add("beach.jpg", Part(seen="beach"))
    full.add("dog on a beach.jpg", Part(seen="dog+beach"))

    answer = full.ask("", full.example(dog), full.example(beach), limit=4)

    assert names(answer.results)[2] == "dog on a beach.jpg"
    assert [result.reason for result in answer.results[:3]] == ["same file", "same file", "looks like"]


def test_words_and_an_example_are_both_wanted(full: MadeLibrary) -> None:
    dog = full.add("1.jpg", Part(seen="dog"))
    full.add("2.jpg", Part(seen="beach"))
    full.add("4.mp4", *shots("dog", "road", "beach"))
    full.add("3.jpg", Part(seen="dog+beach"))

    results = full.ask("beach", full.example(dog)).results

    assert set(names(results)[:2]) == {"3.jpg", "4.mp4"}
    assert set(names(results)[2:4]) == {"1.jpg", "2.jpg"}


def test_what_is_not_wanted_goes_and_nothing_comes_instead(full: MadeLibrary) -> None:
    full.add("1.jpg", Part(seen="dog"))
    full.add("5.jpg", Part(seen="dog+cat"))
    cat = full.add("6.jpg", Part(seen="cat"))
    plain = full.ask("dog").results
    without = full.ask("dog", without="cat").results
    less = full.ask("dog", full.example(cat, less=True)).results

    assert set(names(plain)[:2]) == {"1.jpg", "5.jpg"}
    for results in (without, less):
        assert names(results)[0] == "1.jpg"
        assert [r.path.name for r in results if r.strength is not Strength.WEAK] == ["1.jpg"]
        assert results[0].score == pytest.approx(plain[0].score, abs=0.01)
        assert "6.jpg" not in names(results)[:10]


def test_a_name_does_not_help_what_is_not_wanted(full: MadeLibrary) -> None:
    full.add("dog 1.jpg", Part(seen="cat"))
    full.add("my dog and cat.jpg", Part(seen="a road"))
    full.add("a dog of ours.jpg", Part(seen="a path"))
    good = [r.path.name for r in full.ask("dog", without="cat").results if r.strength is not Strength.WEAK]
    assert good == ["a dog of ours.jpg"]


def test_without_alone_lists_everything_else_newest_first(full: MadeLibrary) -> None:
    full.add("new.jpg", Part(seen="dog"), taken_at="2030-01-02T00:00:00")
    full.add("newer.jpg", Part(seen="cat"), taken_at="2031-01-02T00:00:00")
    full.add("newest.mp4", *shots("road", "dog"), taken_at="2032-01-02T00:00:00")

    answer = full.ask(without="dog", limit=30)

    assert answer.outcome is Outcome.BROWSE
    assert len(answer.results) == 30
    assert names(answer.results)[0] == "newer.jpg"
    assert not {"new.jpg", "newest.mp4"} & set(names(answer.results))


def test_same_library_same_question_same_order(full: MadeLibrary) -> None:
    full.add("dog.jpg", Part(seen="dog"))
    for number in range(5):
        full.add(f"copy {number}.jpg", Part(seen="dog"), content="the same")
    before = full.ask("dog", limit=100).results
    full.reopen()
    after = full.ask("dog", limit=100).results
    assert before == after
    copies = [name for name in names(before) if name.startswith("copy")]
    assert copies == sorted(copies)
    scores = [result.score for result in before]
    assert scores == sorted(scores, reverse=True)


# names, folders, dates, filters


def test_what_is_named_comes_first_and_is_certain(full: MadeLibrary) -> None:
    full.add("dog.jpg", Part(seen="a wall"))
    full.add("elsewhere.jpg", Part(seen="dog"))
    for question in ("dog", "Dog.JPG", "/media/dog.jpg"):
        first = full.ask(question).results[0]
        assert (first.path.name, first.space, first.reason, first.score) == ("dog.jpg", "name", "in the name", 1.0)
    assert names(full.ask("dog").results)[1] == "elsewhere.jpg"


def test_words_in_names_and_titles_are_found(full: MadeLibrary) -> None:
    full.add("rec_07 thunder.wav", *windows("noise"))
    full.add("track01.wav", *windows("music"), title="Miles Davis – Blue in Green")

    thunder, title = full.ask("thunder").results[0], full.ask("blue green").results[0]

    assert (thunder.path.name, thunder.reason, thunder.strength) == (
        "rec_07 thunder.wav",
        "in the name",
        Strength.STRONG,
    )
    assert (title.path.name, title.space, title.reason) == ("track01.wav", "title", "in the title")
    assert full.ask("jpg").outcome is Outcome.NO_GOOD_MATCH, "what a hundred names have is no match"


def test_a_folder_of_that_name_comes_first_but_drowns_nothing(full: MadeLibrary) -> None:
    for number in range(30):
        full.add(f"trips/Dog/{number}.jpg", Part(seen=f"page {number}"), taken_at=f"2020-01-{number + 1:02}")
    full.add("trips/Dog/our dog.jpg", Part(seen="dog"), taken_at="2019-01-01")
    full.add("elsewhere.jpg", Part(seen="dog"))

    results = full.ask("dog", limit=50).results

    assert results[0].path.name == "our dog.jpg", "of its files, those that also match"
    assert names(results)[1:12] == [f"{number}.jpg" for number in range(29, 18, -1)], "then the newest"
    assert {result.reason for result in results[:12]} == {"in the folder"}
    assert results[12].path.name == "elsewhere.jpg"
    assert len(results) == 50
    assert len({result.file_id for result in results}) == 50


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2024", ["c", "b", "a"]),
        ("2024-06", ["b", "a"]),
        ("June 2024", ["b", "a"]),
        ("2024 jun", ["b", "a"]),
        ("2024-06-30", ["b"]),
        ("2024-13", []),
        ("2024-02-30", []),
        ("0000", []),
        ("jun", []),
        ("lune 2024", []),
    ],
)
def test_dates_that_are_all_that_is_asked_come_first(full: MadeLibrary, text: str, found: list[str]) -> None:
    for name, day in [("a", "2024-06-01"), ("b", "2024-06-30"), ("c", "2024-07-01"), ("d", "2023-12-31")]:
        full.add(f"{name}.jpg", Part(seen=name), taken_at=f"{day}T12:00:00")
    dated = [result for result in full.ask(text).results if result.space == "date"]
    assert [result.path.stem for result in dated] == found
    assert full.ask(text).results[: len(found)] == dated
    only = Filters(since="2024-06-15")
    stems = [result.path.stem for result in full.ask(text, filters=only).results if result.space == "date"]
    assert stems == [stem for stem in found if stem != "a"]


def test_a_filtered_search_finds_as_many_as_there_are(full: MadeLibrary) -> None:
    for number in range(15):
        full.add(f"videos/{number}.mp4", *shots(*["dog"] * 40), taken_at=f"2021-01-{number + 1:02}T00:00:00")
    full.add("sea.mp4", *shots("sea"), taken_at="2021-01-20T00:00:00")
    in_2021 = Filters(since="2021-01-01", until="2021-12-31")

    assert len(full.ask("dog", filters=in_2021, limit=100).results) == 16
    assert len(full.ask("dog", filters=in_2021, limit=16).results) == 16, "one file has most of the best segments"
    only_videos = Filters(kinds=frozenset({Kind.VIDEO}))
    videos = full.ask("dog", filters=only_videos, limit=100)
    assert len(videos.results) == 36
    assert {result.kind for result in videos.results} == {Kind.VIDEO}
    assert set(names(videos.results)[:15]) == {f"{number}.mp4" for number in range(15)}
    assert full.ask("dog", filters=Filters(since="2090-01-01")).outcome is Outcome.FILTERED_OUT


def test_lines_and_names_pass_the_filters_too(full: MadeLibrary) -> None:
    full.add("dog talk.wav", *windows("voice"), *lines("about a dog|dog"), taken_at="2021-05-05T00:00:00")
    for filters in (Filters(kinds=frozenset({Kind.IMAGE})), Filters(until="2020-01-01")):
        assert "dog talk.wav" not in names(full.ask("dog", filters=filters).results)
    sounds = full.ask("dog", filters=Filters(kinds=frozenset({Kind.AUDIO})))
    assert names(sounds.results)[0] == "dog talk.wav"


def test_copies_are_files_of_their_own(full: MadeLibrary) -> None:
    one = full.add("a/one.jpg", Part(seen="dog"), content="same")
    full.add("b/two.jpg", Part(seen="dog"), content="same")
    results = full.ask("", full.example(one)).results
    assert names(results)[:2] == ["one.jpg", "two.jpg"]
    assert {result.reason for result in results[:2]} == {"same file"}
    assert results[0].item_id == results[1].item_id


def test_a_long_recording_does_not_crowd_out_the_rest(full: MadeLibrary) -> None:
    full.add("rain.wav", *windows(*["rain"] * 400))
    full.add("shower.wav", *windows("rain"))
    rain = full.add("example.wav", *windows("rain"))
    results = full.ask("", full.example(rain), limit=3).results
    assert set(names(results)) == {"example.wav", "rain.wav", "shower.wav"}


def test_a_library_without_a_model_finds_names_and_lines(tmp_path: Path) -> None:
    made = MadeLibrary(tmp_path / "library", [])
    try:
        made.add("big dog.jpg", Part(seen="dog"))
        made.add("talk.wav", *lines("I like dogs and cats"))
        assert names(made.ask("big dog").results) == ["big dog.jpg"]
        assert [result.line for result in made.ask("dogs").results] == ["I like dogs and cats"]
        assert made.ask("bird").outcome is Outcome.NO_GOOD_MATCH
        assert made.ask("bird").results == []
    finally:
        made.close()
