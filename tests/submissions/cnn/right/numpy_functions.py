"""NumPy's own functions, called on Tensors. NumPy's stubs know nothing of Tensors, hence `Any`."""

from typing import Any

import numpy as np

from numpytorch import Tensor, nn, reshape, zeros

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 400
LEARNING_RATE = 0.2
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """Windows by sliding_window_view, then one einsum."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.k, self.s, self.p = kernel_size, stride, padding
        self.weight = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = nn.Parameter(zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        padded: Any = np.pad(x, ((0, 0), (0, 0), (self.p, self.p), (self.p, self.p)))
        windows: Any = np.lib.stride_tricks.sliding_window_view(padded, (self.k, self.k), axis=(2, 3))
        out: Any = np.einsum("nchwab,fcab->nfhw", windows[:, :, :: self.s, :: self.s], self.weight)
        y: Tensor = np.add(out, np.reshape(self.bias, (1, -1, 1, 1)))
        return y


class MaxPool2d(nn.Module):
    """The maximum over the windows."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.k, self.s = kernel_size, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        windows: Any = np.lib.stride_tricks.sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        out: Tensor = np.max(windows[:, :, :: self.s, :: self.s], axis=(4, 5))
        return out


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
