"""What the catalog answers: filters, names, browsing, details."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.records import Changes, FileId, Filters, FolderId, Kind, Metadata, Role, SpaceId, SpaceSpec
from tests.core.store.conftest import LOOKS, MADE, WORDS, Library, found, indexed

ALL = 1000


@pytest.fixture
def dated(library: Library) -> Library:
    """Pictures with dates of their own, one without, a sound in another folder."""
    for name, taken_at in [
        ("christmas", "2019-12-24T18:00:00"),
        ("new year", "2020-01-01T00:00:00"),
        ("midnight", "2020-01-01T23:59:59"),
        ("summer", "2020-07-01T12:00:00"),
    ]:
        library.add(found(f"/pictures/{name}.jpg"))
        library.index(taken_at=taken_at)
    other = library.catalog.add_folder(Path("/sounds")).folder_id
    day = int(time.mktime((2020, 7, 2, 12, 0, 0, 0, 0, -1))) // 86400
    library.catalog.apply_changes(other, Changes(added=[found("/sounds/song.wav", day, Kind.AUDIO)]))
    library.index()
    library.add(found("/pictures/waiting.jpg"))
    return library


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (Filters(), ["song", "summer", "midnight", "new year", "christmas"]),
        (Filters(kinds=frozenset([Kind.IMAGE])), ["summer", "midnight", "new year", "christmas"]),
        (Filters(kinds=frozenset([Kind.AUDIO, Kind.VIDEO])), ["song"]),
        (Filters(kinds=frozenset([Kind.VIDEO])), []),
        (Filters(since="2020-01-01"), ["song", "summer", "midnight", "new year"]),
        (Filters(until="2020-01-01"), ["midnight", "new year", "christmas"]),
        (Filters(since="2020-01-01", until="2020-01-01"), ["midnight", "new year"]),
        (Filters(since="2020-07-02"), ["song"]),
        (Filters(folder_id=FolderId(2)), ["song"]),
        (Filters(folder_id=FolderId(1), since="2020-07-01", kinds=frozenset([Kind.IMAGE])), ["summer"]),
        (Filters(folder_id=FolderId(99)), []),
    ],
)
def test_filters(dated: Library, filters: Filters, names: list[str]) -> None:
    results = dated.reader.browse(filters, ALL)
    assert [result.path.stem for result in results] == names
    segments = sorted(int(s) for result in results for s in dated.reader.segments_of_file(result.file_id))
    assert dated.reader.segments_matching(filters).tolist() == segments
    assert [result.path.stem for name in names for result in dated.reader.exact_name_matches(name, filters)] == names


def test_browsing_stops_at_the_limit(dated: Library) -> None:
    assert [result.path.stem for result in dated.reader.browse(Filters(), 2)] == ["song", "summer"]


def test_remembered_filters_follow_what_is_written(dated: Library) -> None:
    before = dated.reader.segments_matching(Filters(since="2020"))
    dated.catalog.apply_changes(dated.folder_id, Changes(left_out=[dated.file_id("/pictures/summer.jpg")]))
    after = dated.reader.segments_matching(Filters(since="2020"))
    assert len(before) == len(after) + 1


@pytest.mark.parametrize("text", ["Żółw.jpg", "żółw", "ŻÓŁW.JPG", " Z\u0307o\u0301ł" + "w ", "/pictures/Żółw.jpg"])
def test_names_are_found_in_any_case_and_composition(library: Library, text: str) -> None:
    library.add_indexed("Żółw.jpg", "żółwie.jpg")
    assert [result.path.name for result in library.reader.exact_name_matches(text, Filters())] == ["Żółw.jpg"]


@pytest.mark.parametrize("text", ["", "  ", "%", "_", "*", "'; DROP TABLE file; --", "\0", "\udcff", "x" * 10_000])
def test_odd_words_find_no_name(library: Library, text: str) -> None:
    library.add_indexed("a.jpg")
    assert library.reader.exact_name_matches(text, Filters()) == []


def test_details_tell_all(library: Library) -> None:
    file = found("/pictures/a.jpg", 3)
    library.add(file)
    library.index(taken_at="2020-02-02T02:02:02")
    details = library.reader.details(library.file_id("/pictures/a.jpg"))
    assert details is not None
    assert details.metadata == Metadata(640, 480, "JPEG", "2020-02-02T02:02:02", "Camera", 1.5, -2.5)
    assert (details.size_bytes, details.mtime, details.copies) == (103, file.signature.mtime_ns / 1e9, ())
    assert (details.result.path, details.result.kind, details.result.colour) == (
        Path("/pictures/a.jpg"),
        Kind.IMAGE,
        0x102030,
    )
    assert library.reader.path(details.result.file_id) == b"/pictures/a.jpg"
    assert library.reader.content_hash(details.result.item_id) == b"/pictures/a.jpg".ljust(32, b"\0")


def test_what_is_not_indexed_has_no_details(library: Library) -> None:
    library.add(found("/pictures/a.jpg"))
    waiting = library.file_id("/pictures/a.jpg")
    assert library.reader.details(waiting) is None
    assert library.reader.path(waiting) == b"/pictures/a.jpg"
    assert library.reader.details(FileId(999)) is None
    assert library.reader.path(FileId(999)) is None
    assert library.reader.segments_of_file(waiting).size == 0


def test_known_files_are_what_was_found(library: Library) -> None:
    files = {found(f"/pictures/{number}.jpg", number) for number in range(20)}
    library.add(*files)
    known = library.reader.known_files(library.folder_id)
    assert {(k.path, k.signature) for k in known} == {(f.path, f.signature) for f in files}
    assert library.reader.known_files(FolderId(99)) == []


def test_counts_by_folder(dated: Library) -> None:
    pictures, sounds = dated.reader.folders()
    assert (pictures.path, pictures.files, pictures.waiting, pictures.failed) == (Path("/pictures"), 5, 1, 0)
    assert (sounds.path, sounds.files, sounds.waiting) == (Path("/sounds"), 1, 0)
    counts = dated.reader.counts()
    assert (counts.files, counts.items, counts.waiting, counts.failed) == (6, 5, 1, 0)


def test_empty_folder_is_counted(library: Library) -> None:
    (folder,) = library.reader.folders()
    assert (folder.files, folder.waiting, folder.failed) == (0, 0, 0)


def test_results_ignore_unknown_segments(dated: Library) -> None:
    segment = dated.segment("/pictures/summer.jpg")
    gone, item = dated.reader.item_of_each(np.array([999_999, segment]))
    assert gone == -1
    files, owners = dated.reader.files_of(np.array([gone, item]))
    assert owners.tolist() == dated.reader.items_of_files(files).tolist() == [item]
    (result,) = dated.reader.results_of_files(files)
    assert (result.path.stem, result.score) == ("summer", 0)
    assert dated.reader.files_of(np.empty(0, np.int64))[0].size == 0


def test_spaces_are_listed_with_their_dimensions(library: Library) -> None:
    assert library.reader.spaces() == {WORDS.space_id: WORDS.dim, LOOKS.space_id: LOOKS.dim}


def test_dates_out_of_this_world_are_no_trouble(library: Library) -> None:
    days = {"1823": -53_691, "1601": -134_774, "2300": 120_529, "9999": 2_932_800, "never": 10**10}
    library.add(*(found(f"/pictures/{name}.jpg", day) for name, day in days.items()))
    library.index()
    known = {known.path: known.signature for known in library.reader.known_files(library.folder_id)}
    assert known == {(f := found(f"/pictures/{name}.jpg", day)).path: f.signature for name, day in days.items()}
    shown = [result.path.stem for result in library.reader.browse(Filters(), ALL)]
    assert set(shown) == set(days)
    assert shown.index("2300") < shown.index("1823")


def test_a_new_space_lets_every_file_wait_and_keep_what_it_has(library: Library) -> None:
    library.add_indexed("a.jpg", "b.jpg")
    before = library.searchable()
    newer = SpaceSpec(SpaceId("made/words@2"), 8, answers_text=True, answers_media=False, reason="matches the words")
    remade = replace(MADE, revision="2", spaces=(newer, LOOKS))

    library.catalog.plan_spaces([remade], {Role.PICTURES: "made"})

    assert library.reader.counts().waiting == 2
    assert library.searchable() == before
    assert len(library.reader.browse(Filters(), 10)) == 2
    work = library.catalog.claim(64)
    library.catalog.save([indexed(item, item.path, specs=(newer,)) for item in work])
    assert set(library.reader.searchable(newer.space_id).come.tolist()) == before, "the same segments, in both spaces"
    library.catalog.plan_spaces([remade], {Role.PICTURES: "made"})
    assert library.reader.counts().waiting == 0
