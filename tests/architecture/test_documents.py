"""What the documents say is so: commands, settings, links, and that nothing in the repository is someone else's."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.actions import ACTIONS
from core.settings import Settings, SettingSpec
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text("utf-8")
CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
SETTINGS = (REPOSITORY / "docs" / "SETTINGS.md").read_text("utf-8")
DOCUMENTS = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")]
MEDIA = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic"}
MEDIA |= {".mp3", ".wav", ".flac", ".ogg", ".m4a", ".mp4", ".mkv", ".webm", ".avi", ".mov", ".npy"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [REPOSITORY / name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def test_every_make_command_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README + CONTRIBUTING, re.MULTILINE))
    assert {"run", "test"} <= named
    assert named <= targets


def test_every_command_in_the_readme_exists() -> None:
    named = set(re.findall(r"^likewise ([a-z]+)", README, re.MULTILINE))
    assert {"index", "search", "gui"} <= named
    for command in sorted(named):
        asked = [sys.executable, "-m", "app", command, "--help"]
        done = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert f"likewise {command}" in done.stdout


def test_every_shortcut_is_in_the_readme_and_does_what_it_says() -> None:
    table = README.partition("## Keyboard")[2].partition("##")[0]
    named = set(re.findall(r"`([^`]+)`", table))
    keys = [set(action.keys) for action in ACTIONS if action.keys]
    assert named <= set().union(*keys)
    assert [sorted(known) for known in keys if not known & named] == []


def row_of(setting: SettingSpec) -> str:
    unit = f" {setting.unit}" if setting.unit else ""
    default = f"{setting.default:g}" if isinstance(setting.default, float) else str(setting.default)
    default = default.lower() if setting.kind is bool else default
    bounds = ", ".join(setting.choices) if setting.low is None else f"{setting.low:g} to {setting.high:g}{unit}"
    return f"| {setting.title} | `{setting.name}` | {default}{unit} | {bounds} | {setting.description} |"


@pytest.mark.parametrize("setting", list(Settings.specs()), ids=lambda setting: setting.name)
def test_every_setting_is_documented_as_it_is_declared(setting: SettingSpec) -> None:
    assert row_of(setting) in SETTINGS.splitlines()


def test_no_setting_is_documented_that_is_not_there() -> None:
    documented = re.findall(r"^\| [^|]+ \| `(\w+)`", SETTINGS, re.MULTILINE)
    assert documented == [setting.name for setting in Settings.specs()]


def test_every_environment_variable_is_documented() -> None:
    read = set()
    for source in tracked():
        if source.suffix == ".py":
            read |= set(re.findall(r"LIKEWISE_[A-Z_]+", source.read_text("utf-8")))
    assert {name for name in read if f"`{name}`" not in SETTINGS} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_every_path_named_in_the_documents_exists() -> None:
    named = re.findall(
        r"`((?:core|app|tests|docs|packaging|benchmarks|resources)/[\w./-]*)`",
        "".join(document.read_text("utf-8") for document in DOCUMENTS),
    )
    assert len(named) > 20
    assert sorted({name for name in named if not (REPOSITORY / name).exists()}) == []


def test_media_in_the_repository_are_screenshots_or_made_for_tests() -> None:
    media = [path.relative_to(REPOSITORY) for path in tracked() if path.suffix.lower() in MEDIA]
    homes = (Path("docs/screenshots"), Path("tests/fixtures"))
    assert [str(path) for path in media if not any(path.is_relative_to(home) for home in homes)] == []


def test_no_media_of_others_are_in_the_repository(shared: Path) -> None:
    ours: dict[int, list[Path]] = {}
    for path in tracked():
        ours.setdefault(path.stat().st_size, []).append(path)
    taken = []
    for path in (path for folder in ("data", "starter_train") for path in (shared / folder).rglob("*")):
        if path.is_file() and path.stat().st_size > 0:
            alike = ours.get(path.stat().st_size, [])
            taken += [(str(own), str(path)) for own in alike if digest(own) == digest(path)]
    assert taken == []


def digest(path: Path) -> bytes:
    return hashlib.blake2b(path.read_bytes()).digest()
