"""Why a file cannot be opened now, in words: its drive is not connected, its folder is away, it is not where it was."""

from __future__ import annotations

from app import wording
from core import Away, FileStanding, Folder, FolderState, Result, Standing

_AWAY = {Standing.OFFLINE, Standing.EXCHANGED, Standing.MISSING, Standing.LOST}


def name_of_away(away: Away) -> str:
    """What is not there: "the drive “PHOTOS”"."""
    return f"the {'drive' if away.is_drive else 'folder'} “{wording.safe(away.name)}”"


def whereabouts(result: Result) -> str:
    """Where the file is, if it cannot be opened; nothing if it can."""
    if result.away is not None:
        place = f"{'on' if result.away.is_drive else 'in'} {name_of_away(result.away)}"
        if result.away.state is FolderState.CHANGED:
            return f"{place}; something else is in its place"
        return f"{place}, which {'is not connected' if result.away.is_drive else 'cannot be reached'}"
    return "moved or deleted? It was not there when last looked for" if result.missing else ""


def refusal(result: Result) -> str:
    """Why the file is not opened, and what to do about it; nothing if it can be."""
    name = wording.name_of(result.path)
    if result.away is not None:
        what = "Connect" if result.away.is_drive else "Bring back"
        return f"{name} is {whereabouts(result)}. {what} {name_of_away(result.away)} to open it."
    if result.missing:
        return f"{name} was not there when last looked for. It may have been moved or deleted."
    return ""


def refusal_of_file(file: FileStanding) -> str:
    """Why a file of the list cannot be shown where it is; nothing if it can be."""
    return f"{wording.name_of(file.path)}: {wording.safe(file.sentence)}" if file.standing in _AWAY else ""


def refusal_of_folder(folder: Folder) -> str:
    """Why a folder cannot be shown; nothing if it can be."""
    if folder.state is FolderState.ONLINE:
        return ""
    name = f"“{wording.name_of(folder.path)}”"
    if folder.state is FolderState.CHANGED:
        return f"{name} is not there; something else is in its place."
    return f"{name} cannot be reached now. If it is on a drive, connect that."
