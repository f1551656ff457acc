"""The panel beside the grid: the picture large, and what is known of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app import wording
from app.bridge import Bridge
from app.controls import Button, Label, Line
from app.show.picture_view import PictureView
from app.theme import SPACE_PX
from core import Details, Result

WIDTH_PX = 300
_MOST_LINES = 5
_MOST_TIP_LINES = 30
_ROWS = ("Taken", "Folder", "Size", "Camera", "Copies")


class DetailsView(QWidget):
    """Shows one result, or how many are selected.

    Signals:
        similar_asked, reveal_asked: the buttons.
    """

    similar_asked = Signal()
    reveal_asked = Signal()

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._result: Result | None = None
        self.setAutoFillBackground(True)
        self.setAccessibleName("Details")
        self.picture = PictureView(bridge, "details", fits_height=True)
        self.picture.failed.connect(self._say)
        self.name = Label(bold=True, scale=1.1, elide=Qt.TextElideMode.ElideMiddle)
        self.reason = Label(dim=True, elide=Qt.TextElideMode.ElideRight)
        self.rows = {title: Label(elide=Qt.TextElideMode.ElideMiddle) for title in _ROWS}
        self._titles = {title: Label(title, dim=True) for title in _ROWS}
        self._hint = Label("Select a photo to see it here", dim=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._hint)
        self._stack.addWidget(self._make_page())
        self.edge = Line(Qt.Orientation.Vertical)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.edge)
        layout.addWidget(self._stack)
        self.setMinimumWidth(240)

    def _make_page(self) -> QWidget:
        page = QWidget()
        similar = Button("Find similar", icon_name="similar")
        similar.clicked.connect(self.similar_asked)
        reveal = Button("Show in folder", icon_name="reveal")
        reveal.clicked.connect(self.reveal_asked)
        facts = QFormLayout()
        facts.setHorizontalSpacing(2 * SPACE_PX)
        facts.setVerticalSpacing(SPACE_PX)
        facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title in _ROWS:
            facts.addRow(self._titles[title], self.rows[title])
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_PX)
        buttons.addWidget(similar)
        buttons.addWidget(reveal)
        buttons.addStretch()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.picture)
        layout.addSpacing(SPACE_PX)
        layout.addWidget(self.name)
        layout.addWidget(self.reason)
        layout.addSpacing(SPACE_PX)
        layout.addLayout(facts)
        layout.addSpacing(SPACE_PX)
        layout.addLayout(buttons)
        layout.addStretch()
        return page

    def show_results(self, result: Result | None, count: int) -> None:
        """Shows `result` if it is the only one of `count` selected."""
        chosen = result if count == 1 else None
        if chosen is None:
            self._bridge.drop("details")
            self.picture.show_result(None)
            self._hint.setText(
                f"{wording.count(count, 'photo')} selected" if count else "Select a photo to see it here"
            )
            self._stack.setCurrentIndex(0)
            self._result = None
            return
        before, self._result = self._result, chosen
        if before is not None and same_picture(before, chosen):
            if why(before) != why(chosen):
                self._explain(why(chosen))
            return
        self.picture.show_result(chosen)
        self.name.setText(wording.name_of(chosen.path))
        self.name.setToolTip(wording.tip([wording.place_of(chosen.path)]))
        self._explain(why(chosen))
        for title in _ROWS:
            self._set(title, [])
        self._set("Folder", [wording.place_of(chosen.path.parent)])
        self._stack.setCurrentIndex(1)
        engine = self._bridge.engine
        if engine is not None:
            self._bridge.call(engine.details(chosen.file_id), self._show_details, self._say, lane="details")

    def _show_details(self, details: Details) -> None:
        metadata = details.metadata
        self._set("Taken", [wording.when(metadata.taken_at, details.mtime)])
        self._titles["Taken"].setText("Taken" if metadata.taken_at else "Changed")
        parts = [wording.size(details.size_bytes)]
        if metadata.width:
            parts.append(f"{metadata.width} × {metadata.height}")
        if metadata.format:
            parts.append(wording.safe(metadata.format))
        self._set("Size", [" · ".join(parts)])
        self._set("Camera", [wording.safe(metadata.camera)] if metadata.camera else [])
        self._set("Copies", [wording.place_of(path) for path in details.copies])

    @Slot(object)
    def _say(self, error: BaseException) -> None:
        self._explain(str(error))

    def _explain(self, text: str) -> None:
        self.reason.setText(text)
        self.reason.setVisible(bool(text))

    def _set(self, title: str, lines: list[str]) -> None:
        shown = (
            lines
            if len(lines) <= _MOST_LINES
            else [*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more"]
        )
        row = self.rows[title]
        row.setText("\n".join(shown))
        row.setToolTip(wording.tip(lines[:_MOST_TIP_LINES]))
        row.setVisible(bool(lines))
        self._titles[title].setVisible(bool(lines))


def same_picture(one: Result, other: Result) -> bool:
    """Whether two results show the same: an answer given anew may differ in nothing but scores."""
    return (one.file_id, one.item_id, one.path, one.online) == (other.file_id, other.item_id, other.path, other.online)


def why(result: Result) -> str:
    """Why a result was found, in a few words; nothing when browsing."""
    if result.strength is None:
        return ""
    strength = f"{result.strength.value.capitalize()} match"
    return f"{strength} · {result.reason}" if result.reason else strength
