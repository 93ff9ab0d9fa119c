"""Convolution and pooling in plain loops, one window at a time, as a student may begin with: right, and very slow.

Only the lesson's first rung: `python -m benchmarks cnn` times them beside what comes after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, attach

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.autograd import OutputNode, TensorNode


class _ConvolveGradFn(GradFn):
    """Each output entry is a sum over its window: its gradient goes to the window, and to the filter."""

    def f_d(self, x: TensorNode, w: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array, Array]:
        dx, dw, db = np.zeros_like(x.arr), np.zeros_like(w.arr), np.zeros_like(b.arr)
        k = w.shape[2]
        for n, f, i, j in np.ndindex(y.shape):
            dy = y.grad[n, f, i, j]
            dx[n, :, i : i + k, j : j + k] += dy * w.arr[f]
            dw[f] += dy * x.arr[n, :, i : i + k, j : j + k]
            db[f] += dy
        return dx, dw, db


class Conv2d(nn.Module):
    """A convolution, stride 1, no padding: weight (F, C, K, K), bias (F,)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        self.weight = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = nn.Parameter(npt.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, F, H - K + 1, W - K + 1)."""
        k = self.weight.shape[2]
        y = np.empty((len(x), len(self.weight), x.shape[2] - k + 1, x.shape[3] - k + 1), x.dtype)
        for n, f, i, j in np.ndindex(y.shape):
            y[n, f, i, j] = (x.arr[n, :, i : i + k, j : j + k] * self.weight.arr[f]).sum() + self.bias.arr[f]
        return attach(y, _ConvolveGradFn(x, self.weight, self.bias))


class _PoolGradFn(GradFn):
    """The window's gradient goes to its largest entry."""

    def __init__(self, x: Tensor, size: int, stride: int) -> None:
        super().__init__(x)
        self.size = size
        self.stride = stride

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros_like(x.arr)
        for n, c, i, j in np.ndindex(y.shape):
            top, left = i * self.stride, j * self.stride
            window = x.arr[n, c, top : top + self.size, left : left + self.size]
            a, b = divmod(int(window.argmax()), self.size)
            dx[n, c, top + a, left + b] += y.grad[n, c, i, j]
        return (dx,)


class MaxPool2d(nn.Module):
    """The largest entry of each window."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.size = kernel_size
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, (H - K) // S + 1, (W - K) // S + 1)."""
        out = [(length - self.size) // self.stride + 1 for length in x.shape[2:]]
        y = np.empty((*x.shape[:2], *out), x.dtype)
        for n, c, i, j in np.ndindex(y.shape):
            top, left = i * self.stride, j * self.stride
            y[n, c, i, j] = x.arr[n, c, top : top + self.size, left : left + self.size].max()
        return attach(y, _PoolGradFn(x, self.size, self.stride))
