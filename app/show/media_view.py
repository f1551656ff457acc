"""One result to look at: a photo, the frame of a video with its bar, or the waveform of a sound."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.bridge import Bridge
from app.show.moments_bar import MomentsBar
from app.show.picture_view import PictureView
from app.show.reasons import Stretch, best_stretch, moment_at
from app.theme import SPACE_PX
from core import Details, Kind, Result

_FIRST_LOOK_MS = 1000
"""The very first frame of many videos is black."""


class MediaView(QWidget):
    """Keeps picture and bar at the same moment.

    Signals:
        chose: another Stretch is looked at than before: the bar was used.
    """

    chose = Signal(object)

    def __init__(self, bridge: Bridge, lane: str, *, wave_px: int, fits_height: bool = False) -> None:
        super().__init__()
        self._result: Result | None = None
        self.picture = PictureView(bridge, lane, fits_height=fits_height)
        self.bar = MomentsBar(wave_px)
        self.bar.chose.connect(self._follow)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.bar, 0, Qt.AlignmentFlag.AlignVCenter)

    @property
    def chosen(self) -> Stretch | None:
        """The part that is looked at; None for a photo, and where no part was chosen."""
        return self.bar.chosen if self._result is not None and self._result.kind is not Kind.IMAGE else None

    def show_result(self, result: Result | None) -> None:
        """Shows `result` at its best moment; None shows nothing."""
        self._result = result
        kind = None if result is None else result.kind
        self.picture.setVisible(kind is not Kind.AUDIO)
        self.bar.setVisible(kind in {Kind.AUDIO, Kind.VIDEO})
        if result is not None:
            self.bar.show_result(result, waved=kind is Kind.AUDIO)
        self.picture.show_result(None if kind is Kind.AUDIO else result, self._frame_ms(self.chosen))

    def renew(self, result: Result) -> None:
        """Shows a newer answer about the same result: what is looked at stays, unless it was what matched best."""
        self._result = result
        self.bar.renew(result)
        if self.chosen is not None:
            self.picture.show_moment(self._frame_ms(self.chosen))

    def show_details(self, details: Details) -> None:
        """Shows how loud the result is."""
        if self._result is not None and self._result.kind is Kind.AUDIO:
            self.bar.show_peaks(details.peaks)

    def choose(self, stretch: Stretch) -> None:
        """Looks at another part."""
        self.bar.choose(stretch)
        self.picture.show_moment(self._frame_ms(stretch))

    @Slot(object)
    def _follow(self, stretch: Stretch) -> None:
        self.picture.show_moment(self._frame_ms(stretch))
        self.chose.emit(stretch)

    def _frame_ms(self, stretch: Stretch | None) -> int:
        """Which frame stands for a part: what looks like what was asked may be at its end as well as at its start."""
        result = self._result
        if result is None or result.kind is not Kind.VIDEO:
            return 0
        if stretch is None:
            return min(_FIRST_LOOK_MS, result.duration_ms // 2)
        moment = moment_at(result, stretch)
        seen = not result.line if moment is None else not moment.line
        found = moment is not None or stretch == best_stretch(result)
        return (stretch.start_ms + stretch.end_ms) // 2 if found and seen else stretch.start_ms
