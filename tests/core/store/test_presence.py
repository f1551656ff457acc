"""Files that are not found: missing, lost, back, forgotten; and the time that has to pass between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.records import (
    Changes,
    EncoderSpec,
    FileId,
    Filters,
    FolderState,
    Reason,
    Role,
    SpaceId,
    SpaceSpec,
    Stage,
    Standing,
)
from core.store.presence import CONFIRM_AFTER_S, KEPT_SCANS
from tests.core.store.conftest import DAY_S, MADE, Library, found, indexed

START_S = 2e9
NAMES = [f"{number}.jpg" for number in range(10)]
BETTER = EncoderSpec(
    "better", "Better", "1", Role.PICTURES, (SpaceSpec(SpaceId("better/words@1"), 24, True, False, "matches"),)
)


class Life:
    """A library that is scanned now and then, by a clock that the test sets."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.now_s = START_S
        library.catalog.pass_time(self.now_s)

    def scan(self, *missing: FileId, after_s: float = 0.0, back: tuple[FileId, ...] = ()) -> None:
        self.now_s += after_s
        self.library.catalog.pass_time(self.now_s)
        self.library.catalog.apply_changes(self.library.folder_id, Changes(missing=missing, back=back))

    def lose(self, *files: FileId) -> None:
        self.scan(*files)
        self.scan(*files, after_s=CONFIRM_AFTER_S)

    def weeks(self, count: int, *missing: FileId) -> None:
        for _ in range(count):
            self.scan(*missing, after_s=7 * DAY_S)

    @property
    def shown(self) -> set[str]:
        return {result.path.name for result in self.library.reader.browse(Filters(), 1000)}

    @property
    def lost(self) -> int:
        return self.library.reader.folders()[0].lost

    @property
    def asks(self) -> int:
        return self.library.reader.folders()[0].asks

    def id(self, name: str) -> FileId:
        return self.library.file_id(f"/pictures/{name}")


@pytest.fixture
def life(library: Library) -> Life:
    library.add_indexed(*NAMES)
    return Life(library)


def test_one_scan_is_no_proof_however_long_ago(life: Life) -> None:
    one = life.id("1.jpg")
    life.scan(one)
    assert [result.path.name for result in life.library.reader.browse(Filters(), 99) if result.missing] == ["1.jpg"]
    assert life.library.reader.is_missing_any(life.library.folder_id)
    life.scan(after_s=7 * DAY_S)
    assert life.shown == set(NAMES), "that scan did not say that it is missing"


def test_two_scans_a_minute_apart_are(life: Life) -> None:
    one = life.id("1.jpg")
    life.scan(one)
    life.scan(one, after_s=CONFIRM_AFTER_S / 2)
    assert "1.jpg" in life.shown
    segments = life.library.searchable()
    life.scan(one, after_s=CONFIRM_AFTER_S / 2)
    assert life.shown == {*NAMES} - {"1.jpg"}
    assert len(life.library.searchable()) == len(segments) - 1
    assert life.library.reader.named("1").ids.size == 0
    assert not life.library.reader.is_missing_any(life.library.folder_id)
    assert life.library.reader.counts().files == 9
    assert life.lost == 1


@pytest.mark.parametrize("how", ["back", "moved", "changed"])
def test_what_comes_back_is_what_it_was(life: Life, how: str) -> None:
    library = life.library
    one = life.id("1.jpg")
    segments = library.searchable()
    life.lose(one)
    changes = {
        "back": Changes(back=[one]),
        "moved": Changes(moved=[(one, found("/pictures/sub/one.jpg"))]),
        "changed": Changes(changed=[(one, found("/pictures/1.jpg", 3))]),
    }[how]
    library.catalog.apply_changes(library.folder_id, changes)
    assert library.searchable() == segments
    assert life.shown == ({*NAMES} - {"1.jpg"} | {"one.jpg"} if how == "moved" else {*NAMES})
    assert life.lost == 0
    assert [item.file_id for item in library.catalog.claim(9)] == ([one] if how == "changed" else [])
    assert not any(result.missing for result in library.reader.browse(Filters(), 99))
    assert library.reader.named("one" if how == "moved" else "1").ids.tolist() == [one]


@pytest.mark.parametrize(("lost", "taker"), [("1.jpg", "2.jpg"), ("2.jpg", "1.jpg")])
def test_a_lost_file_whose_place_another_has_taken_is_found_elsewhere(life: Life, lost: str, taker: str) -> None:
    library, gone, here = life.library, life.id(lost), life.id(taker)
    segments = library.searchable()
    life.lose(gone)
    library.catalog.apply_changes(library.folder_id, Changes(moved=[(here, found(f"/pictures/{lost}"))]))
    known = {file.path: file.file_id for file in library.reader.known_files(library.folder_id)}
    assert known[f"/pictures/{lost}".encode()] == here, "what is there counts, not what was there before"
    library.catalog.apply_changes(library.folder_id, Changes(moved=[(gone, found("/pictures/sub/found.jpg"))]))
    assert (life.id(lost), life.id("sub/found.jpg")) == (here, gone)
    assert life.shown == {*NAMES} - {taker} | {"found.jpg"}
    assert library.searchable() == segments
    assert life.lost == 0


