"""The sample pictures: real photos that scikit-image's wheel carries, in a folder of their own."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from core import LibraryError, cache_folder

NAMES = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)
"""Its data folder also holds test patterns, drawings and arrays: these are the photographs."""


def sample_folder() -> Path:
    """The folder with the sample pictures; filled when it is not (5 MB, some milliseconds).

    Raises LibraryError when scikit-image's pictures are not installed or cannot be copied.
    """
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise LibraryError("The sample pictures are not installed.", "Add a folder of your own instead.")
    source = Path(package.origin).with_name("data")
    folder = cache_folder() / "Sample pictures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            if not (folder / name).exists():
                shutil.copyfile(source / name, folder / name)
    except OSError as error:
        raise LibraryError(f"The sample pictures cannot be copied to {folder}.", str(error)) from error
    return folder
