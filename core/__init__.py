"""Likewise's engine: finds media like this. No Qt, no print; usable from a window, a terminal or a test.

The tree is the data path::

    watch → decode → embed → store → search → show (the `app` package)

| part | what it does |
| --- | --- |
| `engine` | the front: every call returns at once, slow answers are futures |
| `indexing` | drives files along the path: scan, decode, embed, store |
| `watch` | which files there are and what changed |
| `decode` | untrusted bytes into arrays, in processes of their own |
| `embed` | arrays and words into vectors; where models run |
| `models` | where weights come from, checked by digest |
| `store` | the catalog (the only truth), thumbnails, vector stores |
| `search` | questions into one calibrated ranking |
| `runtime` | every thread and process there is |
| `records`, `events`, `errors`, `settings`, `paths` | the values all of them share |

Front ends use what this module exports and nothing else::

    with core.open_engine(library) as engine:
        engine.add_folder(Path("~/Pictures").expanduser()).result()
        engine.wait_idle().result()
        answer = engine.search(Question("a dog on a beach")).result()
"""

from __future__ import annotations

import importlib
import os
from concurrent.futures import Future
from types import ModuleType
from typing import TYPE_CHECKING

from core.decode.decoder import kind_of
from core.errors import (
    CoreError,
    FolderError,
    LibraryBusyError,
    LibraryError,
    LibraryPlaceError,
    LibraryReadOnlyError,
    ModelError,
)
from core.events import (
    BugFound,
    Event,
    EventBus,
    FailuresChanged,
    FoldersChanged,
    LibraryChanged,
    ModelChanged,
    NoticePosted,
    ProgressChanged,
    StoreChanged,
    WatchingChanged,
)
from core.paths import LibraryPaths, cache_folder, default_library, log_folder, model_cache, model_folder, resource
from core.records import (
    KINDS_OF,
    Activity,
    Answer,
    Away,
    Backup,
    Details,
    EncoderSpec,
    Example,
    Failure,
    FileId,
    FileStanding,
    Filters,
    Folder,
    FolderId,
    FolderState,
    Gap,
    Given,
    ItemId,
    Kind,
    LeftOut,
    Line,
    Metadata,
    ModelCard,
    ModelState,
    ModelStatus,
    Moment,
    Other,
    Outcome,
    PauseReason,
    Picture,
    Progress,
    Question,
    Reason,
    Result,
    Role,
    Rule,
    Skipped,
    SpaceSpec,
    Stage,
    Standing,
    StoreStatus,
    Strength,
    Unwatched,
)
from core.settings import Settings, SettingSpec

if TYPE_CHECKING:
    from core.engine import Engine as Engine
    from core.engine import open_engine as open_engine

__version__ = "0.1.0"

# Read by numpy's linear algebra when it is loaded, so before anything loads it: its threads are to sleep when they have
# nothing to do. By default they spin for some 20 ms after every product, which took a quarter of all computing time
# from indexing (benchmarks/ingest.py).
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

__all__ = [
    "KINDS_OF",
    "Activity",
    "Answer",
    "Away",
    "Backup",
    "BugFound",
    "CoreError",
    "Details",
    "EncoderSpec",
    "Engine",
    "Event",
    "EventBus",
    "Example",
    "Failure",
    "FailuresChanged",
    "FileId",
    "FileStanding",
    "Filters",
    "Folder",
    "FolderError",
    "FolderId",
    "FolderState",
    "FoldersChanged",
    "Gap",
    "Given",
    "ItemId",
    "Kind",
    "LeftOut",
    "LibraryBusyError",
    "LibraryChanged",
    "LibraryError",
    "LibraryPaths",
    "LibraryPlaceError",
    "LibraryReadOnlyError",
    "Line",
    "Metadata",
    "ModelCard",
    "ModelChanged",
    "ModelError",
    "ModelState",
    "ModelStatus",
    "Moment",
    "NoticePosted",
    "Other",
    "Outcome",
    "PauseReason",
    "Picture",
    "Progress",
    "ProgressChanged",
    "Question",
    "Reason",
    "Result",
    "Role",
    "Rule",
    "SettingSpec",
    "Settings",
    "Skipped",
    "SpaceSpec",
    "Stage",
    "Standing",
    "StoreChanged",
    "StoreStatus",
    "Strength",
    "Unwatched",
    "WatchingChanged",
    "__version__",
    "cache_folder",
    "default_library",
    "kind_of",
    "log_folder",
    "model_cache",
    "model_folder",
    "open_engine",
    "preload",
    "resource",
]


def preload() -> Future[ModuleType]:
    """Imports the engine's libraries on a thread of their own, for a window that must not stand still meanwhile."""
    from core.runtime.worker import run_aside

    return run_aside("preload", lambda: importlib.import_module("core.engine"))


def __getattr__(name: str) -> object:
    """Loads the engine on first use: a front end's `--help` and first paint must not wait for its libraries."""
    if name in {"Engine", "open_engine"}:
        return getattr(importlib.import_module("core.engine"), name)
    raise AttributeError(name)
