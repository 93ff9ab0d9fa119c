# stub: """Assignment: a recurrent network, and its gradient back through time. README.md beside this file explains the task.
# stub:
# stub: Fill in every place that raises NotImplementedError, then check your work:
# stub:
# stub:     autograder check rnn assignment.py
# stub: """
"""Model answer to the assignment on recurrent networks.

All time steps are one operation with one rule: backpropagation through time, written out. What does not depend on the
state (x W_x at every step, the parameters' sums over steps) is one matrix product for the whole sequence.
"""
# end

import numpy as np  # answer
from numpy.typing import NDArray  # answer

import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, OutputNode, TensorNode, attach  # answer

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 50  # stub: 32
ITERATIONS = 2000  # stub: 1000
LEARNING_RATE = 0.02
# ---- end of hyperparameters ----


# answer
Array = NDArray[np.floating]


class RNNGradFn(GradFn):
    """Backpropagation through time: with h_t = tanh(a_t), da_t = (dy_t + da_{t+1} W_h^T) (1 - h_t^2)."""

    def f_d(
        self, x: TensorNode, h0: TensorNode, w_x: TensorNode, w_h: TensorNode, b: TensorNode, y: OutputNode
    ) -> tuple[Array | None, Array, Array, Array, Array]:
        n, steps, hidden = y.shape
        slope = 1 - y.arr * y.arr  # tanh' at every step, (N, T, H)
        da = np.empty_like(y.arr)
        dh = np.zeros_like(h0.arr)  # what the steps after this one send back to its state, (N, H)
        for t in reversed(range(steps)):
            da[:, t] = (y.grad[:, t] + dh) * slope[:, t]
            dh = da[:, t] @ w_h.arr.T

        before = np.concatenate([h0.arr[:, None], y.arr[:, :-1]], axis=1)  # the state that each step began with
        rows = da.reshape(n * steps, hidden)
        dw_x = x.arr.reshape(n * steps, -1).T @ rows
        dw_h = before.reshape(n * steps, hidden).T @ rows
        db = rows.sum(axis=0)
        dx = da @ w_x.arr.T if x.requires_grad else None  # images need none
        return dx, dh, dw_x, dw_h, db


# end


class RNN(nn.Module):
    """Read sequences step by step, keeping a state: h_t = tanh(x_t W_x + h_{t-1} W_h + b).

    W_x: (D, H), W_h: (H, H) and b: (H,), each an nn.Parameter on an attribute of this module, with
    D = input_size, H = hidden_size. The attribute names are up to you.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        # stub: raise NotImplementedError("RNN.__init__: keep the sizes and create W_x, W_h and b.")
        self.hidden_size = hidden_size
        # A little less than He, who has ReLU in mind: tanh learns slowly once it is saturated.
        self.w_x = nn.Parameter(nn.Parameter.new(input_size, hidden_size).arr * 0.75)
        # W_h is applied at every step, so what counts is what its powers do. An orthogonal matrix keeps the length of
        # states and of gradients; one that Parameter.new draws stretches them by about sqrt(2) a step.
        q, _ = np.linalg.qr(np.random.standard_normal((hidden_size, hidden_size)))
        self.w_h = nn.Parameter(q.astype(self.w_x.dtype))
        self.b = nn.Parameter(npt.zeros(hidden_size))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Compute h_t = tanh(x_t W_x + h_{t-1} W_h + b) for t = 1, ..., T.

        x: (N, T, D), of which x_t is x[:, t - 1]; h0: (N, H), the state before the first step, or None for zeros.
        Returns the states (N, T, H), of which h_t is [:, t - 1], and the last of them, h_T (N, H).
        """
        # stub: raise NotImplementedError("RNN.forward: compute the states with Tensor operations, or with a GradFn.")
        n, steps, _ = x.shape
        if h0 is None:
            h0 = npt.zeros(n, self.hidden_size, dtype=x.dtype)

        y = x.arr @ self.w_x.arr + self.b.arr  # (N, T, H): as yet without the states
        h = h0.arr
        for t in range(steps):
            h = np.tanh(y[:, t] + h @ self.w_h.arr)
            y[:, t] = h
        outputs = attach(y, RNNGradFn(x, h0, self.w_x, self.w_h, self.b))
        return outputs, outputs[:, -1]


class MNISTClassificationModel(nn.Module):
    """Classify handwritten digits with the RNN above and nn.Linear."""

    def __init__(self) -> None:
        # stub: raise NotImplementedError("MNISTClassificationModel.__init__: create the layers.")
        self.rnn = RNN(28, 128)
        self.classifier = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28), values from 0 to 1, to logits (N, 10): one number a digit, no softmax."""
        # stub: raise NotImplementedError("MNISTClassificationModel.forward: read each image as a sequence of 28 rows.")
        # A row is a step, from top to bottom; the state after the last one has seen the whole image.
        _, last = self.rnn(x.reshape(len(x), 28, 28))
        return self.classifier(last)
