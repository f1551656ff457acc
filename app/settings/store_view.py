"""Where vectors are searched, in the settings: moving the library there, and what exactly is sent."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app import wording
from app.bars import SlimProgress
from app.bridge import Bridge
from app.controls import Button, Label
from app.messages import Messages
from app.settings.fields import SettingField
from app.settings.sharing_view import SharingView
from app.theme import SPACE_PX
from core import CoreError, Event, Settings, SettingSpec, StoreChanged, StoreStatus

_WIDE_PX = 300
_MILVUS = "milvus"
_TOKEN = SettingSpec(
    "token",
    "Token",
    "What the server or Zilliz Cloud wants to see. It is kept in the system's keyring, never in the settings or a log.",
    str,
    "",
)
_KEPT = "Kept in the system's keyring"
_UNTIL = "It stays so until all has moved; a move that is broken off goes on after the next start."
_GIVEN = "vectors, their ids, and with each its kind, its folder as a number, its day and its length"
_NEVER = "Never media, names, paths, words found in them, or where a photo was taken."
_NAMES = (
    "As other libraries on this server are searched, too, these go there in addition: the names of your files without"
    " their folders, a number that tells files apart, and “{name}”. Who searches others on that server as well sees"
    " them, with the kind of each file; they see no picture and can open nothing, nor can you of theirs. When this is"
    " off again the names are deleted there. Never media, paths, words found in them, or where a photo was taken."
)


def sent(uri: str, seen_as: str = "") -> str:
    """What goes where when Milvus is at `uri`; an empty one is this program. `seen_as`: what others see it called."""
    if not uri:
        return "Nothing is sent anywhere."
    if not _is_server(uri):
        return f"Nothing leaves this computer. Written to that file are {_GIVEN}. {_NEVER}"
    open_to_all = " Addresses with http:// are not encrypted: use them in your own network only."
    names = _NAMES.format(name=wording.safe(seen_as)) if seen_as else _NEVER
    return (
        f"Sent to the server are {_GIVEN}; and what you ask, as a vector, with its filters on kind, folder and dates. "
        f"{names} A vector says what kind of picture or sound it is: whoever runs the server can compare."
        f"{open_to_all if uri.startswith('http:') else ''}"
    )


def state(status: StoreStatus) -> str:
    """Where the library is searched, and how far it has moved."""
    here, note = f"Searched {_place(status.here)}.", wording.safe(status.note)
    if status.goes_to is None:
        return f"{here} {note}".strip()
    if status.goes_to == status.here:
        return f"{here} What was left behind is being deleted."
    moved = f"{wording.number(status.done)} of {wording.number(status.total)} vectors"
    return f"Moving: {moved} are {_place(status.goes_to)}. Everything is found meanwhile. {note}".strip()


class StoreView(QWidget):
    """Unlike other settings these count when the button is pressed, and when all that is known has been moved."""

    def __init__(self, bridge: Bridge, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._messages = messages
        self._kept_for = ""
        engine = bridge.engine
        self._status = StoreStatus("") if engine is None else engine.stores.status
        uri = self._wanted
        kept = uri or ("" if engine is None else engine.settings.milvus_uri)
        specs = {spec.name: spec for spec in Settings.specs()}
        fields = [
            SettingField(specs["vector_store"], _MILVUS if uri else specs["vector_store"].default),
            SettingField(specs["milvus_uri"], kept),
            SettingField(_TOKEN, ""),
        ]
        self.kind = cast("QComboBox", fields[0].control)
        self.address, self.token = (cast("QLineEdit", field.control) for field in fields[1:])
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        for line in (self.address, self.token):
            line.setMinimumWidth(_WIDE_PX)
        self.sharing = SharingView(bridge, messages)
        self.sharing.changed.connect(self._show)
        self.sent = Label(wraps=True)
        self.state = Label(dim=True, wraps=True)
        self.problem = Label(wraps=True)
        self.progress = SlimProgress()
        self.move_button = Button("")
        self.move_button.clicked.connect(self._move)
        self.stop_button = Button("Stop moving", flat=True)
        self.stop_button.setAccessibleName(self.stop_button.text())
        self.stop_button.clicked.connect(self._stop)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_PX)
        buttons.addWidget(self.move_button)
        buttons.addWidget(self.stop_button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_PX)
        for part in (*fields, self.sharing, self.sent, self.problem, self.state, self.progress):
            layout.addWidget(part)
        layout.addLayout(buttons)
        for field in fields:
            field.changed.connect(self._edited)
        bridge.happened.connect(self._hear)
        self._show()

    @property
    def _wanted(self) -> str:
        return self._status.here if self._status.goes_to is None else self._status.goes_to

    @property
    def _uri(self) -> str:
        return self.address.text().strip() if self.kind.currentData() == _MILVUS else ""

    @Slot(str, object)
    def _edited(self, _name: str, _value: object) -> None:
        self.problem.clear()
        self._show()

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, StoreChanged):
            self._status = event.status
            self._show()

    @Slot()
    def _show(self) -> None:
        chosen, status, moves = self.kind.currentData() == _MILVUS, self._status, self._uri != self._wanted
        self.address.setEnabled(chosen)
        self.token.setEnabled(_is_server(self._uri))
        self.token.setPlaceholderText(_KEPT if self._uri and self._uri == self._kept_for else "")
        self.move_button.setEnabled(bool(self._uri) or not chosen)
        self.sharing.set_available(_is_server(self._uri))
        self.sent.setText(sent(self._uri, self.sharing.chosen(Settings().with_search_at(self._uri)).seen_as))
        self.problem.setVisible(bool(self.problem.text()))
        self.state.setText(f"{state(status)} {_UNTIL}" if moves and self.move_button.isEnabled() else state(status))
        self.progress.setVisible(status.goes_to is not None)
        self.progress.show_share(status.done / status.total if status.total else 0.0)
        self.progress.setAccessibleName(self.state.text())
        self.move_button.setText("Move the library there" if moves else "Keep the token")
        self.move_button.setAccessibleName(self.move_button.text())
        self.move_button.setVisible(moves or bool(self.token.isEnabled() and self.token.text()))
        self.stop_button.setVisible(status.goes_to not in (None, status.here))

    @Slot()
    def _move(self) -> None:
        token = self.token.text().strip() if self.token.isEnabled() else ""
        self._ask(self._uri, token or None)

    @Slot()
    def _stop(self) -> None:
        self._ask(self._status.here, None)

    def _ask(self, uri: str, token: str | None) -> None:
        if (engine := self._bridge.engine) is not None:
            self.problem.clear()
            self._bridge.call(engine.stores.move(uri, token), self._begun, self._failed)

    def _begun(self, _nothing: None) -> None:
        given = bool(self.token.text())
        self.token.clear()
        if (engine := self._bridge.engine) is not None:
            self._status = engine.stores.status
        if self._wanted:
            self.address.setText(self._wanted)  # as it is kept
        if given:
            self._kept_for = self._uri
        self._show()

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, CoreError):
            self._messages.fail(error)
            return
        self.problem.setText(wording.safe(str(error)))
        self._show()


def _is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def _place(uri: str) -> str:
    return f"in Milvus at “{wording.safe(uri)}”" if uri else "in this program"
