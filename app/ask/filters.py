"""The Filters button: its menu, and the chip that each set filter shows in the field."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from PySide6.QtCore import QDate, QLocale, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QDateEdit, QFormLayout, QFrame, QMenu, QWidget

from app import wording
from app.ask.question_model import NO_FILTERS, QuestionModel
from app.controls import Button
from app.folders.folders_model import FoldersModel
from app.icons import KIND_ICONS
from app.theme import SPACE_PX
from core import Filters, FolderId, Kind


@dataclass(frozen=True, slots=True)
class FilterChip:
    """One set filter; `without` are the filters that stay when it is removed."""

    label: str
    icon_name: str
    without: Filters


def filter_chips(filters: Filters, folders: FoldersModel) -> list[FilterChip]:
    """The chips of `filters`."""
    chips: list[FilterChip] = []
    if filters.folder_id is not None:
        name = folders.name_of(filters.folder_id) or "One folder"
        chips.append(FilterChip(name, "folder", replace(filters, folder_id=None)))
    if filters.since or filters.until:
        label = describe_dates(filters.since, filters.until)
        chips.append(FilterChip(label, "calendar", replace(filters, since="", until="")))
    if filters.kinds:
        label = ", ".join(wording.kind_title(kind) for kind in KIND_ICONS if kind in filters.kinds)
        icon_name = KIND_ICONS[next(iter(filters.kinds))] if len(filters.kinds) == 1 else "media"
        chips.append(FilterChip(label, icon_name, replace(filters, kinds=frozenset())))
    return chips


def describe_dates(since: str, until: str) -> str:
    """A range of days in a few words."""
    if since and until:
        return f"{_day(since)} – {_day(until)}"
    return f"Since {_day(since)}" if since else f"Until {_day(until)}"


def _day(iso: str) -> str:
    return QLocale().toString(QDate.fromString(iso, Qt.DateFormat.ISODate), "d MMM yyyy")


def date_ranges(today: date) -> dict[str, tuple[str, str]]:
    """The ranges the menu offers, by name."""
    year = today.year
    return {
        "Last 7 days": ((today - timedelta(days=6)).isoformat(), ""),
        "Last 30 days": ((today - timedelta(days=29)).isoformat(), ""),
        "This year": (f"{year}-01-01", ""),
        "Last year": (f"{year - 1}-01-01", f"{year - 1}-12-31"),
    }


class FiltersMenu(QMenu):
    """Folder, dates, and kind where there is more than one. Filled each time it opens."""

    def __init__(self, model: QuestionModel, folders: FoldersModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._folders = folders
        self._dates = DatePopup(self)
        self._dates.chosen.connect(self._set_dates)
        self.aboutToShow.connect(self._fill)

    @Slot()
    def _fill(self) -> None:
        self.clear()
        filters = self._model.asked.filters
        self.addSection("Date")
        ranges = {"Any time": ("", ""), **date_ranges(date.today())}  # noqa: DTZ011 - the user's own day
        group = QActionGroup(self)
        for title, (since, until) in ranges.items():
            chosen = (filters.since, filters.until) == (since, until)
            action = self._offer(self, group, title, chosen=chosen)
            action.triggered.connect(partial(self._set_dates, since, until))
        own = self._offer(self, group, "Choose dates…", chosen=(filters.since, filters.until) not in ranges.values())
        own.triggered.connect(self._choose_dates)
        if len(self._folders.folders) > 1:
            self.addSection("Folder")
            group = QActionGroup(self)
            every = self._offer(self, group, "All folders", chosen=filters.folder_id is None)
            every.triggered.connect(partial(self._set_folder, None))
            for folder in self._folders.folders:
                chosen = filters.folder_id == folder.folder_id
                action = self._offer(self, group, self._folders.name_of(folder.folder_id), chosen=chosen)
                action.triggered.connect(partial(self._set_folder, folder.folder_id))
        self._offer_kinds(filters)
        self.addSeparator()
        clear = self.addAction("Clear filters")
        clear.setEnabled(bool(filters))
        clear.triggered.connect(self._clear)

    def _offer_kinds(self, filters: Filters) -> None:
        self.addSection("Kind")
        for kind in KIND_ICONS:
            action = self.addAction(wording.kind_title(kind))
            action.setCheckable(True)
            action.setChecked(kind in filters.kinds)
            action.triggered.connect(partial(self._toggle_kind, kind))

    def _offer(self, menu: QMenu, group: QActionGroup, title: str, *, chosen: bool) -> QAction:
        action = menu.addAction(title.replace("&", "&&"))
        action.setCheckable(True)
        action.setChecked(chosen)
        group.addAction(action)
        return action

    @Slot(str, str)
    def _set_dates(self, since: str, until: str) -> None:
        self._model.set_filters(replace(self._model.asked.filters, since=since, until=until))

    def _set_folder(self, folder_id: FolderId | None) -> None:
        self._model.set_filters(replace(self._model.asked.filters, folder_id=folder_id))

    def _toggle_kind(self, kind: Kind) -> None:
        filters = self._model.asked.filters
        self._model.set_filters(replace(filters, kinds=filters.kinds ^ {kind}))

    @Slot()
    def _clear(self) -> None:
        self._model.set_filters(NO_FILTERS)

    @Slot()
    def _choose_dates(self) -> None:
        filters = self._model.asked.filters
        self._dates.open_at(self.pos(), filters.since, filters.until)


class DatePopup(QFrame):
    """Two dates. Closes by itself when something else is pressed.

    Signals:
        chosen: since and until, ISO dates.
    """

    chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Choose dates")
        self.since = self._make_edit("From")
        self.until = self._make_edit("To")
        apply = Button("Show these dates", primary=True)
        apply.clicked.connect(self._choose)
        layout = QFormLayout(self)
        layout.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        layout.addRow("&From", self.since)
        layout.addRow("&To", self.until)
        layout.addRow(apply)

    def _make_edit(self, name: str) -> QDateEdit:
        edit = QDateEdit()
        edit.setCalendarPopup(True)
        edit.setAccessibleName(name)
        return edit

    def open_at(self, place: QPoint, since: str, until: str) -> None:
        """Opens with these dates, or the last year's."""
        today = QDate.currentDate()
        iso = Qt.DateFormat.ISODate
        self.since.setDate(QDate.fromString(since, iso) if since else today.addYears(-1))
        self.until.setDate(QDate.fromString(until, iso) if until else today)
        self.move(place)
        self.show()
        self.since.setFocus()

    @Slot()
    def _choose(self) -> None:
        iso = Qt.DateFormat.ISODate
        first, last = sorted((self.since.date(), self.until.date()), key=QDate.toJulianDay)
        self.hide()
        self.chosen.emit(first.toString(iso), last.toString(iso))
