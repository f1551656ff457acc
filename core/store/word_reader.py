"""Finds things by the very words: lines that are spoken, names and titles, folders."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from core.records import FileId, Ids, Vectors
from core.store.changes import name_key
from core.store.space_reader import SpaceReader, ids_of

MOST_SHARE = 0.1
"""Words that more than one thing in ten has say nothing about any."""
MORE = 100
"""In a library of a few, words are taken to be as rare as if so many things more were there that lack them."""
MOST_WORDS = 12
SHORTEST_BEGINNING = 3
"""Fewer letters of a word that is still being typed begin too many."""
_PLACES_LOOKED_AT = 500
_ALL = "SELECT count(*) FROM words_docsize"
_BEST = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank, rowid"
_NUMBER = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"


@dataclass(frozen=True, slots=True)
class Mentions:
    """Things that have all the words, best first (bm25); `shares` is how common that is among all (0..1)."""

    ids: Ids
    shares: Vectors


NOBODY = Mentions(np.empty(0, np.int64), np.empty(0, np.float32))


class WordReader(SpaceReader):
    """What the user types is never syntax: words are taken out of it, and each is quoted."""

    def heard(self, text: str) -> Mentions:
        """Segments in which `text` is said."""
        return self._mentions("line_words", "", text)

    def named(self, text: str) -> Mentions:
        """Files that have `text` in their name."""
        return self._mentions("file_words", "name:", name_key(text))

    def titled(self, text: str) -> Mentions:
        """Items that have `text` in what they call themselves."""
        return self._mentions("title_words", "", text)

    def files_in(self, name: str) -> list[FileId]:
        """Some files that lie in a folder of that name, watched or below a watched one; the newest known first."""
        phrase = _quoted(" ".join(_words(name)))
        if phrase == '""':
            return []
        rows = self._rows(
            "SELECT rowid, place FROM file_words WHERE file_words MATCH ? ORDER BY rowid DESC LIMIT ?",
            f"place:{phrase}",
            _PLACES_LOOKED_AT,
        )
        wanted = name_key(name.strip())
        return [FileId(file_id) for file_id, place in rows if wanted in name_key(place).split("/")]

    def _mentions(self, table: str, column: str, text: str) -> Mentions:
        count = self._remembered(table, lambda: int(self._rows(_ALL.replace("words", table))[0][0]))
        most = int(MOST_SHARE * (count + MORE))
        words = self._telling(table, column, _words(text)[:MOST_WORDS], most)
        if not words:
            return NOBODY
        wholes = [column + _quoted(word) for word in words]
        all_words = " AND ".join(wholes)
        found = self._ranked(table, all_words, most)
        if not len(found) and len(words[-1]) >= SHORTEST_BEGINNING:
            return self._rated(self._ranked(table, all_words + "*", most), count)
        mentions = self._rated(found, count)
        if len(words) > 1:
            whole = self._ranked(table, column + _quoted(" ".join(_words(text))), most)
            mentions.shares[np.isin(found, whole)] = len(whole) / (count + MORE)
        return mentions

    def _telling(self, table: str, column: str, words: list[str], most: int) -> list[str]:
        """Those that say something; all if none does. In a small library that is a matter of length."""
        if len(words) < 2:
            return words
        longer = [word for word in words if len(word) > 2 or not word.isascii()]
        rare = [word for word in longer if self._how_many(table, column + _quoted(word), most) <= most]
        return rare or longer or words

    def _ranked(self, table: str, expression: str, most: int) -> Ids:
        """What matches, best first; nothing if more than `most` do."""
        if self._how_many(table, expression, most) > most:
            return NOBODY.ids
        return ids_of(self._rows(_BEST.replace("words", table), expression))

    def _how_many(self, table: str, expression: str, most: int) -> int:
        """How many match, counted to just beyond `most`."""
        return int(self._rows(_NUMBER.replace("words", table), expression, most + 1)[0][0])

    @staticmethod
    def _rated(ids: Ids, count: int) -> Mentions:
        return Mentions(ids, np.full(len(ids), len(ids) / (count + MORE), np.float32))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFC", text))


def _quoted(words: str) -> str:
    return f'"{words}"'
