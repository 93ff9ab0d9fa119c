"""Windows by fancy indexing, all at once: x[:, :, rows, columns] and one einsum."""

import numpy as np

import numpytorch as npt
from numpytorch import Tensor, nn, reshape

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 400
LEARNING_RATE = 0.2
# ---- end of hyperparameters ----


def windows(x: Tensor, k: int, s: int) -> Tensor:
    """Gather every window of x (N, C, H, W): (N, C, OH, OW, K, K)."""
    h, w = x.shape[2:]
    rows = s * np.arange((h - k) // s + 1)[:, None, None, None] + np.arange(k)[:, None]  # (OH, 1, K, 1)
    columns = s * np.arange((w - k) // s + 1)[:, None, None] + np.arange(k)  # (OW, 1, K)
    return x[:, :, rows, columns]


class Conv2d(nn.Module):
    """Every window times every filter."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.w = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.b = nn.Parameter.new(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        n, c, h, w = x.shape
        p = self.padding
        if p > 0:
            border = npt.zeros((n, c, h, p))
            x = npt.concatenate([border, x, border], axis=3)
            border = npt.zeros((n, c, p, w + 2 * p))
            x = npt.concatenate([border, x, border], axis=2)
        out = npt.einsum("ncijab,fcab->nfij", windows(x, self.kernel_size, self.stride), self.w)
        return out + self.b.reshape(1, self.out_channels, 1, 1)


class MaxPool2d(nn.Module):
    """The maximum over the last two axes."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        return npt.max(windows(x, self.kernel_size, self.stride), axis=(-2, -1))


class MNISTClassificationModel(nn.Module):
    """The layers above, on digits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = Conv2d(1, 8, 5, 2)  # (N, 8, 12, 12)
        self.relu = nn.ReLU()
        self.pool = MaxPool2d(2, 2)  # (N, 8, 6, 6)
        self.linear = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = self.pool(self.relu(self.conv(x)))
        return self.linear(reshape(x, (x.shape[0], -1)))
