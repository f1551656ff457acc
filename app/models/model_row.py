"""One model on the models page: what it is, how it is, and its buttons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QRect, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QStyle, QVBoxLayout, QWidget

from app import wording
from app.bars import SlimProgress
from app.controls import ICON_PX, Button, Label, set_tip
from app.desktop import choose_folder
from app.flow import FlowRow
from app.icons import draw
from app.models import account
from app.models.account import Offer
from app.models.models_model import ModelsModel
from app.theme import SPACE_PX
from core import ModelState


class ModelRow(QWidget):
    """Follows one model. Its buttons are always the same ones; those that have no use now are hidden."""

    def __init__(self, model: ModelsModel, model_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model_id = model_id
        self._model = model
        self._title = Label(bold=True, scale=1.08, elide=Qt.TextElideMode.ElideMiddle)
        leading = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
        self._title.setAlignment(QStyle.visualAlignment(self.layoutDirection(), leading))
        self.in_use = _Mark("check", "In use")
        self._purpose = Label(wraps=True)
        self.facts = Label(dim=True, wraps=True)
        self._sign = _Sign("problem")
        self.state = Label(dim=True, wraps=True)
        self.progress = SlimProgress()
        self.buttons = {offer: Button(offer.value, self, flat=offer not in _PLAIN) for offer in Offer}
        for offer, act in self._acts().items():
            self.buttons[offer].clicked.connect(act)
        self._arrange()
        self.refresh()

    def _acts(self) -> dict[Offer, Callable[[], None]]:
        model = self._model
        acts = {
            Offer.DOWNLOAD: model.download,
            Offer.CANCEL: model.cancel,
            Offer.USE: model.use,
            Offer.KEEP_FORMER: model.keep_former,
            Offer.STOP_USING: model.stop_using,
            Offer.CHECK: model.check,
            Offer.REMOVE: model.remove,
        }
        return {offer: partial(act, self.model_id) for offer, act in acts.items()} | {Offer.FOLDER: self._ask_folder}

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(SPACE_PX)
        top.addWidget(self._title, 1)
        top.addWidget(self.in_use)
        said = QHBoxLayout()
        said.setSpacing(6)
        said.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.state, 1)
        words = QVBoxLayout()
        words.setContentsMargins(SPACE_PX, 0, SPACE_PX, 0)
        words.setSpacing(SPACE_PX // 2)
        words.addLayout(top)
        words.addWidget(self._purpose)
        words.addWidget(self.facts)
        words.addSpacing(SPACE_PX // 2)
        words.addLayout(said)
        words.addWidget(self.progress)
        self._line = FlowRow(spacing_px=SPACE_PX)
        for button in self.buttons.values():
            self._line.flow.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_PX, 12, SPACE_PX, 12)
        layout.setSpacing(SPACE_PX)
        layout.addLayout(words)
        layout.addWidget(self._line)

    def refresh(self) -> None:
        """Shows how the model is now."""
        entry = self._model.entry(self.model_id)
        status, card = entry.status, entry.status.card
        title, said = wording.safe(card.title), account.state(entry)
        self._title.setText(title)
        self.in_use.setVisible(status.in_use)
        self._purpose.setText(wording.safe(card.purpose))
        self.facts.setText(account.facts(status))
        self.state.setText(said)
        self.state.setVisible(bool(said))
        self._sign.setVisible(account.is_bad(entry))
        downloading = status.state is ModelState.DOWNLOADING
        self.progress.setVisible(downloading or (status.taking_over is not None and not status.in_use))
        share = status.got_bytes / status.size_bytes if status.size_bytes else 0.0
        self.progress.show_share(share if downloading else status.taking_over or 0.0)
        self.progress.setAccessibleName(f"{title}: {said}")
        self.setAccessibleName(f"{title}, in use" if status.in_use else title)
        self.setAccessibleDescription(said)
        self._show_buttons(account.offers(entry), title, account.download_text(card))

    def _show_buttons(self, offers: frozenset[Offer], title: str, download: str) -> None:
        self.buttons[Offer.DOWNLOAD].setText(download)
        set_tip(self.buttons[Offer.DOWNLOAD], [account.consent()])
        was_here = any(button.hasFocus() for button in self.buttons.values())
        for offer, button in self.buttons.items():
            button.setAccessibleName(f"{button.text()}: {title}")
            button.setVisible(offer in offers)
        side = SPACE_PX if offers & _PLAIN else 0  # of a button without a ground, the words stand below the others
        self._line.flow.setContentsMargins(side, 0, side, 0)
        if was_here and not any(button.hasFocus() for button in self.buttons.values()):
            self._keep_focus(offers)

    def _keep_focus(self, offers: frozenset[Offer]) -> None:
        """The button that was pressed is gone: the keyboard stays in this row all the same."""
        first = next((button for offer, button in self.buttons.items() if offer in offers), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _ask_folder(self) -> None:
        title = f"The folder with {self._title.text()}"
        choose_folder(self.window(), title, str(Path.home()), self._use_folder)

    @Slot(str)
    def _use_folder(self, path: str) -> None:
        self._model.use_folder(self.model_id, Path(path))


_PLAIN = {Offer.DOWNLOAD, Offer.CANCEL, Offer.USE, Offer.KEEP_FORMER}
"""What most come for; the rest is quieter."""


class _Sign(QWidget):
    """An icon beside words that say the same."""

    def __init__(self, icon_name: str) -> None:
        super().__init__()
        self._icon_name = icon_name
        self.setFixedSize(ICON_PX, ICON_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        area = QRect(0, 0, ICON_PX, ICON_PX)
        painter.drawPixmap(area, draw(self._icon_name, area.size() * self.devicePixelRatioF(), colour))


class _Mark(QWidget):
    """A word with its icon."""

    def __init__(self, icon_name: str, text: str) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(_Sign(icon_name))
        layout.addWidget(Label(text, bold=True))
