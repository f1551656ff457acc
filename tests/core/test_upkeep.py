"""What is done when nothing waits, for as long as the engine runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from core import Engine, NoticePosted
from tests.conftest import WAIT_S, until
from tests.core.conftest import FakeClock
from tests.core.steps import index, rescan
from tests.core.store.test_soundness import damage


def contents(engine: Engine) -> int:
    with closing(sqlite3.connect(engine.library.catalog)) as database:
        ((count,),) = database.execute("SELECT count(*) FROM item")
    return int(count)


def test_what_has_had_no_file_for_a_month_is_forgotten_though_nobody_starts_anew(
    engine: Engine, photos: Path, time_of_day: FakeClock
) -> None:
    index(engine, photos)
    engine.remove_folder(engine.folders().result(WAIT_S)[0].folder_id).result(WAIT_S)
    assert contents(engine) == 8
    began_s = time_of_day.now_s

    def a_week_later() -> bool:
        time_of_day.now_s += 7 * 86400
        rescan(engine)
        return contents(engine) == 0

    until(a_week_later)
    assert time_of_day.now_s - began_s > 30 * 86400


def test_damage_is_found_while_nothing_waits_and_told(open_library: Callable[[], Engine], photos: Path) -> None:
    engine = open_library()
    engine.start(watch=False)
    index(engine, photos)
    until(engine.library.checked.exists)
    engine.close()
    engine.library.checked.unlink()
    damage(engine.library.catalog)
    told: list[str] = []
    engine = open_library()
    engine.events.subscribe(lambda event: told.append(event.text) if isinstance(event, NoticePosted) else None)
    engine.start(watch=False)
    until(lambda: bool(told))
    assert "is damaged. Close Likewise and start it again" in told[0]
    engine.close()
    engine = open_library()
    engine.start(watch=False)
    until(engine.library.checked.exists)
    assert engine.status().result(WAIT_S).items == 8
