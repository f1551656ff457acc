"""What to look at when something does not work, and to send along with a report."""

from __future__ import annotations

import platform
import runpy
import shutil
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path

from core import __version__
from core.cli.documents import model_document, print_json
from core.cli.exits import Exit
from core.cli.table import models_table, shown, size, table
from core.engine import open_engine
from core.errors import CoreError
from core.records import ModelStatus

_PACKAGES = (
    "PySide6-Addons",
    "torch",
    "openvino",
    "numpy",
    "hnswlib",
    "pillow",
    "pillow-heif",
    "watchdog",
    "sqlite-utils",
    "pymilvus",
)


@dataclass(frozen=True, slots=True)
class Checkup:
    """What `doctor` found; its fields are what `--json` prints, and `models`. Versions of absent packages are None."""

    version: str
    python: str
    system: str
    sqlite: str
    packages: Mapping[str, str | None]
    library: str
    free_bytes: int | None
    problem: str
    missing_libraries: Sequence[str]


def doctor(arguments: Namespace) -> Exit:
    """Opens the library, loads the models, and prints versions and whatever is amiss."""
    problem = ""
    models: Sequence[ModelStatus] = ()
    engine = open_engine(arguments.library)
    library = engine.library.root
    try:
        with engine:
            engine.opened.result()
            engine.load_models().result()
            models = engine.models()
    except CoreError as error:
        problem = str(error)
    found = Checkup(
        version=__version__,
        python=platform.python_version(),
        system=platform.platform(),
        sqlite=import_module("sqlite3").sqlite_version,  # asked only who it is: core.store alone speaks to it
        packages={name: _version(name) for name in _PACKAGES},
        library=str(library),
        free_bytes=shutil.disk_usage(library).free if library.is_dir() else None,
        problem=problem,
        missing_libraries=_missing_libraries(),
    )
    if arguments.json:
        print_json({**asdict(found), "models": [model_document(model) for model in models]})
    else:
        print(_text(found, models))
    if found.missing_libraries:
        return Exit.LIBRARY_MISSING
    return Exit.FAILED if problem else Exit.DONE


def _text(found: Checkup, models: Sequence[ModelStatus]) -> str:
    free = "cannot be made" if found.free_bytes is None else f"{size(found.free_bytes)} free"
    amiss = [shown(found.problem)] if found.problem else []
    if found.missing_libraries:
        packages = " ".join(found.missing_libraries)
        amiss.append(f"The window needs system libraries that are missing; in Debian's names: {packages}")
    return "\n".join(
        [
            f"likewise {found.version}, Python {found.python}, SQLite {found.sqlite}",
            found.system,
            "",
            table(("package", "version"), [(name, version or "absent") for name, version in found.packages.items()]),
            "",
            f"Library: {shown(found.library)} ({free})",
            "",
            models_table(models),
            "",
            *(amiss or ["Nothing is amiss."]),
        ]
    )


def _missing_libraries() -> list[str]:
    """The Debian packages of the system libraries that a checkout's list names and this system lacks."""
    check = Path(__file__).resolve().parents[2] / "packaging" / "check.py"
    if not check.is_file():  # an installed copy: its package names them as dependencies
        return []
    needs = runpy.run_path(str(check))["needs"]()
    return [need.package for need in needs if need.kind == "library" and not need.is_met()]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
