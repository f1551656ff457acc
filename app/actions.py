"""Every action of the window: words, keys and icon, in one table. Menus and the sheet of shortcuts are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.icons import icon
from app.theme import Look


class Scope(Enum):
    """Where an action's keys count."""

    WINDOW = "anywhere in the window"
    GRID = "on the results"


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. `section` groups it in menus and in the sheet; keys are as `QKeySequence` reads them."""

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon_name: str = ""
    section: str = ""
    scope: Scope = Scope.WINDOW
    checkable: bool = False


ACTIONS = (
    ActionSpec("find", "Search", ("Ctrl+F", "/"), "search", "Ask"),
    ActionSpec("paste", "Search with what is on the clipboard", ("Ctrl+V",), "picture-add", "Ask"),
    ActionSpec("clear", "Clear the question, then leave it", ("Esc",), "", "Ask"),
    ActionSpec("undo", "Undo", ("Ctrl+Z",), "undo", "Ask"),
    ActionSpec("similar", "Find similar", ("Ctrl+L",), "similar", "Results", Scope.GRID),
    ActionSpec("more_like", "More like this", ("Ctrl+M",), "plus", "Results", Scope.GRID),
    ActionSpec("less_like", "Less like this", ("Ctrl+Shift+M",), "minus", "Results", Scope.GRID),
    ActionSpec("moment", "Find more like this moment", ("Ctrl+Shift+L",), "moment", "Results", Scope.GRID),
    ActionSpec("quick_look", "Quick look", ("Space",), "large", "Results", Scope.GRID),
    ActionSpec("open", "Open", ("Return", "Enter"), "open", "Results", Scope.GRID),
    ActionSpec("reveal", "Show in folder", ("Ctrl+Return", "Ctrl+Enter"), "reveal", "Results", Scope.GRID),
    ActionSpec("copy", "Copy", ("Ctrl+C",), "copy", "Results", Scope.GRID),
    ActionSpec("copy_path", "Copy path", ("Ctrl+Shift+C",), "", "Results", Scope.GRID),
    ActionSpec("add_folder", "Add a folder…", ("Ctrl+O",), "folder-add", "Library"),
    ActionSpec("rescan", "Look for changes", ("F5",), "retry", "Library"),
    ActionSpec("problems", "Files and problems", ("Ctrl+P",), "problem", "Library"),
    ActionSpec("sidebar", "Sidebar", ("F9",), "sidebar", "View", checkable=True),
    ActionSpec("details", "Details", ("Ctrl+I",), "details", "View", checkable=True),
    ActionSpec("larger", "Larger pictures", ("Ctrl++", "Ctrl+="), "large", "View"),
    ActionSpec("smaller", "Smaller pictures", ("Ctrl+-",), "small", "View"),
    ActionSpec("usual_size", "Usual size", ("Ctrl+0",), "", "View"),
    ActionSpec("settings", "Settings…", ("Ctrl+,",), "", "Likewise"),
    ActionSpec("shortcuts", "Keyboard shortcuts", ("?", "F1"), "info", "Likewise"),
    ActionSpec("quit", "Quit", ("Ctrl+Q",), "", "Likewise"),
)
_MENU = ("Library", "View", "Likewise")
_LOOKS = {Look.SYSTEM: "Like the system", Look.LIGHT: "Light", Look.DARK: "Dark"}


class Actions(QObject):
    """The actions as Qt objects, connected to what does them."""

    def __init__(self, window: QWidget, grid: QWidget, handlers: Mapping[str, Callable[[], object]]) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        for spec in ACTIONS:
            action = QAction(spec.text, self)
            action.setShortcuts([QKeySequence(key) for key in spec.keys])
            if spec.icon_name:
                action.setIcon(icon(spec.icon_name))
            action.setCheckable(spec.checkable)
            if spec.name in handlers:
                action.triggered.connect(handlers[spec.name])
            if spec.scope is Scope.GRID:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                grid.addAction(action)  # in the table's order these are the grid's context menu
            else:
                window.addAction(action)
            self._actions[spec.name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def make_menu(self, parent: QWidget) -> QMenu:
        """The window's menu: everything that has no button of its own."""
        menu = QMenu(parent)
        for section in _MENU:
            if not menu.isEmpty():
                menu.addSeparator()
            menu.addActions([self._actions[spec.name] for spec in ACTIONS if spec.section == section])
        return menu

    def make_looks(self, menu: QMenu, current: Look, choose: Callable[[QAction], object]) -> None:
        """Adds the choice between light and dark to `menu`, above its last section."""
        submenu = QMenu("Colours", menu)
        group = QActionGroup(submenu)
        for look, title in _LOOKS.items():
            action = submenu.addAction(title)
            action.setCheckable(True)
            action.setChecked(look is current)
            action.setData(look)
            group.addAction(action)
        group.triggered.connect(choose)
        menu.insertMenu(self._actions["settings"], submenu)
