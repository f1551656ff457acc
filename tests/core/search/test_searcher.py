"""One ranked answer over photos, video moments, sounds and spoken lines."""

from __future__ import annotations

import pytest

from core.records import Outcome, Strength
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
        "talk.mp4": ("heard at 00:08", 8_000, "about my pet"),
        "speech.wav": ("heard at 00:04", 4_000, "he has a hound"),
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
    assert [moment.reason for moment in results[0].moments] == ["matches the words", "heard at 00:04"]


def test_the_very_words_are_strong_however_few_lines_there_are(made: MadeLibrary) -> None:
    made.add_many(30)
    made.add("trip.mp4", *shots("station"), *lines("we are late", "the train to Lyon leaves soon|departure"))

    result = made.ask("train to Lyon").results[0]

    assert (result.path.name, result.strength) == ("trip.mp4", Strength.STRONG)
    assert (result.reason, result.line) == ("heard at 00:04", "the train to Lyon leaves soon")
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
