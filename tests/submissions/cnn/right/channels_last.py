"""Channels last inside; pooling by npt.where, built up from minus infinity; a builtin sum of Tensors."""

import numpytorch as npt
from numpytorch import Tensor, nn

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 400
LEARNING_RATE = 0.2
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """Channels last, so that each place of the kernel is a matrix product."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.weight = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = nn.Parameter(npt.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        k, s, p = self.kernel_size, self.stride, self.padding
        x = npt.pad(npt.transpose(x, 0, 2, 3, 1), ((0, 0), (p, p), (p, p), (0, 0)))  # (N, H, W, C)
        rows, columns = x.shape[1] - k + 1, x.shape[2] - k + 1
        w = npt.transpose(self.weight, 2, 3, 1, 0)  # (K, K, C, F)
        products = [x[:, a : a + rows : s, b : b + columns : s] @ w[a, b] for a in range(k) for b in range(k)]
        return npt.transpose(sum(products, self.bias), 0, 3, 1, 2)


class MaxPool2d(nn.Module):
    """The maximum, built up place by place from minus infinity."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        k, s = self.kernel_size, self.stride
        rows, columns = x.shape[2] - k + 1, x.shape[3] - k + 1
        best = npt.full((*x.shape[:2], (rows - 1) // s + 1, (columns - 1) // s + 1), float("-inf"))
        for a in range(k):
            for b in range(k):
                entry = x[:, :, a : a + rows : s, b : b + columns : s]
                best = npt.where(entry > best, entry, best)
        return best


class MNISTClassificationModel(nn.Module):
    """The layers above, on digits."""

    def __init__(self) -> None:
        self.conv = Conv2d(1, 8, 5, 2)  # (N, 8, 12, 12)
        self.pool = MaxPool2d(2, 2)  # (N, 8, 6, 6)
        self.linear = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = npt.relu(self.pool(self.conv(x)))
        return self.linear(x.reshape((len(x), -1)))
