import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Changes, FileId, FoundFile, Kind, KnownFile, Signature
from core.watch.changes import arrived, compare, proven
from core.watch.identity import signature_of
from core.watch.scan import Listing, scan
from tests.core.watch.conftest import kind_of


class Catalog:
    """What a catalog would remember of a folder, and of what content it remembers it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[FileId, FoundFile] = {}
        self.contents: dict[FileId, bytes] = {}
        self._next = 0

    def known(self) -> list[KnownFile]:
        return [KnownFile(file_id, file.path, file.signature) for file_id, file in self.files.items()]

    def look(self) -> Changes:
        known = self.known()
        return proven(compare(known, scan(self.root, kind_of)), known)

    def apply(self, changes: Changes) -> None:
        for file_id in changes.missing:
            del self.files[file_id], self.contents[file_id]
        self.files |= dict(changes.moved)
        for file_id, found in changes.changed:
            self._read(file_id, found)
        for found in changes.added:
            self._next += 1
            self._read(FileId(self._next), found)

    def _read(self, file_id: FileId, found: FoundFile) -> None:
        self.files[file_id] = found
        self.contents[file_id] = Path(os.fsdecode(found.path)).read_bytes()

    def id_of(self, path: Path) -> FileId:
        return next(file_id for file_id, file in self.files.items() if file.path == os.fsencode(path))


def catalog_of(root: Path, *names: str) -> Catalog:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"content of {name}")
    catalog = Catalog(root)
    catalog.apply(catalog.look())
    time.sleep(0.02)  # file times advance in steps: let what follows have later ones
    return catalog


def told(root: Path, changes: Changes) -> dict[str, object]:
    """What `changes` say, in short: names below `root`, and only what there is."""

    def name(found: FoundFile) -> str:
        return str(Path(os.fsdecode(found.path)).relative_to(root))

    said = {
        "added": [name(found) for found in changes.added],
        "changed": {file_id: name(found) for file_id, found in changes.changed},
        "moved": {file_id: name(found) for file_id, found in changes.moved},
        "missing": list(changes.missing),
        "back": list(changes.back),
    }
    return {what: files for what, files in said.items() if files}


def test_everything_is_new_at_first_and_nothing_afterwards(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    catalog = Catalog(tmp_path)
    changes = catalog.look()
    assert told(tmp_path, changes) == {"added": ["a.jpg"]}
    catalog.apply(changes)
    assert not catalog.look()


def test_rename_and_move_of_a_folder_are_moves(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg", "d/b.jpg", "d/e/c.jpg", "stays.jpg")
    a, b, c = (catalog.id_of(tmp_path / name) for name in ("a.jpg", "d/b.jpg", "d/e/c.jpg"))
    (tmp_path / "a.jpg").rename(tmp_path / "A.jpg")
    (tmp_path / "d").rename(tmp_path / "new")
    assert told(tmp_path, catalog.look()) == {"moved": {a: "A.jpg", b: "new/b.jpg", c: "new/e/c.jpg"}}


def test_swap_is_two_moves(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg", "b.jpg")
    a, b = catalog.id_of(tmp_path / "a.jpg"), catalog.id_of(tmp_path / "b.jpg")
    (tmp_path / "a.jpg").rename(tmp_path / "spare")
    (tmp_path / "b.jpg").rename(tmp_path / "a.jpg")
    (tmp_path / "spare").rename(tmp_path / "b.jpg")
    assert told(tmp_path, catalog.look()) == {"moved": {a: "b.jpg", b: "a.jpg"}}


def test_atomic_save_changes_the_file_and_keeps_its_id(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "t.jpg")
    known = catalog.id_of(tmp_path / "t.jpg")
    (tmp_path / ".t.jpg.swp").write_bytes(b"edited")
    (tmp_path / ".t.jpg.swp").replace(tmp_path / "t.jpg")
    assert told(tmp_path, catalog.look()) == {"changed": {known: "t.jpg"}}


def test_save_that_keeps_a_backup_moves_the_old_and_adds_the_new(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "t.jpg")
    known = catalog.id_of(tmp_path / "t.jpg")
    (tmp_path / "t.jpg").rename(tmp_path / "t-old.jpg")
    (tmp_path / "t.jpg").write_bytes(b"edited")
    assert told(tmp_path, catalog.look()) == {"moved": {known: "t-old.jpg"}, "added": ["t.jpg"]}


def test_rename_over_another_file_ends_the_other(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg", "b.jpg")
    a, b = catalog.id_of(tmp_path / "a.jpg"), catalog.id_of(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").replace(tmp_path / "a.jpg")
    assert told(tmp_path, catalog.look()) == {"moved": {b: "a.jpg"}, "missing": [a]}


def test_edit_that_hides_behind_size_and_mtime_is_seen(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg")
    path = tmp_path / "a.jpg"
    before = signature_of(os.fsencode(path))
    path.write_text("CONTENT OF a.jpg")
    os.utime(path, ns=(before.mtime_ns, before.mtime_ns))
    assert told(tmp_path, catalog.look()) == {"changed": {catalog.id_of(path): "a.jpg"}}


def test_new_hard_link_is_a_new_file_and_removing_one_removes_one(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").hardlink_to(tmp_path / "a.jpg")
    a = catalog.id_of(tmp_path / "a.jpg")
    changes = catalog.look()
    assert told(tmp_path, changes) == {"changed": {a: "a.jpg"}, "added": ["b.jpg"]}, "linking changed a's ctime"
    catalog.apply(changes)
    b = catalog.id_of(tmp_path / "b.jpg")
    (tmp_path / "a.jpg").unlink()
    assert told(tmp_path, catalog.look()) == {"missing": [a], "changed": {b: "b.jpg"}}


def test_drive_that_comes_back_under_another_number_is_not_read_again(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg", "b.jpg")
    for file_id, file in catalog.files.items():
        elsewhere = replace(file.signature, device=file.signature.device + 1, inode=file.signature.inode + 7)
        catalog.files[file_id] = replace(file, signature=elsewhere)
    changes = catalog.look()
    a, b = catalog.id_of(tmp_path / "a.jpg"), catalog.id_of(tmp_path / "b.jpg")
    assert told(tmp_path, changes) == {"moved": {a: "a.jpg", b: "b.jpg"}}, "the same paths, other numbers"
    catalog.apply(changes)
    assert not catalog.look()


def test_nothing_is_gone_below_a_directory_that_was_not_read(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "closed/deep/a.jpg", "closed-not/b.jpg", "c.jpg")
    root = os.fsencode(tmp_path)
    listing = Listing(root, unread=frozenset({root + b"/closed"}))
    missing = compare(catalog.known(), listing).missing
    assert set(missing) == {catalog.id_of(tmp_path / "closed-not/b.jpg"), catalog.id_of(tmp_path / "c.jpg")}
    assert not compare(catalog.known(), Listing(root, unread=frozenset({root})))


def test_unreadable_directory_keeps_its_files_and_permission_brings_them_back(
    as_nobody: Callable[[str], None], tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    as_nobody("""
        from core.records import FileId, KnownFile
        from core.watch.changes import compare
        def kind_of(name):
            return Kind.IMAGE
        os.mkdir("d")
        for name in ("d/a.jpg", "d/b.jpg", "c.jpg"):
            Path(name).write_text(name)
        files = scan(Path("."), kind_of).files
        known = [KnownFile(FileId(number), file.path, file.signature) for number, file in enumerate(files)]
        os.unlink("d/b.jpg")
        os.chmod("d", 0)
        assert not compare(known, scan(Path("."), kind_of))
        os.chmod("d", 0o700)
        missing = compare(known, scan(Path("."), kind_of)).missing
        assert [known[file_id].path for file_id in missing] == [b"./d/b.jpg"]
    """)


def test_a_file_that_a_listing_leaves_out_is_not_missing_while_the_system_has_it(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "b.jpg").unlink()
    known = catalog.known()
    changes = proven(compare(known, Listing(os.fsencode(tmp_path))), known)
    assert told(tmp_path, changes) == {"missing": [catalog.id_of(tmp_path / "b.jpg")]}


def test_what_is_there_in_the_place_of_a_file_proves_that_it_is_not(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg", "d/b.jpg", "c.jpg")
    ids = [catalog.id_of(tmp_path / name) for name in ("a.jpg", "d/b.jpg", "c.jpg")]
    for name in ("a.jpg", "d/b.jpg", "c.jpg"):
        (tmp_path / name).unlink()
    (tmp_path / "a.jpg").mkdir()
    (tmp_path / "d").rmdir()
    (tmp_path / "d").write_bytes(b"a file where the folder was")
    (tmp_path / "c.jpg").symlink_to("a.jpg")
    assert told(tmp_path, catalog.look()) == {"missing": sorted(ids)}


def test_what_cannot_be_asked_for_is_not_missing(as_nobody: Callable[[str], None], tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    as_nobody("""
        from core.records import Changes, FileId, KnownFile, Signature
        from core.watch.changes import proven
        os.mkdir("d")
        os.chmod("d", 0)
        known = [KnownFile(FileId(n), path, Signature(1, n, 3, 4, 5)) for n, path in enumerate((b"d/a.jpg", b"b.jpg"))]
        assert proven(Changes(missing=[0, 1]), known).missing == [1]
        os.chmod("d", 0o700)
    """)


def test_a_missing_file_that_is_there_again_is_back(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg", "b.jpg")
    known = [replace(file, is_here=False) for file in catalog.known()]
    (tmp_path / "b.jpg").write_bytes(b"other")
    a, b = catalog.id_of(tmp_path / "a.jpg"), catalog.id_of(tmp_path / "b.jpg")
    assert told(tmp_path, compare(known, scan(tmp_path, kind_of))) == {"back": [a], "changed": {b: "b.jpg"}}


def test_a_file_from_another_folder_is_known_by_its_inode_unless_it_is_still_there(tmp_path: Path) -> None:
    first = catalog_of(tmp_path / "first", "a.jpg", "b.jpg")
    second = catalog_of(tmp_path / "second", "c.jpg")
    a = first.id_of(tmp_path / "first" / "a.jpg")
    (tmp_path / "first" / "a.jpg").rename(tmp_path / "second" / "new.jpg")
    (tmp_path / "second" / "link.jpg").hardlink_to(tmp_path / "first" / "b.jpg")
    changes = arrived(second.look(), first.known())
    assert told(tmp_path / "second", changes) == {"moved": {a: "new.jpg"}, "added": ["link.jpg"]}


def test_stopped_scan_proves_nothing(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "a.jpg")
    (tmp_path / "a.jpg").unlink()
    assert not compare(catalog.known(), scan(tmp_path, kind_of, stop=lambda: True))


def test_ten_thousand_moves_are_found_at_once() -> None:
    def file(number: int, folder: str) -> FoundFile:
        return FoundFile(f"/r/{folder}/{number}.jpg".encode(), Kind.IMAGE, Signature(1, number, 10, number, 5))

    known = [
        KnownFile(FileId(number), file(number, "old").path, file(number, "old").signature) for number in range(10**4)
    ]
    listing = Listing(b"/r", tuple(file(number, "new") for number in range(10**4)))
    assert len(compare(known, listing).moved) == 10**4


# any sequence of operations: afterwards the catalog equals the disk, and what was not read again is what it was

FILES = [f"{folder}{name}.jpg" for folder in ("", "d/", "d/e/") for name in "ab"]
some_file = st.sampled_from(FILES)
some_folder = st.sampled_from(["d", "d/e", "f"])
operation = st.one_of(
    st.tuples(st.just("write"), some_file, some_file),
    st.tuples(st.just("save"), some_file, some_file),
    st.tuples(st.just("delete"), some_file, some_file),
    st.tuples(st.just("rename"), some_file, some_file),
    st.tuples(st.just("swap"), some_file, some_file),
    st.tuples(st.just("link"), some_file, some_file),
    st.tuples(st.just("rename"), some_folder, some_folder),
)


def perform(root: Path, what: str, first: Path, second: Path, data: bytes) -> None:
    spare = root / "spare"
    if what in {"write", "save"}:
        first.parent.mkdir(parents=True, exist_ok=True)
        written = first if what == "write" else spare
        written.write_bytes(data)
        written.replace(first)
    elif what == "delete":
        first.unlink()
    elif what == "rename":
        second.parent.mkdir(parents=True, exist_ok=True)
        first.rename(second)
    elif what == "swap":
        second.rename(spare)
        first.rename(second)
        spare.rename(first)
    elif what == "link":
        second.hardlink_to(first)


@settings(max_examples=40)
@given(rounds=st.lists(st.lists(operation, min_size=1, max_size=12), min_size=1, max_size=4))
def test_catalog_equals_disk_after_any_operations(rounds: list[list[tuple[str, str, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        catalog = catalog_of(root, *FILES[::2])
        count = 0
        for operations in rounds:
            for what, first, second in operations:
                count += 1
                try:
                    perform(root, what, root / first, root / second, b"%03d" % count)
                except OSError:
                    continue  # no such file, folder not empty, into itself: nothing happened
            catalog.apply(catalog.look())
            on_disk = {os.fsencode(path): path.read_bytes() for path in root.rglob("*.jpg")}
            remembered = {file.path: catalog.contents[file_id] for file_id, file in catalog.files.items()}
            assert remembered == on_disk
            assert len(remembered) == len(catalog.files)
            assert all(signature_of(file.path) == file.signature for file in catalog.files.values())
            assert not catalog.look()
            time.sleep(0.02)
