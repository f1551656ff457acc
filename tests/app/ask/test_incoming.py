"""What the outside may drop or paste: files and folders of this computer, and pixels. Nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QMimeData, QUrl
from PySide6.QtGui import QColor, QImage

from app.ask.incoming import MAX_BYTES, Incoming, promise_of, read_mime
from core import Given
from core.watch.given import look_at


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a photo.jpg"
    path.write_bytes(b"\xff\xd8")
    return path


def urls(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def taken(mime: QMimeData) -> Given:
    return look_at(read_mime(mime).paths)


def test_a_file_of_this_computer_is_an_example(photo: Path) -> None:
    assert taken(urls(photo)) == Given(files=(photo.resolve(),))


def test_a_folder_is_to_be_added(tmp_path: Path, photo: Path) -> None:
    assert taken(urls(tmp_path, photo)) == Given(files=(photo.resolve(),), folders=(tmp_path.resolve(),))


def test_links_are_followed(tmp_path: Path, photo: Path) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(photo)
    assert taken(urls(link)) == Given(files=(photo.resolve(),))


def test_a_name_that_is_not_utf_8_is_found(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(raw)).touch()
    url = QUrl.fromEncoded(QByteArray(Path(os.fsdecode(raw)).as_uri().encode()))
    mime = QMimeData()
    mime.setUrls([url])
    (found,) = taken(mime).files
    assert os.fsencode(found) == os.path.realpath(raw)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.jpg",
        "https://example.org/a.jpg",
        "ftp://example.org/a.jpg",
        "smb://server/share/a.jpg",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "file://server/share/a.jpg",
        "file://localhost.evil/etc/passwd",
        "file:////server/share/a.jpg",
        "file:relative.jpg",
        "file:",
        "file:///etc/passwd%00.jpg",
        "file:///etc/passwd?query",
        "file:///etc/passwd#fragment",
        "file:///dev/null",
        "file:///dev/zero",
        "file:///no/such/file.jpg",
        "qrc:/icons/a.svg",
        "//server/share/a.jpg",
        "a.jpg",
        "",
        "C:/Windows/system.ini",
        "FILE://server/share/a.jpg",
        "file://127.0.0.1/etc/passwd",
        "file://user:password@localhost/etc/passwd",
        "file://localhost:80/etc/passwd",
        "file://%00/etc/passwd",
        "file:///dev/tty",
        "file:///dev/null/a.jpg",
        "file:///etc/passwd/..%00/a.jpg",
        "file:///%2e%2e/no/such/file",
        "file:%2e%2e/relative.jpg",
        "file:///no%0asuch%0afile",
        "file:///%",
        "file:///%zz",
        "file:///%ff%fe",
        "file:///" + "a/" * 3000,
        "file:///" + "a" * 5000,
        "file:///~/a.jpg",
        "file:///$HOME",
        "\\\\server\\share\\a.jpg",
        "blob:https://example.org/1",
        "about:blank",
        "content://media/external/1",
        "trash:///a.jpg",
        "recent:///a.jpg",
        "gphoto2://camera/a.jpg",
        "sftp://localhost/etc/passwd",
        "view-source:file:///etc/passwd",
        "jar:file:///a.zip!/b.jpg",
    ],
)
def test_nothing_else_is_taken(url: str) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl(url)])
    assert taken(mime) == Given()


def test_no_drive_is_touched_to_read_what_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stat", "lstat", "readlink", "scandir", "open"):
        monkeypatch.setattr(os, name, None)
    try:
        assert read_mime(urls(Path("/asleep/a.jpg"))).paths == (Path("/asleep/a.jpg"),)
    finally:
        monkeypatch.undo()


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert taken(urls(tmp_path / "pipe.jpg")) == Given()


def test_the_bytes_of_a_pasted_picture_are_passed_on_undecoded() -> None:
    mime = QMimeData()
    mime.setData("image/png", QByteArray(b"not a picture at all"))
    assert read_mime(mime) == Incoming(picture=b"not a picture at all")


def test_pixels_pasted_from_an_application_become_a_png() -> None:
    image = QImage(4, 3, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    mime = QMimeData()
    mime.setImageData(image)
    assert read_mime(mime).picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("offered", ["image/x-icon", "IMAGE/PNG", "image/svg+xml"])
def test_pixels_are_not_taken_where_qt_would_decode_them_from_bytes(offered: str) -> None:
    mime = QMimeData()
    mime.setImageData(QImage(4, 3, QImage.Format.Format_RGB32))
    mime.setData(offered, QByteArray(b"made to break a decoder"))
    assert not read_mime(mime)


def test_more_pixels_than_can_be_passed_on_are_refused() -> None:
    mime = QMimeData()
    mime.setImageData(QImage(MAX_BYTES // 4, 2, QImage.Format.Format_RGB32))
    assert not read_mime(mime)


def test_what_dropping_does_is_known_without_asking_the_drive() -> None:
    assert promise_of(urls(Path("/no/such/drive/a.jpg"))) == "Find more like this, or add this folder"
    assert promise_of(urls(Path("/no/such/a.jpg"), Path("/no/such/b.jpg"))).startswith("Find more like these")
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/a.jpg"), QUrl("file://server/a.jpg")])
    assert promise_of(mime) == ""
    mime.setImageData(QImage(4, 3, QImage.Format.Format_RGB32))
    assert promise_of(mime) == "Find more like this"


def test_too_much_is_refused() -> None:
    mime = QMimeData()
    mime.setData("image/bmp", QByteArray(b"x" * (MAX_BYTES + 1)))
    assert not read_mime(mime)


def test_text_is_nothing_to_search_pictures_with() -> None:
    mime = QMimeData()
    mime.setText("/etc/passwd")
    incoming = read_mime(mime)
    assert not incoming
    assert promise_of(mime) == ""
