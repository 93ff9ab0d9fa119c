"""The convolution as one large sparse matrix, written out: image (C*H*W) times matrix (C*H*W, F*OH*OW)."""

import numpy as np

import numpytorch as npt
from numpytorch import Tensor, nn

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 400
LEARNING_RATE = 0.2
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """A linear layer most of whose weights are zero, and the others shared."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.stride = stride
        self.padding = padding
        self.weight = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = nn.Parameter(npt.zeros(out_channels))

    def matrix(self, h: int, w: int) -> Tensor:
        """Write the matrix for images (C, h, w) out: (C, h, w, F, OH, OW)."""
        f, c, k, _ = self.weight.shape
        s, p = self.stride, self.padding
        oh, ow = (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1
        i, j, a, b = np.ix_(np.arange(oh), np.arange(ow), np.arange(k), np.arange(k))
        u, v = i * s + a - p + 0 * (j + b), j * s + b - p + 0 * (i + a)  # (OH, OW, K, K): the entry of the image
        i, j, a, b = (axis + 0 * u for axis in (i, j, a, b))
        inside = (u >= 0) & (u < h) & (v >= 0) & (v < w)  # what lies in the border meets a zero
        matrix = npt.zeros(h, w, oh, ow, f, c)
        by_place = self.weight.transpose(2, 3, 0, 1)  # (K, K, F, C)
        matrix[u[inside], v[inside], i[inside], j[inside]] = by_place[a[inside], b[inside]]
        return matrix.transpose(5, 0, 1, 4, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        matrix = self.matrix(x.shape[2], x.shape[3])
        shape = matrix.shape[3:]
        out = x.reshape(len(x), -1) @ matrix.reshape(int(np.prod(x.shape[1:])), -1)
        return out.reshape(len(x), *shape) + self.bias.reshape(-1, 1, 1)


class MaxPool2d(nn.Module):
    """Windows that touch but do not overlap by a reshape; any others row by row."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        n, c, h, w = x.shape
        k, s = self.kernel_size, self.stride
        oh, ow = (h - k) // s + 1, (w - k) // s + 1
        if k == s:
            return x[:, :, : oh * k, : ow * k].reshape(n, c, oh, k, ow, k).max(axis=(3, 5))
        rows = npt.stack([x[:, :, i * s : i * s + k].max(axis=2) for i in range(oh)], axis=2)  # (N, C, OH, W)
        return npt.stack([rows[:, :, :, j * s : j * s + k].max(axis=3) for j in range(ow)], axis=3)


class MNISTClassificationModel(nn.Module):
    """Smaller images first: the matrix is large."""

    def __init__(self) -> None:
        self.pool = MaxPool2d(2, 2)  # (N, 1, 14, 14)
        self.conv = Conv2d(1, 8, 3)  # (N, 8, 12, 12)
        self.relu = nn.ReLU()
        self.linear = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = self.pool(self.relu(self.conv(self.pool(x))))
        return self.linear(x.flatten(1))
