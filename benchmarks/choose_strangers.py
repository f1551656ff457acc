"""Writes resources/starter/strangers.safetensors: 200 photos as EfficientNet saw them, in nobody's library.

They are what chance is measured on while a library is small. Features and logits, not vectors, so that a newly
trained head needs no new ones. COCO photos of the training material, none of which is in an evaluation set.

    python benchmarks/choose_strangers.py       # needs $LIKEWISE_SHARED
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from core.paths import resource

COUNT = 200


def main() -> None:
    material = Path(os.environ.get("LIKEWISE_SHARED", "../shared")) / "starter_train"
    features = np.load(material / "coco_pool1280.npy")[:, 0]
    logits = np.load(material / "coco_logits1000.npy")
    rows = np.linspace(0, len(features) - 1, COUNT).astype(int)
    tensors = {"features": features[rows].astype(np.float16), "logits": logits[rows].astype(np.float16)}
    save_file(tensors, resource("starter", "strangers.safetensors"))


if __name__ == "__main__":
    main()
