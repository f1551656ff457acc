"""What `--json` prints. Stable: fields may be added, none is renamed or removed. Described in docs/CLI.md.

Paths are text; a byte that is not UTF-8 is written `\\udc80` … `\\udcff` (Python's surrogateescape, PEP 383), so that
`os.fsencode` gives the name back exactly.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeAlias

from core.records import KINDS_OF, Backup, Failure, Folder, LibraryStatus, ModelStatus, Moment, Other, Result, Skipped

Document: TypeAlias = dict[str, object]


def print_json(document: Document | Sequence[Document]) -> None:
    """Prints one JSON value, in ASCII, whatever the terminal can show."""
    print(json.dumps(document, indent=2))


def result_document(result: Result) -> Document:
    """One answer of `search` or `similar`."""
    return {
        "path": str(result.path),
        "kind": str(result.kind),
        "score": round(result.score, 6),
        "strength": str(result.strength) if result.strength is not None else None,
        "space": result.space,
        "start_ms": result.start_ms,
        "end_ms": result.end_ms,
        "reason": result.reason,
        "line": result.line,
        "moments": [moment_document(moment) for moment in result.moments],
    }


def other_document(other: Other) -> Document:
    """One answer of `search --shared` or `similar --shared` from another library: it has no path here."""
    return {
        "path": None,
        "library": other.library,
        "name": other.name,
        "kind": str(other.kind),
        "score": round(other.score, 6),
        "strength": str(other.strength),
    }


def moment_document(moment: Moment) -> Document:
    """One moment of an answer."""
    return {
        "start_ms": moment.start_ms,
        "end_ms": moment.end_ms,
        "score": round(moment.score, 6),
        "strength": str(moment.strength),
        "reason": moment.reason,
        "line": moment.line,
    }


def failure_document(failure: Failure) -> Document:
    """One line of `failures`."""
    return {
        "path": str(failure.path),
        "stage": str(failure.stage),
        "reason": str(failure.reason),
        "sentence": failure.sentence,
        "at": failure.at,
        "retryable": failure.retryable,
    }


def folder_document(folder: Folder) -> Document:
    """One folder in `status`."""
    return {
        "path": str(folder.path),
        "state": str(folder.state),
        "files": folder.files,
        "waiting": folder.waiting,
        "failed": folder.failed,
        "skipped": [skipped_document(skipped) for skipped in folder.skipped],
    }


def skipped_document(skipped: Skipped) -> Document:
    """What one rule leaves out of a folder."""
    return {
        "rule": str(skipped.rule),
        "pattern": skipped.pattern,
        "files": skipped.files,
        "folders": skipped.folders,
        "examples": list(skipped.examples),
    }


def model_document(model: ModelStatus) -> Document:
    """One model in `status`, `doctor` and `models list`."""
    return {
        "id": model.card.model_id,
        "title": model.card.title,
        "role": str(model.card.role),
        "kinds": sorted(map(str, KINDS_OF[model.card.role])),
        "spaces": [str(space.space_id) for space in model.spaces],
        "state": str(model.state),
        "in_use": model.in_use,
        "note": model.note,
    }


def status_document(status: LibraryStatus, size_bytes: int) -> Document:
    """What `status` prints."""
    return {
        "library": str(status.library),
        "size_bytes": size_bytes,
        "files": status.files,
        "items": status.items,
        "waiting": status.waiting,
        "failed": status.failed,
        "standings": {str(standing): count for standing, count in status.standings.items()},
        "folders": [folder_document(folder) for folder in status.folders],
        "models": [model_document(model) for model in status.models],
    }


def backup_document(backup: Backup) -> Document:
    """One line of `backup list`."""
    return {"number": backup.number, "made_at": backup.made_at, "folders": [str(folder) for folder in backup.folders]}
