"""A drive that answers with errors has lost nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.forks import Forks


def test_what_cannot_be_looked_at_is_not_gone_is_told_and_is_not_read_again(
    tmp_path: Path, faults: Path, sample_photos: list[Path], model_cache: Path
) -> None:
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    for photo, name in zip(sample_photos, ("a.png", "deep/b.png", "deep/c.png"), strict=False):
        shutil.copy(photo, photos / name)
    with Forks("tests.faults.ailing", {"LD_PRELOAD": str(faults)}) as forks:
        said = forks.run("fall_ill", tmp_path / "library", photos, faults)
        assert forks.status == 0, said
