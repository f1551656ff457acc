"""Asks the engine what the question model holds, again whenever the library changed, and passes answers on."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.ask.question_model import QuestionModel
from app.bridge import Bridge
from core import Answer, CoreError, LibraryChanged, ModelChanged, ModelState

SEARCH_LIMIT = 200
BROWSE_LIMIT = 600
_GROWTH = 4
_REFRESH_MS = 1000
_REST = 10
"""Asking again while indexing may take a tenth of the time, not more."""
_PATIENCE_MS = 600


class Search(QObject):
    """At most one question is under way; its answer replaces the last one, which stays until then.

    A question that could not be answered is not asked again until it is another one or a model is there.

    Signals:
        answered: an Answer to the newest question.
        failed: the newest question could not be answered; the exception.
        slow: the answer has kept the user waiting.
    """

    answered = Signal(object)
    failed = Signal(object)
    slow = Signal()

    def __init__(self, bridge: Bridge, model: QuestionModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._model = model
        self._growth = 1
        self._complete = True
        self._refused = False
        self._refresh = QTimer(self)
        self._refresh.setSingleShot(True)
        self._refresh.setInterval(_REFRESH_MS)
        self._refresh.timeout.connect(self.ask)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self.slow)
        model.changed.connect(self._ask_anew)
        bridge.opened.connect(self.ask)
        bridge.happened.connect(self._hear)

    @Slot()
    def ask(self) -> None:
        """Asks the question as it is now."""
        engine = self._bridge.engine
        if engine is None:
            return
        asked = self._model.asked
        browsing = asked.question(0).is_empty
        question = asked.question((BROWSE_LIMIT if browsing else SEARCH_LIMIT) * self._growth)
        self._bridge.call(engine.search(question, cancel_older=True), self._answer, self._fail, lane="search")
        if not self._patience.isActive():
            self._patience.start()

    @Slot()
    def ask_for_more(self) -> None:
        """The end of the list is in sight: asks for a longer one, if there is more."""
        if not self._complete:
            self._complete = True  # until the longer answer says otherwise
            self._growth *= _GROWTH
            self.ask()

    @Slot()
    def _ask_anew(self) -> None:
        self._growth = 1
        self.ask()

    @Slot(object)
    def _hear(self, event: object) -> None:
        if isinstance(event, LibraryChanged) and not self._refused and not self._refresh.isActive():
            self._refresh.start()
        elif isinstance(event, ModelChanged) and self._refused and event.status.state is ModelState.READY:
            self.ask()

    def _fail(self, error: BaseException) -> None:
        self._patience.stop()
        self._refresh.stop()
        self._refused = True
        self.failed.emit(error)
        if not isinstance(error, CoreError):
            self._bridge.failed.emit(error)

    def _answer(self, answer: Answer) -> None:
        self._patience.stop()
        self._refused = False
        self._refresh.setInterval(max(_REFRESH_MS, _REST * round(answer.elapsed_ms)))
        self._complete = not answer.may_have_more
        self.answered.emit(answer)
