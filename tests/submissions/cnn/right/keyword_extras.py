"""Options of one's own with defaults; a weight made with np.random.randn; one image at a time."""

import math
from typing import Literal

import numpy as np

import numpytorch as npt
from numpytorch import Tensor, nn

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 16
ITERATIONS = 600
LEARNING_RATE = 0.1
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """One image at a time, as a matrix product of filters and columns."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        *,
        initial: Literal["he", "xavier"] = "he",
        gain: float = 1.0,
    ) -> None:
        fan_in = in_channels * kernel_size * kernel_size
        fan_out = out_channels * kernel_size * kernel_size
        std = gain * math.sqrt(2 / fan_in if initial == "he" else 2 / (fan_in + fan_out))
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight = nn.Parameter(npt.tensor((std * np.random.randn(*shape)).astype(npt.zeros(1).dtype)))
        self.bias = nn.Parameter(npt.zeros(out_channels))
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def columns(self, image: Tensor) -> Tensor:
        """Map an image (C, H, W) to its columns (C*K*K, OH*OW)."""
        k, s = self.kernel_size, self.stride
        oh, ow = (image.shape[1] - k) // s + 1, (image.shape[2] - k) // s + 1
        return npt.stack(
            [
                channel[a : a + s * oh : s, b : b + s * ow : s][:oh, :ow].flatten()
                for channel in image
                for a in range(k)
                for b in range(k)
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, OH, OW)."""
        p, k, s = self.padding, self.kernel_size, self.stride
        x = npt.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh = (x.shape[2] - k) // s + 1
        filters = self.weight.reshape(self.weight.shape[0], -1)
        images = [(filters @ self.columns(image)).reshape(self.weight.shape[0], oh, -1) for image in x]
        return npt.stack(images) + npt.unsqueeze(npt.unsqueeze(self.bias, 1), 2)


class MaxPool2d(nn.Module):
    """The negative of the minimum of the negative."""

    def __init__(self, kernel_size: int, stride: int, *, name: str = "pool") -> None:
        self.kernel_size, self.stride, self.name = kernel_size, stride, name

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW)."""
        k, s = self.kernel_size, self.stride
        oh, ow = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
        places = [(-x)[:, :, a:, b:][:, :, ::s, ::s][:, :, :oh, :ow] for a in range(k) for b in range(k)]
        return -npt.min(npt.stack(places, axis=-1), axis=-1)


class MNISTClassificationModel(nn.Module):
    """The layers above, on digits."""

    def __init__(self) -> None:
        self.conv = Conv2d(1, 8, 5, stride=2, initial="he")  # (N, 8, 12, 12)
        self.pool = MaxPool2d(2, 2)  # (N, 8, 6, 6)
        self.linear = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = self.pool(nn.relu(self.conv(x)))
        return self.linear(x.flatten(1))
