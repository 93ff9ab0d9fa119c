"""Padding by hand into npt.zeros, one output row at a time into another; pooling by chains of npt.maximum."""

from numpytorch import Tensor, nn
from numpytorch.functions import maximum, stack, tensordot, zeros

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 300
LEARNING_RATE = 0.3
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """One tensordot a column of the output."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.k, self.s, self.p = kernel_size, stride, padding
        self.w = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.b = nn.Parameter(zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        n, c, h, w = x.shape
        k, s, p = self.k, self.s, self.p
        image = zeros(n, c, h + 2 * p, w + 2 * p)
        image[:, :, p : p + h, p : p + w] += x
        oh, ow = (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1
        out = zeros(n, self.w.shape[0], oh, ow)
        for i in range(oh):
            for j in range(ow):
                window = image[:, :, i * s : i * s + k, j * s : j * s + k]
                out[:, :, i, j] = tensordot(window, self.w, axes=((1, 2, 3), (1, 2, 3)))
        out += self.b.reshape(-1, 1, 1)
        return out


class MaxPool2d(nn.Module):
    """The maximum of rows, then of columns, two at a time."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.k, self.s = kernel_size, stride

    def along(self, x: Tensor, axis: int) -> Tensor:
        """Pool along one axis."""
        x = x.swapaxes(0, axis)
        picked = []
        for start in range(0, len(x) - self.k + 1, self.s):
            best = x[start]
            for offset in range(1, self.k):
                best = maximum(best, x[start + offset])
            picked.append(best)
        return stack(picked).swapaxes(0, axis)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        return self.along(self.along(x, 2), 3)


class MNISTClassificationModel(nn.Module):
    """The layers above, on digits."""

    def __init__(self) -> None:
        self.features = nn.Sequential(Conv2d(1, 8, 5, 2), nn.ReLU(), MaxPool2d(2, 2), nn.Flatten())
        self.linear = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        return self.linear(self.features(x))
