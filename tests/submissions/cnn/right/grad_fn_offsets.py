"""Rules of one's own with loops over kernel offsets only; pooling by argmax, and np.add.at on the way back."""

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

Array = NDArray[np.floating]


class ConvRule(GradFn):
    """The convolution as a sum of k * k products of a shifted image and one place of every filter."""

    def __init__(self, x: Tensor, w: Tensor, b: Tensor, stride: int, padding: int) -> None:
        super().__init__(x, w, b)
        self.s = stride
        self.p = padding

    def padded(self, x: Array) -> Array:
        """Put zeros round x (N, C, H, W)."""
        return np.pad(x, ((0, 0), (0, 0), (self.p, self.p), (self.p, self.p)))

    def run(self, x: Array, w: Array, b: Array) -> Array:
        """Compute the output (N, F, OH, OW)."""
        x = self.padded(x)
        k = w.shape[2]
        oh, ow = (x.shape[2] - k) // self.s + 1, (x.shape[3] - k) // self.s + 1
        y = np.zeros((len(x), oh, ow, len(w)), dtype=x.dtype) + b
        for a in range(k):
            for c in range(k):
                y += self.shifted(x, a, c, oh, ow).transpose(0, 2, 3, 1) @ w[:, :, a, c].T
        return np.ascontiguousarray(y.transpose(0, 3, 1, 2))

    def shifted(self, x: Array, a: int, c: int, oh: int, ow: int) -> Array:
        """Show what place (a, c) of the kernel meets: (N, C, OH, OW), a view of x."""
        return x[:, :, a : a + self.s * oh : self.s, c : c + self.s * ow : self.s][:, :, :oh, :ow]

    def f_d(self, x: TensorNode, w: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array, Array]:
        k, (oh, ow) = w.shape[2], y.shape[2:]
        padded = self.padded(x.arr)
        dx, dw = np.zeros_like(padded), np.zeros_like(w.arr)
        for a in range(k):
            for c in range(k):
                dw[:, :, a, c] = np.einsum("nfij,ncij->fc", y.grad, self.shifted(padded, a, c, oh, ow))
                back = np.einsum("nfij,fc->ncij", y.grad, w.arr[:, :, a, c])
                self.shifted(dx, a, c, oh, ow)[...] += back
        h, width = x.shape[2:]
        return dx[:, :, self.p : self.p + h, self.p : self.p + width], dw, y.grad.sum((0, 2, 3))


class Conv2d(nn.Module):
    """A module round the rule."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.stride, self.padding = stride, padding
        self.kernel = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.shift = nn.Parameter(npt.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        rule = ConvRule(x, self.kernel, self.shift, self.stride, self.padding)
        return attach(rule.run(x.arr, self.kernel.arr, self.shift.arr), rule)


class PoolRule(GradFn):
    """Remembers the row and the column of every maximum."""

    def __init__(self, x: Tensor, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
        super().__init__(x)
        self.rows, self.columns = rows, columns  # (N, C, OH, OW) each

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros_like(x.arr)
        image, channel = np.indices(y.shape)[:2]
        np.add.at(dx, (image, channel, self.rows, self.columns), y.grad)
        return (dx,)


class MaxPool2d(nn.Module):
    """The argmax of every flattened window."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        k, s = self.kernel_size, self.stride
        windows = np.lib.stride_tricks.sliding_window_view(x.arr, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        place = windows.reshape(*windows.shape[:4], k * k).argmax(axis=4)
        i, j = np.indices(place.shape)[2:]
        rows, columns = s * i + place // k, s * j + place % k
        image, channel = np.indices(place.shape)[:2]
        return attach(x.arr[image, channel, rows, columns], PoolRule(x, rows, columns))


class MNISTClassificationModel(nn.Module):
    """The layers above, on digits."""

    def __init__(self) -> None:
        self.layers = nn.ModuleList([Conv2d(1, 8, 5, 2), nn.ReLU(), MaxPool2d(2, 2), nn.Flatten(), nn.Linear(288, 10)])

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        for layer in self.layers:
            x = layer(x)
        return x
