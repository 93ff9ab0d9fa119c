"""A base class for layers that slide a window, with one rule for both: windows out, and back where they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, OutputNode, TensorNode, attach

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 400
LEARNING_RATE = 0.2
# ---- end of hyperparameters ----

Array: TypeAlias = NDArray[np.floating]


@dataclass(frozen=True)
class Geometry:
    """How a window slides."""

    size: int
    stride: int

    def length(self, n: int) -> int:
        """Count the windows along an axis of n entries."""
        return 1 + (n - self.size) // self.stride

    def places(self, image: Array) -> Iterator[tuple[int, int, Array]]:
        """Yield each place (i, j) of the output with its window (N, C, K, K), a view."""
        k, s = self.size, self.stride
        for i in range(self.length(image.shape[2])):
            for j in range(self.length(image.shape[3])):
                yield i, j, image[:, :, i * s : i * s + k, j * s : j * s + k]


class UnfoldGradFn(GradFn):
    """Windows overlap, so what comes back from them adds up."""

    def __init__(self, x: Tensor, geometry: Geometry) -> None:
        super().__init__(x)
        self.geometry = geometry

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros(x.shape, dtype=x.dtype)
        for i, j, window in self.geometry.places(dx):
            window += y.grad[:, :, i, j]
        return (dx,)


class Sliding(nn.Module):
    """What both layers are: windows, and something done with each."""

    def __init__(self, geometry: Geometry, padding: int, each: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.geometry = geometry
        self.padding = padding
        self.each = each

    def unfold(self, x: Tensor) -> Tensor:
        """Gather the windows of x: (N, C, OH, OW, K, K)."""
        g = self.geometry
        out = np.empty((*x.shape[:2], g.length(x.shape[2]), g.length(x.shape[3]), g.size, g.size), dtype=x.dtype)
        for i, j, window in g.places(x.arr):
            out[:, :, i, j] = window
        return attach(out, UnfoldGradFn(x, g))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C or F, OH, OW)."""
        p = self.padding
        return self.each(self.unfold(npt.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))))


class Conv2d(Sliding):
    """Weigh each window."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__(Geometry(kernel_size, stride), padding, self.weigh)
        self.filters = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.offsets = nn.Parameter(npt.zeros(out_channels))

    def weigh(self, windows: Tensor) -> Tensor:
        """Map windows (N, C, OH, OW, K, K) to (N, F, OH, OW)."""
        out = npt.tensordot(windows, self.filters, axes=((1, 4, 5), (1, 2, 3))) + self.offsets  # (N, OH, OW, F)
        return npt.moveaxis(out, -1, 1)


class MaxPool2d(Sliding):
    """Keep the largest of each window."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        super().__init__(Geometry(kernel_size, stride), 0, lambda windows: windows.max(axis=(4, 5)))


class MNISTClassificationModel(nn.Module):
    """Blocks in a ModuleList, then a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        for channels_in, channels_out in [(1, 8)]:
            self.blocks.append(nn.Sequential(Conv2d(channels_in, channels_out, 5, stride=2), MaxPool2d(2, 2)))
        self.head = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        for block in self.blocks:
            x = nn.relu(block(x))
        return self.head(x.flatten(1))
