import os
import socket
import threading
from pathlib import Path

import pytest
from blake3 import blake3

from core.errors import MediaError
from core.records import Reason
from core.watch.identity import content_hash, content_hash_of, signature_of
from tests.conftest import until


def hash_now(path: bytes) -> bytes:
    return content_hash(path, signature_of(path))


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3_500_000])
def test_hash_is_blake3_of_all_bytes(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    assert hash_now(os.fsencode(path)) == blake3(data).digest() == content_hash_of(data)


def test_name_need_not_be_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\xfe \n.jpg")
    path.write_bytes(b"picture")
    assert hash_now(os.fsencode(path)) == content_hash_of(b"picture")


def test_unexpected_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")
    expected = signature_of(os.fsencode(path))
    path.write_bytes(b"new, longer")
    with pytest.raises(MediaError) as caught:
        content_hash(os.fsencode(path), expected)
    assert caught.value.reason == Reason.CHANGED_WHILE_READING
    assert caught.value.retryable


def test_same_size_and_mtime_do_not_hide_a_change(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")
    expected = signature_of(os.fsencode(path))
    path.write_bytes(b"new")
    os.utime(path, ns=(expected.mtime_ns, expected.mtime_ns))
    with pytest.raises(MediaError) as caught:
        content_hash(os.fsencode(path), expected)
    assert caught.value.reason == Reason.CHANGED_WHILE_READING


def test_file_that_grows_while_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "growing.jpg"
    path.write_bytes(b"x" * 1000)
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"x" * 100_000)
                file.flush()

    def is_refused() -> bool:
        try:
            hash_now(os.fsencode(path))
        except MediaError as error:
            return error.reason == Reason.CHANGED_WHILE_READING
        return False  # nothing was written meanwhile: the writer was held up

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        until(is_refused)
    finally:
        stop.set()
        writer.join()


def test_replaced_files_never_lend_each_other_their_hash(tmp_path: Path) -> None:
    """While one file is put in another's place again and again, a hash that comes back is of what was expected."""
    path = os.fsencode(tmp_path / "a.jpg")
    contents = [bytes([number]) * 200_000 for number in range(4)]
    hashes = [content_hash_of(data) for data in contents]
    stop = threading.Event()

    def put(number: int) -> None:
        spare = tmp_path / "spare"
        spare.write_bytes(contents[number])
        os.utime(spare, ns=(number, number))
        spare.replace(tmp_path / "a.jpg")

    def replace() -> None:
        number = 0
        while not stop.is_set():
            put(number)
            number = (number + 1) % 4
            stop.wait(0.015)

    put(0)
    writer = threading.Thread(target=replace)
    writer.start()
    outcomes = []

    def is_caught() -> bool:
        expected = signature_of(path)
        try:
            outcomes.append(content_hash(path, expected) == hashes[expected.mtime_ns])
        except MediaError as error:
            outcomes.append(error.reason)
        return len(outcomes) >= 60 and Reason.CHANGED_WHILE_READING in outcomes

    try:
        until(is_caught)
    finally:
        stop.set()
        writer.join()
    assert set(outcomes) <= {True, Reason.CHANGED_WHILE_READING}


def test_pipe_socket_link_and_folder_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "real.jpg").write_bytes(b"x")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real.jpg")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s.jpg"))
    try:
        for name in ("pipe.jpg", "folder.jpg", "link.jpg", "s.jpg"):
            with pytest.raises(MediaError):
                hash_now(os.fsencode(tmp_path / name))
    finally:
        server.close()


def test_absent_file_says_why_and_may_come_back(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "a.jpg")
    with pytest.raises(MediaError) as caught:
        signature_of(path)
    assert caught.value.reason == Reason.CHANGED_WHILE_READING
    assert caught.value.retryable
    assert "no longer there" in str(caught.value)
