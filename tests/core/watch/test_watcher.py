import ctypes
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.watch.filesystem import filesystem_type, is_remote
from core.watch.scan import scan
from core.watch.watcher import Watcher
from tests.conftest import WAIT_S, until
from tests.core.watch.conftest import kind_of


class Ear:
    """Listens, and waits until something was told."""

    def __init__(self) -> None:
        self._told = threading.Condition()
        self.roots: list[Path] = []
        self.threads: set[str] = set()

    def hear(self, root: Path) -> None:
        with self._told:
            self.roots.append(root)
            self.threads.add(threading.current_thread().name)
            self._told.notify_all()

    def expect(self, root: Path) -> None:
        """Waits until `root` was told since the last time, and forgets it."""
        with self._told:
            assert self._told.wait_for(lambda: root in self.roots, WAIT_S), f"{root} was not told"
            self.roots = [other for other in self.roots if other != root]

    def settle(self) -> None:
        """Waits until what happened so far was told, and forgets it."""
        while not self.is_silent(1.0):
            self.roots.clear()

    def is_silent(self, seconds: float) -> bool:
        with self._told:
            return not self._told.wait_for(lambda: self.roots, seconds)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def watcher(ear: Ear) -> Iterator[Watcher]:
    watcher = Watcher(ear.hear, kind_of=kind_of, debounce_s=0.1, max_wait_s=1.0, supervise_s=0.2)
    yield watcher
    assert watcher.close(WAIT_S)


def watched_root(parent: Path, watcher: Watcher, ear: Ear) -> Path:
    """A folder that is being watched and has settled."""
    root = parent / "root"
    (root / "d").mkdir(parents=True)
    (root / "old.jpg").write_bytes(b"old")
    watcher.watch(root)
    ear.expect(root)
    assert watcher.gap(root) is None
    return root


@pytest.fixture
def root(tmp_path: Path, watcher: Watcher, ear: Ear) -> Path:
    return watched_root(tmp_path, watcher, ear)


def atomic_save(root: Path) -> None:
    (root / ".old.jpg.swp").write_bytes(b"edited")
    (root / ".old.jpg.swp").replace(root / "old.jpg")


CHANGES: dict[str, Callable[[Path], object]] = {
    "new": lambda root: (root / "new.jpg").write_bytes(b"new"),
    "new and deep": lambda root: ((root / "x/y/z").mkdir(parents=True), (root / "x/y/z/new.jpg").write_bytes(b"new")),
    "changed": lambda root: (root / "old.jpg").write_bytes(b"changed"),
    "appended": lambda root: (root / "old.jpg").open("ab").close() or (root / "old.jpg").write_bytes(b"old and more"),
    "removed": lambda root: (root / "old.jpg").unlink(),
    "renamed": lambda root: (root / "old.jpg").rename(root / "d" / "renamed.jpg"),
    "renamed to a medium": lambda root: (
        (root.parent / "outside.bin").write_bytes(b"x") and (root.parent / "outside.bin").rename(root / "outside.jpg")
    ),
    "folder renamed": lambda root: (root / "d").rename(root / "e"),
    "folder moved out": lambda root: (root / "d").rename(root.parent / "d"),
    "folder removed": lambda root: (root / "d").rmdir(),
    "saved atomically": atomic_save,
    "permission": lambda root: (root / "old.jpg").chmod(0o600),
    "not UTF-8": lambda root: (root / os.fsdecode(b"\xff\n.jpg")).write_bytes(b"x"),
    "hard link": lambda root: (root / "link.jpg").hardlink_to(root / "old.jpg"),
}


def test_each_change_is_told_once(ear: Ear, tmp_path: Path) -> None:
    """Each in a root of its own, and with the real program's patience: its parts may be some time apart."""
    watcher = Watcher(ear.hear, kind_of=kind_of)
    try:
        roots = {name: watched_root(tmp_path / name, watcher, ear) for name in CHANGES}
        for name, change in CHANGES.items():
            change(roots[name])
        for root in roots.values():
            ear.expect(root)
        assert ear.is_silent(2.0), ear.roots
        assert ear.threads == {"watch"}
    finally:
        assert watcher.close(WAIT_S)


def test_what_is_no_change_of_media_is_not_told(root: Path, ear: Ear) -> None:
    (root / ".cache").mkdir()
    (root / ".cache" / "a.jpg").write_bytes(b"x")
    (root / ".hidden.jpg").write_bytes(b"x")
    (root / "notes.txt").write_text("x")
    (root / "old.jpg").read_bytes()
    scan(root, kind_of)
    assert ear.is_silent(0.6)


