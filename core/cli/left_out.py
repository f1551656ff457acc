"""What is left out: adding to it, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.cli.table import count, shown
from core.engine import Engine
from core.errors import CoreError
from core.opening import settings_of
from core.records import Folder, Rule, Skipped
from core.watch.rules import not_patterns

_WORDS = {
    Rule.HIDDEN: "hidden",
    Rule.SYSTEM: "a system's or program's own",
    Rule.TOO_LARGE: "larger than the settings allow",
    Rule.BEING_WRITTEN: "still being written, waited for",
    Rule.UNREADABLE: "that cannot be looked at now",
}


def leave_out(engine: Engine, patterns: Sequence[str]) -> None:
    """Adds patterns to the library's settings, before the engine starts. Raises CoreError for what is none."""
    if wrong := not_patterns("\n".join(patterns)):
        raise CoreError(f"This is no pattern: {shown(wrong[0])}")
    stored = settings_of(engine.library)  # not the engine's: these may hold what is meant for this once
    lines = stored.exclude.splitlines()
    lines += [pattern for pattern in dict.fromkeys(patterns) if pattern not in lines]
    if patterns:
        replace(stored, exclude="\n".join(lines)).save(engine.library.settings)
        engine.settings = replace(engine.settings, exclude="\n".join(lines))


def skipped_lines(folders: Sequence[Folder]) -> list[str]:
    """What each rule leaves out of each folder, a line each."""
    lines = []
    for folder in folders:
        if folder.skipped:
            lines += ["", f"Not taken in of {shown(folder.path)}:"]
            lines += [f"  {_amount(skipped)} {_reason(skipped)}" for skipped in folder.skipped]
    return lines


def _amount(skipped: Skipped) -> str:
    amounts = [count(number, noun) for number, noun in ((skipped.files, "file"), (skipped.folders, "folder")) if number]
    return " and ".join(amounts)


def _reason(skipped: Skipped) -> str:
    if skipped.rule is Rule.PATTERN:
        return f"by your pattern {shown(skipped.pattern)}"
    named = skipped.rule in {Rule.BEING_WRITTEN, Rule.UNREADABLE}
    return _WORDS[skipped.rule] + (f": {', '.join(map(shown, skipped.examples))}" if named else "")
