"""Says once that there is a better model, where that is worth its download."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from app.folders.folders_model import FoldersModel
from app.messages import Messages
from app.models import account
from app.models.models_model import Entry, ModelsModel
from app.preferences import Preferences
from core import KINDS_OF, ModelState, Role

BETTER, THAN = "clip", "starter"
"""The model to suggest, and the one that it is much better than."""
_FILES = 50
"""With fewer files than that, one looks rather than searches."""


class Suggestion(QObject):
    """Waits until the library is large enough. What was dismissed or followed is never said again.

    Signals:
        followed: the user wants to see the models.
    """

    followed = Signal()

    def __init__(
        self, models: ModelsModel, folders: FoldersModel, messages: Messages, preferences: Preferences, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._models = models
        self._folders = folders
        self._messages = messages
        self._preferences = preferences
        self._said = False
        folders.updated.connect(self._consider)

    @Slot()
    def _consider(self) -> None:
        if self._said or self._preferences.knows_of_better_model or self._pictures <= _FILES:
            return
        entries = {entry.status.card.model_id: entry for entry in self._models.entries}
        if BETTER not in entries or THAN not in entries:
            return
        if not entries[THAN].status.in_use or not _can_be_had(entries[BETTER]):
            return
        self._said = True
        card = entries[BETTER].status.card
        self._messages.note(
            f"Descriptions can be understood much better, with a download of {account.size(card.size_bytes)}.",
            "Show models",
            self.followed.emit,
            self._remember,
            stays=True,
        )

    @property
    def _pictures(self) -> int:
        found = self._folders.found
        return sum(found[kind] for kind in KINDS_OF[Role.PICTURES])

    def _remember(self) -> None:
        self._preferences.knows_of_better_model = True


def _can_be_had(entry: Entry) -> bool:
    return entry.status.state is ModelState.NOT_HERE and not entry.is_asked_for