def test_moved_folder_is_heard_under_its_new_name(root: Path, ear: Ear) -> None:
    (root / "d").rename(root / "e")
    ear.settle()
    (root / "e" / "a.jpg").write_bytes(b"x")
    ear.expect(root)


def at_once(folder: Path, commands: str) -> None:
    """Runs shell commands in `folder` while nobody can hear of what they do: the interpreter's lock is held."""
    assert ctypes.PyDLL(None).system(os.fsencode(f"cd '{folder}' && {commands}")) == 0


def test_folder_moved_into_a_new_one_is_heard_there(root: Path, ear: Ear) -> None:
    """The walk through the new one comes upon a folder that is watched already."""
    at_once(root, "mkdir new && mv d new/d")
    ear.settle()
    (root / "new" / "d" / "a.jpg").write_bytes(b"x")
    ear.expect(root)


def test_folder_that_left_is_forgotten_and_its_name_free(root: Path, ear: Ear, tmp_path: Path) -> None:
    left = (root / "d").rename(tmp_path / "d")
    ear.settle()
    (left / "a.jpg").write_bytes(b"x")
    assert ear.is_silent(0.6)
    (root / "d").mkdir()
    ear.expect(root)
    (root / "d").rename(root / "e")
    ear.expect(root)
    shutil.rmtree(left)
    ear.settle()
    (root / "e" / "a.jpg").write_bytes(b"x")
    ear.expect(root)


def test_folder_with_the_name_of_one_that_just_left_is_heard(root: Path, ear: Ear) -> None:
    at_once(root, "mv d .. && mkdir d && mv d e")
    ear.settle()
    (root / "e" / "a.jpg").write_bytes(b"x")
    ear.expect(root)


def test_each_root_is_told_of_its_own(root: Path, watcher: Watcher, ear: Ear, tmp_path: Path) -> None:
    other = tmp_path / os.fsdecode(b"other-\xff")
    other.mkdir()
    watcher.watch(other)
    ear.expect(other)
    for written, silent in ((other, root), (root, other)):
        (written / "a.jpg").write_bytes(b"x")
        ear.expect(written)
        assert silent not in ear.roots
        ear.settle()


def test_burst_of_ten_thousand_files_is_told_in_the_end(root: Path, ear: Ear) -> None:
    for number in range(10_000):
        (root / f"{number}.jpg").touch()
    (root / "last.jpg").touch()
    seen = 0
    while seen < 10_002:
        ear.expect(root)
        seen = len(scan(root, kind_of).files)


def test_steady_storm_is_told_though_it_never_pauses(root: Path, ear: Ear) -> None:
    stop = threading.Event()

    def storm() -> None:
        while not stop.wait(0.02):
            (root / "old.jpg").write_bytes(b"again")

    writer = threading.Thread(target=storm)
    writer.start()
    try:
        ear.expect(root)
    finally:
        stop.set()
        writer.join()


