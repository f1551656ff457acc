"""Two libraries on one server, from the command line: shared, found in one another, and taken back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.settings import Settings
from tests.core.cli.program import Done, likewise
from tests.core.store.milvus.steps import free_port, milvus_server


@pytest.mark.slow
def test_two_libraries_on_one_server(tmp_path: Path, sample_photos: list[Path]) -> None:
    pytest.importorskip("milvus_lite", reason="Milvus is not installed here; `pip install '.[milvus]'` adds it")
    port = free_port()
    cat = next(photo for photo in sample_photos if photo.name == "chelsea.png")
    rest = [photo for photo in sample_photos if photo != cat]

    def run(library: str, *words: str | Path) -> Done:
        done = likewise(*words, "--library", tmp_path / library)
        assert done.code == 0, done.err
        return done

    for library, photos in (("kitchen", rest), ("studio", [*rest[:3], cat])):
        (tmp_path / f"{library} photos").mkdir()
        for photo in photos:
            shutil.copy(photo, tmp_path / f"{library} photos")
        Settings(sounds_model="", motion_model="", speech_model="").save(tmp_path / library / "settings.json")
        run(library, "index", tmp_path / f"{library} photos")
    refused = likewise("search", "a cat", "--shared", "--library", tmp_path / "kitchen")
    assert refused.code == 1
    assert "store share" in refused.err
    assert "not searched on a server" in likewise("store", "share", "--library", tmp_path / "kitchen").err
    with milvus_server(tmp_path / "server", port):
        for library in ("kitchen", "studio"):
            run(library, "store", "move", "milvus", "--milvus-uri", f"http://127.0.0.1:{port}")
        assert "“Kitchen”" in run("kitchen", "store", "share", "Kitchen").out
        assert run("kitchen", "search", "a cat", "--shared", "--json").json == (
            alone := run("kitchen", "search", "a cat", "--json").json
        )
        run("studio", "store", "share", "Studio")
        found = run("kitchen", "search", "a cat", "--shared", "--json").json
        assert found[: len(alone)] == alone
        assert [(other["path"], other["library"], other["name"]) for other in found[len(alone) :]] == [
            (None, "Studio", "chelsea.png")
        ]
        said = run("kitchen", "search", "a cat", "--shared").out.splitlines()
        assert said[said.index("In other libraries:") + 2].split()[-2:] == ["Studio", "chelsea.png"]
        assert "deleted" in run("studio", "store", "unshare").out
        assert run("kitchen", "search", "a cat", "--shared", "--json").json == alone
        assert run("studio", "search", "a cat", "--json").names[0] == "chelsea.png"
    away = run("kitchen", "search", "a cat", "--shared")
    assert "In other libraries:" not in away.out
    assert "The other libraries were not searched." in away.err
