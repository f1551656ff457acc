"""Where a graph runs: the processor, or an accelerator that was seen to give the same answers."""

from __future__ import annotations

import ctypes
import logging
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.embed.graph import Array, Graph, Outputs, Run
from core.embed.processor import run_on_processor
from core.errors import ModelError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

TITLES = {"cpu": "processor", "cuda": "NVIDIA graphics card", "mps": "Apple graphics"}
SAME_ANSWER = 0.9999
"""Least cosine between an accelerator's and the processor's outputs; drivers that compute rubbish do exist."""


def run_graph(graph: Graph, device: str, cache: Path) -> tuple[Run, str]:
    """`graph` ready to run, and what it runs on in the user's words.

    Args:
        graph: what to run.
        device: the setting: cpu, cuda or mps; auto takes the accelerator there is, if it answers as the processor does.
        cache: the folder for models converted for the processor.

    Raises ModelError if the graph cannot be built, or not run rightly on the device asked for by name.
    """
    wanted = _accelerator() if device == "auto" else device
    if wanted != "cpu":
        try:
            return run_on_accelerator(graph, wanted), TITLES[wanted]
        except ModelError as error:
            if device != "auto":
                raise
            log.warning("not using the %s: %s", TITLES[wanted], error)
    return run_on_processor(graph, cache), TITLES["cpu"]


def run_on_accelerator(graph: Graph, device: str) -> Run:
    """`graph` by torch on `device`; the inputs of one call are run as one batch, so their shapes must agree.

    Raises ModelError if the device is absent or does not answer as the processor does.
    """
    import torch

    present = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    if not present:
        raise ModelError(f"This computer has no {TITLES[device]} that can be used.", "Choose auto in the settings.")
    torch.backends.cudnn.allow_tf32 = False  # vectors must not differ from those of a processor
    run = _batches(graph.build(), "cpu")
    expected = run([graph.example])
    try:
        run = _batches(graph.build(), device)
        answer = run([graph.example])
    except RuntimeError as error:  # no kernel for this card, no memory, an old driver
        raise ModelError(f"The {TITLES[device]} does not work ({error}).", "Choose cpu in the settings.") from error
    if not all(map(_agree, answer[0], expected[0])):
        raise ModelError(f"The {TITLES[device]} gives wrong answers.", "Choose cpu in the settings.")
    return run


def _batches(module: torch.nn.Module, device: str) -> Run:
    import numpy as np
    import torch

    module = module.to(device)

    def run(inputs: Sequence[Array]) -> list[Outputs]:
        if not inputs:
            return []
        with torch.inference_mode():
            outputs = [output.cpu().numpy() for output in module(torch.from_numpy(np.concatenate(inputs)).to(device))]
        return [tuple(output[row : row + 1] for output in outputs) for row in range(len(inputs))]

    return run


def _agree(one: Array, other: Array) -> bool:
    import numpy as np

    return bool(np.vdot(one, other) >= SAME_ANSWER * np.linalg.norm(one) * np.linalg.norm(other) > 0)


def _accelerator() -> str:
    """What accelerator to try, told by the system alone: importing torch for it would cost seconds."""
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "mps"
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return "cpu"
    return "cuda"
