"""Shows what was found: the banded grid, the details beside it, the large view, and a page for every other state."""
