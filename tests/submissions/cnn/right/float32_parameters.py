"""float32 parameters and a float32 forward; matrix products of Tensors; parameters in an inner module."""

import numpy as np

import numpytorch as npt
from numpytorch import Tensor, nn, reshape, tensor

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 400
LEARNING_RATE = 0.2
# ---- end of hyperparameters ----


class Weights(nn.Module):
    """What a convolution learns."""

    def __init__(self, f: int, c: int, k: int) -> None:
        bound = np.sqrt(6 / (c * k * k))
        self.kernel = nn.Parameter(tensor(np.random.uniform(-bound, bound, (f, c, k, k)).astype(np.float32)))
        self.shift = nn.Parameter(tensor(np.zeros(f, dtype=np.float32)))


class Conv2d(nn.Module):
    """Rows of windows, times filters."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.k, self.s, self.p = kernel_size, stride, padding
        self.weights = Weights(out_channels, in_channels, kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        x = npt.pad(x.astype(np.float32), ((0, 0), (0, 0), (self.p, self.p), (self.p, self.p)))
        n, c, h, w = x.shape
        oh, ow = (h - self.k) // self.s + 1, (w - self.k) // self.s + 1
        kernel = self.weights.kernel.astype(np.float32).reshape(-1, c * self.k * self.k)
        rows = [
            x[:, :, i * self.s : i * self.s + self.k, j * self.s : j * self.s + self.k].reshape(n, -1)
            for i in range(oh)
            for j in range(ow)
        ]
        out = npt.stack(rows, axis=1) @ kernel.T + self.weights.shift.astype(np.float32)  # (N, OH*OW, F)
        return out.swapaxes(1, 2).reshape(n, -1, oh, ow)


class MaxPool2d(nn.Module):
    """Pairwise maxima."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.k, self.s = kernel_size, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        s, k = self.s, self.k
        oh, ow = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
        out = x[:, :, : s * (oh - 1) + 1 : s, : s * (ow - 1) + 1 : s]
        for a in range(k):
            for b in range(k):
                out = npt.maximum(out, x[:, :, a : a + s * (oh - 1) + 1 : s, b : b + s * (ow - 1) + 1 : s])
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
