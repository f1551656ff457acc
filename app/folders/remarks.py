"""What is said about a watched folder: what is not taken in of it, and how changes in it are noticed."""

from __future__ import annotations

from pathlib import Path

from app import wording
from core import Folder, Gap, Rule, Skipped, Unwatched

_REASONS = {
    Rule.HIDDEN: "hidden",
    Rule.SYSTEM: "kept by the system or a program for itself",
    Rule.TOO_LARGE: "larger than the settings allow",
    Rule.BEING_WRITTEN: "still being written",
    Rule.UNREADABLE: "that cannot be looked at now",
}
_GAPS = {
    Gap.WATCHES: "the system allows no more folders to be watched",
    Gap.INSTANCES: "the system allows no further program to watch folders",
    Gap.REMOTE: "it is on another computer, which tells of no changes",
    Gap.REFUSED: "the system does not let them be watched",
}


def skipped_lines(folder: Folder) -> list[str]:
    """What is not taken in, a line for each rule."""
    return [f"{amount(skipped)} {_reason(skipped)}" for skipped in folder.skipped]


def amount(skipped: Skipped) -> str:
    """ "12 files and 3 folders"."""
    amounts = [
        wording.count(number, noun) for number, noun in ((skipped.files, "file"), (skipped.folders, "folder")) if number
    ]
    return " and ".join(amounts) or "nothing"


def examples(skipped: Skipped, most: int) -> str:
    """Names of what is left out: "a.gif, b.gif, …"."""
    names = [wording.name_of(Path(path)) for path in skipped.examples[:most]]
    return ", ".join(names) + (", …" if skipped.files + skipped.folders > len(names) else "")


def unwatched_line(unwatched: Unwatched) -> str:
    """Why changes in a folder are not all noticed at once."""
    name = f"“{wording.name_of(unwatched.path)}”"
    if unwatched.gap is Gap.REMOTE:
        return f"Changes in {name} are looked for every few minutes: {_GAPS[unwatched.gap]}."
    where = f"in {wording.count(unwatched.directories, 'folder')} of {name}" if unwatched.directories else f"in {name}"
    return f"Changes {where} are looked for only every few minutes: {_GAPS[unwatched.gap]}."


def _reason(skipped: Skipped) -> str:
    if skipped.rule is Rule.PATTERN:
        return f"by your pattern {wording.safe(skipped.pattern)}"
    reason = _REASONS[skipped.rule]
    named = skipped.rule in {Rule.BEING_WRITTEN, Rule.UNREADABLE}
    return f"{reason}: {examples(skipped, 3)}" if named else reason
