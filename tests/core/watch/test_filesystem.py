"""Where a library must not lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.watch.filesystem import harmful_to_databases


@pytest.mark.parametrize(
    ("kind", "harmful"),
    [
        ("ext4", False),
        ("btrfs", False),
        ("fuseblk", False),
        ("fuse.ntfs-3g", False),
        ("nfs4", True),
        ("cifs", True),
        ("9p", True),
        ("fuse", True),
        ("fuse.sshfs", True),
        ("fuse.something-new", True),
    ],
)
def test_network_drives_are_told_from_disks(tmp_path: Path, kind: str, harmful: bool) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "21 1 0:999 / / rw shared:1 - tmpfs other rw\n"
        f"22 21 {os.major(device)}:{os.minor(device)} / /mnt rw - {kind} server:/share rw\n"
    )
    said = harmful_to_databases(tmp_path / "not" / "yet" / "made", mounts)
    assert bool(said) == harmful
    assert kind in said or not harmful


@pytest.mark.parametrize(
    "place",
    [
        "OneDrive/likewise",
        "OneDrive - Work/likewise",
        "Dropbox/a/b",
        "Dropbox (Personal)/likewise",
        "Google Drive/x",
        "Library/Mobile Documents/x",
        "Nextcloud",
    ],
)
def test_folders_kept_in_step_are_known_by_name(tmp_path: Path, place: str) -> None:
    assert "keeps in step" in harmful_to_databases(tmp_path / place)


@pytest.mark.parametrize("place", ["dropboxes/x", "my OneDrive files", "Drive", "likewise"])
def test_other_folders_are_not(tmp_path: Path, place: str) -> None:
    assert harmful_to_databases(tmp_path / place) == ""


def test_a_link_into_one_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "Dropbox").mkdir()
    (tmp_path / "library").symlink_to(tmp_path / "Dropbox")
    assert "Dropbox" in harmful_to_databases(tmp_path / "library")
