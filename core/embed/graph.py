"""What a network is to its runtimes: something to build, trace and run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any]"
Outputs: TypeAlias = "tuple[NDArray[np.float32], ...]"


@dataclass(frozen=True, slots=True)
class Graph:
    """A network of one input whose first dimension is 1, described before it is built.

    Attributes:
        name: names its files in the cache.
        revision: digest of all that the result depends on; a graph of another revision is another graph.
        build: makes the torch module, in eval mode. Slow, and not called where a converted copy is cached. Raises
            ModelError.
        example: an input, for tracing and for checking a device.
        shape: the input's shape, -1 where it varies from call to call.
        alone: whether inputs mostly come singly, so that all cores work on one; else each core works on its own.
    """

    name: str
    revision: str
    build: Callable[[], torch.nn.Module]
    example: Array
    shape: tuple[int, ...]
    alone: bool


class Run(Protocol):
    """A graph that is ready to run."""

    def __call__(self, inputs: Sequence[Array]) -> list[Outputs]:
        """The outputs of each input, in order, each float32 with first dimension 1."""
