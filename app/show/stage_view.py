"""The middle of the window: the grid while there are results, else the page that says why there are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from app import wording
from app.bridge import Bridge
from app.controls import announce
from app.folders.folders_model import FoldersModel
from app.problems.health_view import HealthView
from app.show.grid_model import GridModel, band_of, same_question
from app.show.grid_view import GridView
from app.show.pages import PageView, View, choose_page
from core import Answer, CoreError, Event, Filters, Kind, Outcome, ProgressChanged, Strength

_OUR_MISTAKE = "This is a mistake in Likewise. Ask in another way, or start Likewise again."
_OPENING_MISTAKE = (
    "This is a mistake in Likewise; nothing of yours was changed.",
    "Choose another folder for its library.",
)


class StageView(QStackedWidget):
    """Chooses what is shown.

    Signals:
        summary_changed: what is shown, in a few words.
        problems_shown: whether the list of problems took the results' place.
    """

    summary_changed = Signal(str)
    problems_shown = Signal(bool)

    def __init__(
        self, bridge: Bridge, grid: GridView, model: GridModel, folders: FoldersModel, problems: HealthView
    ) -> None:
        super().__init__()
        self._grid = grid
        self._model = model
        self._folders = folders
        self._problems = problems
        self._view = View()
        self._is_awaited = False
        self.page = PageView()
        for part in (self.page, grid, problems):
            self.addWidget(part)
        self._bridge = bridge
        bridge.opened.connect(self._open)
        bridge.happened.connect(self._hear)
        folders.updated.connect(self._refresh)
        grid.picked.connect(self.summarize)

    @property
    def shows_problems(self) -> bool:
        """Whether the list of problems is shown."""
        return self.currentWidget() is self._problems

    @Slot(object)
    def show_answer(self, answer: Answer) -> None:
        """Shows a new answer; what was shown stays until this moment."""
        shown = self._model.answer
        new = shown is None or not same_question(shown.question, answer.question)
        self._grid.show_answer(answer)
        self._view = replace(self._view, answer=answer, refusal="")
        if new:
            self.show_problems(shown=False)
        self._refresh()
        if new and self.currentWidget() is self._grid:
            announce(self._grid, describe(answer))
        if new and self.currentWidget() is self._grid and (self._is_awaited or self._grid.hasFocus()):
            self._grid.enter()
        self._is_awaited = self._is_awaited and not new

    @Slot()
    def enter(self) -> None:
        """The keyboard goes to the results; to those that are still to come when there are none yet."""
        self.show_problems(shown=False)
        self._is_awaited = self.currentWidget() is not self._grid
        if not self._is_awaited:
            self._grid.enter()

    @Slot()
    def stay(self) -> None:
        """Something else is asked: whoever waited for results goes on elsewhere."""
        self._is_awaited = False

    @Slot(object)
    def show_refusal(self, error: BaseException) -> None:
        """Says why the question cannot be answered; what answered another one is no longer shown."""
        refusal = wording.safe(str(error)) if isinstance(error, CoreError) else _OUR_MISTAKE
        self._grid.show_answer(None)
        self._view = replace(self._view, answer=None, refusal=refusal)
        self.show_problems(shown=False)
        self._refresh()

    def show_problems(self, *, shown: bool) -> None:
        """Shows the list of problems instead of the results, or the results again."""
        if shown != self.shows_problems:
            self.setCurrentWidget(self._problems if shown else self._grid)
            self._refresh()
            self.problems_shown.emit(shown)

    def show_weaker(self) -> None:
        """Shows the weak results of the current answer."""
        self._grid.show_weaker()
        self._refresh()
        self._grid.setFocus()

    @Slot()
    def say_searching(self) -> None:
        """The answer takes a while (the first one has to wait for the models)."""
        self.summary_changed.emit("Searching…")

    def fail_to_open(self, error: BaseException) -> None:
        """There will be no engine."""
        failure = error if isinstance(error, CoreError) else CoreError(*_OPENING_MISTAKE)
        self._view = replace(self._view, failure=failure)
        self._refresh()

    @Slot()
    def _open(self) -> None:
        if self._bridge.engine is not None:
            self._view = replace(self._view, opened=True, failure=None, progress=self._bridge.engine.progress)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, ProgressChanged):
            before = self._view.progress
            self._view = replace(self._view, progress=event.progress)
            if (before.activity, before.note) != (event.progress.activity, event.progress.note):
                self._refresh()

    @Slot()
    def _refresh(self) -> None:
        self._view = replace(
            self._view,
            folders=len(self._folders.folders),
            failed=self._folders.failed,
            waiting=self._folders.waiting,
            ever_had_folders=self._view.ever_had_folders or bool(self._folders.folders),
            hidden_weaker=self._model.hidden_count,
        )
        page, shown = choose_page(self._view), (self.currentWidget(), self.page.page)
        if page is not None:
            self.page.show_page(page)
        if not self.shows_problems:
            wanted: QWidget = self._grid if page is None else self.page
            if wanted is not self.currentWidget():
                moves_focus = self._grid.hasFocus()
                self.setCurrentWidget(wanted)
                if moves_focus and wanted is self.page:
                    self.page.setFocus()
        if page is not None and page.title and shown != (self.currentWidget(), page) and not self.shows_problems:
            announce(self.page, f"{page.title}. {page.text}")
        self.summarize()

    @Slot()
    def summarize(self) -> None:
        """Says what is shown, in a few words."""
        selected = self._grid.selected_count
        answer = self._model.answer
        if answer is None or self.currentWidget() is not self._grid:
            self.summary_changed.emit("")
        elif selected > 1:
            self.summary_changed.emit(f"{wording.number(selected)} selected")
        elif (found := self._found_in(answer)) is not None:
            self.summary_changed.emit(wording.media(found) if any(found.values()) else "")
        else:
            self.summary_changed.emit(describe(answer))

    def _found_in(self, answer: Answer) -> Mapping[Kind, int] | None:
        """How much there is where `answer` looked, if it looked through everything, one kind or one whole folder."""
        filters = answer.question.filters
        if not answer.question.is_empty or filters != Filters(filters.kinds, filters.folder_id):
            return None
        if filters.folder_id is None:
            found: Mapping[Kind, int] = self._folders.found
        elif (folder := self._folders.folder(filters.folder_id)) is not None:
            found = folder.found
        else:
            return None
        return {kind: found.get(kind, 0) for kind in filters.kinds} if filters.kinds else found


def describe(answer: Answer) -> str:
    """What an answer holds, in a few words."""
    if answer.outcome is Outcome.BROWSE:
        kinds = Counter(result.kind for result in answer.results)
        return wording.media(kinds, at_least=answer.may_have_more)
    said = []
    strong, more_strong = band_of(answer, Strength.STRONG)
    if strong:
        said.append(wording.count(len(strong), "strong match", at_least=more_strong))
    likely, more_likely = band_of(answer, Strength.LIKELY)
    if likely:
        said.append(f"{wording.number(len(likely), at_least=more_likely)} likely")
    return ", ".join(said) or "No good match"
