"""The question as the user builds it: words, examples, filters. Everything that shows or changes it meets here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app import wording
from app.ask.incoming import MAX_FILES
from app.ask.words import split_words
from app.desktop import kind_by_name
from app.show.reasons import Stretch
from core import Example, Filters, FolderId, ItemId, Kind, Question, Result

NO_FILTERS = Filters()
MAX_CHARACTERS = 1000
"""Of words; more says no more."""


@dataclass(frozen=True, slots=True)
class ExampleChip:
    """An example in the field. `item_id` is where its thumbnail comes from, if it is in the library."""

    example: Example
    label: str
    item_id: ItemId | None = None
    kind: Kind = Kind.IMAGE

    @property
    def turned(self) -> ExampleChip:
        """The same example asked the other way round: less like it instead of more, or more instead of less."""
        return replace(self, example=replace(self.example, less=not self.example.less))


def chip_of(example: Example) -> ExampleChip:
    """The chip of something dropped, pasted or remembered."""
    if example.path is None:
        return ExampleChip(example, "Pasted picture")
    return ExampleChip(example, _label(example), kind=kind_by_name(example.path))


def chip_of_result(result: Result, stretch: Stretch | None = None, *, less: bool = False) -> ExampleChip:
    """The chip of a result, or of a part of it; `less`: to find less of."""
    start_ms, end_ms = (stretch.start_ms, stretch.end_ms) if stretch is not None else (None, None)
    example = Example(path=result.path, file_id=result.file_id, start_ms=start_ms, end_ms=end_ms, less=less)
    return ExampleChip(example, _label(example), result.item_id, result.kind)


def _label(example: Example) -> str:
    name = "" if example.path is None else wording.name_of(example.path)
    return name if example.start_ms is None else f"{name} {wording.clock(example.start_ms)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One state of the question."""

    text: str = ""
    chips: tuple[ExampleChip, ...] = ()
    filters: Filters = NO_FILTERS

    def question(self, limit: int) -> Question:
        """The question put to the engine."""
        wanted, unwanted = split_words(self.text)
        examples = tuple(chip.example for chip in self.chips)
        return Question(wanted, examples, self.filters, limit, without=unwanted)


@dataclass(frozen=True, slots=True)
class Removal:
    """A change of the question that took something away, so that it can be taken back."""

    before: Asked
    after: Asked

    def undone_in(self, now: Asked) -> Asked:
        """`now` with what was removed put back, what came in its place gone, and all that changed since kept."""
        came = set(self.after.chips) - set(self.before.chips)
        went = [chip for chip in self.before.chips if chip not in self.after.chips]
        chips = dict.fromkeys((*went, *(chip for chip in now.chips if chip not in came)))
        order = {chip: place for place, chip in enumerate(self.before.chips)}
        was, became, filters = self.before.filters, self.after.filters, now.filters
        if (filters.since, filters.until) == (became.since, became.until):
            filters = replace(filters, since=was.since, until=was.until)
        if filters.folder_id == became.folder_id:
            filters = replace(filters, folder_id=was.folder_id)
        if filters.kinds == became.kinds:
            filters = replace(filters, kinds=was.kinds)
        return Asked(
            text=self.before.text if now.text == self.after.text else now.text,
            chips=tuple(sorted(chips, key=lambda chip: order.get(chip, len(order)))),
            filters=filters,
        )

    def without_folder(self, folder_id: FolderId) -> Removal:
        """The same removal, but for a filter by this folder."""
        return Removal(_without_folder(self.before, folder_id), _without_folder(self.after, folder_id))


