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

SAME = 0.9999
"""Least cosine between one runtime's outputs and another's; drivers that compute rubbish do exist."""
NEARLY_SAME = 0.999
"""The same, where the numbers of the one have fewer digits."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A network of one input, described before it is built. Each input of a call has 1 as its first dimension.

    Attributes:
        name: names its files in the cache.
        revision: digest of all that the result depends on; a graph of another revision is another graph.
        build: makes the torch module, in eval mode. Slow, and not called where a converted copy is cached. Raises
            ModelError.
        example: inputs, one a row, for tracing and for checking a device.
        shape: the input's shape, -1 where it varies from call to call. Where the first is -1, inputs of equal shapes
            are run together.
        alone: whether inputs mostly come singly, so that all cores work on one; else each core works on its own.
        reduced: whether it may run in numbers of fewer digits, where that is native and gives nearly the same answers.
            It has one output then.
    """

    name: str
    revision: str
    build: Callable[[], torch.nn.Module]
    example: Array
    shape: tuple[int, ...]
    alone: bool
    reduced: bool = False

    @property
    def examples(self) -> list[Array]:
        """The rows of `example` as inputs of a call."""
        return [self.example[row : row + 1] for row in range(len(self.example))]


class Run(Protocol):
    """A graph that is ready to run."""

    @property
    def runs_on(self) -> str:
        """On what, in the user's words."""

    def __call__(self, inputs: Sequence[Array]) -> list[Outputs]:
        """The outputs of each input, in order, each float32 with first dimension 1."""


def agree(some: Sequence[Outputs], others: Sequence[Outputs], cosine: float) -> bool:
    """Whether the outputs of the same inputs point the same way, each by itself, to a `cosine`."""
    import numpy as np

    pairs = [pair for one, other in zip(some, others, strict=True) for pair in zip(one, other, strict=True)]
    return all(np.vdot(one, other) >= cosine * np.linalg.norm(one) * np.linalg.norm(other) > 0 for one, other in pairs)


def by_input(together: Outputs) -> list[Outputs]:
    """The outputs of each input, from those of several inputs run together."""
    return [tuple(output[row : row + 1] for output in together) for row in range(len(together[0]))]
