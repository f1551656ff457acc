"""The window: puts the panels together and connects what they say to what is done. No logic of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QDialog, QSplitter, QVBoxLayout, QWidget

from app.actions import Actions
from app.ask.drop_overlay import DropOverlay
from app.ask.field_view import FieldView
from app.ask.filters import FiltersMenu
from app.ask.question_model import QuestionModel
from app.ask.search import Search
from app.bridge import Bridge
from app.commands import Commands
from app.controls import Line
from app.finish import Finish
from app.folders.folders_model import FoldersModel, Place
from app.folders.folders_view import WIDTH_PX as SIDEBAR_PX
from app.folders.folders_view import FoldersView
from app.folders.notice_view import NoticeView
from app.folders.unwatched import UnwatchedTeller
from app.header_view import HeaderView
from app.messages import Banner, CrashDialog, Messages
from app.models.models_model import ModelsModel
from app.models.suggestion import Suggestion
from app.preferences import DEFAULT_CELL_PX, Preferences
from app.problems.health_model import HealthModel
from app.problems.health_view import HealthView
from app.settings.pages import SettingsPage
from app.settings.settings_view import SettingsView
from app.settings.shortcuts_view import ShortcutsView
from app.show.details_place import DetailsPlace
from app.show.details_view import WIDTH_PX as DETAILS_PX
from app.show.details_view import DetailsView
from app.show.grid_model import GridModel
from app.show.grid_view import GridView
from app.show.others_view import OthersView
from app.show.pages import Way
from app.show.quick_look import QuickLook
from app.show.stage_view import StageView
from app.show.status_line import StatusLine
from app.show.thumbnails import Thumbnails
from app.theme import Look, Theme
from core import Event, FolderId, Kind, ProgressChanged, Standing

_DEFAULT_SIZE = QSize(1280, 800)
_SMALLEST = QSize(560, 400)


class Window(QWidget):
    """Everything the user sees.

    Signals:
        reopen_asked: the library did not open; the `Way` on that was chosen.
    """

    reopen_asked = Signal(object)

    def __init__(self, bridge: Bridge, messages: Messages, preferences: Preferences, theme: Theme) -> None:
        super().__init__()
        self.setWindowTitle("Likewise")
        self.setMinimumSize(_SMALLEST.boundedTo(self.screen().availableSize()))
        self._bridge = bridge
        self._messages = messages
        self._preferences = preferences
        self._theme = theme
        self.question = QuestionModel(self)
        self.search = Search(bridge, self.question, self)
        self.folders_model = FoldersModel(bridge, self)
        self.models = ModelsModel(bridge, self)
        self.results = GridModel(self)
        self.grid = GridView(self.results, Thumbnails(bridge, self))
        self.health = HealthView(HealthModel(bridge, self))
        self.stage = StageView(bridge, self.grid, self.results, self.folders_model, self.health)
        self.others = OthersView()
        self.sidebar = FoldersView(self.folders_model)
        self.details = DetailsView(bridge)
        self.suggestion = Suggestion(self.models, self.folders_model, messages, preferences, self)
        self.status = StatusLine()
        self.banner = Banner(messages, stays=True)
        self.note = Banner(messages, stays=False)
        self.notice = NoticeView(self.folders_model)
        self.commands = Commands(self, bridge, self.question, self.grid, messages, preferences)
        self.field = FieldView(bridge, self.question, self.folders_model)
        self.actions_ = Actions(self, self.grid, self._handlers())
        menu = self.actions_.make_menu(self)
        self.actions_.make_looks(menu, theme.look, self._choose_look)
        self.header = HeaderView(self.field, FiltersMenu(self.question, self.folders_model, self), self.actions_, menu)
        self._arrange()
        self.quick_look = QuickLook(bridge, self)
        self.drop_overlay = DropOverlay(self)
        self._connect()
        self._restore()

    # putting together

    def _arrange(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.note)
        column.addWidget(self.notice)
        column.addWidget(self.stage, 1)
        column.addWidget(self.others)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        for part in (self.sidebar, middle, self.details):
            self.splitter.addWidget(part)
        self.splitter.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, Line(), self.splitter, Line(), self.status):
            layout.addWidget(part, 1 if part is self.splitter else 0)

    def _handlers(self) -> dict[str, Callable[..., object]]:
        do = self.commands
        return {
            "find": self._find,
            "paste": do.paste,
            "clear": self._escape,
            "undo": do.undo,
            "similar": do.similar,
            "more_like": do.more_like,
            "less_like": do.less_like,
            "moment": self._ask_moment,
            "quick_look": self._open_quick_look,
            "open": do.open,
            "reveal": do.reveal,
            "copy": do.copy,
            "copy_path": do.copy_path,
            "add_folder": do.add_folder,
            "rescan": do.rescan,
            "problems": self._toggle_problems,
            "sidebar": self._show_sidebar,
            "larger": partial(self.grid.zoom, larger=True),
            "smaller": partial(self.grid.zoom, larger=False),
            "usual_size": partial(self.grid.set_cell_px, DEFAULT_CELL_PX),
            "settings": self._open_settings,
            "shortcuts": self._open_shortcuts,
            "quit": self.close,
        }

    def _connect(self) -> None:
        do = self.commands
        self._bridge.failed.connect(self._messages.fail)
        self._bridge.happened.connect(self._messages.hear)
        self._bridge.happened.connect(self._hear)
        self._bridge.happened.connect(UnwatchedTeller(self._messages, self._open_folder_settings, self).hear)
        self._bridge.happened.connect(Finish(self, self.folders_model).hear)
        self._messages.bug_found.connect(self._show_bug)
        self.search.answered.connect(self.stage.show_answer)
        self.search.answered.connect(self.others.show_answer)
        self.search.failed.connect(self.stage.show_refusal)
        self.search.failed.connect(self.others.clear)
        self.stage.problems_shown.connect(self.others.cover)
        self.search.slow.connect(self.stage.say_searching)
        self.question.changed.connect(self._mark_place)
        self.question.changed.connect(self.stage.stay)
        self.field.left.connect(self.stage.enter)
        self.grid.picked.connect(self._show_details)
        self.grid.zoomed.connect(self.header.size_slider.setValue)
        self.header.size_slider.valueChanged.connect(self.grid.set_cell_px)
        self.grid.typed.connect(self.field.type)
        self.grid.end_neared.connect(self.search.ask_for_more)
        self.grid.doubleClicked.connect(do.open)
        self.details.similar_asked.connect(do.similar)
        self.details.reveal_asked.connect(do.reveal)
        self.details.moment_asked.connect(self._ask_moment)
        self.details.looked_at.connect(self._offer_moment)
        self.quick_look.walked.connect(self.grid.walk)
        self.quick_look.closed.connect(self.grid.setFocus)
        self.quick_look.open_asked.connect(do.open_result)
        self.drop_overlay.dropped.connect(do.take)
        self.stage.page.way_chosen.connect(self._go)
        self.stage.summary_changed.connect(self.status.show_resting)
        self.stage.problems_shown.connect(self._mark_place)
        self.stage.problems_shown.connect(self._free_details)
        self.sidebar.chosen.connect(self._look_in)
        self.sidebar.problems_chosen.connect(self._show_problems)
        self.sidebar.problems_entered.connect(self._enter_problems)
        self.sidebar.add_asked.connect(do.add_folder)
        self.sidebar.rescan_asked.connect(do.rescan_folder)
        self.sidebar.reveal_asked.connect(do.reveal_folder)
        self.sidebar.left_out_asked.connect(self._open_folder_settings)
        self.sidebar.remove_asked.connect(do.remove_folder)
        self.sidebar.accept_asked.connect(do.accept_folder)
        self.notice.accepted.connect(do.accept_folder)
        self.notice.settled.connect(do.settle_lost)
        self.notice.looked.connect(self._show_lost)
        self.health.retry_asked.connect(do.retry)
        self.health.reveal_asked.connect(do.reveal_file)
        self.health.export_asked.connect(do.export_files)
        self.folders_model.updated.connect(self._free_details)
        self.folders_model.went_offline.connect(self._messages.note)
        self.suggestion.followed.connect(self._open_settings)
        self.status.pause_asked.connect(do.pause)
        self.status.resume_asked.connect(do.resume)
        self.status.cancel_asked.connect(do.cancel)

    # remembering

    def _restore(self) -> None:
        preferences = self._preferences
        self.resize(_DEFAULT_SIZE.boundedTo(self.screen().availableSize()))
        self.splitter.setSizes([SIDEBAR_PX, _DEFAULT_SIZE.width() - SIDEBAR_PX - DETAILS_PX, DETAILS_PX])
        self.restoreGeometry(preferences.geometry)
        self.splitter.restoreState(preferences.splitter)
        self.header.size_slider.setValue(preferences.cell_px)
        self.grid.set_cell_px(preferences.cell_px)
        self.sidebar.setVisible(preferences.shows("sidebar"))
        self.actions_["sidebar"].setChecked(preferences.shows("sidebar"))
        self.details_place = DetailsPlace(
            self,
            self.splitter,
            self.details,
            self.actions_["details"],
            self.quick_look,
            shown=preferences.shows("details"),
        )
        self.question.restore(preferences.question)
        self.field.setFocus()

    def save_state(self) -> None:
        """Remembers what the next start brings back."""
        preferences = self._preferences
        preferences.geometry = self.saveGeometry()
        preferences.splitter = self.splitter.saveState()
        preferences.cell_px = self.grid.wanted_cell_px
        preferences.look = self._theme.look
        preferences.question = self.question.to_stored()
        preferences.set_shows("sidebar", shown=self.actions_["sidebar"].isChecked())
        preferences.set_shows("details", shown=self.details_place.wanted)
        preferences.save()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.save_state()
        super().closeEvent(event)

    # what the panels tell each other

    @Slot()
    def _find(self) -> None:
        if self.quick_look.isVisible():
            self.quick_look.dismiss()
        self.field.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.edit.selectAll()

    @Slot()
    def _escape(self) -> None:
        if self.quick_look.isVisible():
            self.quick_look.dismiss()
        elif self.stage.shows_problems:
            self._leave_problems()
        else:
            self.field.escape()

    @Slot(bool)
    def _show_sidebar(self, shown: bool) -> None:
        self.sidebar.setVisible(shown)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, ProgressChanged):
            self.status.show_progress(event.progress)

    @Slot()
    def _free_details(self) -> None:
        self.details_place.set_available(bool(self.folders_model.folders) and not self.stage.shows_problems)

    @Slot()
    def _mark_place(self) -> None:
        if self.stage.shows_problems:
            self.sidebar.show_place(Place.PROBLEMS)
            return
        filters = self.question.asked.filters
        if filters.folder_id is not None:
            self.sidebar.show_place(Place.FOLDER, filters.folder_id)
        elif len(filters.kinds) == 1:
            self.sidebar.show_place(Place.KIND, next(iter(filters.kinds)))
        else:
            self.sidebar.show_place(Place.ALL)

    @Slot(object)
    def _look_in(self, which: FolderId | Kind | None) -> None:
        self.stage.show_problems(shown=False)
        if isinstance(which, Kind):
            self.question.look_in(kind=which)
        else:
            self.question.look_in(which)

    @Slot()
    def _show_problems(self) -> None:
        self.stage.show_problems(shown=True)

    @Slot()
    def _enter_problems(self) -> None:
        self._show_problems()
        self.health.list.setFocus()

    @Slot()
    def _show_lost(self) -> None:
        self._show_problems()
        self.health.filters.choose(Standing.LOST)

    @Slot()
    def _leave_problems(self) -> None:
        self.stage.show_problems(shown=False)
        (self.grid if self.stage.currentWidget() is self.grid else self.field).setFocus()

    @Slot()
    def _toggle_problems(self) -> None:
        if self.quick_look.isVisible():
            self.quick_look.dismiss()
        if self.stage.shows_problems:
            self._leave_problems()
        else:
            self._enter_problems()

    @Slot()
    def _show_details(self) -> None:
        self.details.show_results(self.grid.current_result(), self.grid.selected_count)
        if self.quick_look.isVisible() and (result := self.grid.current_result()) is not None:
            self.quick_look.show_result(result)

    @Slot()
    def _offer_moment(self) -> None:
        self.actions_["moment"].setVisible(self.details.chosen is not None)

    @Slot()
    def _ask_moment(self) -> None:
        if (chosen := self.details.chosen) is not None:
            self.commands.like_moment(*chosen)

    @Slot()
    def _open_quick_look(self) -> None:
        if (result := self.grid.current_result()) is not None:
            self.quick_look.show_result(result)

    @Slot(object)
    def _go(self, way: Way) -> None:
        ways = {
            Way.ADD_FOLDER: self.commands.add_folder,
            Way.SAMPLES: self.commands.add_samples,
            Way.SHOW_WEAKER: self.stage.show_weaker,
            Way.DROP_FILTERS: self.question.drop_filters,
            Way.CLEAR: self.question.clear,
            Way.SHOW_PROBLEMS: self._enter_problems,
            Way.RESUME: self.commands.resume,
        }
        ways.get(way, partial(self.reopen_asked.emit, way))()

    @Slot(QAction)
    def _choose_look(self, action: QAction) -> None:
        self._theme.set_look(Look(action.data()))

    @Slot()
    def _open_settings(self) -> None:
        self._open_settings_at(SettingsPage.MODELS)

    @Slot()
    def _open_folder_settings(self) -> None:
        self._open_settings_at(SettingsPage.FOLDERS)

    def _open_settings_at(self, page: SettingsPage) -> None:
        if self._bridge.engine is not None:
            settings = SettingsView(self._bridge, self._bridge.engine, self.models, self._messages, self)
            settings.show_page(page)
            settings.open()

    @Slot()
    def _open_shortcuts(self) -> None:
        ShortcutsView(self).open()

    @Slot(str)
    def _show_bug(self, details: str) -> None:
        dialogs = [dialog for dialog in self.findChildren(QDialog) if dialog.isVisible()]
        crash = next((dialog for dialog in dialogs if isinstance(dialog, CrashDialog)), None)
        if crash is not None:
            crash.add(details)
        else:  # before the settings, if they are open, for they shut out what is behind them
            CrashDialog(details, next((dialog for dialog in dialogs if dialog.isModal()), self)).show()
