"""Writes resources/whisper: what Whisper-base hears in the synthetic sounds, for its centre and for chance.

    python benchmarks/choose_strange_sounds.py FOLDER      # with model.bin, or a repository of the hub

Models that nothing is shipped for do the same when they are first used.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from core.embed.whisper import Whisper
from core.paths import resource
from core.records import ModelCard, Role, WeightFile


class Folder:
    """Weights in the folder that was named."""

    def file(self, file: WeightFile) -> bytes:
        raise NotImplementedError(file.member)

    def folder(self) -> Path:
        return Path(sys.argv[1])


def main() -> None:
    card = ModelCard("whisper", "whisper", Role.SOUNDS, "Whisper", "", "MIT")
    for old in resource("whisper").glob("reference-*"):
        old.unlink()
    with tempfile.TemporaryDirectory() as cache:
        Whisper(card, weights=Folder(), device="cpu", cache=Path(cache)).load()
        (made,) = Path(cache).glob("reference-*")
        target = resource("whisper", made.name)
        target.write_bytes(made.read_bytes())
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
