"""The panel beside the grid: the picture large, where it matches, what is said in it, and what is known of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app import wording
from app.bars import SlimScrollBar
from app.bridge import Bridge
from app.controls import Button, Label, Line, letters_px, set_tip
from app.flow import FlowRow
from app.show.media_view import MediaView
from app.show.reasons import Stretch, moment_at, stretch_of, why, why_moment
from app.show.transcript_view import TranscriptView
from app.theme import SPACE_PX
from app.whereabouts import whereabouts
from core import Details, Kind, Result

WIDTH_PX = 300
_WAVE_PX = 96
_MOST_LINES = 5
_MOST_TIP_LINES = 30
_ROWS = ("Title", "Length", "Taken", "Folder", "Size", "Camera", "Copies")
_SELECT = "Select a file to see it here"


class DetailsView(QWidget):
    """Shows one result, or how many are selected.

    Signals:
        similar_asked, reveal_asked, moment_asked: the buttons.
        looked_at: another part of a sound or video, or another result.
    """

    similar_asked = Signal()
    reveal_asked = Signal()
    moment_asked = Signal()
    looked_at = Signal()

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._result: Result | None = None
        self._details: Details | None = None
        self.setAutoFillBackground(True)
        self.setAccessibleName("Details")
        self.media = MediaView(bridge, "details", wave_px=_WAVE_PX, fits_height=True)
        self.media.chose.connect(self._look_at)
        self.picture = self.media.picture
        self.picture.failed.connect(self._say)
        self.name = Label(bold=True, scale=1.1, elide=Qt.TextElideMode.ElideMiddle)
        self.away = Label(wraps=True)
        self.reason = Label(dim=True, wraps=True)
        self.moment_button = Button("Find more like this moment", icon_name="moment")
        self.moment_button.clicked.connect(self.moment_asked)
        self.transcript = TranscriptView()
        self.transcript.chose.connect(self._look_at)
        self.rows = {title: Label(elide=Qt.TextElideMode.ElideMiddle) for title in _ROWS}
        self._titles = {title: Label(title, dim=True) for title in _ROWS}
        self._hint = Label(_SELECT, dim=True, wraps=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._hint)
        self._stack.addWidget(self._make_page())
        self.edge = Line(Qt.Orientation.Vertical)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.edge)
        layout.addWidget(self._stack)
        self.setMinimumWidth(max(240, letters_px(self, 24)))

    def _make_page(self) -> QWidget:
        similar = Button("Find similar", icon_name="similar")
        similar.clicked.connect(self.similar_asked)
        reveal = Button("Show in folder", icon_name="reveal")
        reveal.clicked.connect(self.reveal_asked)
        buttons = FlowRow(spacing_px=SPACE_PX)
        buttons.flow.setContentsMargins(2 * SPACE_PX, SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        buttons.flow.addWidget(similar)
        buttons.flow.addWidget(reveal)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setVerticalScrollBar(SlimScrollBar(QPalette.ColorRole.Window))
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self._make_content())
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(buttons)
        return page

    def _make_content(self) -> QWidget:
        facts = QFormLayout()
        facts.setHorizontalSpacing(2 * SPACE_PX)
        facts.setVerticalSpacing(SPACE_PX)
        facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title in _ROWS:
            facts.addRow(self._titles[title], self.rows[title])
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.media)
        layout.addSpacing(SPACE_PX // 2)
        for part in (self.name, self.away, self.reason, self.moment_button, self.transcript):
            layout.addWidget(part)
        layout.setAlignment(self.moment_button, Qt.AlignmentFlag.AlignLeading)
        layout.addSpacing(SPACE_PX)
        layout.addLayout(facts)
        layout.addStretch(1)
        return content

    @property
    def chosen(self) -> tuple[Result, Stretch] | None:
        """The sound or video that is shown, and the part of it that is looked at."""
        return None if self._result is None or self.media.chosen is None else (self._result, self.media.chosen)

    def show_results(self, result: Result | None, count: int) -> None:
        """Shows `result` if it is the only one of `count` selected."""
        chosen = result if count == 1 else None
        if chosen is None:
            self._bridge.drop("details")
            self.media.show_result(None)
            self._hint.setText(f"{wording.count(count, 'file')} selected" if count else _SELECT)
            self._stack.setCurrentIndex(0)
            self._result = None
        elif self._result is not None and same_picture(self._result, chosen):
            self._renew(self._result, chosen)
        else:
            self._show(chosen)
        self.looked_at.emit()

    def _show(self, result: Result) -> None:
        self._result, self._details = result, None
        self.media.show_result(result)
        self.name.setText(wording.name_of(result.path))
        set_tip(self.name, [wording.place_of(result.path)])
        away = whereabouts(result)
        self.away.setText(away[:1].upper() + away[1:])
        self.away.setVisible(bool(away))
        self._explain(why(result))
        self.moment_button.setVisible(self.media.chosen is not None)
        self.transcript.hide()
        for title in _ROWS:
            self._set(title, [])
        self._set("Folder", [wording.place_of(result.path.parent)])
        self._scroll.verticalScrollBar().setValue(0)
        self._stack.setCurrentIndex(1)
        engine = self._bridge.engine
        if engine is not None:
            self._bridge.call(engine.details(result.file_id), self._show_details, self._say, lane="details")

    def _renew(self, before: Result, result: Result) -> None:
        """The same file in a newer answer: the picture stays, but it may match elsewhere."""
        self._result = result
        if before == result:
            return
        self.media.renew(result)
        self.moment_button.setVisible(self.media.chosen is not None)
        if why(before) != why(result):
            self._explain(why(result))
        if self._details is not None and before.moments != result.moments:
            self._show_transcript(self._details)

    def _show_details(self, details: Details) -> None:
        self._details = details
        metadata = details.metadata
        self.media.show_details(details)
        self._show_transcript(details)
        self._set("Title", [wording.safe(metadata.title)] if metadata.title else [])
        self._set("Length", [wording.clock(metadata.duration_ms)] if metadata.duration_ms else [])
        self._set("Taken", [wording.when(metadata.taken_at, details.mtime)])
        self._titles["Taken"].setText("Taken" if metadata.taken_at else "Changed")
        parts = [wording.size(details.size_bytes)]
        if metadata.width and details.result.kind is not Kind.AUDIO:
            parts.append(f"{metadata.width} × {metadata.height}")
        if metadata.format:
            parts.append(wording.safe(metadata.format))
        self._set("Size", [" · ".join(parts)])
        self._set("Camera", [wording.safe(metadata.camera)] if metadata.camera else [])
        self._set("Copies", [wording.place_of(path) for path in details.copies])

    def _show_transcript(self, details: Details) -> None:
        self.transcript.setVisible(bool(details.transcript))
        if details.transcript and self._result is not None:
            heard = {stretch_of(moment) for moment in self._result.moments if moment.line}
            self.transcript.show_lines(details.transcript, heard)
            if self.media.chosen is not None:
                self.transcript.choose(self.media.chosen)

    @Slot(object)
    def _look_at(self, stretch: Stretch) -> None:
        """Another part is chosen, on the bar or in the transcript: all shows that part."""
        if self._result is None:
            return
        self.media.choose(stretch)
        self.transcript.choose(stretch)
        moment = moment_at(self._result, stretch)
        self._explain(why_moment(moment) if moment is not None else f"At {wording.clock(stretch.start_ms)}")
        self.moment_button.show()
        self.looked_at.emit()

    @Slot(object)
    def _say(self, error: BaseException) -> None:
        if self._result is None or self._result.can_be_opened:  # else it is said already
            self._explain(wording.safe(str(error)))

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
        set_tip(row, lines[:_MOST_TIP_LINES])
        row.setVisible(bool(lines))
        self._titles[title].setVisible(bool(lines))


def same_picture(one: Result, other: Result) -> bool:
    """Whether two results show the same: an answer given anew may differ in nothing but scores and moments."""
    one_is, other_is = ((it.file_id, it.item_id, it.path, it.away, it.missing) for it in (one, other))
    return one_is == other_is
