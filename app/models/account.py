"""What is said of a model in the window, and what can be done with it."""

from __future__ import annotations

import os
from enum import Enum
from urllib.parse import urlsplit

from PySide6.QtCore import QLocale

from app import wording
from app.models.models_model import Entry
from core import ModelCard, ModelState, ModelStatus, Role

GROUPS = {
    Role.PICTURES: "Photos and videos, by words and likeness",
    Role.LOOKS: "Likeness of photos",
    Role.SOUNDS: "Sounds",
    Role.MOTION: "Videos in motion",
    Role.SPEECH: "What is said",
}
BEING_ADDED = "Being added"
_NEVER_EMPTY = {Role.PICTURES}
"""Roles that somebody must have."""
_GB = 1_000_000_000


class Offer(Enum):
    """What can be done with a model, with the words on its button."""

    DOWNLOAD = "Download"
    CANCEL = "Cancel"
    USE = "Use"
    KEEP_FORMER = "Not now"
    STOP_USING = "Stop using"
    CHECK = "Check"
    REMOVE = "Remove"
    FOLDER = "Use a folder…"


def offers(entry: Entry) -> frozenset[Offer]:
    """What can be done with a model as it is."""
    status = entry.status
    if entry.busy:
        return frozenset()
    if status.state is ModelState.DOWNLOADING or entry.is_asked_for:
        return frozenset({Offer.CANCEL})
    by_hub = bool(status.card.repository)
    if not is_here(status):
        begun = {Offer.REMOVE} if status.got_bytes else set()
        return frozenset({Offer.DOWNLOAD, Offer.FOLDER} | begun) if by_hub else frozenset()
    found = {Offer.CHECK}
    if status.state is ModelState.UNAVAILABLE:
        return frozenset(found | ({Offer.REMOVE, Offer.FOLDER} if by_hub else set()))
    if status.in_use:
        return frozenset(found if status.card.role in _NEVER_EMPTY else found | {Offer.STOP_USING})
    if status.taking_over is not None:
        return frozenset({Offer.KEEP_FORMER})
    return frozenset(found | {Offer.USE} | ({Offer.REMOVE} if by_hub else set()))


def is_here(status: ModelStatus) -> bool:
    """Whether a model's weights are on this computer."""
    if status.state is ModelState.UNAVAILABLE:
        return status.here_bytes > 0
    return status.state not in {ModelState.NOT_HERE, ModelState.DOWNLOADING}


def facts(status: ModelStatus) -> str:
    """Licence, size and, if it is here, where it is from, in one line."""
    size_bytes = status.here_bytes or status.size_bytes or status.card.size_bytes
    parts = [f"Licence: {wording.safe(status.card.licence)}", size(size_bytes) if size_bytes else "size not known"]
    if is_here(status):
        parts.append("on this computer" if status.card.repository else "came with Likewise")
    return " · ".join(parts)


def state(entry: Entry) -> str:
    """How a model is, and why; empty if there is nothing to say."""
    status = entry.status
    if entry.busy or entry.said:
        return wording.safe(entry.busy or entry.said)
    if status.state is ModelState.DOWNLOADING:
        return _download(entry)
    if entry.is_asked_for:
        return "Its download begins when the one before it is done."
    if status.taking_over is not None and not status.in_use:
        until = f"; until then {_together(entry.answering)}" if entry.answering else ""
        return f"Understanding your library anew · {status.taking_over * 100:.0f} %{until}"
    if status.state is ModelState.NOT_HERE:
        return f"{wording.safe(status.note)} {consent()}".strip()
    return _at_rest(status)


def is_bad(entry: Entry) -> bool:
    """Whether that is something to mend."""
    if entry.said and not entry.busy:
        return entry.is_refused
    return entry.status.state is ModelState.UNAVAILABLE


def consent() -> str:
    """What the user agrees to by downloading."""
    return f"Download fetches it from {hub_host()}; nothing else is sent."


def hub_host() -> str:
    """Where models are fetched from."""
    return wording.safe(urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co").netloc)


def download_text(card: ModelCard) -> str:
    """The words on the button that fetches a model."""
    return f"{Offer.DOWNLOAD.value} {size(card.size_bytes)}" if card.size_bytes else Offer.DOWNLOAD.value


def size(size_bytes: int) -> str:
    """610000000 → "610 MB", 1710000000 → "1.7 GB"."""
    return QLocale().formattedDataSize(
        size_bytes, 0 if size_bytes < _GB else 1, QLocale.DataSizeFormat.DataSizeSIFormat
    )


def _at_rest(status: ModelStatus) -> str:
    match status.state:
        case ModelState.READY:
            return f"Runs on: {wording.safe(status.note)}" if status.note else ""
        case ModelState.LOADING:
            return "Being loaded…"
        case ModelState.NOT_LOADED if status.in_use:
            return "Is loaded when it is next needed."
        case _:
            return wording.safe(status.note)


def _download(entry: Entry) -> str:
    status = entry.status
    if not status.got_bytes:
        return f"Asking {hub_host()} which files there are…"
    parts = [f"{size(status.got_bytes)} of {size(status.size_bytes)}"]
    if entry.left_s is not None:
        parts.append(f"{wording.duration(entry.left_s)} left")
    return " · ".join(parts)


def _together(titles: tuple[str, ...]) -> str:
    names = " and ".join(wording.safe(title) for title in titles)
    return f"{names} answer{'s' if len(titles) == 1 else ''}"
