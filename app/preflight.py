"""Whether a window can be opened at all, found out before Qt would abort the process. No Qt is imported here."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

EXIT_NO_DISPLAY = 1
EXIT_MISSING_LIBRARY = 3

NO_DISPLAY = (
    "There is no display here, so there can be no window; "
    "`likewise search` and the other commands (see `likewise --help`) work without one."
)


def has_display() -> bool:
    """Whether there is somewhere to draw. Only Linux can be without."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


def missing_libraries() -> str:
    """A sentence with the command that installs the system libraries Qt would miss; empty when none is missing."""
    check = _load_check()
    if check is None:  # an installed copy: its package names them as dependencies
        return ""
    lacking = [need for need in check.needs() if need.kind == "library" and not need.is_met()]
    return str(check.sentence(lacking)) if lacking else ""


def _load_check() -> ModuleType | None:
    path = Path(__file__).resolve().parent.parent / "packaging" / "check.py"
    spec = importlib.util.spec_from_file_location("likewise_check", path)
    if not path.is_file() or spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
