import os
import socket
from collections.abc import Callable
from pathlib import Path

from core.records import Kind
from core.watch.identity import signature_of
from core.watch.scan import Listing, scan
from tests.core.watch.conftest import kind_of, run_python


def names(listing: Listing) -> list[str]:
    return [os.fsdecode(os.path.relpath(file.path, listing.root)) for file in listing.files]


def put(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_media_are_listed_in_order_with_their_signature(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.JPG", "z/c.jpg", "m/deep/d.jpg", "m/e.jpg", "notes.txt", "noextension"):
        put(tmp_path / name)
    listing = scan(tmp_path, kind_of)
    assert names(listing) == ["a.JPG", "b.jpg", "m/e.jpg", "m/deep/d.jpg", "z/c.jpg"]
    assert not listing.unread
    for file in listing.files:
        assert file.kind is Kind.IMAGE
        assert file.signature == signature_of(file.path)


def test_hidden_and_system_names_are_passed_over(tmp_path: Path) -> None:
    hidden = (".h.jpg", ".git/a.jpg", ".Trash-1000/files/a.jpg", "node_modules/p/a.jpg", "@eaDir/a.jpg")
    for name in (*hidden, "$RECYCLE.BIN/a.jpg", "System Volume Information/a.jpg", "lost+found/a.jpg", "seen.jpg"):
        put(tmp_path / name)
    assert names(scan(tmp_path, kind_of)) == ["seen.jpg"]


def test_hidden_folder_that_was_named_is_listed(tmp_path: Path) -> None:
    put(tmp_path / ".walls" / "a.jpg")
    assert names(scan(tmp_path / ".walls", kind_of)) == ["a.jpg"]


def test_links_are_not_followed_and_loops_end(tmp_path: Path) -> None:
    put(tmp_path / "outside" / "a.jpg")
    root = tmp_path / "root"
    real = put(root / "real.jpg")
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "link.jpg").symlink_to(real)
    (root / "dangling.jpg").symlink_to(root / "nothing")
    listing = scan(root, kind_of)
    assert names(listing) == ["real.jpg"]
    assert not listing.unread


def test_what_is_no_regular_file_is_no_media(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket.jpg"))
    server.close()
    assert names(scan(tmp_path, kind_of)) == []


def test_hard_links_are_files_of_their_own(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").hardlink_to(tmp_path / "a.jpg")
    assert names(scan(tmp_path, kind_of)) == ["a.jpg", "b.jpg"]


def test_any_name_is_kept_byte_by_byte(tmp_path: Path) -> None:
    strange = [b"\xff\xfe.jpg", b"new\nline.jpg", b"-rf.jpg", b"%d.jpg", b"\xe2\x80\xaegpj.jpg", b"a" * 251 + b".jpg"]
    for name in strange:
        (tmp_path / os.fsdecode(name)).touch()
    assert {os.path.split(file.path)[1] for file in scan(tmp_path, kind_of).files} == set(strange)


def test_own_data_is_passed_over_under_any_name(tmp_path: Path) -> None:
    library = tmp_path / "library"
    put(library / "thumb.jpg")
    put(tmp_path / "photo.jpg")
    (tmp_path / "alias").symlink_to(library)
    listing = scan(tmp_path, kind_of, exclude=[tmp_path / "alias", tmp_path / "absent"])
    assert names(listing) == ["photo.jpg"]
    assert not listing.unread


def test_absent_root_is_unread(tmp_path: Path) -> None:
    listing = scan(tmp_path / "absent", kind_of)
    assert listing.files == ()
    assert listing.unread == {os.fsencode(tmp_path / "absent")}


def test_stopping_leaves_the_rest_unknown(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / str(number) / "a.jpg")
    asked = iter([False, False, True])
    listing = scan(tmp_path, kind_of, stop=lambda: next(asked))
    assert len(listing.files) == 1
    assert listing.unread
    assert listing.root in listing.unread


def test_root_exchanged_during_the_scan_is_unread(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "a.jpg")

    def exchange() -> bool:
        root.rename(tmp_path / "gone")
        root.mkdir()
        return False

    assert scan(root, kind_of, stop=exchange).unread == {os.fsencode(root)}


def test_directory_that_may_not_be_read_is_named(as_nobody: Callable[[str], None], tmp_path: Path) -> None:
    for name in ("closed/a.jpg", "listable/b.jpg", "open.jpg"):
        put(tmp_path / name)
    (tmp_path / "closed").chmod(0o000)
    (tmp_path / "listable").chmod(0o444)
    try:
        as_nobody("""
            listing = scan(Path("."), lambda name: Kind.IMAGE)
            assert [file.path for file in listing.files] == [b"./open.jpg"], listing
            assert listing.unread == {b"./closed", b"./listable/b.jpg"}, listing
            (skipped,) = listing.skipped
            assert (skipped.rule, skipped.folders, skipped.files) == ("unreadable", 1, 1)
        """)
    finally:
        (tmp_path / "closed").chmod(0o755)
        (tmp_path / "listable").chmod(0o755)


def test_no_file_is_opened(tmp_path: Path) -> None:
    for number in range(50):
        put(tmp_path / f"{number % 5}" / f"{number}.jpg")
    code = """
import sys
from pathlib import Path
from core.records import Kind
from core.watch.scan import scan
opened = []
sys.addaudithook(lambda event, args: opened.append(args) if event == "open" else None)
assert len(scan(Path("."), lambda name: Kind.IMAGE).files) == 50
assert not opened, opened
"""
    run_python(code, tmp_path)


def test_other_drives_are_not_entered(in_namespace: Callable[[str, str], None], tmp_path: Path) -> None:
    put(tmp_path / "here.jpg")
    (tmp_path / "drive").mkdir()
    in_namespace(
        "mount -t tmpfs none drive && touch drive/there.jpg",
        """
        import os
        from pathlib import Path
        from core.records import Kind
        from core.watch.scan import scan
        listing = scan(Path.cwd(), lambda name: Kind.IMAGE)
        assert [os.path.basename(file.path) for file in listing.files] == [b"here.jpg"], listing
        assert listing.unread == {os.fsencode(Path.cwd() / "drive")}, listing
        inner = scan(Path.cwd() / "drive", lambda name: Kind.IMAGE)
        assert [os.path.basename(file.path) for file in inner.files] == [b"there.jpg"], inner
        assert not inner.unread, inner
        """,
    )


def test_folder_bound_into_itself_is_listed_once(in_namespace: Callable[[str, str], None], tmp_path: Path) -> None:
    put(tmp_path / "a.jpg")
    (tmp_path / "again").mkdir()
    in_namespace(
        "mount --bind . again",
        """
        import os
        from pathlib import Path
        from core.records import Kind
        from core.watch.scan import scan
        listing = scan(Path.cwd(), lambda name: Kind.IMAGE)
        assert [os.path.basename(file.path) for file in listing.files] == [b"a.jpg"], listing
        """,
    )
