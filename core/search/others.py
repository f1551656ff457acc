"""What other libraries on the same server have that answers a question, judged as if it were in this one."""

from __future__ import annotations

import numpy as np

from core.records import Filters, Ids, Other, Strength, Vectors
from core.search.calibrate import score, strength
from core.search.fuse import fuse
from core.search.inquiry import Inquiry, Voice
from core.store.vectors.remote.others import Others, Shown, Vectored

MOST_OTHERS = 50
"""So many segments are asked for of each query; files that match weakly are not shown."""


def of_others(others: Others, inquiry: Inquiry, filters: Filters) -> list[Other]:
    """Files that match, best first. Raises StoreError when the server cannot be asked.

    Their vectors are fetched and scored here, against what this library gets by chance: the same space has the same
    scale, whoever a vector is from. Of a file only the segments that were proposed are known.
    """
    found = {
        voice.space.spec.space_id: others.search(voice.space.spec.space_id, voice.queries, MOST_OTHERS, filters)
        for voice in inquiry.voices
        if not voice.less
    }
    shown: dict[int, Shown] = {}
    for space_id, proposed in found.items():
        shown |= others.names(space_id, proposed)
    keys = np.array(sorted(shown, key=lambda key: (shown[key].file, key)), np.int64)
    if not len(keys):
        return []
    spaces = {voice.space.spec.space_id: voice.space for voice in inquiry.voices}
    vectors = {space_id: others.vectors(space_id, np.sort(keys)) for space_id in spaces}
    kinds = {
        key: kind for known in vectors.values() for key, kind in zip(known.keys.tolist(), known.kinds, strict=True)
    }
    evidence = inquiry.spoken(lambda voice: _surprises(voice, keys, vectors[voice.space.spec.space_id]))
    files = [shown[key].file for key in keys.tolist()]
    starts = np.array([place for place, file in enumerate(files) if not place or file != files[place - 1]], np.intp)
    voices = len(evidence)
    fused = fuse(evidence, inquiry.agreement[:voices, :voices], starts)
    listed = []
    for place in np.argsort(-fused.items, kind="stable").tolist():
        key, points = int(keys[starts[place]]), score(float(fused.items[place]))
        if key in kinds and strength(points) is not Strength.WEAK:
            listed.append(Other(shown[key].library, shown[key].name, kinds[key], points, strength(points)))
    return listed


def _surprises(voice: Voice, keys: Ids, known: Vectored) -> Vectors:
    """(n,) what a voice says of `keys`; NaN where it does not know the segment."""
    said = np.full(len(keys), np.nan, np.float32)
    places = {key: place for place, key in enumerate(keys.tolist())}
    if len(known.keys):
        said[[places[key] for key in known.keys.tolist()]] = voice.space.resemblance(voice.queries, known.vectors)
    return said
