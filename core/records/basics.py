"""What everything is counted and named by: arrays, ids, kinds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NewType, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


Vectors: TypeAlias = "NDArray[np.float32]"
"""(n, dim) float32, each row of norm 1 unless said otherwise."""
Pixels: TypeAlias = "NDArray[np.uint8]"
"""(height, width, 3) uint8, sRGB."""
Samples: TypeAlias = "NDArray[np.float32]"
"""(n,) float32 in -1..1: mono sound."""
Ids: TypeAlias = "NDArray[np.int64]"
"""(n,) int64 segment ids."""

FolderId = NewType("FolderId", int)
FileId = NewType("FileId", int)
ItemId = NewType("ItemId", int)
SegmentId = NewType("SegmentId", int)
SpaceId = NewType("SpaceId", str)
"""`encoder/space@revision`: vectors of two spaces are never compared."""
ContentHash = NewType("ContentHash", bytes)


class Kind(StrEnum):
    """What a file holds."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
