"""The whole engine under the system's limits on watching, in a namespace where these are the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

LIMITED = """
import shutil, sys
from functools import partial
from pathlib import Path
from core import Gap, Settings, open_engine, scanning
from core.watch.watcher import Watcher
from tests.conftest import WAIT_S, until
scanning.Watcher = partial(Watcher, supervise_s=0.2)
scanning.UNSEEN_EVERY_S = 1.0
root = Path.cwd() / "photos"
settings = Settings(decode_processes=1, sounds_model="", motion_model="", speech_model="")
with open_engine(Path.cwd() / "library", settings) as engine:
    engine.start(watch=True)
    engine.add_folder(root).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    until(lambda: bool(engine.unwatched))
    (gap,) = engine.unwatched
    assert (gap.path, gap.gap) == (root, Gap.GAP), gap
    assert "fs.inotify.SETTING=" in gap.remedy, gap
    assert gap.directories >= LEAST, gap
    shutil.copy(root / "coffee.png", root / "deep29" / "new.png")
    until(lambda: engine.status().result(WAIT_S).files == 9)
    engine.wait_idle().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 0
    LIMIT.write_text("100000")
    until(lambda: engine.unwatched == ())
"""


@pytest.mark.parametrize(
    ("limit", "value", "gap", "setting", "least"),
    [
        ("max_inotify_watches", 10, "WATCHES", "max_user_watches", 20),
        ("max_inotify_instances", 0, "INSTANCES", "max_user_instances", 1),
    ],
)
def test_limit_of_the_system_is_told_and_all_is_found(
    in_namespace: Callable[[str, str], None], photos: Path, limit: str, value: int, gap: str, setting: str, least: int
) -> None:
    """And once it is raised, as is told how, everything is watched."""
    for number in range(30):
        (photos / f"deep{number}").mkdir()
    code = LIMITED.replace("GAP)", f"{gap})").replace("SETTING", setting).replace("LEAST", str(least))
    in_namespace(f"echo {value} > /proc/sys/user/{limit}", code.replace("LIMIT.", f"Path('/proc/sys/user/{limit}')."))
