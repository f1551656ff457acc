"""The watch over the whole suite (tests/audit.py) finds what it is there for, and only that."""

from __future__ import annotations

import io
import os
import pickletools
import shutil
import socket
import sys
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from core.decode.decoder import kind_of
from core.watch.scan import scan
from tests.audit import AUDIT
from tests.conftest import REPOSITORY


def in_product(code: str, **names: Any) -> None:
    """Runs `code` as if it stood in a module of the engine."""
    exec(compile(code, str(REPOSITORY / "core" / "planted.py"), "exec"), {"os": os, "shutil": shutil, **names})


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A user's file: the folder that it lies in was looked through."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    photo = folder / "below" / os.fsdecode(b"caf\xe9.jpg")
    photo.write_bytes(b"precious")
    scan(folder, kind_of)
    return photo


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("open(path, 'r+b').close()", "opened for writing"),
        ("open(path, 'ab').close()", "opened for writing"),
        ("path.with_name('sidecar.xmp').touch()", "opened for writing"),
        ("os.close(os.open(os.fsencode(path), os.O_RDWR))", "opened for writing"),
        ("path.unlink()", "removed"),
        ("os.truncate(path, 1)", "cut off"),
        ("path.rename(path.with_suffix('.png'))", "renamed"),
        ("path.replace(elsewhere)", "renamed"),
        ("elsewhere.touch(); elsewhere.replace(path)", "renamed"),
        ("shutil.move(path, elsewhere)", "renamed"),
        ("shutil.rmtree(path.parent)", "removed"),
        ("path.chmod(0o600)", "changed the rights"),
        ("os.utime(path)", "changed the times"),
        ("path.with_name('new').mkdir()", "made a folder"),
        ("path.with_name('new').symlink_to(path)", "linked"),
    ],
)
def test_whoever_touches_a_users_file_is_found(photo: Path, tmp_path: Path, done: str, said: str) -> None:
    in_product(done, path=photo, elsewhere=tmp_path / "elsewhere")

    found = AUDIT.take()
    assert any(entry.startswith(said) and "core/planted.py:1" in entry for entry in found), found


def test_in_whatever_thread(photo: Path) -> None:
    thread = threading.Thread(target=in_product, args=("path.unlink()",), kwargs={"path": photo})
    thread.start()
    thread.join()

    assert len(AUDIT.take()) == 1


def test_reading_and_ones_own_files_are_no_business_of_the_watch(photo: Path, tmp_path: Path) -> None:
    in_product("path.read_bytes(); os.scandir(path.parent).close(); path.stat()", path=photo)
    in_product("own.write_bytes(b'x'); own.unlink()", own=tmp_path / "own")
    photo.write_bytes(b"the test's own doing")

    assert AUDIT.take() == []


def test_what_a_test_does_in_the_products_midst_is_the_tests(photo: Path) -> None:
    def change() -> None:
        photo.write_bytes(b"changed by somebody else")

    in_product("change()", change=change)

    assert AUDIT.take() == []


def _connect(address: Any, family: int = socket.AF_INET) -> None:
    """To nobody: the socket does not wait, and is closed at once."""
    with socket.socket(family, socket.SOCK_DGRAM) as client, suppress(OSError):
        client.connect(address)


@pytest.mark.parametrize("address", [("192.0.2.1", 9), ("198.51.100.7", 443)])
def test_whoever_leaves_this_computer_is_found(address: tuple[str, int]) -> None:
    _connect(address)

    assert AUDIT.take() == [f"asked for {address[0]!r} on the network"]


def test_a_name_need_not_even_be_answered() -> None:
    sys.audit("socket.getaddrinfo", "likewise.invalid", 443, 0, 0, 0)  # to ask it would be to leave this computer

    assert AUDIT.take() == ["asked for 'likewise.invalid' on the network"]


def test_this_computer_may_be_asked(tmp_path: Path) -> None:
    _connect(("127.0.0.1", 9))
    _connect(("::1", 9), socket.AF_INET6)
    _connect(os.path.relpath(tmp_path / "socket"), socket.AF_UNIX)
    socket.getaddrinfo("localhost", 80)

    assert AUDIT.take() == []


PICKLE = b"cos\ngetcwd\n."


def test_unpickling_by_the_product_is_found() -> None:
    assert [code.name for code, _, _ in pickletools.genops(PICKLE)] == ["GLOBAL", "STOP"]
    in_product("import pickle; pickle.load(file)", file=io.BytesIO(PICKLE))

    (found,) = AUDIT.take()
    assert "unpickled os.getcwd" in found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_forking_is_found() -> None:
    """Threads and locks do not survive it; whoever wants a process starts a new one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons say so, too
        child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)

    assert AUDIT.take() == ["forked"]
