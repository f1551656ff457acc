"""What is left out of the watched folders: what is hidden, a system's own, too large, or named by a user's pattern."""

from __future__ import annotations

import os
from typing import TypeAlias

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from core.records import Kind, Rule

Left: TypeAlias = tuple[Rule, str]
"""Why something is left out: the rule and, of the user's own, the pattern as it was written."""

_HIDDEN: Left = (Rule.HIDDEN, "")
_SYSTEM: Left = (Rule.SYSTEM, "")
_TOO_LARGE: Left = (Rule.TOO_LARGE, "")
_SYSTEM_FOLDERS = frozenset(
    {
        b"node_modules",
        b"__pycache__",
        b"lost+found",
        b"$recycle.bin",
        b"recycler",
        b"system volume information",
        b"__macosx",
        b"@eadir",  # Synology's thumbnails and recycle bin
        b"#recycle",
        b"#snapshot",
        b"@recycle",  # QNAP's
        b"@recently-snapshot",
    }
)
_SYSTEM_ENDINGS = (b".lrdata", b".lrcat-data")  # Lightroom's previews and other things that it makes by itself
_PHOTO_LIBRARIES = (b".photoslibrary", b".photolibrary", b".aplibrary", b".migratedphotolibrary")
_ORIGINALS = frozenset({b"originals", b"masters"})
"""Of a photo library only these hold the user's files; the rest is smaller copies and databases."""


class Rules:
    """What is left out, by path below a watched folder. Immutable; may be asked on any thread.

    Attributes:
        patterns: the user's patterns.

    Args:
        patterns: one a line, as in a .gitignore at the top of each watched folder; lines that are no pattern count
            for nothing (`not_patterns` names them).
        max_image_bytes: the largest picture that is taken in; without it any is.
        max_media_bytes: the same for sounds and videos.
    """

    def __init__(
        self, patterns: str = "", max_image_bytes: int | None = None, max_media_bytes: int | None = None
    ) -> None:
        self._max_image_bytes = max_image_bytes
        self._max_media_bytes = max_media_bytes
        self.patterns = [line for line in patterns.splitlines() if line.strip() and _is_pattern(line)]
        self._spec = GitIgnoreSpec.from_lines(self.patterns)
        self._has_patterns = any(pattern.include is not None for pattern in self._spec.patterns)

    def entry(self, below: bytes, *, is_directory: bool) -> Left | None:
        """Why the entry at `below`, a path in the watched folder, is left out, but the folders above it are not."""
        parent, _, name = below.rpartition(os.sep.encode())
        if name.startswith(b"."):
            return _HIDDEN
        lower = name.lower()
        if is_directory and (lower in _SYSTEM_FOLDERS or lower.endswith(_SYSTEM_ENDINGS)):
            return _SYSTEM
        if parent and parent.lower().endswith(_PHOTO_LIBRARIES) and lower not in _ORIGINALS:
            return _SYSTEM
        return self.pattern(below, is_directory=is_directory)

    def pattern(self, below: bytes, *, is_directory: bool = False) -> Left | None:
        """The user's pattern by which the entry, or a folder above it, is left out."""
        if not self._has_patterns:
            return None
        text = os.fsdecode(below).replace(os.sep, "/") + "/" * is_directory
        found = self._spec.check_file(text)
        return (Rule.PATTERN, self.patterns[found.index]) if found.include and found.index is not None else None

    def size(self, kind: Kind, size_bytes: int) -> Left | None:
        """Whether a file is left out for its size."""
        most = self._max_image_bytes if kind is Kind.IMAGE else self._max_media_bytes
        return _TOO_LARGE if most is not None and size_bytes > most else None

    def path(self, root: bytes, path: bytes, *, is_directory: bool) -> Left | None:
        """Why `path` is left out of the folder `root`, itself or with a folder above it."""
        below = path[len(root) :].lstrip(os.sep.encode())
        end = 0
        while below and end != len(below):
            end = below.find(os.sep.encode(), end + 1)
            end = len(below) if end == -1 else end
            if left := self.entry(below[:end], is_directory=is_directory or end != len(below)):
                return left
        return None


def not_patterns(patterns: str) -> list[str]:
    """The lines that are no patterns."""
    return [line for line in patterns.splitlines() if line.strip() and not _is_pattern(line)]


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except GitIgnorePatternError:
        return False
    return True
