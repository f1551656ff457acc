"""How far the work is, and who is told: what is done, what is left, how fast it goes and how long it will take."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from core.events import EventBus, FailuresChanged, ProgressChanged
from core.records import Activity, PauseReason, Progress
from core.runtime.pace import Pace

TELL_EVERY_S = 0.1
"""Progress is told no more often than this."""


class Tally:
    """Counted on the `ingest` thread. `progress` may be read on any.

    Files read for the first time and files listened to are counted apart: they take times that have nothing to do with
    each other, so that together they would give no time left that is true.
    """

    def __init__(self, events: EventBus) -> None:
        self.progress = Progress()
        self._events = events
        self._pace = Pace()
        self._counted: Activity | None = None
        self._told_at = 0.0
        self._failed = -1

    @property
    def listens(self) -> bool:
        """Whether what is counted are files that are listened to."""
        return self._counted is Activity.LISTENING

    def scan(self, folder: Path) -> None:
        """A folder is looked through; worth saying if there is nothing else to say."""
        if self.progress.activity is Activity.IDLE:
            self._tell(replace(self.progress, activity=Activity.SCANNING, note=str(folder)), force=True)

    def is_at(self, *, listens: bool) -> bool:
        """Whether it is known that this sort of work is being done."""
        return self.progress.activity is (Activity.LISTENING if listens else Activity.INDEXING)

    def work(self, *, listens: bool, left: int) -> None:
        """Files are worked on, `left` of them to be done. Goes on counting; other work than before is counted anew."""
        activity = Activity.LISTENING if listens else Activity.INDEXING
        done = self.progress.done if activity is self._counted else 0
        if not self.is_at(listens=listens):
            self._pace.restart()
        self._counted = activity
        rate_per_s, eta_s = self._pace.rate_per_s, self._pace.eta_s(left)
        self._tell(Progress(activity, done, done + left, rate_per_s, eta_s), force=True)

    def count_again(self, left: int) -> None:
        """A scan found that so many are left of what is counted."""
        self.progress = replace(self.progress, total=self.progress.done + left)

    def finish(self, count: int) -> None:
        """So many more files have come to an end."""
        self._pace.add(count)
        done = self.progress.done + count
        total = max(self.progress.total, done)
        eta_s = self._pace.eta_s(total - done)
        self._tell(replace(self.progress, done=done, total=total, rate_per_s=self._pace.rate_per_s, eta_s=eta_s))

    def say(self) -> None:
        """Tells how far it is, however little has come to an end since it was last told."""
        self._tell(self.progress, force=True)

    def pause(self, reason: PauseReason, left: int | None = None) -> None:
        """Nothing further is begun; `left` are to be done, by default as many as were."""
        done = self.progress.done
        total = self.progress.total if left is None else done + left
        paused = Progress(Activity.PAUSED, done, total, paused=reason)
        if paused != self.progress:
            self._tell(paused, force=True)

    def rest(self, note: str = "") -> bool:
        """Nothing is done; `note` says why, if it should be. Whether that is news."""
        self._pace.restart()
        self._counted = None
        is_news = self.progress != Progress(note=note)
        if is_news:
            self._tell(Progress(note=note), force=True)
        return is_news

    def fail(self, failed: int) -> None:
        """So many files have failed in all."""
        if failed != self._failed:
            self._failed = failed
            self._events.publish(FailuresChanged(failed))

    def _tell(self, progress: Progress, *, force: bool = False) -> None:
        self.progress = progress
        if force or time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._told_at = time.monotonic()
            self._events.publish(ProgressChanged(progress))
