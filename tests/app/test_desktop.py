"""What "Open" hands to the system: photos, sounds and videos. Never a program, or what makes a program do something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices

from app.desktop import kind_by_name, open_media
from core import Kind
from tests.app.hands import Opener

PROGRAMS = (
    *(
        "run.exe",
        "run.com",
        "run.bat",
        "run.cmd",
        "run.ps1",
        "run.scr",
        "run.msi",
        "run.lnk",
        "run.pif",
        "run.hta",
        "run.vbs",
    ),
    *(
        "run.sh",
        "run.py",
        "run.desktop",
        "run.AppImage",
        "run.jar",
        "run.run",
        "run.bin",
        "run.deb",
        "run.flatpakref",
        "run",
    ),
    *("run.app", "run.command", "run.workflow", "run.webloc", "run.terminal", "run.scpt", "mod.exe", "mod.sh"),
    *(
        "page.html",
        "page.svg",
        "page.svgz",
        "page.xml",
        "page.url",
        "page.pdf",
        "page.ps",
        "page.eps",
        "page.swf",
        "page.mht",
    ),
    *(
        "list.m3u",
        "list.m3u8",
        "list.pls",
        "list.asx",
        "list.wax",
        "list.wvx",
        "list.xspf",
        "list.ram",
        "list.m4u",
        "list.smil",
    ),
    *("old.wmf", "old.emf", "old.cgm", "old.dwg", "old.xcf", "old.psd", "old.pict"),
    *(
        "photo.jpg.exe",
        "photo.jpg.desktop",
        "photo.jpg.lnk",
        "photo.jpg ",
        "photo.jpg.",
        "photo.jpg\n",
        "photo.jpg\u202e.sh",
    ),
    *("jpg", ".jpg", "._photo.jpg", "photo.jpgx", "photo.ĳpg", "photo"),
)
MEDIA = {
    Kind.IMAGE: ("a.jpg", "a.JPG", "a.jfif", "a.mpo", "a.png", "a.webp", "a.heic", "a.avif", "a.tif", "run.exe\n.jpg"),
    Kind.AUDIO: ("a.wav", "a.wave", "a.mp3", "a.m4b", "a.opus", "a.amr"),
    Kind.VIDEO: ("a.mp4", "a.mov", "a.mkv", "a.mts", "a.3gp", "a.wmv"),
}


@pytest.fixture
def opener(qapp: object) -> Iterator[Opener]:
    opener = Opener()
    QDesktopServices.setUrlHandler("file", opener, "open")
    yield opener
    QDesktopServices.unsetUrlHandler("file")


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_that_may_run_is_opened(opener: Opener, tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    assert not open_media(tmp_path / name)
    assert opener.paths == []


@pytest.mark.parametrize("kind", MEDIA)
def test_all_that_is_indexed_is_opened(opener: Opener, tmp_path: Path, kind: Kind) -> None:
    for name in MEDIA[kind]:
        assert open_media(tmp_path / name)
        assert kind_by_name(Path(name)) is kind
    assert opener.paths == [tmp_path / name for name in MEDIA[kind]]
