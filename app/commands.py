"""What the actions do: each takes what is selected or on the clipboard and hands it to the engine or the desktop."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app import wording
from app.ask.incoming import MAX_FILES, Incoming, read_mime
from app.ask.question_model import (
    MAX_CHARACTERS,
    NO_FILTERS,
    ExampleChip,
    QuestionModel,
    Removal,
    chip_of,
    chip_of_result,
)
from app.bridge import Bridge
from app.desktop import Revealer, choose_folder, choose_table, make_mime, open_media
from app.messages import Messages
from app.preferences import Preferences
from app.samples import sample_folder
from app.show.grid_view import GridView
from app.show.reasons import Stretch
from app.whereabouts import refusal, refusal_of_file, refusal_of_folder
from core import CoreError, Example, FileId, FileStanding, Folder, FolderId, Given, Result, Standing

_USELESS = "Nothing here that Likewise can use: it takes photos, sounds, videos and folders from this computer."
_MANY = 10
"""Opening more files than this at once is an accident."""
_REMEMBERED = 50
"""What was removed before that is not taken back any more; a question may hold whole pictures."""


class Commands(QObject):
    """Slots for the window's actions and the panels' wishes."""

    def __init__(
        self,
        window: QWidget,
        bridge: Bridge,
        question: QuestionModel,
        grid: GridView,
        messages: Messages,
        preferences: Preferences,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._bridge = bridge
        self._question = question
        self._grid = grid
        self._messages = messages
        self._preferences = preferences
        self._revealer = Revealer(self)
        self._revealer.failed.connect(self._say_not_shown)
        self._undo: deque[Removal | Folder] = deque(maxlen=_REMEMBERED)
        question.removed.connect(self._remember)

    # results

    @Slot()
    def similar(self) -> None:
        """Asks for more like the selected results."""
        results = self._grid.selected_results()
        if results:
            self._question.search_with([chip_of_result(result) for result in results[:_MANY]])
        if len(results) > _MANY:
            self._messages.note(f"The first {_MANY} of them are searched with.")

    @Slot()
    def more_like(self) -> None:
        """Asks for things like the selected results, too."""
        self._add([chip_of_result(result) for result in self._grid.selected_results()])

    @Slot()
    def less_like(self) -> None:
        """Asks for things that are less like the selected results."""
        self._add([chip_of_result(result, less=True) for result in self._grid.selected_results()])

    def _add(self, chips: Sequence[ExampleChip]) -> None:
        self._question.add(chips)
        if not set(chips) <= set(self._question.asked.chips):
            self._messages.note(f"A question has room for {MAX_FILES} examples; the rest was left out.")

    def like_moment(self, result: Result, stretch: Stretch) -> None:
        """Asks for more like a part of a sound or video."""
        self._question.search_with([chip_of_result(result, stretch)])

    @Slot()
    def open(self) -> None:
        """Opens the selected results in the system's application."""
        results = self._grid.selected_results()
        for result in results[:_MANY]:
            self.open_result(result)
        if len(results) > _MANY:
            self._messages.note(f"The first {_MANY} of them were opened.")

    @Slot(object)
    def open_result(self, result: Result) -> None:
        """Opens one result in the system's application."""
        if refused := refusal(result):
            self._messages.note(refused)
        elif not open_media(result.path):
            self.reveal_path(result.path)

    @Slot()
    def reveal(self) -> None:
        """Shows the current result in the file manager."""
        result = self._grid.current_result()
        if result is not None:
            self._reveal(result.path, refusal(result))

    @Slot(object)
    def reveal_file(self, file: FileStanding) -> None:
        """Shows a file of the list of problems in the file manager."""
        self._reveal(file.path, refusal_of_file(file))

    def _reveal(self, path: Path, refused: str) -> None:
        if refused:
            self._messages.note(refused)
        else:
            self.reveal_path(path)

    @Slot(object)
    def reveal_path(self, path: Path) -> None:
        """Shows a file in the file manager."""
        self._revealer.reveal(path)

    @Slot(object)
    def _say_not_shown(self, path: Path) -> None:
        self._messages.note(f"No file manager could be opened. {wording.place_of(path)} is where it is.")

    @Slot()
    def copy(self) -> None:
        """Copies the selected files."""
        if paths := self._selected_paths():
            QGuiApplication.clipboard().setMimeData(make_mime(paths))

    @Slot()
    def copy_path(self) -> None:
        """Copies where the selected files are, as text."""
        if paths := self._selected_paths():
            QGuiApplication.clipboard().setText(make_mime(paths).text())

    def _selected_paths(self) -> list[Path]:
        return [result.path for result in self._grid.selected_results()]

    # what comes in

    @Slot()
    def paste(self) -> None:
        """Searches with the picture, the files or the words on the clipboard."""
        mime = QGuiApplication.clipboard().mimeData()
        incoming = read_mime(mime)
        if not incoming and mime.hasText() and not mime.hasUrls():
            self._question.set_text(mime.text()[:MAX_CHARACTERS])
        else:
            self.take(incoming)

    @Slot(object)
    def take(self, incoming: Incoming) -> None:
        """Uses what was dropped or pasted."""
        if incoming.picture:
            self._add([chip_of(Example(data=incoming.picture))])
        elif incoming.paths:
            self.take_paths(incoming.paths)
        else:
            self._messages.note(_USELESS)

    def take_paths(self, paths: Sequence[Path], *, anew: bool = False) -> None:
        """Adds folders, or searches with files; `anew`, not together with what is asked already."""
        if self._bridge.engine is None:
            self._messages.note("The library is not open yet. Try again in a moment.")
        else:
            given = self._bridge.engine.look_at(paths)
            self._bridge.call(given, partial(self._take_given, anew), self._messages.fail)

    def _take_given(self, anew: bool, given: Given) -> None:
        for folder in given.folders[:MAX_FILES]:
            self.add_folder_at(folder)
        chips = [chip_of(Example(path=path)) for path in given.files]
        if not (given.folders or chips):
            self._messages.note(_USELESS)
        elif chips and anew:
            self._question.search_with(chips[:MAX_FILES])
        elif not given.folders:
            self._add(chips)

    # folders

    @Slot()
    def add_folder(self) -> None:
        """Asks for a folder and adds it."""
        start = self._preferences.folder_place or str(Path.home())
        choose_folder(self._window, "Add a folder", start, self._add_chosen)

    @Slot(str)
    def _add_chosen(self, path: str) -> None:
        self._preferences.folder_place = str(Path(path).parent)
        self.add_folder_at(Path(path))

    def add_folder_at(self, path: Path, *, again: bool = False) -> None:
        """Adds a folder, or adds it again; then it may be away."""
        if self._bridge.engine is not None:
            self._bridge.call(self._bridge.engine.add_folder(path, again=again), self._added, self._messages.fail)

    def _added(self, _folder: Folder) -> None:
        self._question.set_filters(NO_FILTERS)  # else a filter could hide what was just added

    @Slot()
    def add_samples(self) -> None:
        """Adds the sample pictures."""
        try:
            self.add_folder_at(sample_folder())
        except CoreError as error:
            self._messages.fail(error)

    @Slot(object)
    def remove_folder(self, folder: Folder) -> None:
        """Forgets a folder; can be undone, so it does not ask."""
        if self._bridge.engine is not None:
            removal = self._bridge.engine.remove_folder(folder.folder_id)
            self._bridge.call(removal, partial(self._removed, folder), self._messages.fail)

    def _removed(self, folder: Folder, _nothing: None) -> None:
        self._question.forget_folder(folder.folder_id)
        for place, entry in enumerate(self._undo):
            if isinstance(entry, Removal):
                self._undo[place] = entry.without_folder(folder.folder_id)
        self._undo.append(folder)
        self._messages.note(
            f"“{wording.name_of(folder.path)}” was removed from Likewise. Its files were not touched.",
            "Undo",
            partial(self._take_back, folder),
        )

    @Slot()
    def rescan(self) -> None:
        """Looks for changes in all folders."""
        self._rescan(None)

    @Slot(object)
    def rescan_folder(self, folder: Folder) -> None:
        """Looks for changes in one folder."""
        self._rescan(folder.folder_id)

    def _rescan(self, folder_id: FolderId | None) -> None:
        if self._bridge.engine is not None:
            self._bridge.call(self._bridge.engine.rescan(folder_id), failure=self._messages.fail)

    @Slot(object)
    def accept_folder(self, folder: Folder) -> None:
        """Takes a folder for what it is now."""
        if self._bridge.engine is not None:
            accepting = self._bridge.engine.accept_folder(folder.folder_id)
            self._bridge.call(accepting, failure=self._messages.fail)

    @Slot(object, bool)
    def settle_lost(self, folder: Folder, keep: bool) -> None:
        """Keeps or forgets what is known of files that are not there any more."""
        if self._bridge.engine is not None:
            settling = self._bridge.engine.settle_lost(folder.folder_id, keep=keep)
            self._bridge.call(settling, failure=self._messages.fail)

    @Slot(object)
    def reveal_folder(self, folder: Folder) -> None:
        """Shows a folder in the file manager."""
        self._reveal(folder.path, refusal_of_folder(folder))

    # problems and work

    @Slot(object)
    def retry(self, file_ids: Sequence[FileId] | None) -> None:
        """Tries problem files again."""
        if self._bridge.engine is not None:
            self._bridge.call(self._bridge.engine.retry(file_ids), self._retried, self._messages.fail)

    def _retried(self, count: int) -> None:
        self._messages.note(f"Trying {wording.count(count, 'file')} again.")

    @Slot(object)
    def export_files(self, standing: Standing) -> None:
        """Asks where to, and writes the list of the files of one standing there."""
        place = Path(self._preferences.folder_place or Path.home()) / f"Likewise – files {standing.words}.csv"
        choose_table(self._window, "Save the list", str(place), partial(self.export_files_to, standing))

    def export_files_to(self, standing: Standing, path: str) -> None:
        """Writes the list of the files of one standing."""
        if self._bridge.engine is not None:
            written = self._bridge.engine.export_files(Path(path), standing)
            self._bridge.call(written, partial(self._exported, Path(path)), self._messages.fail)

    def _exported(self, path: Path, count: int) -> None:
        text = f"The list of {wording.count(count, 'file')} was saved as {wording.name_of(path)}."
        self._messages.note(text, "Show in folder", partial(self.reveal_path, path))

    @Slot()
    def pause(self) -> None:
        """Holds indexing."""
        if self._bridge.engine is not None:
            self._bridge.engine.pause()

    @Slot()
    def resume(self) -> None:
        """Lets indexing go on."""
        if self._bridge.engine is not None:
            self._bridge.engine.resume()

    @Slot()
    def cancel(self) -> None:
        """Stops indexing for now."""
        if self._bridge.engine is not None:
            self._bridge.engine.cancel()

    # taking back

    @Slot()
    def undo(self) -> None:
        """Takes back the last removal of a folder or of a part of the question."""
        if self._undo:
            self._take_back(self._undo[-1])

    @Slot(object)
    def _remember(self, removal: Removal) -> None:
        self._undo.append(removal)

    def _take_back(self, entry: Removal | Folder) -> None:
        if entry not in self._undo:
            return  # already taken back
        self._undo.remove(entry)
        if isinstance(entry, Folder):
            self.add_folder_at(entry.path, again=True)
        else:
            self._question.take_back(entry)
