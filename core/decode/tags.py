"""What a sound or video says of itself in its tags. Whatever is in there, it never fails the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from core.decode.container import Media
from core.decode.metadata import camera_name, printable
from core.records import Metadata

_TITLE_CHARACTERS = 300
_FORMAT_CHARACTERS = 40
_EARLIEST_YEAR = 1971
"""Clocks that were never set, and dates that were never written, say 1904 or 1970."""
_DATES = ("com.apple.quicktime.creationdate", "creation_time", "date")
_PLACES = ("com.apple.quicktime.location.iso6709", "location", "location-eng")
_MAKES = ("com.apple.quicktime.make", "make", "com.android.manufacturer")
_MODELS = ("com.apple.quicktime.model", "model", "com.android.model")
_PLACE = re.compile(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)(?:[+-]|/|$)")
"""ISO 6709 in decimal degrees."""
_FORMATS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "MP4",
    "matroska,webm": "Matroska",
    "asf": "Windows Media",
    "mpegts": "MPEG-TS",
}


def metadata_of(media: Media, width: int = 0, height: int = 0) -> Metadata:
    """What the catalog keeps, with the size (upright, in pixels) of its picture or cover."""
    tags = {}
    for stream in (media.picture, media.sound):
        tags.update(_tags(stream.metadata if stream is not None else {}))
    tags.update(_tags(media.container.metadata))
    found = Metadata(
        width=width,
        height=height,
        format=_format(media),
        taken_at=next(filter(None, (_date(tags.get(name, "")) for name in _DATES)), ""),
        camera=camera_name(_first(tags, _MAKES), _first(tags, _MODELS)),
        duration_ms=media.duration_ms,
        title=_title(tags),
    )
    place = _PLACE.match(_first(tags, _PLACES))
    if place is None:
        return found
    latitude, longitude = map(float, place.groups())
    if abs(latitude) > 90 or abs(longitude) > 180 or latitude == longitude == 0:  # zeros: a fix never got
        return found
    return replace(found, latitude=latitude, longitude=longitude)


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): printable(value) for name, value in tags.items()}


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((tags[name] for name in names if tags.get(name)), "")


def _title(tags: Mapping[str, str]) -> str:
    artist, title = tags.get("artist") or tags.get("album_artist", ""), tags.get("title", "")
    return " – ".join(filter(None, (artist, title)))[:_TITLE_CHARACTERS]


def _format(media: Media) -> str:
    name = media.container.format.name
    return _FORMATS.get(name, name.upper())[:_FORMAT_CHARACTERS]


def _date(text: str) -> str:
    """Local time without zone. A time by the clock of Greenwich alone is told in this computer's zone.

    A year alone is when a record was released, and tells nothing.
    """
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return ""
    if len(text) < len("2000-01-01") or date.year < _EARLIEST_YEAR:
        return ""
    try:
        local = date.astimezone() if text.endswith("Z") else date
    except (OverflowError, OSError, ValueError):
        return ""
    return local.replace(tzinfo=None, microsecond=0).isoformat()
