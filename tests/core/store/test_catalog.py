"""What the catalog remembers of files through everything that happens to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import FolderError, LibraryError
from core.records import (
    Changes,
    ContentHash,
    FileId,
    Filters,
    FolderId,
    FolderState,
    Kind,
    Reason,
    Stage,
)
from core.store.saving import IndexedFile, IndexedSegment
from tests.core.store.conftest import LOOKS, WORDS, Library, found, indexed, unit_vector


def paths(library: Library) -> set[bytes]:
    return {known.path for known in library.reader.known_files(library.folder_id)}


def indexed_hash(path: str) -> ContentHash:
    return ContentHash(path.encode().ljust(32, b"\0"))


def shown(library: Library) -> set[str]:
    return {str(result.path) for result in library.reader.browse(Filters(), 1000)}


def test_added_files_wait_and_are_claimed_newest_first(library: Library) -> None:
    library.add(found("/pictures/old.jpg", 1), found("/pictures/new.jpg", 3), found("/pictures/mid.jpg", 2))
    work = library.catalog.claim(2)
    assert [item.path for item in work] == [b"/pictures/new.jpg", b"/pictures/mid.jpg"]
    assert [item.attempts for item in work] == [1, 1]
    assert work[0].signature == found("/pictures/new.jpg", 3).signature
    assert [item.path for item in library.catalog.claim(5)] == [b"/pictures/old.jpg"]
    assert library.catalog.claim(5) == []
    assert library.reader.counts().waiting == 3


def test_adding_a_folder_twice_is_one_folder(library: Library) -> None:
    assert library.catalog.add_folder(Path("/pictures")).folder_id == library.folder_id
    assert len(library.reader.folders()) == 1


def test_offline_folders_are_not_read_but_found(library: Library) -> None:
    library.add_indexed("a.jpg")
    library.add(found("/pictures/b.jpg"))
    library.catalog.set_folder_state(library.folder_id, FolderState.OFFLINE)
    assert library.catalog.claim(5) == []
    (result,) = library.reader.browse(Filters(), 10)
    assert result.away is not None
    library.catalog.set_folder_state(library.folder_id, FolderState.ONLINE)
    assert len(library.catalog.claim(5)) == 1


def test_copies_are_understood_once_and_both_found(library: Library) -> None:
    library.add(found("/pictures/a.jpg"), found("/pictures/copy of a.jpg"))
    library.index(content=lambda _: b"same")
    counts = library.reader.counts()
    assert (counts.files, counts.items) == (2, 1)
    items = library.reader.item_of_each(np.array(list(library.searchable())))
    results = library.reader.results_of_files(library.reader.files_of(items)[0])
    assert {str(result.path) for result in results} == {"/pictures/a.jpg", "/pictures/copy of a.jpg"}
    details = library.reader.details(results[0].file_id)
    assert details is not None
    assert details.copies == (results[1].path,)


def test_content_is_found_while_one_copy_of_it_is_left(library: Library) -> None:
    library.add(found("/pictures/a.jpg"), found("/pictures/copy.jpg"))
    library.index(content=lambda _: b"same")
    segments = library.searchable()
    library.catalog.apply_changes(library.folder_id, Changes(left_out=[library.file_id("/pictures/a.jpg")]))
    assert library.searchable() == segments
    assert shown(library) == {"/pictures/copy.jpg"}
    copy = library.file_id("/pictures/copy.jpg")
    library.catalog.apply_changes(library.folder_id, Changes(changed=[(copy, found("/pictures/copy.jpg", 4))]))
    library.index(content=lambda _: b"other")
    assert library.searchable().isdisjoint(segments)
    assert library.reader.counts().items == 1


def test_known_content_is_linked_without_being_understood_again(library: Library) -> None:
    library.add_indexed("a.jpg")
    library.add(found("/pictures/b.jpg"))
    (work,) = library.catalog.claim(5)
    known = indexed(work, b"/pictures/a.jpg").content_hash
    item = library.reader.find_item(known)
    assert item is not None
    assert item[1:] == (Kind.IMAGE, {WORDS.space_id, LOOKS.space_id})
    assert library.catalog.link(work.file_id, item[0], work.signature)
    assert shown(library) == {"/pictures/a.jpg", "/pictures/b.jpg"}


def test_a_space_can_be_added_to_what_is_known(library: Library) -> None:
    library.add(found("/pictures/a.jpg"))
    (work,) = library.catalog.claim(1)
    library.catalog.save([indexed(work, b"content", specs=[WORDS])])
    before = library.reader.searchable(LOOKS.space_id)
    assert before.come.size == 0
    library.catalog.save([indexed(work, b"content", specs=[LOOKS])])
    assert library.reader.operations(LOOKS.space_id, before.sequence).come.tolist() == [
        library.segment("/pictures/a.jpg")
    ]
    assert library.reader.counts().items == 1


def test_vectors_come_back_bit_for_bit(library: Library) -> None:
    library.add_indexed("a.jpg", "b.jpg")
    ids, vectors = library.reader.vectors(LOOKS.space_id, np.array([999, *sorted(library.searchable())]))
    assert set(ids.tolist()) == library.searchable()
    for name in ("a", "b"):
        row = ids.tolist().index(library.segment(f"/pictures/{name}.jpg"))
        assert vectors[row].tobytes() == unit_vector(f"/pictures/{name}.jpg".encode(), LOOKS.dim).tobytes()
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("bad", [np.full(WORDS.dim, np.nan, np.float32), np.ones(WORDS.dim + 1, np.float32)])
def test_vectors_that_cannot_be_compared_are_refused_and_nothing_is_kept(library: Library, bad: np.ndarray) -> None:
    library.add(found("/pictures/a.jpg"), found("/pictures/b.jpg"))
    good, poor = library.catalog.claim(2)
    broken = indexed(poor, b"other")
    batch = [
        indexed(good, b"content"),
        IndexedFile(
            broken.file_id,
            broken.signature,
            broken.content_hash,
            Kind.IMAGE,
            broken.metadata,
            0,
            [IndexedSegment({WORDS.space_id: bad})],
        ),
    ]
    with pytest.raises(ValueError, match=r"made/words"):
        library.catalog.save(batch)
    assert library.reader.counts().items == 0
    library.catalog.save(batch[:1])
    assert library.reader.counts().items == 1


def test_changed_file_stays_findable_until_the_new_content_is_saved(library: Library) -> None:
    library.add_indexed("a.jpg")
    file_id, old = library.file_id("/pictures/a.jpg"), library.searchable()
    library.catalog.apply_changes(library.folder_id, Changes(changed=[(file_id, found("/pictures/a.jpg", 5))]))
    assert shown(library) == {"/pictures/a.jpg"}
    assert library.searchable() == old
    before = library.reader.searchable(WORDS.space_id).sequence
    library.index(content=lambda _: b"new content")
    operations = library.reader.operations(WORDS.space_id, before)
    assert set(operations.gone.tolist()) == old
    assert set(operations.come.tolist()) == library.searchable() == {library.segment("/pictures/a.jpg")}
    assert old.isdisjoint(library.searchable())


def test_file_changed_while_being_indexed_waits_again(library: Library) -> None:
    library.add(found("/pictures/a.jpg"))
    (work,) = library.catalog.claim(1)
    library.catalog.apply_changes(library.folder_id, Changes(changed=[(work.file_id, found("/pictures/a.jpg", 5))]))
    assert library.catalog.save([indexed(work, b"stale")]) == [None]
    assert library.reader.counts().items == 0
    (again,) = library.catalog.claim(1)
    assert again.signature == found("/pictures/a.jpg", 5).signature
    assert library.catalog.save([indexed(again, b"fresh")]) != [None]


def test_file_gone_while_being_indexed_is_not_saved(library: Library) -> None:
    library.add(found("/pictures/a.jpg"))
    (work,) = library.catalog.claim(1)
    library.catalog.apply_changes(library.folder_id, Changes(left_out=[work.file_id]))
    assert library.catalog.save([indexed(work, b"content")]) == [None]
    library.catalog.fail(work.file_id, Stage.DECODE, Reason.DAMAGED, "Damaged.", retryable=False)
    assert library.reader.failures() == []
    assert library.searchable() == set()


def test_moved_file_keeps_what_was_understood(library: Library) -> None:
    library.add_indexed("a.jpg")
    file_id, segment = library.file_id("/pictures/a.jpg"), library.segment("/pictures/a.jpg")
    moved = found("/pictures/sub/Holiday.JPG")
    library.catalog.apply_changes(library.folder_id, Changes(moved=[(file_id, moved)]))
    assert library.catalog.claim(5) == []
    assert shown(library) == {"/pictures/sub/Holiday.JPG"}
    assert library.segment("/pictures/sub/Holiday.JPG") == segment
    (named,) = library.reader.exact_name_matches("holiday", Filters())
    assert named.file_id == file_id
    assert library.reader.exact_name_matches("a.jpg", Filters()) == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), gone=st.integers(0, 5), added=st.booleans())
def test_paths_may_be_swapped_in_any_way(library: Library, order: list[int], gone: int, added: bool) -> None:
    """Files change names among each other while one is deleted and its name, or a new one, is taken."""
    known = {known.path: known.file_id for known in library.reader.known_files(library.folder_id)}
    library.catalog.apply_changes(library.folder_id, Changes(left_out=list(known.values())))
    names = [b"/pictures/%d.jpg" % number for number in range(6)]
    library.add(*(found(name) for name in names))
    ids = [library.file_id(name) for name in names]
    moved = [(ids[old], found(names[new])) for old, new in enumerate(order) if old != gone]
    extra = [found(names[order[gone]], 9)] if added else []
    library.catalog.apply_changes(library.folder_id, Changes(added=extra, moved=moved, left_out=[ids[gone]]))
    after = {known.path: known.file_id for known in library.reader.known_files(library.folder_id)}
    assert {path: file_id for path, file_id in after.items() if file_id in ids} == {
        found_file.path: file_id for file_id, found_file in moved
    }
    assert len(after) == 5 + added


def test_gone_file_leaves_the_results_and_its_return_needs_no_understanding(library: Library) -> None:
    library.add_indexed("a.jpg", "b.jpg")
    segment = library.segment("/pictures/a.jpg")
    before = library.reader.searchable(WORDS.space_id).sequence
    library.catalog.apply_changes(library.folder_id, Changes(left_out=[library.file_id("/pictures/a.jpg")]))
    assert shown(library) == {"/pictures/b.jpg"}
    gone = library.reader.operations(WORDS.space_id, before)
    assert (gone.gone.tolist(), gone.come.tolist()) == ([segment], [])
    assert segment not in library.searchable()
    assert library.reader.files_of(library.reader.item_of_each(np.array([segment])))[0].size == 0

    library.add(found("/pictures/back.jpg"))
    (work,) = library.catalog.claim(1)
    item = library.reader.find_item(indexed(work, b"/pictures/a.jpg").content_hash)
    assert item is not None
    assert library.catalog.link(work.file_id, item[0], work.signature)
    back = library.reader.operations(WORDS.space_id, gone.sequence)
    assert (back.gone.tolist(), back.come.tolist()) == ([], [segment])


def test_item_purged_between_looking_and_linking_is_understood_anew(library: Library) -> None:
    library.add_indexed("a.jpg")
    item = library.reader.find_item(indexed_hash("/pictures/a.jpg"))
    assert item is not None
    library.catalog.apply_changes(library.folder_id, Changes(left_out=[library.file_id("/pictures/a.jpg")]))
    library.add(found("/pictures/b.jpg"))
    (work,) = library.catalog.claim(1)
    library.catalog.purge_orphans(older_than_days=0)
    assert not library.catalog.link(work.file_id, item[0], work.signature)
    assert len(library.catalog.claim(1)) == 1


def test_removed_folder_can_be_added_back_until_it_is_purged(library: Library) -> None:
    library.add_indexed("a.jpg", "b.jpg")
    library.catalog.remove_folder(library.folder_id)
    assert library.reader.folders() == []
    assert library.reader.counts().items == library.reader.counts().files == 0
    assert library.searchable() == set()
    assert library.catalog.purge_orphans(older_than_days=1) == []
    content = indexed_hash("/pictures/a.jpg")
    assert library.reader.find_item(content) is not None
    purged = library.catalog.purge_orphans(older_than_days=0)
    assert content in purged
    assert len(purged) == 2
    assert library.reader.find_item(content) is None
    assert library.reader.vectors(WORDS.space_id, np.arange(100))[0].size == 0


def test_purge_spares_what_a_file_holds(library: Library) -> None:
    library.add_indexed("a.jpg")
    assert library.catalog.purge_orphans(older_than_days=-1) == []
    assert library.searchable() != set()


def test_changes_of_a_removed_folder_are_refused(library: Library) -> None:
    with pytest.raises(FolderError):
        library.catalog.apply_changes(FolderId(99), Changes(added=[found("/elsewhere/a.jpg")]))
    assert library.reader.counts().files == 0


def test_failures_say_what_happened_and_can_be_retried(library: Library) -> None:
    library.add(found("/pictures/a.jpg"), found("/pictures/b.jpg"))
    for work in library.catalog.claim(2):
        library.catalog.fail(work.file_id, Stage.DECODE, Reason.DAMAGED, "It is damaged.", retryable=False)
    failures = library.reader.failures()
    assert {str(failure.path) for failure in failures} == {"/pictures/a.jpg", "/pictures/b.jpg"}
    assert {(f.stage, f.reason, f.sentence, f.retryable) for f in failures} == {
        (Stage.DECODE, Reason.DAMAGED, "It is damaged.", False)
    }
    assert library.reader.folders()[0].failed == library.reader.counts().failed == 2
    assert library.catalog.claim(5) == []
    assert library.catalog.retry([failures[0].file_id]) == 1
    assert [failure.file_id for failure in library.reader.failures()] == [failures[1].file_id]
    assert library.catalog.retry() == 1
    assert [work.attempts for work in library.catalog.claim(5)] == [1, 1]


@pytest.mark.parametrize("ending", ["changed", "gone"])
def test_failure_is_forgotten_when_the_file_is_another_one(library: Library, ending: str) -> None:
    library.add(found("/pictures/a.jpg"))
    (work,) = library.catalog.claim(1)
    library.catalog.fail(work.file_id, Stage.DECODE, Reason.DAMAGED, "It is damaged.", retryable=False)
    changes = {
        "changed": Changes(changed=[(work.file_id, found("/pictures/a.jpg", 3))]),
        "gone": Changes(left_out=[work.file_id]),
    }[ending]
    library.catalog.apply_changes(library.folder_id, changes)
    assert library.reader.failures() == []
    assert len(library.catalog.claim(5)) == (ending == "changed")


@pytest.mark.parametrize("retryable", [True, False])
def test_old_content_of_a_file_that_fails_is_kept_only_if_it_may_yet_succeed(library: Library, retryable: bool) -> None:
    library.add_indexed("a.jpg")
    file_id = library.file_id("/pictures/a.jpg")
    library.catalog.apply_changes(library.folder_id, Changes(changed=[(file_id, found("/pictures/a.jpg", 3))]))
    library.catalog.claim(1)
    library.catalog.fail(file_id, Stage.READ, Reason.UNREADABLE, "It cannot be read.", retryable=retryable)
    assert bool(shown(library)) is retryable
    assert bool(library.searchable()) is retryable


def test_released_files_have_not_been_tried(library: Library) -> None:
    library.add(found("/pictures/a.jpg"))
    for _ in range(5):
        (work,) = library.catalog.claim(1)
        assert work.attempts == 1
        library.catalog.release([work.file_id])
    library.reopen()
    assert len(library.catalog.claim(1)) == 1


def test_file_that_ends_the_app_twice_is_set_aside(library: Library) -> None:
    library.add(found("/pictures/poison.jpg", 9), found("/pictures/good.jpg", 1))
    for attempt in (1, 2):
        work = {item.path: item for item in library.catalog.claim(5)}
        assert work[b"/pictures/poison.jpg"].attempts == attempt
        if b"/pictures/good.jpg" in work:
            library.catalog.save([indexed(work[b"/pictures/good.jpg"], b"good")])
        library.reopen()
    assert library.catalog.claim(5) == []
    (failure,) = library.reader.failures()
    assert (failure.path, failure.reason) == (Path("/pictures/poison.jpg"), Reason.DECODER_CRASHED)
    assert library.catalog.retry() == 1
    assert library.catalog.claim(5)[0].attempts == 1


def test_suspects_are_tried_last_and_alone(library: Library) -> None:
    library.add(found("/pictures/suspect.jpg", 9), found("/pictures/another.jpg", 8))
    assert len(library.catalog.claim(5)) == 2
    library.reopen()
    library.add(found("/pictures/other.jpg", 1))
    claimed = []
    while work := library.catalog.claim(5):
        claimed.append([item.path for item in work])
        assert library.catalog.claim(5) == [], "a suspect waits until nothing else is on its way"
        library.catalog.save([indexed(item, item.path) for item in work])
    assert claimed == [[b"/pictures/other.jpg"], [b"/pictures/suspect.jpg"], [b"/pictures/another.jpg"]]


def test_two_ends_of_the_app_blame_one_file_at_most(library: Library) -> None:
    library.add(*(found(f"/pictures/{number}.jpg") for number in range(9)))
    for _ in range(2):
        library.catalog.claim(64)
        library.reopen()
    assert library.reader.counts().failed == 1


def test_names_need_not_be_text(library: Library) -> None:
    name = b"/pictures/\xff\xfe\n%d 'x'.jpg"
    library.add(found(name))
    library.index()
    assert paths(library) == {name}
    (result,) = library.reader.browse(Filters(), 5)
    assert bytes(result.path) == name
    assert library.reader.exact_name_matches(str(result.path), Filters()) == [result]


def test_many_files_at_once(library: Library) -> None:
    library.add(*(found(b"/pictures/%06d.jpg" % number, number % 50) for number in range(20_000)))
    assert library.reader.counts().waiting == 20_000
    assert len(library.reader.known_files(library.folder_id)) == 20_000
    newest = {found(b"/pictures/%06d.jpg" % number, 49).path for number in range(49, 20_000, 50)}
    assert {item.path for item in library.catalog.claim(3)} < newest


def test_only_the_catalog_can_write(library: Library) -> None:
    with pytest.raises(LibraryError, match="cannot be written"):
        library.reader._rows("DELETE FROM failure")


def test_file_ids_are_never_given_twice(library: Library) -> None:
    library.add_indexed("a.jpg")
    old = library.file_id("/pictures/a.jpg")
    library.catalog.apply_changes(library.folder_id, Changes(left_out=[old]))
    library.catalog.purge_orphans(older_than_days=-1)
    library.add_indexed("b.jpg")
    assert library.file_id("/pictures/b.jpg") > old
    assert library.reader.details(FileId(old)) is None
