"""Where a graph runs: the processor, or an accelerator that was seen to give the same answers."""

from __future__ import annotations

import ctypes
import logging
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.embed.graph import NEARLY_SAME, SAME, Array, Graph, Outputs, Run, agree, by_input
from core.embed.processor import PROCESSOR, run_on_processor
from core.errors import ModelError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

TITLES = {"cpu": PROCESSOR, "cuda": "NVIDIA graphics card", "mps": "Apple graphics"}


def run_graph(graph: Graph, device: str, cache: Path) -> Run:
    """`graph` ready to run; should an accelerator fail later on, the processor goes on in its place.

    Args:
        graph: what to run.
        device: the setting: cpu, cuda or mps; auto takes the accelerator there is, if it answers as the processor does.
        cache: the folder for models converted for the processor.

    Raises ModelError if the graph cannot be built, or not run rightly on the device asked for by name.
    """
    run = _on_accelerator(graph, device)
    instead = partial(run_on_processor, graph, cache)
    return instead() if run is None else Lasting(run, instead)


def _on_accelerator(graph: Graph, device: str) -> Run | None:
    wanted = _accelerator() if device == "auto" else device
    if wanted == "cpu":
        return None
    try:
        return run_on_accelerator(graph, wanted)
    except ModelError as error:
        if device != "auto":
            raise
        log.warning("not using the %s: %s", TITLES[wanted], error)
        return None


def run_on_accelerator(graph: Graph, device: str) -> Run:
    """`graph` by torch on `device`; the inputs of one call are run as one batch, so their shapes must agree.

    Raises ModelError if the device is absent or does not answer as the processor does.
    """
    import torch

    present = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    if not present:
        raise ModelError(f"This computer has no {TITLES[device]} that can be used.", "Choose auto in the settings.")
    torch.backends.cudnn.allow_tf32 = False  # vectors must not differ from those of a processor
    module = graph.build()
    expected = Batches(module, "cpu", TITLES["cpu"])(graph.examples)
    try:
        if graph.reduced:
            bf16 = device == "cuda" and torch.cuda.is_bf16_supported()
            name, dtype = ("bf16", torch.bfloat16) if bf16 else ("fp16", torch.float16)
            run = Batches(module.to(dtype), device, f"{TITLES[device]}, {name}")
            if agree(run(graph.examples), expected, NEARLY_SAME):
                return run
            module = graph.build()
        run = Batches(module, device, TITLES[device])
        answers = run(graph.examples)
    except RuntimeError as error:  # no kernel for this card, no memory, an old driver
        raise ModelError(f"The {TITLES[device]} does not work ({error}).", "Choose cpu in the settings.") from error
    if not agree(answers, expected, SAME):
        raise ModelError(f"The {TITLES[device]} gives wrong answers.", "Choose cpu in the settings.")
    return run


class Batches:
    """A torch module that runs as many inputs together as fit into the memory of its device."""

    def __init__(self, module: torch.nn.Module, device: str, runs_on: str) -> None:
        self.runs_on = runs_on
        self._module = module.to(device)
        self._device = device
        self._most = sys.maxsize

    def __call__(self, inputs: Sequence[Array]) -> list[Outputs]:
        """Raises ModelError if not even one input fits."""
        outputs: list[Outputs] = []
        while len(outputs) < len(inputs):
            some = inputs[len(outputs) : len(outputs) + self._most]
            done = self._together(some)
            if done is None:
                self._give_way(len(some))
            else:
                outputs += done
        return outputs

    def _together(self, inputs: Sequence[Array]) -> list[Outputs] | None:
        """None if there is too little memory for that many."""
        import numpy as np
        import torch

        try:
            with torch.inference_mode():
                answer = self._module(torch.from_numpy(np.concatenate(inputs)).to(self._device))
                tensors = answer if isinstance(answer, tuple) else (answer,)
                return by_input(tuple(tensor.float().cpu().numpy() for tensor in tensors))
        except RuntimeError as error:  # Apple's has no class of its own
            if not isinstance(error, torch.OutOfMemoryError) and "out of memory" not in str(error):
                raise
        return None

    def _give_way(self, tried: int) -> None:
        import torch

        if tried == 1:
            raise ModelError(f"The {self.runs_on} has too little memory.", "Choose cpu in the settings.")
        self._most = tried // 2
        log.warning("the %s has too little memory for %d inputs at once: now %d", self.runs_on, tried, self._most)
        if self._device == "cuda":
            torch.cuda.empty_cache()


class Lasting:
    """A run that, once it has failed, is replaced by another for good: a card that fails is seldom well again."""

    def __init__(self, run: Run, instead: Callable[[], Run]) -> None:
        self._run = run
        self._instead: Callable[[], Run] | None = instead
        self._because = ""

    @property
    def runs_on(self) -> str:
        """On what now, and why, if that has changed."""
        return f"{self._run.runs_on}{self._because}"

    def __call__(self, inputs: Sequence[Array]) -> list[Outputs]:
        """Raises what the other run raises."""
        if self._instead is not None:
            try:
                return self._run(inputs)
            except (RuntimeError, ModelError) as error:  # the device's own errors are RuntimeErrors
                log.warning("the %s failed; going on without it: %s", self._run.runs_on, error)
                self._because = f", as the {self._run.runs_on} failed"
            instead, self._instead = self._instead, None
            self._run = instead()  # not before the error is forgotten, for that holds the card's memory
        return self._run(inputs)


def _accelerator() -> str:
    """What accelerator to try, told by the system alone: importing torch for it would cost seconds."""
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "mps"
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return "cpu"
    return "cuda"
