"""Odd, rare and broken files from the test suites of decoders and players, through the whole engine.

Each has a verdict in labels.csv, made by other decoders. The valid ones are indexed, the others reported with a reason
that is true, nothing crashes, hangs or grows, and what was done is not done again.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core import Engine, Failure, Reason, Settings, kind_of, open_engine
from core.runtime.sandbox import resident_bytes
from tests.conftest import WAIT_S, children
from tests.core.steps import rescan, work_of

LONG_S = 1500
CHILD_BYTES = 3 << 30
GROWTH_BYTES = 1 << 30
"""Models, their working memory, and the rows of some hundred files."""
NO_FILES_FAULT = {Reason.DECODER_CRASHED, Reason.TOO_SLOW, Reason.OUT_OF_MEMORY, Reason.UNREADABLE}
UNREADABLE_FOR_US = {Reason.DAMAGED, Reason.INCOMPLETE, Reason.UNSUPPORTED, Reason.NOT_MEDIA, Reason.TOO_LARGE}
TRUE_REASONS: tuple[tuple[str, set[Reason]], ...] = (
    (r"^empty|name: empty", {Reason.EMPTY}),
    (r"DecompressionBomb", {Reason.TOO_LARGE}),
    (r"^first \d|^half|% of a|truncat|shortfile|End of file", {Reason.INCOMPLETE, Reason.DAMAGED}),
    (r"^text file", {Reason.NOT_MEDIA}),
    (r"Unsupported", {Reason.UNSUPPORTED, Reason.DAMAGED}),
    (r"", UNREADABLE_FOR_US),
)
"""What other decoders said of a file, and what it may be called then."""


@dataclass(frozen=True)
class Label:
    """A file and what is known of it."""

    path: Path
    verdict: str
    said: str
    empty: bool

    @property
    def true_reasons(self) -> set[Reason]:
        if self.empty:
            return {Reason.EMPTY}
        return next(reasons for pattern, reasons in TRUE_REASONS if re.search(pattern, self.said))


@pytest.fixture(scope="module")
def labels(shared: Path) -> list[Label]:
    """Those files that are called like something that we read, and are not hidden."""
    folder = shared / "data" / "torture"
    if not folder.is_dir():
        pytest.skip(f"no odd and broken files in {folder}")
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = []
    for row in rows:
        said = f"{row['why']} | {row['decoder_result']} | {row['file']}"
        path = Path(os.fsdecode(os.fsencode(folder / row["file"]).replace(rb"\xff\xfe", b"\xff\xfe")))
        if kind_of(os.fsencode(path.name)) and not path.name.startswith(".") and path.exists():
            labels.append(Label(path, row["verdict"], said, row["bytes"] == "0"))
    return labels


@pytest.fixture
def engine(tmp_path: Path, model_cache: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "library", Settings(decode_processes=2))
    engine.start(watch=False)
    yield engine
    engine.close(WAIT_S)


def index_all(engine: Engine, folder: Path) -> dict[Path, Failure]:
    engine.add_folder(folder).result(WAIT_S)
    engine.wait_idle().result(LONG_S)
    return {failure.path: failure for failure in engine.failures().result(WAIT_S)}


def judge(labels: list[Label], failed: dict[Path, Failure]) -> Counter[tuple[str, str]]:
    """How many of each verdict ended how. Every failure is the file's own, and truly told."""
    ended = Counter((label.verdict, "failed" if label.path in failed else "indexed") for label in labels)
    untrue = {
        label.path.name: (label.said, str(failed[label.path].reason))
        for label in labels
        if label.verdict in {"invalid", "undecodable_here"}
        and label.path in failed
        and failed[label.path].reason not in label.true_reasons
    }
    assert untrue == {}
    assert [one.path.name for one in failed.values() if one.reason in NO_FILES_FAULT] == []
    assert [label.path.name for label in labels if label.verdict == "invalid" and label.path not in failed] == []
    return ended


def test_some_odd_and_broken_pictures_through_the_whole_engine(
    engine: Engine, labels: list[Label], tmp_path: Path
) -> None:
    pictures = [label for label in labels if label.path.suffix.lower() not in {".mp3", ".mp4", ".mkv", ".m4a", ".wav"}]
    bad = [label for label in pictures if label.verdict in {"invalid", "undecodable_here"}]
    good = [label for label in pictures if label.verdict == "valid"][::16]
    (tmp_path / "media").mkdir()
    copies = []
    for number, label in enumerate(bad + good):
        copy = tmp_path / "media" / f"{number} {label.path.name}"
        shutil.copyfile(label.path, copy)
        copies.append(Label(copy, label.verdict, label.said, label.empty))

    ended = judge(copies, index_all(engine, tmp_path / "media"))

    assert ended["valid", "failed"] == 0
    assert engine.status().result(WAIT_S).waiting == 0


@pytest.mark.slow
@pytest.mark.timeout(2 * LONG_S)
def test_all_odd_and_broken_files_through_the_whole_engine(engine: Engine, labels: list[Label], shared: Path) -> None:
    memory, started = resident_bytes(), time.monotonic()
    failed = index_all(engine, shared / "data" / "torture" / "files")
    took_s = time.monotonic() - started
    most = max(most_memory(pid) for pid, command in children().items() if "core.decode.child" in command)
    status = engine.status().result(WAIT_S)

    ended = judge(labels, failed)
    grown = resident_bytes() - memory
    print(  # noqa: T201 - the figures
        f"{status.files} files in {took_s:.0f} s, {status.failed} failed: {dict(ended)}; "
        f"{Counter(str(one.reason) for one in failed.values())}; "
        f"grown by {grown >> 20} MB, a decoder had {most >> 20} MB at most"
    )
    valid = ended["valid", "indexed"], ended["valid", "failed"]
    assert valid[0] >= 0.98 * sum(valid), [
        (label.path.name, failed[label.path].sentence)
        for label in labels
        if label.verdict == "valid" and label.path in failed
    ]
    assert (status.waiting, status.files) == (0, len(labels))
    assert grown < GROWTH_BYTES
    assert most < CHILD_BYTES
    assert work_of(engine, lambda: rescan(engine)) == 0


def most_memory(pid: int) -> int:
    """What a process had at any time, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
