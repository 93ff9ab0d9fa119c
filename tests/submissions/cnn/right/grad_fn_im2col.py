"""A GradFn subclass with im2col, in the style of earlier coursework."""

import numpy as np
from numpy import ndarray

from numpytorch import Tensor, nn, reshape, zeros
from numpytorch.grad_fn import GradFn

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 400
LEARNING_RATE = 0.2
# ---- end of hyperparameters ----


def im2col(x: ndarray, k: int, stride: int, pad: int) -> ndarray:
    """(N, C, H, W) -> (N * OH * OW, C * K * K)."""
    n, c, h, w = x.shape
    oh, ow = (h + 2 * pad - k) // stride + 1, (w + 2 * pad - k) // stride + 1
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    col = np.zeros((n, c, k, k, oh, ow))
    for a in range(k):
        for b in range(k):
            col[:, :, a, b] = x[:, :, a : a + stride * oh : stride, b : b + stride * ow : stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)


def col2im(col: ndarray, shape: tuple[int, ...], k: int, stride: int, pad: int) -> ndarray:
    """(N * OH * OW, C * K * K) -> (N, C, H, W), adding up where windows overlap."""
    n, c, h, w = shape
    oh, ow = (h + 2 * pad - k) // stride + 1, (w + 2 * pad - k) // stride + 1
    col = col.reshape(n, oh, ow, c, k, k).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((n, c, h + 2 * pad + stride - 1, w + 2 * pad + stride - 1))
    for a in range(k):
        for b in range(k):
            img[:, :, a : a + stride * oh : stride, b : b + stride * ow : stride] += col[:, :, a, b]
    return img[:, :, pad : h + pad, pad : w + pad]


class Conv2d(nn.Module):
    """Convolution by im2col."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = padding
        self.w = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.b = nn.Parameter(zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        f, _, k, _ = self.w.shape
        n, _, h, w = x.shape
        oh, ow = (h + 2 * self.padding - k) // self.stride + 1, (w + 2 * self.padding - k) // self.stride + 1
        col = im2col(x.arr, k, self.stride, self.padding)
        out = col @ self.w.arr.reshape(f, -1).T + self.b.arr
        return Tensor(
            out.reshape(n, oh, ow, f).transpose(0, 3, 1, 2),
            requires_grad=x.requires_grad,
            is_leaf=False,
            grad_fn=Conv2dGradFn(x, self.w, self.b, self.stride, self.padding),
        )


class Conv2dGradFn(GradFn):
    """Backward of the convolution."""

    def __init__(self, x: Tensor, w: Tensor, b: Tensor, stride: int, padding: int) -> None:
        super().__init__(x, w, b)
        self.stride = stride
        self.padding = padding

    def f_d(self, *args: Tensor) -> tuple[ndarray, ndarray, ndarray]:
        """Return (dx, dw, db)."""
        x, w, b, y = args
        assert y.grad is not None
        f, _, k, _ = w.shape
        dy = y.grad.transpose(0, 2, 3, 1).reshape(-1, f)
        col = im2col(x.arr, k, self.stride, self.padding)
        dw = (dy.T @ col).reshape(w.shape)
        dx = col2im(dy @ w.arr.reshape(f, -1), x.shape, k, self.stride, self.padding)
        return dx, dw, dy.sum(axis=0)


class MaxPool2d(nn.Module):
    """Max pooling."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        n, c, h, w = x.shape
        k, s = self.kernel_size, self.stride
        out = np.zeros((n, c, (h - k) // s + 1, (w - k) // s + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = x.arr[:, :, i * s : i * s + k, j * s : j * s + k].max(axis=(2, 3))
        return Tensor(out, requires_grad=x.requires_grad, is_leaf=False, grad_fn=MaxPool2dGradFn(x, k, s))


class MaxPool2dGradFn(GradFn):
    """Backward of max pooling."""

    def __init__(self, x: Tensor, k: int, stride: int) -> None:
        super().__init__(x)
        self.k = k
        self.stride = stride

    def f_d(self, *args: Tensor) -> tuple[ndarray]:
        """Return (dx,)."""
        x, y = args
        assert y.grad is not None
        dx = np.zeros_like(x.arr)
        k, s = self.k, self.stride
        for i in range(y.shape[2]):
            for j in range(y.shape[3]):
                window = x.arr[:, :, i * s : i * s + k, j * s : j * s + k]
                largest = window == window.max(axis=(2, 3), keepdims=True)
                largest = largest / largest.sum(axis=(2, 3), keepdims=True)  # ties share
                dx[:, :, i * s : i * s + k, j * s : j * s + k] += largest * y.grad[:, :, i, j, None, None]
        return (dx,)


class MNISTClassificationModel(nn.Module):
    """The layers above, on digits."""

    def __init__(self) -> None:
        self.conv = Conv2d(1, 8, 5, 2)  # (N, 8, 12, 12)
        self.relu = nn.ReLU()
        self.pool = MaxPool2d(2, 2)  # (N, 8, 6, 6)
        self.linear = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = self.pool(self.relu(self.conv(x)))
        return self.linear(reshape(x, (x.shape[0], -1)))
