"""Where each cell of the grid is: squares in rows, in sections with a heading. Pure arithmetic, no widget.

All lengths are logical pixels in content coordinates (0 at the top of the first section). A question about a
position costs the logarithm of the number of sections, so a hundred thousand cells cost nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect

MARGIN_PX = 16
GAP_PX = 8
HEADING_PX = 40


@dataclass(frozen=True, slots=True)
class Section:
    """A run of results under one heading; `first` is the row of its first one."""

    title: str
    first: int
    count: int


class GridLayout:
    """The geometry of `sections` in `width_px`, with cells of about `cell_px`, widened to fill the row."""

    def __init__(self, sections: Sequence[Section], width_px: int, cell_px: int, heading_px: int = HEADING_PX) -> None:
        self.sections = sections
        self.heading_px = heading_px
        room = max(width_px - 2 * MARGIN_PX, 1)
        self.columns = max(1, (room + GAP_PX) // (cell_px + GAP_PX))
        self.cell_px = max(1, (room - GAP_PX * (self.columns - 1)) // self.columns)
        self.step_px = self.cell_px + GAP_PX
        self._tops: list[int] = []
        self._firsts: list[int] = [section.first for section in sections]
        top = 0
        for section in sections:
            self._tops.append(top)
            top += heading_px + self._lines(section) * self.step_px
        self.height_px = top + MARGIN_PX if sections else 0

    def _lines(self, section: Section) -> int:
        return -(-section.count // self.columns)

    @property
    def row_count(self) -> int:
        """How many cells there are."""
        return self.sections[-1].first + self.sections[-1].count if self.sections else 0

    def heading(self, number: int) -> QRect:
        """Where section `number`'s heading is."""
        width = self.columns * self.step_px - GAP_PX
        return QRect(MARGIN_PX, self._tops[number], width, self.heading_px)

    def cell(self, row: int) -> QRect:
        """Where the cell of `row` is."""
        number = bisect_right(self._firsts, row) - 1
        line, column = divmod(row - self._firsts[number], self.columns)
        left = MARGIN_PX + column * self.step_px
        return QRect(left, self._tops[number] + self.heading_px + line * self.step_px, self.cell_px, self.cell_px)

    def row_at(self, x: int, y: int) -> int | None:
        """The row whose cell holds the point, if any."""
        for row in self.rows_in(QRect(x, y, 1, 1)):
            return row
        return None

    def rows_in(self, area: QRect) -> list[int]:
        """The rows whose cells touch `area`, in order."""
        rows: list[int] = []
        for start, end in self.runs_in(area):
            rows.extend(range(start, end))
        return rows

    def runs_in(self, area: QRect) -> list[tuple[int, int]]:
        """The rows whose cells touch `area` as half-open runs, one for each line of cells."""
        first_column = max(0, -(-(area.left() - MARGIN_PX - self.cell_px + 1) // self.step_px))
        last_column = min(self.columns - 1, (area.right() - MARGIN_PX) // self.step_px)
        if first_column > last_column:
            return []
        runs: list[tuple[int, int]] = []
        for number in self.sections_in(area):
            section = self.sections[number]
            cells_top = self._tops[number] + self.heading_px
            first_line = max(0, -(-(area.top() - cells_top - self.cell_px + 1) // self.step_px))
            last_line = min(self._lines(section) - 1, (area.bottom() - cells_top) // self.step_px)
            for line in range(first_line, last_line + 1):
                start = section.first + line * self.columns + first_column
                end = min(section.first + line * self.columns + last_column + 1, section.first + section.count)
                if start < end:
                    runs.append((start, end))
        return runs

    def sections_in(self, area: QRect) -> range:
        """The numbers of the sections that touch `area`."""
        if not self.sections or area.bottom() < 0:
            return range(0)
        first = max(0, bisect_right(self._tops, area.top()) - 1)
        last = bisect_right(self._tops, area.bottom())
        return range(first, last)

    def row_above(self, row: int, lines: int = 1) -> int:
        """The row `lines` lines higher (negative: lower) in the same column, or the nearest there is."""
        for _ in range(abs(lines)):
            nearest = self._neighbour(row, up=lines > 0)
            if nearest is None:
                return row
            row = nearest
        return row

    def _neighbour(self, row: int, *, up: bool) -> int | None:
        number = bisect_right(self._firsts, row) - 1
        section = self.sections[number]
        line, column = divmod(row - section.first, self.columns)
        line += -1 if up else 1
        if line < 0 or line >= self._lines(section):
            number += -1 if up else 1
            if not 0 <= number < len(self.sections):
                return None
            section = self.sections[number]
            line = self._lines(section) - 1 if up else 0
        return min(section.first + line * self.columns + column, section.first + section.count - 1)
