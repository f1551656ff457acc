"""The results of an answer as a Qt model: one row a result, in sections by strength or by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.show.grid_layout import Section
from app.show.reasons import reason
from app.whereabouts import whereabouts
from app.wording import clock, kind_name, month, name_of, number, tip
from core import Answer, FileId, Outcome, Question, Result, Strength

RESULT_ROLE = int(Qt.ItemDataRole.UserRole)
_BANDS = ((Strength.STRONG, "Strong matches"), (Strength.LIKELY, "Likely"), (Strength.WEAK, "Weaker"))
_NO_INDEX = QModelIndex()


class GridModel(QAbstractListModel):
    """What the grid shows. Weak results wait until they are asked for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sections: list[Section] = []
        self._answer: Answer | None = None
        self._rows: Sequence[Result] = ()
        self._row_of: dict[FileId, int] | None = None
        self._weaker_shown = False

    @property
    def answer(self) -> Answer | None:
        """What is shown; None before the first answer."""
        return self._answer

    @property
    def hidden_count(self) -> int:
        """How many weak results are held back."""
        return len(self._answer.results) - len(self._rows) if self._answer else 0

    @property
    def may_have_more(self) -> bool:
        """Whether there may be more results than the answer holds."""
        return self._answer is not None and self._answer.may_have_more

    def set_answer(self, answer: Answer | None) -> None:
        """Shows `answer`, or nothing. Weaker matches stay shown while the question stays the same."""
        shown = self._answer
        same = shown is not None and answer is not None and same_question(shown.question, answer.question)
        self._weaker_shown = self._weaker_shown and same
        self.beginResetModel()
        self._answer = answer
        self._fill(answer)
        self.endResetModel()

    def show_weaker(self) -> None:
        """Appends the weak results."""
        if self._answer is None or not self.hidden_count:
            return
        self._weaker_shown = True
        self.beginInsertRows(QModelIndex(), len(self._rows), len(self._answer.results) - 1)
        self._fill(self._answer)
        self.endInsertRows()

    def result(self, row: int) -> Result:
        """The result in `row`."""
        return self._rows[row]

    def row_of(self, file_id: FileId) -> int | None:
        """Where the file is shown, if it is."""
        if self._row_of is None:
            self._row_of = {result.file_id: row for row, result in enumerate(self._rows)}
        return self._row_of.get(file_id)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        result = self._rows[index.row()]
        if role == RESULT_ROLE:
            return result
        if role == Qt.ItemDataRole.DisplayRole:
            return name_of(result.path)
        if role == Qt.ItemDataRole.ToolTipRole:
            said = [name_of(result.path), reason(result), whereabouts(result)]
            return tip([line for line in said if line])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(_described(result))
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def _fill(self, answer: Answer | None) -> None:
        self._row_of = None
        if answer is None:
            self._rows, self.sections = (), []
            return
        if answer.outcome is Outcome.BROWSE:
            self._rows = answer.results
            self.sections = _by_month(answer.results)
            return
        rows: list[Result] = []
        self.sections = []
        for strength, title in _BANDS:
            band, at_least = band_of(answer, strength)
            if not band or (strength is Strength.WEAK and not self._weaker_shown):
                continue
            self.sections.append(Section(f"{title} · {number(len(band), at_least=at_least)}", len(rows), len(band)))
            rows.extend(band)
        self._rows = rows


def same_question(one: Question, other: Question) -> bool:
    """Whether both ask the same, however many answers they want."""
    return replace(one, limit=0) == replace(other, limit=0)


def band_of(answer: Answer, strength: Strength) -> tuple[list[Result], bool]:
    """The results of one strength, and whether there may be more of it: results come best first."""
    band = [result for result in answer.results if result.strength is strength]
    return band, answer.may_have_more and answer.results[-1].strength is strength


def _by_month(results: Sequence[Result]) -> list[Section]:
    sections: list[Section] = []
    first = 0
    for key, run in groupby(results, key=_month_key):
        length = sum(1 for _ in run)
        sections.append(Section(month(key), first, length))
        first += length
    return sections


def _month_key(result: Result) -> str:
    return result.taken_at[:7]


def _described(result: Result) -> list[str]:
    said = [name_of(result.path), kind_name(result.kind)]
    if result.duration_ms:
        said.append(f"{clock(result.duration_ms)} long")
    if result.strength is not None:
        said.append(f"{result.strength} match")
        said += [why] if (why := reason(result)) else []
    if away := whereabouts(result):
        said.append(away)
    return said
