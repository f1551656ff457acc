"""Why something was found, in words: of a file, and of each of its moments."""

from __future__ import annotations

from dataclasses import dataclass

from app import wording
from core import Kind, Moment, Result


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a sound or video."""

    start_ms: int
    end_ms: int

    def holds(self, at_ms: float) -> bool:
        """Whether that instant is in it."""
        return self.start_ms <= at_ms < self.end_ms


def stretch_of(moment: Moment) -> Stretch:
    """Where a moment is."""
    return Stretch(moment.start_ms, moment.end_ms)


def best_stretch(result: Result) -> Stretch | None:
    """The part for which `result` was found; None for a photo, or if it was found as a whole."""
    if result.start_ms is None or result.kind is Kind.IMAGE:
        return None
    end_ms = result.start_ms if result.end_ms is None else result.end_ms
    return Stretch(result.start_ms, end_ms)


def moment_at(result: Result, stretch: Stretch | None) -> Moment | None:
    """The moment that is just this part."""
    return next((moment for moment in result.moments if stretch_of(moment) == stretch), None)


def why(result: Result) -> str:
    """Why a result was found, in a few words; nothing when browsing."""
    if result.strength is None:
        return ""
    return _say(f"{result.strength.value.capitalize()} match", reason(result))


def why_moment(moment: Moment) -> str:
    """Why a moment matches, in a few words."""
    return _say(f"{moment.strength.value.capitalize()} match", _reason(moment.reason, moment.start_ms, moment.line))


def reason(result: Result) -> str:
    """The reason alone, with the time where there is one: "heard at 2:14: “the train to Lyon”"."""
    best = best_stretch(result)
    return _reason(result.reason, None if best is None else best.start_ms, result.line)


def _reason(said: str, start_ms: int | None, line: str) -> str:
    if start_ms is None:
        return said
    clock = wording.clock(start_ms)
    return (
        f"heard at {clock}: “{wording.isolated(wording.safe(line))}”"
        if line
        else f"{said} at {clock}"
        if said
        else f"at {clock}"
    )


def _say(strength: str, why: str) -> str:
    return f"{strength} · {why}" if why else strength
