from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRect

from app.show.grid_layout import GAP_PX, HEADING_PX, MARGIN_PX, GridLayout, Section


def make(counts: list[int], width_px: int = 600, cell_px: int = 100) -> GridLayout:
    sections, first = [], 0
    for number, count in enumerate(counts):
        sections.append(Section(str(number), first, count))
        first += count
    return GridLayout(sections, width_px, cell_px)


LAYOUTS = st.builds(
    make,
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
    st.integers(50, 2000),
    st.integers(96, 512),
)


@given(LAYOUTS)
def test_cells_do_not_overlap_and_fill_the_width(layout: GridLayout) -> None:
    cells = [layout.cell(row) for row in range(layout.row_count)]
    for one, other in pairwise(cells):
        assert not one.intersects(other)
    assert max(cell.bottom() for cell in cells) < layout.height_px
    used = layout.columns * layout.step_px - GAP_PX
    assert used <= max(layout.cell_px, used)
    assert min(cell.left() for cell in cells) == MARGIN_PX


@given(LAYOUTS, st.data())
def test_a_point_in_a_cell_finds_its_row(layout: GridLayout, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, layout.row_count - 1))
    cell = layout.cell(row)
    x = data.draw(st.integers(cell.left(), cell.right()))
    y = data.draw(st.integers(cell.top(), cell.bottom()))
    assert layout.row_at(x, y) == row
    assert layout.row_at(cell.right() + 1, y) is None


@given(LAYOUTS, st.data())
def test_an_area_finds_exactly_the_rows_it_touches(layout: GridLayout, data: st.DataObject) -> None:
    area = QRect(
        data.draw(st.integers(-50, 2000)),
        data.draw(st.integers(-50, layout.height_px)),
        data.draw(st.integers(1, 800)),
        data.draw(st.integers(1, 800)),
    )
    expected = [row for row in range(layout.row_count) if layout.cell(row).intersects(area)]
    assert layout.rows_in(area) == expected


def test_headings_stand_above_their_cells() -> None:
    layout = make([3, 7])
    assert layout.heading(0).bottom() < layout.cell(0).top()
    assert layout.cell(2).bottom() < layout.heading(1).top()
    assert layout.heading(1).height() == HEADING_PX
    assert list(layout.sections_in(QRect(0, 0, 10, 10))) == [0]
    assert list(layout.sections_in(QRect(0, 0, 10, 10_000))) == [0, 1]


@pytest.mark.parametrize(
    ("row", "lines", "found"),
    [(0, -1, 5), (4, -1, 7), (5, 1, 0), (7, 1, 2), (0, 1, 0), (12, -1, 12), (2, -2, 10), (12, 99, 2)],
)
def test_up_and_down_keep_the_column_across_headings(row: int, lines: int, found: int) -> None:
    layout = make([8, 5], width_px=5 * 108 - 8 + 32)  # five columns: 5 + 3 and 5
    assert layout.columns == 5
    assert layout.row_above(row, lines) == found


def test_no_sections_no_height() -> None:
    layout = make([])
    assert (layout.height_px, layout.row_count, layout.rows_in(QRect(0, 0, 100, 100))) == (0, 0, [])
