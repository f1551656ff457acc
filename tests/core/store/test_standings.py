"""How it is with every file: each is counted once, and listed where it is counted."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from core.errors import LibraryError
from core.reading import Reading
from core.records import Changes, FolderState, Kind, Reason, Rule, Skipped, Stage, Standing
from tests.core.store.conftest import LOOKS, WORDS, Library, found, indexed
from tests.core.store.test_spaces import OURS, RIVAL, choose


def counted(library: Library) -> dict[str, int]:
    return {str(standing): count for standing, count in library.reader.standings().items() if count}


def names(library: Library, standing: Standing | None = None) -> list[str]:
    return [file.path.name for file in library.reader.files_standing(standing)]


def fail(library: Library, sentence: str = "The file is damaged.") -> None:
    (work,) = library.catalog.claim(1)
    library.catalog.fail(work.file_id, Stage.DECODE, Reason.DAMAGED, sentence, retryable=False)


@pytest.fixture
def mixed(library: Library) -> Library:
    """Two that can be found, one that failed, one that waits."""
    library.add_indexed("a.jpg", "b.jpg")
    library.catalog.apply_changes(library.folder_id, Changes(added=[found("/pictures/bad.jpg")]))
    fail(library)
    library.catalog.apply_changes(library.folder_id, Changes(added=[found("/pictures/new.jpg")]))
    return library


def test_an_empty_library_has_no_file_of_any_standing(library: Library) -> None:
    assert set(library.reader.standings()) == set(Standing)
    assert counted(library) == {}
    assert names(library) == []


def test_every_file_is_counted_once_and_listed_where_it_counts(mixed: Library) -> None:
    assert counted(mixed) == {"indexed": 2, "failed": 1, "waiting": 1}
    assert names(mixed, Standing.FAILED) == ["bad.jpg"]
    assert names(mixed, Standing.WAITING) == ["new.jpg"]
    assert sorted(names(mixed, Standing.INDEXED)) == ["a.jpg", "b.jpg"]
    assert names(mixed)[0] == "bad.jpg", "problems first"
    (bad,) = mixed.reader.files_standing(Standing.FAILED)
    assert (bad.standing, bad.sentence) == (Standing.FAILED, "The file is damaged.")
    assert len(mixed.reader.files_standing(limit=3)) == 3


def test_what_is_being_read_still_waits(mixed: Library) -> None:
    mixed.catalog.claim(1)
    assert counted(mixed)["waiting"] == 1


def test_a_folder_that_is_away_is_said_of_all_but_what_failed(mixed: Library) -> None:
    mixed.catalog.set_folder_state(mixed.folder_id, FolderState.OFFLINE)
    assert counted(mixed) == {"offline": 3, "failed": 1}


def test_of_a_folder_in_whose_place_something_else_is_it_is_said_so(mixed: Library) -> None:
    mixed.catalog.set_folder_state(mixed.folder_id, FolderState.CHANGED)
    assert counted(mixed) == {"exchanged": 3, "failed": 1}
    assert "Something else is" in mixed.reader.files_standing(Standing.EXCHANGED)[0].sentence


def test_what_was_not_there_when_last_looked_for_may_have_been_moved_or_deleted(mixed: Library) -> None:
    mixed.catalog.apply_changes(mixed.folder_id, Changes(missing=[mixed.file_id("/pictures/a.jpg")]))
    assert counted(mixed) == {"missing": 1, "indexed": 1, "failed": 1, "waiting": 1}
    (file,) = mixed.reader.files_standing(Standing.MISSING)
    assert (file.path.name, file.sentence.split("?")[0]) == ("a.jpg", "Moved or deleted")
    mixed.catalog.set_folder_state(mixed.folder_id, FolderState.OFFLINE)
    assert counted(mixed) == {"offline": 3, "failed": 1}


def test_another_model_makes_files_outdated_until_it_knows_them(mixed: Library) -> None:
    choose(mixed, RIVAL, able=OURS)
    assert counted(mixed) == {"outdated": 2, "failed": 1, "waiting": 1}
    for work in mixed.catalog.claim(64):
        mixed.catalog.save([indexed(work, work.path, specs=RIVAL.spaces)])
    assert counted(mixed) == {"indexed": 3, "failed": 1}


def test_a_changed_file_waits_though_its_old_content_is_found(mixed: Library) -> None:
    file_id = next(file.file_id for file in mixed.reader.files_standing(Standing.INDEXED))
    mixed.catalog.apply_changes(mixed.folder_id, Changes(changed=[(file_id, found("/pictures/a.jpg", 1))]))
    assert counted(mixed) == {"indexed": 1, "failed": 1, "waiting": 2}


def test_a_sound_that_is_still_to_be_listened_to_says_so(library: Library) -> None:
    library.catalog.apply_changes(library.folder_id, Changes(added=[found("/pictures/talk.wav", kind=Kind.AUDIO)]))
    (work,) = library.catalog.claim(1)
    content = indexed(work, b"talk", specs=(WORDS, LOOKS))
    (item,) = library.catalog.save([content])
    assert item is not None
    assert counted(library) == {"indexed": 1}
    library.catalog.link(work.file_id, item, work.signature, later=True)
    assert counted(library) == {"listening": 1}


def test_what_is_left_out_or_being_written_is_counted_beside_and_named_as_far_as_it_can_be(mixed: Library) -> None:
    skipped = [
        Skipped(Rule.HIDDEN, files=3, folders=1, examples=("/pictures/.a.jpg", "/pictures/.git")),
        Skipped(Rule.PATTERN, "*.{gif}", files=1, examples=("/pictures/x.{gif}",)),
        Skipped(Rule.BEING_WRITTEN, files=1, examples=("/pictures/copying.jpg",)),
    ]
    mixed.catalog.apply_changes(mixed.folder_id, Changes(skipped=skipped))
    assert counted(mixed) == {"indexed": 2, "failed": 1, "waiting": 1, "skipped": 5, "being written": 1}
    assert names(mixed, Standing.BEING_WRITTEN) == ["copying.jpg"]
    left_out = {file.path.name: file.sentence for file in mixed.reader.files_standing(Standing.SKIPPED)}
    assert set(left_out) == {".a.jpg", ".git", "x.{gif}"}
    assert left_out["x.{gif}"].endswith("*.{gif}")
    assert len(names(mixed)) == 8


def test_the_list_can_be_saved_with_names_of_any_bytes(mixed: Library, tmp_path: Path) -> None:
    odd = b'/pictures/odd "\xff",\n.jpg'
    mixed.catalog.apply_changes(mixed.folder_id, Changes(added=[found(odd)]))
    reading = Reading(mixed.paths)
    try:
        assert reading.export_files(tmp_path / "all.csv", None) == 5
        assert reading.export_files(tmp_path / "failed.csv", Standing.FAILED) == 1
        with pytest.raises(LibraryError, match="no folder"):
            reading.export_files(tmp_path / "no folder" / "list.csv", None)
    finally:
        reading.close()
    with (tmp_path / "all.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["state", "file", "why"]
    assert rows[1] == ["failed", "/pictures/bad.jpg", "The file is damaged."]
    assert odd.decode(errors="surrogateescape") in [row[1] for row in rows]
    assert len((tmp_path / "failed.csv").read_text().splitlines()) == 2