def test_a_lost_file_is_known_by_another_folder(life: Life) -> None:
    library = life.library
    life.lose(life.id("1.jpg"))
    other = library.catalog.add_folder(Path("/other")).folder_id
    before = library.searchable()
    twins = library.reader.twins(other, [found("/pictures/1.jpg")])
    (one,) = [file.file_id for file in twins if file.path == b"/pictures/1.jpg"]
    library.catalog.apply_changes(other, Changes(moved=[(one, found("/other/1.jpg"))]))
    assert {folder.path: folder.files for folder in library.reader.folders()} == {
        Path("/pictures"): 9,
        Path("/other"): 1,
    }
    assert len(library.searchable()) == len(before) + 1


def test_files_of_a_folder_that_is_away_did_not_move(life: Life) -> None:
    library = life.library
    other = library.catalog.add_folder(Path("/other")).folder_id
    (twin,) = [file for file in library.reader.twins(other, [found("/pictures/1.jpg")]) if file.path.endswith(b"1.jpg")]
    assert twin.file_id == life.id("1.jpg")
    library.catalog.set_folder_state(library.folder_id, FolderState.OFFLINE)
    assert library.reader.twins(other, [found("/pictures/1.jpg")]) == []


def test_a_missing_file_is_not_read(life: Life) -> None:
    library = life.library
    library.add(found("/pictures/new.jpg"))
    new = life.id("new.jpg")
    life.scan(new)
    assert library.catalog.claim(9) == []
    assert library.reader.claimable() == 0
    life.scan(new, after_s=CONFIRM_AFTER_S)
    life.scan(back=(new,))
    assert [item.file_id for item in library.catalog.claim(9)] == [new]


def test_a_failure_goes_with_its_file_and_is_tried_again_when_it_is_back(life: Life) -> None:
    library = life.library
    library.add(found("/pictures/bad.jpg"))
    (work,) = library.catalog.claim(1)
    library.catalog.fail(work.file_id, Stage.DECODE, Reason.DAMAGED, "It is damaged.", retryable=False)
    life.lose(work.file_id)
    assert library.reader.failures() == []
    life.scan(back=(work.file_id,))
    assert [item.file_id for item in library.catalog.claim(9)] == [work.file_id]


def test_a_month_and_three_scans_later_it_is_forgotten(life: Life) -> None:
    one = life.id("1.jpg")
    life.lose(one)
    life.weeks(4, one)
    assert life.lost == 1, "28 days"
    assert life.library.catalog.purge_orphans(older_than_days=0) == [], "what may come back is kept"
    life.weeks(1, one)
    assert (life.lost, life.asks) == (0, 0)
    assert len(life.library.catalog.purge_orphans(older_than_days=0)) == 1


def test_time_alone_forgets_nothing(life: Life) -> None:
    one = life.id("1.jpg")
    life.lose(one)
    for _ in range(20):
        life.now_s += 7 * DAY_S
        life.library.catalog.pass_time(life.now_s)  # the drive is away: there is no scan
    assert life.lost == 1
    life.scan(one)
    assert life.lost == 0, "the third scan"
    assert KEPT_SCANS == 3


def test_scans_alone_forget_nothing(life: Life) -> None:
    one = life.id("1.jpg")
    life.lose(one)
    for _ in range(100):
        life.scan(one, after_s=3600)
    assert life.lost == 1


YEARS_S = 10 * 365 * DAY_S


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jumps=st.lists(st.sampled_from([-YEARS_S, YEARS_S, 60.0, -60.0]), max_size=8))
def test_a_clock_that_jumps_forgets_nothing(life: Life, jumps: list[float]) -> None:
    """Each jump is worth a week at most, so four of them, an hour apart, are less than a month."""
    one = life.id("1.jpg") if "1.jpg" in life.shown else None
    if one is None:
        one = next(file.file_id for file in life.library.reader.known_files(life.library.folder_id) if not file.is_here)
        life.scan(back=(one,))
    life.scan(one)
    forward = 0
    for jump_s in jumps:
        forward += jump_s > DAY_S
        if forward > 4:
            break
        life.scan(one, after_s=jump_s)
        life.scan(one, after_s=3600)
    assert one in {file.file_id for file in life.library.reader.known_files(life.library.folder_id)}
    assert life.library.catalog.purge_orphans() == []


