"""One window a library: who starts a second one gets the first, which takes what the second was started with.

The two speak through a socket in the library's folder, which nobody but the user can reach; no network is involved.
Whoever has the library open listens there, so what a crash has left behind may be taken away.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from core import LibraryPaths

log = logging.getLogger(__name__)

_ANSWER_MS = 1500
"""A window that runs answers at once; one that does not is taken for stuck."""
_AGAIN_MS = 100
_MOST_BYTES = 1 << 20
_YES = b"yes\n"


def hand_over(library: Path, paths: Sequence[Path]) -> bool:
    """Whether another window has the library open, has come to the front and taken `paths`.

    Returns at once if there is none.
    """
    knock, loop, answered = Knock(library, paths), QEventLoop(), []
    knock.answered.connect(lambda: answered.append(True))
    knock.ended.connect(loop.quit)
    knock.begin()
    if not knock.is_over:
        loop.exec()
    knock.deleteLater()
    return bool(answered)


class Knock(QObject):
    """Calls the window that has a library open.

    Signals:
        answered: it came to the front and took the paths.
        ended: it did so, or there is none, or it does not answer.
    """

    answered = Signal()
    ended = Signal()

    def __init__(
        self, library: Path, paths: Sequence[Path], *, patience_ms: int = 0, parent: QObject | None = None
    ) -> None:
        """With patience, a window that does not listen yet is waited for: it may just be opening the library."""
        super().__init__(parent)
        self.is_over = False
        self._address = _address(library)
        self._message = json.dumps([str(path.absolute()) for path in paths]).encode() + b"\n"
        self._tries_left = patience_ms // _AGAIN_MS
        self._again = self._timer(_AGAIN_MS, self.begin)
        self._late = self._timer(_ANSWER_MS, self._give_up)
        self._socket = QLocalSocket(self)
        self._socket.connected.connect(self._ask)
        self._socket.readyRead.connect(self._hear)
        self._socket.errorOccurred.connect(self._fail)

    def _timer(self, after_ms: int, act: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(act)
        return timer

    @Slot()
    def begin(self) -> None:
        """Calls."""
        self._socket.connectToServer(self._address)

    @Slot()
    def _ask(self) -> None:
        self._socket.write(self._message)
        self._late.start()

    @Slot()
    def _hear(self) -> None:
        if self._socket.canReadLine() and not self.is_over:
            self.is_over = True
            log.info("another window has this library open; it was brought to the front")
            self.answered.emit()
            self.ended.emit()

    @Slot()
    def _fail(self) -> None:
        if self._tries_left > 0:
            self._tries_left -= 1
            self._again.start()
        elif not self.is_over:
            self.is_over = True
            self.ended.emit()

    @Slot()
    def _give_up(self) -> None:
        if not self.is_over:
            self.is_over = True
            log.warning("another window has this library open, but it does not answer")
            self.ended.emit()


class Door(QObject):
    """Listens for others that are started on the same library.

    Signals:
        called: somebody was, with these paths (a list); the window is to come to the front and take them.
    """

    called = Signal(object)

    def __init__(self, library: Path, parent: QObject | None = None) -> None:
        """Only for who has the library open: a socket that lies there already is taken for one that a crash left."""
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._let_in)
        address = _address(library)
        QLocalServer.removeServer(address)
        if not self._server.listen(address):
            log.info("a second start will not bring this window to the front: %s", self._server.errorString())

    def close(self) -> None:
        """Listens no more."""
        self._server.close()

    @Slot()
    def _let_in(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.setReadBufferSize(_MOST_BYTES)
            socket.readyRead.connect(self._hear)
            socket.disconnected.connect(socket.deleteLater)

    @Slot()
    def _hear(self) -> None:
        socket = self.sender()
        if not isinstance(socket, QLocalSocket) or not socket.canReadLine():
            return
        try:
            paths = [Path(path) for path in json.loads(bytes(socket.readLine().data()))]
        except (ValueError, TypeError):
            log.warning("what another program wrote into this window's socket makes no sense")
            socket.abort()
            return
        self.called.emit(paths)
        socket.write(_YES)
        socket.flush()


def _address(library: Path) -> str:
    return str(LibraryPaths(library).root / ".window")
