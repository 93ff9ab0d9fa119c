"""The fault of real hand-ins: plain Tensors as weights, NumPy on `.arr`, and a new Tensor round the result."""

import numpy as np

from numpytorch import Tensor, nn, reshape, tensor

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 600
LEARNING_RATE = 0.1
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """Computes the right values, and cuts the graph."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.k, self.s, self.p = kernel_size, stride, padding
        scale = np.sqrt(2 / (in_channels * kernel_size**2))
        self.w = tensor(np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * scale)
        self.b = tensor(np.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        padded = np.pad(x.arr, ((0, 0), (0, 0), (self.p, self.p), (self.p, self.p)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (self.k, self.k), axis=(2, 3))
        windows = windows[:, :, :: self.s, :: self.s]  # (N, C, OH, OW, K, K)
        out = np.tensordot(windows, self.w.arr, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
        return Tensor(out + self.b.arr[:, None, None], requires_grad=x.requires_grad)


class MaxPool2d(nn.Module):
    """Computes the right values, and cuts the graph."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.k, self.s = kernel_size, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        windows = np.lib.stride_tricks.sliding_window_view(x.arr, (self.k, self.k), axis=(2, 3))
        return tensor(windows[:, :, :: self.s, :: self.s].max(axis=(4, 5)))


class MNISTClassificationModel(nn.Module):
    """The layers above, on digits."""

    def __init__(self) -> None:
        self.conv = Conv2d(1, 32, 5, 2)  # (N, 32, 12, 12)
        self.relu = nn.ReLU()
        self.pool = MaxPool2d(2, 2)  # (N, 32, 6, 6)
        self.linear = nn.Linear(32 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = self.pool(self.relu(self.conv(x)))
        return self.linear(reshape(x, (x.shape[0], -1)))
