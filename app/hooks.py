"""Where everything unexpected goes: a log file, a fault file, and the crash dialog. Installed once, first thing."""

from __future__ import annotations

import faulthandler
import logging
import sys
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

log = logging.getLogger(__name__)

_LOG_BYTES = 5 * 1024 * 1024
_LOG_FILES = 5
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Hooks:
    """Installs logging, the fault handler and the exception hook; `remove` puts back what was there."""

    def __init__(self, folder: Path, report: Callable[[str], object]) -> None:
        """`report` is called with the traceback of every exception that nobody caught."""
        self._report = report
        self._faults: TextIO | None = None
        self._handler: logging.Handler | None = None
        self._previous = sys.excepthook
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._faults = (folder / "faults.log").open("a", encoding="utf-8")
            self._handler = RotatingFileHandler(
                folder / "likewise.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES - 1, encoding="utf-8"
            )
        except OSError as error:
            log.warning("no log can be written to %r: %s", str(folder), error)
        if self._faults is not None:
            faulthandler.enable(self._faults)
        if self._handler is not None:
            self._handler.setFormatter(
                logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s")
            )
            logging.getLogger().addHandler(self._handler)
            logging.getLogger().setLevel(logging.INFO)
        sys.excepthook = self._on_exception
        qInstallMessageHandler(_on_qt_message)

    def remove(self) -> None:
        """Puts back what was there before."""
        sys.excepthook = self._previous
        qInstallMessageHandler(None)
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)
            self._handler.close()
        if self._faults is not None:
            faulthandler.disable()
            self._faults.close()

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        if issubclass(kind, KeyboardInterrupt):
            raise SystemExit(130)
        self._report("".join(traceback.format_exception(error)))


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger(f"qt.{context.category or 'default'}").log(_LEVELS[kind], "%s", message)
