"""Another model takes over when it has caught up; until then, and if it goes away, what there was answers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.records import Changes, EncoderSpec, Kind, Line, Reason, Role, SpaceId, SpaceSpec, Stage
from core.store.saving import IndexedFile, IndexedSegment
from core.store.work_queue import WorkItem
from tests.core.store.conftest import LOOKS, MADE, WORDS, Library, found, indexed

OURS = {WORDS.space_id, LOOKS.space_id}
BETTER = SpaceSpec(SpaceId("better/all@1"), 16, answers_text=True, answers_media=True, reason="looks like")
RIVAL = EncoderSpec("better", "Better", "1", Role.PICTURES, (BETTER,))
LINES = SpaceSpec(SpaceId("texts/lines@1"), 8, answers_text=True, answers_media=False, reason="says")
SPEECH = EncoderSpec("texts", "Texts", "1", Role.SPEECH, (LINES,))


def choose(library: Library, spec: EncoderSpec, able: set[SpaceId] | None = None) -> None:
    library.catalog.plan_spaces([spec], {spec.role: spec.encoder_id}, able or set())


def understand(library: Library, spec: EncoderSpec, limit: int = 64) -> None:
    """Indexes up to `limit` waiting files with that encoder alone."""
    work = library.catalog.claim(limit)
    library.catalog.save([indexed(item, item.path, specs=spec.spaces) for item in work])


def vectors_in(library: Library, space_id: SpaceId) -> int:
    return len(library.reader.searchable(space_id).come)


@pytest.fixture
def three(library: Library) -> Library:
    """Three pictures, all understood by the encoder in use."""
    library.add_indexed("a.jpg", "b.jpg", "c.jpg")
    return library


def test_a_first_encoder_answers_at_once(library: Library) -> None:
    assert library.catalog.active_spaces() == {WORDS.space_id: "made", LOOKS.space_id: "made"}
    assert library.catalog.shares() == {}


def test_another_encoder_takes_over_when_it_has_caught_up(three: Library) -> None:
    choose(three, RIVAL, able=OURS)
    assert three.catalog.active_spaces().keys() == OURS
    assert three.reader.counts().waiting == 3
    assert three.catalog.shares() == {"better": 0.0}
    assert three.catalog.switch_spaces() is None

    understand(three, RIVAL, limit=2)
    assert three.catalog.switch_spaces() is None
    assert three.catalog.shares() == {"better": pytest.approx(2 / 3)}
    assert three.catalog.active_spaces().keys() == OURS
    assert vectors_in(three, WORDS.space_id) == 3

    understand(three, RIVAL)
    plan = three.catalog.switch_spaces()
    assert plan is not None
    assert (plan.active, plan.building) == ({BETTER.space_id}, set())
    assert three.catalog.active_spaces() == {BETTER.space_id: "better"}
    assert three.catalog.shares() == {}
    assert three.catalog.switch_spaces() is None


def test_a_restart_in_between_changes_nothing(three: Library) -> None:
    choose(three, RIVAL, able=OURS)
    understand(three, RIVAL, limit=1)
    three.reopen()
    choose(three, RIVAL, able=OURS)
    assert three.catalog.shares() == {"better": pytest.approx(1 / 3)}
    assert three.reader.counts().waiting == 2
    assert three.catalog.active_spaces().keys() == OURS


def test_a_file_that_cannot_be_understood_holds_up_nothing(three: Library) -> None:
    choose(three, RIVAL, able=OURS)
    first, *others = three.catalog.claim(3)
    three.catalog.fail(first.file_id, Stage.EMBED, Reason.NOT_UNDERSTOOD, "No.", retryable=False)
    three.catalog.save([indexed(item, item.path, specs=[BETTER]) for item in others])
    assert three.catalog.switch_spaces() is not None


def test_new_files_are_understood_by_both_meanwhile(three: Library) -> None:
    choose(three, RIVAL, able=OURS)
    three.add(found("/pictures/new.jpg"))
    work = three.catalog.claim(64)
    three.catalog.save([indexed(item, item.path, specs=(WORDS, LOOKS, BETTER)) for item in work])
    assert vectors_in(three, WORDS.space_id) == vectors_in(three, BETTER.space_id) == 4
    assert three.catalog.switch_spaces() is not None


def test_where_nobody_can_answer_meanwhile_the_new_one_answers_with_what_it_has(three: Library) -> None:
    choose(three, RIVAL)
    assert three.catalog.active_spaces() == {BETTER.space_id: "better"}
    assert three.reader.counts().waiting == 3


def test_going_back_before_it_has_caught_up_costs_nothing(three: Library) -> None:
    choose(three, RIVAL, able=OURS)
    understand(three, RIVAL, limit=1)
    choose(three, MADE)
    assert three.catalog.active_spaces().keys() == OURS
    assert three.catalog.shares() == {}
    waiting = three.catalog.claim(64)
    for work in waiting:  # they have all that is wanted: to be linked, not decoded
        known = three.reader.find_item(indexed(work, work.path).content_hash)
        assert known is not None
        assert known[2] >= OURS


def test_what_a_model_understood_is_kept_while_its_weights_are_away(three: Library) -> None:
    choose(three, RIVAL, able=OURS)
    understand(three, RIVAL)
    three.catalog.switch_spaces()
    while three.catalog.drop_retired():
        pass

    three.catalog.plan_spaces([MADE], {Role.PICTURES: "better"}, set())
    assert MADE.encoder_id in three.catalog.active_spaces().values(), "what came along does the work"
    three.index()
    while three.catalog.drop_retired():
        pass
    assert vectors_in(three, BETTER.space_id) == 3

    choose(three, RIVAL, able=OURS)
    assert three.reader.counts().waiting == 0, "nothing is understood twice"
    assert BETTER.space_id in three.catalog.active_spaces()


def test_retired_vectors_are_deleted_in_steps(three: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.spaces._ROWS_PER_STATEMENT", 2)
    choose(three, RIVAL, able=OURS)
    understand(three, RIVAL)
    three.catalog.switch_spaces()
    left = [vectors_in(three, WORDS.space_id) + vectors_in(three, LOOKS.space_id)]
    while three.catalog.drop_retired():
        left.append(vectors_in(three, WORDS.space_id) + vectors_in(three, LOOKS.space_id))
    assert left[0] == 6
    assert all(before - after <= 2 for before, after in pairwise(left))
    assert left[-1] == 0
    assert three.reader.spaces() == {BETTER.space_id: 16}
    assert vectors_in(three, BETTER.space_id) == 3


def test_an_encoder_of_another_role_takes_over_from_nobody(three: Library) -> None:
    three.catalog.plan_spaces([MADE, SPEECH], {Role.PICTURES: "made", Role.SPEECH: "texts"})
    assert three.catalog.active_spaces().keys() == OURS | {LINES.space_id}
    assert three.reader.counts().waiting == 0, "pictures say nothing"


def spoken(library: Library) -> None:
    """From now on speech is wanted, too; a sound, a video and a picture are added."""
    library.catalog.plan_spaces([MADE, SPEECH], {Role.PICTURES: "made", Role.SPEECH: "texts"})
    library.add(
        found("/pictures/old.wav", 1, Kind.AUDIO),
        found("/pictures/new.mp4", 9, Kind.VIDEO),
        found("/pictures/mid.jpg", 5),
    )


def test_what_takes_long_is_claimed_last_and_one_at_a_time(library: Library) -> None:
    spoken(library)
    for work in library.catalog.claim(64):
        later = work.kind is not Kind.IMAGE
        library.catalog.save([replace(indexed(work, work.path), later=later)])
    library.add(found("/pictures/latest.jpg", 0))

    claimed = [library.catalog.claim(64) for _ in range(4)]
    assert [[(work.path, work.later) for work in batch] for batch in claimed] == [
        [(b"/pictures/latest.jpg", False)],
        [(b"/pictures/new.mp4", True)],
        [(b"/pictures/old.wav", True)],
        [],
    ]


def test_a_long_file_is_found_only_when_its_last_stretch_is_saved(library: Library) -> None:
    library.add(found("/pictures/long.mp4", 1, Kind.VIDEO))
    (work,) = library.catalog.claim(1)
    stretches = [stretch(work, number, ends=number == 2) for number in range(3)]

    library.catalog.save(stretches[:1])
    library.catalog.save(stretches[1:2])
    assert library.searchable() == set()
    assert library.reader.is_empty()
    assert library.reader.counts().waiting == 1

    library.catalog.save(stretches[2:])
    assert len(library.searchable()) == 3
    assert library.reader.counts().waiting == 0


def test_a_long_file_that_was_interrupted_has_nothing_twice(library: Library) -> None:
    library.add(found("/pictures/long.mp4", 1, Kind.VIDEO))
    (work,) = library.catalog.claim(1)
    library.catalog.save([stretch(work, 0)])
    library.reopen()
    (again,) = library.catalog.claim(1)
    library.catalog.save([stretch(again, number, ends=number == 2) for number in range(3)])
    assert len(library.reader.segments_of_file(work.file_id)) == len(library.searchable()) == 3


def stretch(work: WorkItem, number: int, ends: bool = False) -> IndexedFile:
    whole = indexed(work, b"content")
    segment = IndexedSegment(whole.segments[0].vectors, number * 1000, number * 1000 + 1000)
    return replace(whole, segments=[segment], ends=ends, understood=whole.understood if ends else frozenset())


def test_lines_are_kept_in_order_and_found_by_their_words(library: Library) -> None:
    spoken(library)
    work = next(work for work in library.catalog.claim(64) if work.kind is Kind.AUDIO)
    vector = np.eye(8, dtype=np.float32)
    said = [Line(3000, 5000, "The train to Lyon leaves at noon.", "en"), Line(0, 2000, "Où est la gare ?", "fr")]
    segments = [
        IndexedSegment({LINES.space_id: vector[n]}, line.start_ms, line.end_ms, line) for n, line in enumerate(said)
    ]
    library.catalog.save([replace(indexed(work, b"talk"), segments=segments)])

    details = library.reader.details(work.file_id)
    assert details is not None
    assert details.transcript == (said[1], said[0])
    ids = library.reader.segments_of_file(work.file_id)
    for words, line in [("LYON train", 0), ("ou EST", 1), ("gare", 1), ("lyo", 0), ("noon?", 0)]:
        mentions = library.reader.heard(words)
        spans = library.reader.spans(mentions.ids)
        assert [spans[number].line for number in mentions.ids] == [said[line].text], words
        assert set(mentions.ids.tolist()) <= set(ids.tolist())
    assert library.reader.heard("bus").ids.size == 0

    library.catalog.apply_changes(library.folder_id, Changes(left_out=[work.file_id]))
    library.catalog.purge_orphans(older_than_days=-1)
    assert library.reader.heard("train").ids.size == 0, "what is forgotten is not found any more"


def test_a_name_is_found_by_its_words_until_it_is_another(library: Library) -> None:
    library.add_indexed("Big Dog-2019.jpg", "sub/Cat.jpg")
    file_id = library.file_id("/pictures/Big Dog-2019.jpg")
    for words in ("dog", "DOG big", "2019", "big dog 2019", "dog.jpg 2019"):
        assert (file_id in library.reader.named(words).ids) is (words != "dog.jpg 2019"), words
    moved = found("/pictures/Hound.jpg")
    library.catalog.apply_changes(library.folder_id, Changes(moved=[(file_id, moved)]))
    assert library.reader.named("dog").ids.size == 0
    assert library.reader.named("hound").ids.tolist() == [file_id]
    library.catalog.apply_changes(library.folder_id, Changes(left_out=[file_id]))
    assert library.reader.named("hound").ids.size == 0


def test_folders_are_found_by_their_whole_name(library: Library) -> None:
    library.add_indexed("Lyon/Day 1/a.jpg", "lyon/b.jpg", "Lyon trip/c.jpg", "d.jpg")
    files = {known.file_id: known.path for known in library.reader.known_files(library.folder_id)}

    def inside(name: str) -> set[str]:
        return {Path(files[file_id].decode()).name for file_id in library.reader.files_in(name)}

    assert inside("Lyon") == {"a.jpg", "b.jpg"}
    assert inside(" day 1 ") == {"a.jpg"}
    assert inside("lyon trip") == {"c.jpg"}
    assert inside("pictures") == {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}
    assert inside("trip") == inside("") == inside('"') == inside("Lyon/Day 1") == set()


def test_what_was_on_its_way_when_a_model_was_chosen_reaches_it_too(three: Library) -> None:
    three.add(found("/pictures/new.jpg"), found("/pictures/twin.jpg"), found("/pictures/gone.jpg"))
    new, twin, gone = three.catalog.claim(3)
    choose(three, RIVAL, able=OURS)
    (item,) = three.catalog.save([indexed(new, new.path)])
    assert item is not None
    assert three.catalog.link(twin.file_id, item, twin.signature)
    three.catalog.fail(gone.file_id, Stage.DECODE, Reason.DAMAGED, "It is damaged.", retryable=False)

    assert three.catalog.switch_spaces() is None
    assert three.reader.counts().waiting == 5
    understand(three, RIVAL)
    assert three.catalog.switch_spaces() is not None
    assert vectors_in(three, BETTER.space_id) == 5


def test_what_was_on_its_way_is_not_asked_for_again_and_again(three: Library) -> None:
    """The model may be broken, or its weights away: what it could not understand is done all the same."""
    three.add(found("/pictures/new.jpg"))
    (new,) = three.catalog.claim(1)
    three.catalog.plan_spaces([RIVAL], {Role.PICTURES: "better"}, OURS)
    three.catalog.save([indexed(new, new.path)])
    for _ in range(2):
        three.catalog.save([indexed(item, item.path) for item in three.catalog.claim(64)])
    assert three.reader.counts().waiting == 0


def test_what_was_on_its_way_is_listened_to_later(library: Library) -> None:
    library.add(found("/pictures/talk.mp3", kind=Kind.AUDIO))
    (talk,) = library.catalog.claim(1)
    library.catalog.plan_spaces([MADE, SPEECH], {Role.PICTURES: "made", Role.SPEECH: "texts"})
    library.catalog.save([indexed(talk, talk.path)])
    assert library.catalog.claim(1, later=False) == []
    (again,) = library.catalog.claim(1)
    assert (again.file_id, again.later) == (talk.file_id, True)


def test_a_file_that_changed_while_it_waited_to_be_listened_to_is_new(library: Library) -> None:
    library.add(found("/pictures/a.jpg", 1))
    (work,) = library.catalog.claim(1)
    library.catalog.save([replace(indexed(work, b"content"), later=True)])
    changed = found("/pictures/a.jpg", 2)
    library.catalog.apply_changes(library.folder_id, Changes(changed=[(work.file_id, changed)]))
    (again,) = library.catalog.claim(1, later=False)
    assert (again.file_id, again.later) == (work.file_id, False)
