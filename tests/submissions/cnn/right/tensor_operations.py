"""Plain Tensor operations over kernel offsets; parameters under other names; no super().__init__()."""

import numpytorch as npt
from numpytorch import Tensor, nn, reshape

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 400
LEARNING_RATE = 0.2
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """Add up, over the places in the kernel, a shifted image times that place of every filter."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.size = kernel_size
        self.step = stride
        self.border = padding
        self.filters = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.offset = nn.Parameter(npt.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        p, s, k = self.border, self.step, self.size
        x = npt.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh, ow = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
        out = self.offset.reshape(1, -1, 1, 1)
        for a in range(k):
            for b in range(k):
                shifted = x[:, :, a : a + s * (oh - 1) + 1 : s, b : b + s * (ow - 1) + 1 : s]
                out = out + npt.einsum("nchw,fc->nfhw", shifted, self.filters[:, :, a, b])
        return out


class MaxPool2d(nn.Module):
    """The maximum of shifted images."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        self.size = kernel_size
        self.step = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        s, k = self.step, self.size
        oh, ow = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
        shifted = [
            x[:, :, a : a + s * (oh - 1) + 1 : s, b : b + s * (ow - 1) + 1 : s] for a in range(k) for b in range(k)
        ]
        return npt.stack(shifted).max(axis=0)


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
