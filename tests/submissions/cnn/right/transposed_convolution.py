"""The input's gradient as a convolution of its own: dy spread out by the stride, with the kernel turned round."""

import numpy as np
from numpy.typing import NDArray

import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, OutputNode, TensorNode, attach

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 300
LEARNING_RATE = 0.3
# ---- end of hyperparameters ----

Array = NDArray[np.floating]


def slide(x: Array, k: int, stride: int = 1) -> Array:
    """Show the windows of x: (N, C, OH, OW, K, K)."""
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    return view[:, :, ::stride, ::stride]


def surround(x: Array, width: int) -> Array:
    """Put zeros round each image."""
    return np.pad(x, ((0, 0), (0, 0), (width, width), (width, width)))


def conv2d(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    """Cross-correlate x (N, C, H, W) with weight (F, C, K, K), and add bias (F,)."""
    k = weight.shape[2]
    windows = slide(surround(x.arr, padding), k, stride)
    y = np.tensordot(windows, weight.arr, ((1, 4, 5), (1, 2, 3))) + bias.arr  # (N, OH, OW, F)

    class Conv2dBackward(GradFn):
        def f_d(self, x: TensorNode, w: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array, Array]:
            n, f, oh, ow = y.shape
            h, width = x.shape[2:]
            dw = np.tensordot(y.grad, windows, ((0, 2, 3), (0, 2, 3)))  # (F, C, K, K)
            spread = np.zeros((n, f, h + 2 * padding - k + 1, width + 2 * padding - k + 1), dtype=y.dtype)
            spread[:, :, : (oh - 1) * stride + 1 : stride, : (ow - 1) * stride + 1 : stride] = y.grad
            turned = w.arr[:, :, ::-1, ::-1]
            dx = np.tensordot(slide(surround(spread, k - 1), k), turned, ((1, 4, 5), (0, 2, 3)))  # (N, H', W', C)
            dx = dx.transpose(0, 3, 1, 2)[:, :, padding : padding + h, padding : padding + width]
            return dx, dw, np.einsum("nfij->f", y.grad)

    return attach(y.transpose(0, 3, 1, 2), Conv2dBackward(x, weight, bias))


def max_pool2d(x: Tensor, k: int, stride: int) -> Tensor:
    """Take the largest of each window; several that tie share its gradient."""
    windows = slide(x.arr, k, stride)
    y = windows.max(axis=(4, 5))

    class MaxPool2dBackward(GradFn):
        def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
            largest = windows == y.arr[..., None, None]
            share = y.grad[..., None, None] * largest / largest.sum(axis=(4, 5), keepdims=True)
            dx = np.zeros(x.shape, dtype=x.dtype)
            for i in range(y.shape[2]):
                for j in range(y.shape[3]):
                    dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += share[:, :, i, j]
            return (dx,)

    return attach(y, MaxPool2dBackward(x))


class Conv2d(nn.Module):
    """Keeps what `conv2d` needs."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.weight = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = nn.Parameter(npt.zeros(out_channels))
        self.options = {"stride": stride, "padding": padding}

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        return conv2d(x, self.weight, self.bias, **self.options)


class MaxPool2d(nn.Module):
    """Keeps what `max_pool2d` needs."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        return max_pool2d(x, self.kernel_size, self.stride)


class MNISTClassificationModel(nn.Module):
    """The layers above, on digits."""

    def __init__(self) -> None:
        self.conv = Conv2d(1, 8, 5, 2)  # (N, 8, 12, 12)
        self.pool = MaxPool2d(2, 2)  # (N, 8, 6, 6)
        self.linear = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = self.pool(nn.relu(self.conv(x)))
        return self.linear(x.reshape(len(x), -1))
