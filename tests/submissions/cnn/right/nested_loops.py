"""Nested loops that assign into npt.zeros(...). Right, and too slow to train with on every image size."""

import numpytorch as npt
from numpytorch import Tensor, nn, reshape

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 300
LEARNING_RATE = 0.1
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """Every output entry by itself."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.k, self.s, self.p = kernel_size, stride, padding
        self.w = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.b = nn.Parameter(npt.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        n, c, h, w = x.shape
        padded = npt.zeros(n, c, h + 2 * self.p, w + 2 * self.p)
        padded[:, :, self.p : self.p + h, self.p : self.p + w] = x
        oh, ow = (h + 2 * self.p - self.k) // self.s + 1, (w + 2 * self.p - self.k) // self.s + 1
        out = npt.zeros((n, len(self.w), oh, ow))
        for m in range(n):
            for f in range(len(self.w)):
                for i in range(oh):
                    for j in range(ow):
                        top, left = i * self.s, j * self.s
                        window = padded[m, :, top : top + self.k, left : left + self.k]
                        out[m, f, i, j] = (window * self.w[f]).sum() + self.b[f]
        return out


class MaxPool2d(nn.Module):
    """Every output entry by itself, written to a slice of a slice."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.k, self.s = kernel_size, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        n, c, h, w = x.shape
        out = npt.zeros(n, c, (h - self.k) // self.s + 1, (w - self.k) // self.s + 1)
        for m in range(n):
            for f in range(c):
                for i in range(out.shape[2]):
                    for j in range(out.shape[3]):
                        top, left = i * self.s, j * self.s
                        out[m][f][i, j] = x[m, f, top : top + self.k, left : left + self.k].max()
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
