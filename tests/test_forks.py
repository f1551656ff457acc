"""The processes that tests kill."""

from __future__ import annotations

import os
import signal
import sys

from tests.forks import Forks


def die_within_a_line() -> None:
    sys.stdout.write("whole\nhalf")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_end_is_seen_whatever_was_being_printed() -> None:
    with Forks("tests.test_forks") as forks:
        assert forks.run("die_within_a_line") == ["whole"]
        assert forks.status == -signal.SIGKILL