def test_lost_events_make_every_root_dirty(root: Path, ear: Ear) -> None:
    """The kernel's queue overflows while nobody can read from it."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    loop = f"i=0; while [ $i -le {limit // 2 + 500} ]; do : > $i.txt; i=$((i+1)); done"
    at_once(root / "d", loop)  # no medium: only the loss itself can be told
    ear.expect(root)


def test_root_removed_and_made_again_is_watched_again(root: Path, watcher: Watcher, ear: Ear) -> None:
    shutil.rmtree(root)
    ear.expect(root)
    ear.settle()
    root.mkdir()
    ear.expect(root)
    (root / "a.jpg").write_bytes(b"x")
    ear.expect(root)


def test_root_exchanged_for_another_is_told(root: Path, ear: Ear, tmp_path: Path) -> None:
    (tmp_path / "another").mkdir()
    root.rename(tmp_path / "away")
    (tmp_path / "another").rename(root)
    ear.settle()
    (root / "a.jpg").write_bytes(b"x")
    ear.expect(root)


def test_absent_root_is_told_once_and_again_when_it_appears(watcher: Watcher, ear: Ear, tmp_path: Path) -> None:
    root = tmp_path / "drive"
    watcher.watch(root)
    ear.expect(root)
    assert ear.is_silent(0.6)
    root.mkdir()
    ear.expect(root)


def test_unwatched_root_is_silent(root: Path, watcher: Watcher, ear: Ear) -> None:
    watcher.unwatch(root)
    (root / "a.jpg").write_bytes(b"x")
    assert ear.is_silent(0.6)
    watcher.watch(root)
    ear.expect(root)
    watcher.unwatch(root)
    watcher.watch(root)
    ear.expect(root)


def test_listener_that_fails_hears_of_the_next_change(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()

    def fail_first(root: Path) -> None:
        ear.hear(root)
        if len(ear.roots) == 1:
            raise RuntimeError("listener")

    watcher = Watcher(fail_first, debounce_s=0.1)
    try:
        watcher.watch(tmp_path)
        until(lambda: len(ear.roots) == 1)
        (tmp_path / "a.jpg").touch()
        until(lambda: len(ear.roots) > 1)
    finally:
        assert watcher.close(WAIT_S)
    assert "listener" in caplog.text


def test_closing_ends_every_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    watcher = Watcher(lambda root: None)
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        watcher.watch(tmp_path / str(number))
    assert watcher.close(WAIT_S)
    assert set(threading.enumerate()) - before == set()
    assert watcher.close(), "closing twice is harmless"


def test_threads_are_named(root: Path) -> None:
    names = {thread.name for thread in threading.enumerate()}
    assert {"watch", "watch-events", "watch-inotify", "watch-root"} <= names


def test_directories_beyond_the_limit_are_owned_up_to(in_namespace: Callable[[str, str], None], tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / "many" / str(number)).mkdir(parents=True)
    (tmp_path / "few").mkdir()
    for number in range(100):
        (tmp_path / "few" / ".cache" / str(number)).mkdir(parents=True)
    in_namespace(
        "echo 10 > /proc/sys/user/max_inotify_watches",
        """
        import queue
        from pathlib import Path
        from core.watch.watcher import Watcher
        told = queue.Queue()
        watcher = Watcher(told.put)
        for name, covered in (("few", True), ("many", False)):
            watcher.watch(Path.cwd() / name)
            assert told.get(timeout=20) == Path.cwd() / name
            assert (watcher.gap(Path.cwd() / name) is None) is covered, name
        assert watcher.close()
        """,
    )


def test_no_instance_left_is_owned_up_to(in_namespace: Callable[[str, str], None], tmp_path: Path) -> None:
    in_namespace(
        "echo 0 > /proc/sys/user/max_inotify_instances",
        """
        import queue
        from pathlib import Path
        from core.watch.watcher import Watcher
        told = queue.Queue()
        watcher = Watcher(told.put)
        watcher.watch(Path.cwd())
        assert told.get(timeout=20) == Path.cwd()
        assert watcher.gap(Path.cwd()) is not None
        assert watcher.close()
        """,
    )


def test_unmounted_drive_is_told(in_namespace: Callable[[str, str], None], tmp_path: Path) -> None:
    (tmp_path / "drive").mkdir()
    in_namespace(
        "mount -t tmpfs none drive && touch drive/a.jpg",
        """
        import queue, subprocess
        from pathlib import Path
        from core.records import Kind
        from core.watch.scan import scan
        from core.watch.watcher import Watcher
        drive = Path.cwd() / "drive"
        told = queue.Queue()
        watcher = Watcher(told.put, debounce_s=0.1, supervise_s=0.2)
        def found_when_told():
            assert told.get(timeout=60) == drive
            return bool(scan(drive, lambda name: Kind.IMAGE).files)
        watcher.watch(drive)
        assert found_when_told()
        subprocess.run(["umount", "--lazy", "drive"], check=True)
        assert not found_when_told()
        subprocess.run(["mount", "-t", "tmpfs", "none", "drive"], check=True)
        (drive / "b.jpg").touch()
        while not found_when_told():
            pass
        assert watcher.close()
        """,
    )


def test_unreadable_directories_are_owned_up_to(as_nobody: Callable[[str], None], tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    as_nobody("""
        import queue, warnings
        warnings.simplefilter("error")
        for name in ("closed", "closed-too", "open"):
            Path(name).mkdir()
        os.chmod("closed", 0)
        os.chmod("closed-too", 0)
        told = queue.Queue()
        watcher = Watcher(told.put, debounce_s=0.1)
        watcher.watch(Path("."))
        assert told.get(timeout=20) == Path(".")
        assert watcher.gap(Path(".")) is not None
        Path("open/a.jpg").touch()
        assert told.get(timeout=20) == Path(".")
        assert watcher.close()
        os.chmod("closed", 0o700)
        os.chmod("closed-too", 0o700)
    """)


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:52 / /mnt/nas rw,relatime shared:30 - nfs4 nas:/photos rw,vers=4.2
41 22 0:53 /a\\040b /mnt/with\\040space rw - fuse.sshfs me@host:/ rw
"""


def test_network_drives_are_known_by_their_type(tmp_path: Path) -> None:
    assert filesystem_type(MOUNTS, "0:52") == "nfs4"
    assert filesystem_type(MOUNTS, "0:53") == "fuse.sshfs"
    assert filesystem_type(MOUNTS, "8:1") == "ext4"
    assert filesystem_type(MOUNTS, "9:9") == ""
    assert not is_remote(tmp_path)
    assert not is_remote(tmp_path / "absent")
