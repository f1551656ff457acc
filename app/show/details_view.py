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
        if chosen == self._result:
            return
        self._result = chosen
        self.picture.show_result(chosen)
        self.name.setText(wording.name_of(chosen.path))
        self.name.setToolTip("")
        self.reason.setText(why(chosen))
        self.reason.setVisible(bool(self.reason.text()))
        for title in _ROWS:
            self._set(title, "")
        self._set("Folder", wording.place_of(chosen.path.parent))
        self._stack.setCurrentIndex(1)
        engine = self._bridge.engine
        if engine is not None:
            self._bridge.call(engine.details(chosen.file_id), self._show_details, self._say, lane="details")

    def _show_details(self, details: Details) -> None:
        metadata = details.metadata
        self._set("Taken", wording.when(metadata.taken_at, details.mtime))
        self._titles["Taken"].setText("Taken" if metadata.taken_at else "Changed")
        parts = [wording.size(details.size_bytes)]
        if metadata.width:
            parts.append(f"{metadata.width} × {metadata.height}")
        if metadata.format:
            parts.append(wording.safe(metadata.format))
        self._set("Size", " · ".join(parts))
        self._set("Camera", wording.safe(metadata.camera))
        self._set("Copies", "\n".join(wording.place_of(path) for path in details.copies))

    @Slot(object)
    def _say(self, error: BaseException) -> None:
        self.reason.setText(str(error))
        self.reason.setVisible(True)

    def _set(self, title: str, text: str) -> None:
        self.rows[title].setText(text)
        self.rows[title].setVisible(bool(text))
        self._titles[title].setVisible(bool(text))


def why(result: Result) -> str:
    """Why a result was found, in a few words; nothing when browsing."""
    if result.strength is None:
        return ""
    strength = f"{result.strength.value.capitalize()} match"
    return f"{strength} · {result.reason}" if result.reason else strength
