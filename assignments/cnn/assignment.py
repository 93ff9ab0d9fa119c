"""Assignment: a convolutional network, from its layers up. README.md beside this file explains the task.

Fill in every place that raises NotImplementedError, then check your work:

    autograder check cnn assignment.py
"""

import numpytorch as npt
from numpytorch import Tensor, nn

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 300
LEARNING_RATE = 0.1
# ---- end of hyperparameters ----


class Conv2d(nn.Module):
    """Slide a bank of filters over a batch of images (cross-correlation) and add a bias to each.

    weight: (F, C, K, K) and bias: (F,), each an nn.Parameter on an attribute of this module, with
    C = in_channels, F = out_channels, K = kernel_size. The attribute names are up to you.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        raise NotImplementedError("Conv2d.__init__: keep the sizes and create the weight and the bias.")

    def forward(self, x: Tensor) -> Tensor:
        """Compute y[n, f, i, j] = bias[f] + sum over c, a, b of weight[f, c, a, b] * x'[n, c, i*S + a, j*S + b].

        x: (N, C, H, W); x' is x with `padding` (P) zeros on each of its four sides; S is the stride.
        Returns (N, F, OH, OW), OH = (H + 2*P - K) // S + 1 and OW = (W + 2*P - K) // S + 1.
        """
        raise NotImplementedError("Conv2d.forward: compute the output with Tensor operations, or with a GradFn.")


class MaxPool2d(nn.Module):
    """Take the largest entry of each window, channel by channel. Windows overlap where stride < kernel_size."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        raise NotImplementedError("MaxPool2d.__init__: keep the sizes.")

    def forward(self, x: Tensor) -> Tensor:
        """Compute y[n, c, i, j] = max over a, b of x[n, c, i*S + a, j*S + b].

        x: (N, C, H, W). Returns (N, C, OH, OW), OH = (H - K) // S + 1 and OW = (W - K) // S + 1.
        """
        raise NotImplementedError("MaxPool2d.forward: compute the output with Tensor operations, or with a GradFn.")


class MNISTClassificationModel(nn.Module):
    """Classify handwritten digits with the two layers above, nn.ReLU and nn.Linear."""

    def __init__(self) -> None:
        raise NotImplementedError("MNISTClassificationModel.__init__: create the layers.")

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28), values from 0 to 1, to logits (N, 10): one number a digit, no softmax."""
        raise NotImplementedError("MNISTClassificationModel.forward: apply the layers in turn.")
