"""Where things are: the library's parts, the resources we ship, the default library. The one place that knows."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

APP_NAME = "likewise"


@dataclass(frozen=True, slots=True)
class LibraryPaths:
    """The parts of one library folder. `stores` and `thumbnails` are caches; the rest cannot be made again."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The SQLite database."""
        return self.root / "catalog.db"

    @property
    def thumbnails(self) -> Path:
        """The database of small pictures; may be deleted at any time."""
        return self.root / "thumbnails.db"

    @property
    def stores(self) -> Path:
        """The folder of vector stores; may be deleted at any time."""
        return self.root / "stores"

    @property
    def backups(self) -> Path:
        """The folder of backups of what only the user can make."""
        return self.root / "backups"

    @property
    def lock(self) -> Path:
        """Held locked while a Likewise has this library open."""
        return self.root / ".lock"

    @property
    def checked(self) -> Path:
        """How long the library had lived when the catalog was last looked through wholly."""
        return self.root / ".checked"

    @property
    def library_id(self) -> Path:
        """The library's own name, by which it tells its vectors from those of others on a server."""
        return self.root / "library-id"

    @property
    def move(self) -> Path:
        """The settings as they will be when the vectors are where they are being moved to; there while they are."""
        return self.root / "move.json"

    @property
    def left(self) -> Path:
        """The settings with the place that was moved from; there until what the library had there is deleted."""
        return self.root / "left.json"

    @property
    def settings(self) -> Path:
        """What the user chose."""
        return self.root / "settings.json"


def default_library() -> Path:
    """The library used when none is named: `LIKEWISE_LIBRARY`, else the system's place for app data."""
    named = os.environ.get("LIKEWISE_LIBRARY")
    if named:
        return Path(named).expanduser()
    import platformdirs  # not needed for --help

    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


def log_folder() -> Path:
    """Where rotating logs and fault traces are written."""
    import platformdirs

    return Path(platformdirs.user_log_dir(APP_NAME, appauthor=False))


def cache_folder() -> Path:
    """Where things are kept that can be made again."""
    import platformdirs

    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def model_cache() -> Path:
    """Where models converted for this machine are kept; a cache, shared by all libraries."""
    named = os.environ.get("LIKEWISE_MODEL_CACHE")
    return Path(named).expanduser() if named else cache_folder() / "models"


def model_folder() -> Path:
    """Where downloaded models are kept, for all libraries: `LIKEWISE_MODELS`, else the system's place for app data."""
    named = os.environ.get("LIKEWISE_MODELS")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False), "models")


def hub_cache() -> Path:
    """Where other programs keep what they downloaded from the hub, by the hub's own rules; only read by us."""
    for name, *below in (("HF_HUB_CACHE",), ("HUGGINGFACE_HUB_CACHE",), ("HF_HOME", "hub")):
        if named := os.environ.get(name):
            return Path(os.path.expandvars(named)).expanduser().joinpath(*below)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "huggingface" / "hub"


def resource(*parts: str) -> Path:
    """A file we ship, in a checkout, an installed copy and a frozen app alike."""
    bundled = getattr(sys, "_MEIPASS", None)
    base = Path(bundled) if bundled else Path(__file__).resolve().parent.parent
    return base.joinpath("resources", *parts)
