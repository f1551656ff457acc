"""What kind of drive a folder lies on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_REMOTE_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "ncpfs", "vboxsf", "virtiofs"}
    | {f"fuse.{name}" for name in ("sshfs", "rclone", "glusterfs", "gvfsd-fuse", "vmhgfs-fuse", "s3fs", "davfs")}
)


_MOUNTS = Path("/proc/self/mountinfo")
_LOCAL_FUSE = frozenset({"fuse.lxcfs", "fuse.ntfs-3g", "fuse.exfat"})
"""FUSE, but a disk of this computer: `fuseblk` is another type."""
_SYNCED = (
    "OneDrive",
    "Dropbox",
    "Google Drive",
    "GoogleDrive",
    "iCloudDrive",
    "Mobile Documents",
    "Nextcloud",
    "pCloudDrive",
)


def is_remote(path: Path) -> bool:
    """Whether others may change files at `path` without this machine's being told (network and shared drives)."""
    return _type_at(path, _MOUNTS) in _REMOTE_TYPES


def filesystem_type(mounts: str, device: str) -> str:
    """The type of the filesystem with the device number `major:minor`, or empty; `mounts` as in mountinfo (proc(5))."""
    for line in mounts.splitlines():
        place, _, what = line.partition(" - ")
        if place.split()[2:3] == [device]:
            return what.split()[0]
    return ""


def harmful_to_databases(folder: Path, mounts: Path = _MOUNTS) -> str:
    """Where `folder` lies or would lie, in words ("on a …"), if a database comes to harm there; else empty.

    Network and FUSE drives do not lock as SQLite needs it; programs that keep a folder in step with others copy the
    database and its log at different moments.
    """
    real = Path(os.path.realpath(folder))
    for name in real.parts:
        for service in _SYNCED:
            if name == service or name.startswith((f"{service} -", f"{service}-", f"{service} (")):
                return f"in a folder that {service} keeps in step"
    kind = _type_at(real, mounts)
    if kind in _REMOTE_TYPES or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE) or kind == "fuse":
        return f"on a network or shared drive ({kind})"
    return ""


def _type_at(real: Path, mounts: Path) -> str:
    """The type of the filesystem that a path is on, which need not exist yet."""
    if sys.platform != "linux":
        return ""
    there = next(place for place in (real, *real.parents) if os.path.exists(place))  # noqa: PTH110 - False where nobody may look, too
    try:
        device = there.stat().st_dev
        table = mounts.read_text("utf-8", errors="replace")
    except OSError:
        return ""
    return filesystem_type(table, f"{os.major(device)}:{os.minor(device)}")
