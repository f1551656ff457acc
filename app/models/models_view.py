"""The models page: every model by what it is for, and a line to add others."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QRectF, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app import wording
from app.controls import Button, Label, Line
from app.models import account
from app.models.model_row import ModelRow
from app.models.models_model import ModelsModel
from app.theme import RADIUS_PX, SPACE_PX

_MAX_ID = 200


class ModelsView(QWidget):
    """Rows in groups. A row stays the same widget while its model is there, so the keyboard stays where it is."""

    def __init__(self, model: ModelsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.rows: dict[str, ModelRow] = {}
        self._ordered: list[ModelRow] = []
        self._groups: list[_Group] = []
        self.runs_on = Label(dim=True, wraps=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE_PX)
        self.hub_id = QLineEdit()
        self.add_button = Button("Download")
        self.added = Label(wraps=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.runs_on)
        layout.addLayout(self._list)
        layout.addSpacing(SPACE_PX)
        self._arrange_adding(layout)
        model.listed.connect(self._list_again)
        model.changed.connect(self._refresh)
        model.add_answered.connect(self._say_added)
        self._list_again()

    def _arrange_adding(self, layout: QVBoxLayout) -> None:
        title = Label("Add another model by its hub id", bold=True)
        title.setBuddy(self.hub_id)
        explanation = Label(
            "CLIP, SigLIP, ResNet, Whisper, Perceiver and sentence models of the hub can be used, such as "
            f"google/siglip2-base-patch16-224. It is fetched from {account.hub_host()}; nothing else is sent.",
            dim=True,
            wraps=True,
        )
        self.hub_id.setPlaceholderText("owner/name")
        self.hub_id.setMaxLength(_MAX_ID)
        self.hub_id.setAccessibleName(title.text())
        self.hub_id.setAccessibleDescription(explanation.text())
        self.hub_id.returnPressed.connect(self._add)
        self.add_button.setAccessibleName("Download the model of this id")
        self.add_button.clicked.connect(self._add)
        line = QHBoxLayout()
        line.setSpacing(SPACE_PX)
        line.addWidget(self.hub_id, 1)
        line.addWidget(self.add_button)
        self.added.hide()
        layout.addWidget(title)
        layout.addWidget(explanation)
        layout.addLayout(line)
        layout.addWidget(self.added)

    @Slot()
    def _list_again(self) -> None:
        groups: dict[str, list[str]] = {title: [] for title in (*account.GROUPS.values(), account.BEING_ADDED)}
        for entry in self._model.entries:
            card = entry.status.card
            groups[account.GROUPS[card.role] if card.family else account.BEING_ADDED].append(card.model_id)
        listed = {model_id for model_ids in groups.values() for model_id in model_ids}
        for model_id in listed - self.rows.keys():
            self.rows[model_id] = ModelRow(self._model, model_id)
        gone = [self.rows.pop(model_id) for model_id in self.rows.keys() - listed]
        former, self._groups = self._groups, []
        for title, model_ids in groups.items():
            if model_ids:
                self._groups.append(_Group(title, [self.rows[model_id] for model_id in model_ids]))
                self._list.addWidget(self._groups[-1])
        for widget in [*gone, *former]:
            widget.hide()
            widget.deleteLater()
        self._ordered = [self.rows[model_id] for model_ids in groups.values() for model_id in model_ids]
        self._order_tabs()
        self._show_device()

    def _order_tabs(self) -> None:
        """As seen from top to bottom: by itself Qt goes by when each part was made."""
        buttons = [button for row in self._ordered for button in row.buttons.values()]
        for before, after in pairwise([*buttons, self.hub_id, self.add_button]):
            QWidget.setTabOrder(before, after)

    def showEvent(self, event: QShowEvent) -> None:
        self._order_tabs()
        super().showEvent(event)

    @Slot(str)
    def _refresh(self, model_id: str) -> None:
        if model_id in self.rows:
            self.rows[model_id].refresh()
        self._show_device()

    def _show_device(self) -> None:
        now = ", ".join(wording.safe(device) for device in self._model.runs_on)
        said = f"Now they run on: {now}." if now else "No model is loaded now; that happens when it is needed."
        self.runs_on.setText(f"{said} Another choice counts from the next start.")

    @Slot()
    def _add(self) -> None:
        hub_id = self.hub_id.text().strip().removeprefix(f"https://{account.hub_host()}/").strip("/")
        if hub_id:
            self._model.add(hub_id)

    @Slot(str)
    def _say_added(self, text: str) -> None:
        self.added.setText(wording.safe(text))
        self.added.setVisible(bool(text))
        if not text:
            self.hub_id.clear()


class _Group(QWidget):
    """What some models are for, and their rows."""

    def __init__(self, title: str, rows: list[ModelRow]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(Label(title, wraps=True, bold=True, scale=1.08))
        layout.addWidget(_Card(rows))


class _Card(QWidget):
    """Rows on one ground, with hairlines between them."""

    def __init__(self, rows: list[ModelRow]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        for row in rows:
            if row is not rows[0]:
                layout.addWidget(Line())
            layout.addWidget(row)
            row.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
