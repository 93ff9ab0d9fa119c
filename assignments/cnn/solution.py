# stub: """Assignment: a convolutional network, from its layers up. README.md beside this file explains the task.
# stub:
# stub: Fill in every place that raises NotImplementedError, then check your work:
# stub:
# stub:     autograder check cnn assignment.py
# stub: """
"""Model answer to the assignment on convolutional networks.

The convolution is one matrix product (im2col): every window becomes a column, every filter a row.
"""
# end

import numpy as np  # answer
from numpy.typing import NDArray  # answer

import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, OutputNode, TensorNode, attach  # answer

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 300
LEARNING_RATE = 0.1
# ---- end of hyperparameters ----


# answer
Array = NDArray[np.floating]
Window = tuple[slice, slice, slice, slice]


def windows(kernel_size: int, stride: int, out_height: int, out_width: int) -> list[Window]:
    """List, for each place (a, b) in the kernel, the entries of x (N, C, H, W) that it meets: (N, C, OH, OW)."""
    return [
        (
            slice(None),
            slice(None),
            slice(a, a + stride * (out_height - 1) + 1, stride),
            slice(b, b + stride * (out_width - 1) + 1, stride),
        )
        for a in range(kernel_size)
        for b in range(kernel_size)
    ]


def out_length(length: int, kernel_size: int, stride: int) -> int:
    """Return how many windows fit side by side, once `length` includes the padding."""
    return (length - kernel_size) // stride + 1


class Conv2dGradFn(GradFn):
    """y = W col(x) + b gives dW = dy col(x)^T, db = sum(dy), dx = uncol(W^T dy)."""

    def __init__(self, x: Tensor, w: Tensor, b: Tensor, columns: Array, places: list[Window]) -> None:
        super().__init__(x, w, b)
        self.columns = columns  # (N, C*K*K, OH*OW)
        self.places = places

    def f_d(self, x: TensorNode, w: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array | None, Array, Array]:
        n, f, out_h, out_w = y.shape
        dy = y.grad.reshape(n, f, out_h * out_w)
        dw = (dy @ self.columns.swapaxes(1, 2)).sum(axis=0).reshape(w.shape)
        db = dy.sum(axis=(0, 2))
        if not x.requires_grad:  # images need no gradient, and this is half of the work
            return None, dw, db
        dcolumns = w.arr.reshape(f, -1).T @ dy  # (N, C*K*K, OH*OW)
        dcolumns = dcolumns.reshape(n, x.shape[1], len(self.places), out_h, out_w)
        dx = np.zeros_like(x.arr)
        for k, place in enumerate(self.places):
            dx[place] += dcolumns[:, :, k]  # an entry is in several windows: add
        return dx, dw, db


# end


class Conv2d(nn.Module):
    """Slide a bank of filters over a batch of images (cross-correlation) and add a bias to each.

    weight: (F, C, K, K) and bias: (F,), each an nn.Parameter on an attribute of this module, with
    C = in_channels, F = out_channels, K = kernel_size. The attribute names are up to you.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        # stub: raise NotImplementedError("Conv2d.__init__: keep the sizes and create the weight and the bias.")
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.weight = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = nn.Parameter(npt.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Compute y[n, f, i, j] = bias[f] + sum over c, a, b of weight[f, c, a, b] * x'[n, c, i*S + a, j*S + b].

        x: (N, C, H, W); x' is x with `padding` (P) zeros on each of its four sides; S is the stride.
        Returns (N, F, OH, OW), OH = (H + 2*P - K) // S + 1 and OW = (W + 2*P - K) // S + 1.
        """
        # stub: raise NotImplementedError("Conv2d.forward: compute the output with Tensor operations, or with a GradFn.")
        p = self.padding
        if p:
            x = npt.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        n, c, h, w = x.shape
        out_h, out_w = out_length(h, self.kernel_size, self.stride), out_length(w, self.kernel_size, self.stride)
        places = windows(self.kernel_size, self.stride, out_h, out_w)

        columns = np.empty((n, c, len(places), out_h, out_w), dtype=x.dtype)
        for k, place in enumerate(places):
            columns[:, :, k] = x.arr[place]
        columns = columns.reshape(n, c * len(places), out_h * out_w)

        filters = self.weight.arr.reshape(len(self.weight), -1)  # (F, C*K*K)
        y = filters @ columns + self.bias.arr[:, None]  # (N, F, OH*OW)
        grad_fn = Conv2dGradFn(x, self.weight, self.bias, columns, places)
        return attach(y.reshape(n, -1, out_h, out_w), grad_fn)


# answer
class MaxPool2dGradFn(GradFn):
    """Each window's gradient goes to its largest entry."""

    def __init__(self, x: Tensor, chosen: NDArray[np.intp], places: list[Window]) -> None:
        super().__init__(x)
        self.chosen = chosen  # (N, C, OH, OW): which place in the window was the largest
        self.places = places

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros_like(x.arr)
        for k, place in enumerate(self.places):
            dx[place] += y.grad * (self.chosen == k)  # windows may overlap: add
        return (dx,)


# end


class MaxPool2d(nn.Module):
    """Take the largest entry of each window, channel by channel. Windows overlap where stride < kernel_size."""

    def __init__(self, kernel_size: int, stride: int) -> None:
        # stub: raise NotImplementedError("MaxPool2d.__init__: keep the sizes.")
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Compute y[n, c, i, j] = max over a, b of x[n, c, i*S + a, j*S + b].

        x: (N, C, H, W). Returns (N, C, OH, OW), OH = (H - K) // S + 1 and OW = (W - K) // S + 1.
        """
        # stub: raise NotImplementedError("MaxPool2d.forward: compute the output with Tensor operations, or with a GradFn.")
        h, w = x.shape[2:]
        out_h, out_w = out_length(h, self.kernel_size, self.stride), out_length(w, self.kernel_size, self.stride)
        places = windows(self.kernel_size, self.stride, out_h, out_w)
        y = x.arr[places[0]].copy()
        chosen = np.zeros(y.shape, dtype=np.intp)
        for k, place in enumerate(places[1:], start=1):
            entry = x.arr[place]
            larger = entry > y
            chosen[larger] = k
            np.maximum(y, entry, out=y)
        return attach(y, MaxPool2dGradFn(x, chosen, places))


class MNISTClassificationModel(nn.Module):
    """Classify handwritten digits with the two layers above, nn.ReLU and nn.Linear."""

    def __init__(self) -> None:
        # stub: raise NotImplementedError("MNISTClassificationModel.__init__: create the layers.")
        self.features = nn.Sequential(
            Conv2d(1, 32, 3),  # (N, 32, 26, 26)
            nn.ReLU(),
            MaxPool2d(2, 2),  # (N, 32, 13, 13)
            Conv2d(32, 64, 3),  # (N, 64, 11, 11)
            nn.ReLU(),
            MaxPool2d(2, 2),  # (N, 64, 5, 5)
        )
        self.classifier = nn.Sequential(
            nn.Linear(64 * 5 * 5, 128),
            nn.ReLU(),
            nn.Linear(128, 10, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28), values from 0 to 1, to logits (N, 10): one number a digit, no softmax."""
        # stub: raise NotImplementedError("MNISTClassificationModel.forward: apply the layers in turn.")
        x = self.features(x)
        return self.classifier(x.reshape(len(x), -1))
