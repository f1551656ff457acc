import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.records import FileId, FolderState, KnownFile
from core.watch.root import RootIdentity, drive_of, root_state
from core.watch.scan import scan
from tests.core.watch.conftest import kind_of


def filled(root: Path, *names: str) -> Path:
    root.mkdir(exist_ok=True)
    for name in names:
        (root / name).write_text(f"content of {name}")
    return root


def known_in(root: Path) -> list[KnownFile]:
    files = scan(root, kind_of).files
    return [KnownFile(FileId(number), file.path, file.signature) for number, file in enumerate(files)]


def identity(root: Path) -> RootIdentity:
    found = RootIdentity.of(root)
    assert found is not None
    return found


def state(
    root: Path, known: list[KnownFile], before: RootIdentity | None, now: RootIdentity | None = None, **kwargs: bool
) -> FolderState:
    return root_state(scan(root, kind_of), known, before, now or RootIdentity.of(root), **kwargs)


@pytest.fixture
def removable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drive of the tests can be unplugged."""
    monkeypatch.setattr("core.watch.root._is_fixed", lambda _: False)


def test_a_lost_drive_is_offline_and_not_empty(tmp_path: Path) -> None:
    root = filled(tmp_path / "drive", "a.jpg")
    known, before = known_in(root), identity(root)
    assert state(root, known, before) is FolderState.ONLINE
    root.rename(tmp_path / "unplugged")
    assert state(root, known, before) is FolderState.OFFLINE
    root.mkdir()
    assert state(root, known, before) is FolderState.OFFLINE, "an unplugged drive leaves an empty folder"
    assert state(root, [], None) is FolderState.ONLINE, "a new folder may be empty"
    assert state(root, [replace(file, is_here=False) for file in known], before) is FolderState.ONLINE
    assert state(root, known, before, accepted=True) is FolderState.ONLINE, "the user emptied it"
    root.rmdir()
    assert state(root, known, before, accepted=True) is FolderState.OFFLINE, "there is nothing to accept"
    (tmp_path / "unplugged").rename(root)
    assert state(root, known, before) is FolderState.ONLINE


@pytest.mark.usefixtures("removable")
def test_another_drive_is_not_the_one_that_was_there(tmp_path: Path) -> None:
    root = filled(tmp_path / "drive", "a.jpg", "b.jpg")
    known, before = known_in(root), identity(root)
    root.rename(tmp_path / "unplugged")
    filled(root, "c.jpg")
    assert state(root, known, before) is FolderState.CHANGED
    assert state(root, known, before, accepted=True) is FolderState.ONLINE
    (root / "a.jpg").write_text("a name that cameras give, another photo")
    assert state(root, known, before) is FolderState.CHANGED


@pytest.mark.usefixtures("removable")
def test_another_card_in_the_same_reader_is_changed_though_the_system_tells_no_difference(tmp_path: Path) -> None:
    root = filled(tmp_path / "card", "a.jpg", "b.jpg")
    known, before = known_in(root), identity(root)
    for file in root.iterdir():
        file.unlink()
    filled(root, "c.jpg")
    assert identity(root) == before
    assert state(root, known, before) is FolderState.CHANGED
    filled(root, "a.jpg")
    assert state(root, known, before) is FolderState.ONLINE, "one file at its place is enough"


def test_all_files_of_a_folder_of_this_computer_may_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # so it lies on the drive of the user's home
    root = filled(tmp_path / "folder", "a.jpg")
    known, before = known_in(root), identity(root)
    (root / "a.jpg").unlink()
    filled(root, "b.jpg")
    assert state(root, known, before) is FolderState.ONLINE
    root.rename(tmp_path / "old")
    filled(root, "c.jpg")
    assert state(root, known, before) is FolderState.ONLINE, "deleted and made again"
    elsewhere = replace(before, device=before.device + 1)
    assert state(root, known, elsewhere) is FolderState.CHANGED, "files where a drive is mounted while it is away"


def test_a_drive_is_known_again_whatever_number_it_gets(tmp_path: Path) -> None:
    root = filled(tmp_path / "drive", "a.jpg", "b.jpg", "c.jpg")
    known, before = known_in(root), identity(root)
    by_files = RootIdentity(before.device + 1, before.inode + 1, before.filesystem + 1)
    assert state(root, known, before, by_files) is FolderState.ONLINE
    for name in ("b.jpg", "c.jpg"):
        (root / name).unlink()
    assert state(root, known, before, by_files) is FolderState.CHANGED, "a third of the files is not enough"
    by_itself = RootIdentity(before.device + 1, before.inode, before.filesystem or 1)
    assert state(root, known, replace(before, filesystem=by_itself.filesystem), by_itself) is FolderState.ONLINE
    assert state(root, known, None) is FolderState.ONLINE, "nothing was remembered by the version before"


def test_an_identity_can_be_kept_as_text(tmp_path: Path) -> None:
    assert RootIdentity.parse(str(identity(tmp_path))) == identity(tmp_path)
    assert RootIdentity.parse("") is None
    assert RootIdentity.of(tmp_path / "absent") is None


def test_a_drive_is_called_what_it_is_mounted_as(in_namespace: Callable[[str, str], None], tmp_path: Path) -> None:
    (tmp_path / "media" / "My PHOTOS").mkdir(parents=True)
    in_namespace(
        "mount -t tmpfs drive 'media/My PHOTOS' && mkdir -p 'media/My PHOTOS/2024/May'",
        """
        from pathlib import Path
        from core.watch.root import drive_of
        top = Path.cwd() / "media" / "My PHOTOS"
        assert drive_of(top) == drive_of(top / "2024" / "May") == "My PHOTOS"
        """,
    )


def test_the_drive_of_the_users_home_has_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    (tmp_path / "Pictures").mkdir()
    assert drive_of(tmp_path / "Pictures") == ""
    assert drive_of(tmp_path / "absent") == ""
