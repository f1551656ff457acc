"""Whether the disk has room for what indexing writes."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.errors import DiskAlmostFullError
from core.paths import LibraryPaths

SPARE_BYTES = 1 << 30
"""So much is left free, at least: other programs need room as well, and a full disk stops them all."""
SPARE_TIMES = 2
"""Or so many times what search needs: a new version copies the catalog before it changes it."""


def require_room(library: LibraryPaths) -> None:
    """Raises DiskAlmostFullError when indexing is to wait; reading and searching need no room."""
    try:
        used = sum(_size(path) for path in (library.catalog, *library.stores.iterdir()))
        free = shutil.disk_usage(library.root).free
    except OSError:
        return  # the disk itself will say what is wrong
    needed = max(SPARE_BYTES, SPARE_TIMES * used)
    if free < needed:
        raise DiskAlmostFullError(
            f"Disk almost full: indexing stopped, search still works. “{library.root}” has {_gb(free)} free and needs"
            f" {_gb(needed)}.",
            "Make room; indexing then goes on by itself.",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # replaced meanwhile
        return 0


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"
