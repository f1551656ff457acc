"""What the rest of the desktop does for us: opens a file, shows it in its folder, takes copies."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QObject, QProcess, QSysInfo, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from core import Kind, kind_of

log = logging.getLogger(__name__)


def url_of(path: Path) -> QUrl:
    """The file URL of an absolute path, whatever bytes its name has."""
    return QUrl.fromEncoded(QByteArray(path.as_uri().encode("ascii")))


def is_media(path: Path) -> bool:
    """Whether `path` is called like a photo, sound or video, which a system shows or plays and never runs.

    Only the names that we index: there are "images" and "sounds" that hold scripts (SVG, PostScript, metafiles) or name
    addresses to fetch (playlists). Reads nothing.
    """
    return kind_of(os.fsencode(path.name)) is not None


def kind_by_name(path: Path) -> Kind:
    """What a file probably holds, by its name alone; a photo when that says nothing."""
    return kind_of(os.fsencode(path.name)) or Kind.IMAGE


def open_media(path: Path) -> bool:
    """Opens a media file in the system's application; refuses anything else."""
    return is_media(path) and QDesktopServices.openUrl(url_of(path))


def notify(title: str, text: str) -> None:
    """Shows a notice of the system's, where it has such: the portal is there on every desktop of Linux that has one."""
    from PySide6.QtDBus import QDBusConnection, QDBusMessage

    bus = QDBusConnection.sessionBus()
    if bus.isConnected():
        service, path = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
        message = QDBusMessage.createMethodCall(service, path, "org.freedesktop.portal.Notification", "AddNotification")
        message.setArguments(["finished", {"title": title, "body": text}])
        bus.send(message)  # whoever does not answer, does not show it


def make_mime(paths: Sequence[Path]) -> QMimeData:
    """Files to copy elsewhere: as URLs, as text, and as GNOME's file manager wants them."""
    urls = [url_of(path) for path in paths]
    mime = QMimeData()
    mime.setUrls(urls)
    mime.setText("\n".join(str(path).encode("utf-8", "replace").decode() for path in paths))
    encoded = b"\n".join(bytes(url.toEncoded().data()) for url in urls)
    mime.setData("x-special/gnome-copied-files", QByteArray(b"copy\n" + encoded))
    return mime


def choose_folder(window: QWidget, title: str, start: str, chosen: Callable[[str], object]) -> None:
    """Asks for a folder, and tells `chosen` if one is chosen."""
    dialog = QFileDialog(window, title, start)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(chosen)
    dialog.open()


def choose_table(window: QWidget, title: str, start: str, chosen: Callable[[str], object]) -> None:
    """Asks where to save a table, and tells `chosen` if a place is chosen."""
    dialog = QFileDialog(window, title, start, "Table (*.csv)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(chosen)
    dialog.open()


class Revealer(QObject):
    """Shows files in the system's file manager: selected where it can do that, else opens their folder.

    Signals:
        failed: no file manager showed this path.
    """

    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked: Path | None = None

    def reveal(self, path: Path) -> None:
        """Returns at once; the file manager comes when it comes."""
        self._asked = path
        system = QSysInfo.kernelType()
        if system == "darwin":
            started, _ = QProcess.startDetached("open", ["-R", str(path)])
        elif system == "winnt":
            started, _ = QProcess.startDetached("explorer", [f"/select,{path}"])
        else:
            started = True
            self._ask_file_manager(path)
        if not started:
            self.failed.emit(path)

    def _ask_file_manager(self, path: Path) -> None:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            self._open_folder()
            return
        service = "org.freedesktop.FileManager1"
        message = QDBusMessage.createMethodCall(service, "/org/freedesktop/FileManager1", service, "ShowItems")
        message.setArguments([[bytes(url_of(path).toEncoded().data()).decode("ascii")], ""])
        watcher = QDBusPendingCallWatcher(bus.asyncCall(message), self)
        watcher.finished.connect(self._answered)

    @Slot("QDBusPendingCallWatcher*")
    def _answered(self, watcher: object) -> None:
        from PySide6.QtDBus import QDBusPendingCallWatcher

        if isinstance(watcher, QDBusPendingCallWatcher):
            if watcher.isError():
                self._open_folder()
            watcher.deleteLater()

    def _open_folder(self) -> None:
        if self._asked is not None and not QDesktopServices.openUrl(url_of(self._asked.parent)):
            log.warning("no file manager opened %r", str(self._asked.parent))
            self.failed.emit(self._asked)