class QuestionModel(QObject):
    """Holds what is asked now. Each change that removes something can be taken back.

    Signals:
        changed: the question is another one.
        removed: something was taken away: the Removal that `take_back` takes.
    """

    changed = Signal()
    removed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked = Asked()

    @property
    def asked(self) -> Asked:
        """What is asked now."""
        return self._asked

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked and nothing filtered."""
        return self._asked == Asked()

    def set_text(self, text: str) -> None:
        """Asks with these words."""
        self._become(replace(self._asked, text=text))

    def search_with(self, chips: Sequence[ExampleChip]) -> None:
        """Asks with these examples alone, within the same filters."""
        self._replace(Asked(chips=tuple(chips), filters=self._asked.filters))

    def add(self, chips: Sequence[ExampleChip]) -> None:
        """Asks with these examples too."""
        came = {chip.turned for chip in chips}  # who now wants less of it no longer wants more
        kept = [chip for chip in self._asked.chips if chip not in came]
        self._become(replace(self._asked, chips=_once((*kept, *chips))))

    def turn(self, chip: ExampleChip) -> None:
        """Asks for less like this example instead of more, or for more instead of less."""
        self._become(
            replace(self._asked, chips=_once(kept.turned if kept == chip else kept for kept in self._asked.chips))
        )

    def remove_chip(self, chip: ExampleChip) -> None:
        """Asks without this example."""
        self._replace(replace(self._asked, chips=tuple(kept for kept in self._asked.chips if kept != chip)))

    def set_filters(self, filters: Filters) -> None:
        """Asks within these filters."""
        if len(_set_fields(filters)) < len(_set_fields(self._asked.filters)):
            self._replace(replace(self._asked, filters=filters))
        else:
            self._become(replace(self._asked, filters=filters))

    def look_in(self, folder_id: FolderId | None = None, *, kind: Kind | None = None) -> None:
        """Asks within one folder, for one kind, or for everything."""
        kinds = frozenset() if kind is None else frozenset({kind})
        self._become(replace(self._asked, filters=replace(self._asked.filters, folder_id=folder_id, kinds=kinds)))

    def drop_filters(self) -> None:
        """Asks the same without filters."""
        self.set_filters(NO_FILTERS)

    def clear(self) -> None:
        """Asks nothing; filters stay until nothing else is left."""
        if self._asked.text or self._asked.chips:
            self._replace(Asked(filters=self._asked.filters))
        else:
            self._replace(Asked())

    def take_back(self, removal: Removal) -> None:
        """Puts back what was removed; what changed since stays."""
        self._become(removal.undone_in(self._asked))

    def forget_folder(self, folder_id: FolderId) -> None:
        """The folder is gone: it can no longer be a filter."""
        self._become(_without_folder(self._asked, folder_id))

    def to_stored(self) -> dict[str, Any]:
        """The question as JSON can hold it; pasted pictures are not kept."""
        filters = self._asked.filters
        return {
            "text": self._asked.text,
            "examples": [_stored(chip.example) for chip in self._asked.chips if _storable(chip)],
            "kinds": sorted(filters.kinds),
            "folder_id": filters.folder_id,
            "since": filters.since,
            "until": filters.until,
        }

    def restore(self, stored: dict[str, Any]) -> None:
        """Asks what was stored, as far as it can be read."""
        text, stored_examples = stored.get("text", ""), stored.get("examples", [])
        kinds, folder_id = stored.get("kinds", []), stored.get("folder_id")
        examples = [_restored(each) for each in stored_examples] if _is_list(stored_examples) else []
        filters = Filters(
            kinds=frozenset(kind for kind in Kind if _is_list(kinds) and kind in kinds),
            folder_id=FolderId(folder_id) if isinstance(folder_id, int) else None,
            since=_iso_date(stored.get("since")),
            until=_iso_date(stored.get("until")),
        )
        chips = _once(chip_of(example) for example in examples if example is not None)
        self._become(Asked(text if isinstance(text, str) else "", chips, filters))

    def _replace(self, asked: Asked) -> None:
        before = self._asked
        self._become(asked)
        if before not in {asked, Asked()}:
            self.removed.emit(Removal(before, asked))

    def _become(self, asked: Asked) -> None:
        if asked != self._asked:
            self._asked = asked
            self.changed.emit()


def _without_folder(asked: Asked, folder_id: FolderId) -> Asked:
    if asked.filters.folder_id != folder_id:
        return asked
    return replace(asked, filters=replace(asked.filters, folder_id=None))


def _storable(chip: ExampleChip) -> bool:
    path = chip.example.path
    return path is not None and str(path).isprintable()


def _stored(example: Example) -> dict[str, Any]:
    return {
        "path": str(example.path),
        "start_ms": example.start_ms,
        "end_ms": example.end_ms,
        "less": example.less,
    }


def _restored(stored: object) -> Example | None:
    if not isinstance(stored, dict) or not isinstance(path := stored.get("path"), str):
        return None
    start_ms, end_ms = stored.get("start_ms"), stored.get("end_ms")
    timed = isinstance(start_ms, int) and isinstance(end_ms, int) and 0 <= start_ms < end_ms
    return Example(
        path=Path(path),
        start_ms=start_ms if timed else None,
        end_ms=end_ms if timed else None,
        less=stored.get("less") is True,
    )


def _once(chips: Iterable[ExampleChip]) -> tuple[ExampleChip, ...]:
    return tuple(dict.fromkeys(chips))[:MAX_FILES]


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _iso_date(value: object) -> str:
    if not isinstance(value, str) or not value:
        return ""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return ""


def _set_fields(filters: Filters) -> list[str]:
    named = {"kinds": filters.kinds, "folder": filters.folder_id is not None, "date": filters.since or filters.until}
    return [name for name, value in named.items() if value]