def test_a_jump_of_the_clock_does_not_delete_what_a_removed_folder_held(life: Life) -> None:
    library = life.library
    library.catalog.remove_folder(library.folder_id)
    for jump_s in (YEARS_S, -2 * YEARS_S, YEARS_S):
        life.now_s += jump_s
        library.catalog.pass_time(life.now_s)
        assert library.catalog.purge_orphans() == []
    for _ in range(5):
        life.now_s += 7 * DAY_S
        library.catalog.pass_time(life.now_s)
    assert len(library.catalog.purge_orphans()) == len(NAMES)


@pytest.mark.parametrize("keep", [True, False])
def test_many_at_once_are_asked_about_and_the_answer_counts(life: Life, keep: bool) -> None:
    many = tuple(life.id(name) for name in NAMES[:3])
    life.lose(*many)
    assert life.asks == 0, "there is time"
    life.weeks(6, *many)
    assert (life.lost, life.asks) == (3, 3)
    life.library.catalog.settle_lost(life.library.folder_id, keep=keep)
    assert (life.lost, life.asks) == (3 if keep else 0, 0)
    if keep:
        life.weeks(10, *many)
        assert (life.lost, life.asks) == (3, 0)
        assert life.library.catalog.purge_orphans() == []
        life.scan(back=many)
        assert life.shown == set(NAMES)
        assert life.library.catalog.claim(9) == []


def test_what_is_asked_about_is_listed_and_no_more_than_that_forgotten(life: Life) -> None:
    many = tuple(life.id(name) for name in NAMES[:3])
    life.lose(*many)
    reader = life.library.reader
    assert reader.files_standing(Standing.LOST) == []
    life.weeks(6, *many)
    late = life.id(NAMES[3])
    life.scan(*many, late)
    life.scan(*many, late, after_s=CONFIRM_AFTER_S)
    assert (life.lost, life.asks) == (4, 3)
    listed = reader.files_standing(Standing.LOST)
    assert [file.path.name for file in listed] == sorted(NAMES[:3])
    assert reader.standings()[Standing.LOST] == 3
    assert set(listed) <= set(reader.files_standing()), "the list of all has them, too"
    life.library.catalog.settle_lost(life.library.folder_id, keep=False)
    assert (life.lost, life.asks) == (1, 0)
    assert reader.files_standing(Standing.LOST) == []


def test_five_hundred_are_many_in_any_folder(library: Library) -> None:
    library.add(*(found(b"/pictures/%06d.jpg" % number) for number in range(4000)))
    life = Life(library)
    ids = [file.file_id for file in library.reader.known_files(library.folder_id)]
    life.lose(*ids[:501])
    life.weeks(5, *ids[:501])
    assert (life.lost, life.asks) == (501, 501)
    life.scan(*ids[:500], back=(ids[500],))
    assert (life.lost, life.asks) == (0, 0)


def test_what_was_asked_about_and_is_back_is_asked_about_no_more(life: Life) -> None:
    many = tuple(life.id(name) for name in NAMES[:3])
    life.lose(*many)
    life.weeks(6, *many)
    life.scan(back=many)
    assert (life.lost, life.asks) == (0, 0)
    assert life.shown == set(NAMES)


def test_a_removed_folder_takes_its_lost_files_along(life: Life) -> None:
    life.lose(life.id("1.jpg"))
    life.library.catalog.remove_folder(life.library.folder_id)
    assert life.library.reader._rows("SELECT count(*) FROM lost") == [(0,)]
    assert len(life.library.catalog.purge_orphans(older_than_days=-1)) == len(NAMES)


def test_what_comes_back_is_understood_by_models_that_came_meanwhile(life: Life) -> None:
    library = life.library
    one = life.id("1.jpg")
    life.lose(one)
    library.catalog.plan_spaces([BETTER], {Role.PICTURES: "better"}, MADE.spaces and [s.space_id for s in MADE.spaces])
    others = library.catalog.claim(99)
    assert one not in {item.file_id for item in others}
    library.catalog.save([indexed(item, item.path, specs=BETTER.spaces) for item in others])
    assert library.catalog.switch_spaces() is not None
    life.scan(back=(one,))
    assert [item.file_id for item in library.catalog.claim(99)] == [one]


def test_all_of_it_outlasts_a_restart(life: Life) -> None:
    one, two = life.id("1.jpg"), life.id("2.jpg")
    life.lose(one)
    life.scan(one, two)
    life.library.reopen()
    assert (life.lost, life.shown) == (1, {*NAMES} - {"1.jpg"})
    life.scan(one, two, after_s=CONFIRM_AFTER_S)
    assert life.lost == 2
