"""Assignment: a recurrent network, and its gradient back through time. README.md beside this file explains the task.

Fill in every place that raises NotImplementedError, then check your work:

    autograder check rnn assignment.py
"""

import numpytorch as npt
from numpytorch import Tensor, nn

# ---- hyperparameters: yours to change, within the bounds that README.md lists ----
BATCH_SIZE = 32
ITERATIONS = 1000
LEARNING_RATE = 0.02
# ---- end of hyperparameters ----


class RNN(nn.Module):
    """Read sequences step by step, keeping a state: h_t = tanh(x_t W_x + h_{t-1} W_h + b).

    W_x: (D, H), W_h: (H, H) and b: (H,), each an nn.Parameter on an attribute of this module, with
    D = input_size, H = hidden_size. The attribute names are up to you.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        raise NotImplementedError("RNN.__init__: keep the sizes and create W_x, W_h and b.")

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Compute h_t = tanh(x_t W_x + h_{t-1} W_h + b) for t = 1, ..., T.

        x: (N, T, D), of which x_t is x[:, t - 1]; h0: (N, H), the state before the first step, or None for zeros.
        Returns the states (N, T, H), of which h_t is [:, t - 1], and the last of them, h_T (N, H).
        """
        raise NotImplementedError("RNN.forward: compute the states with Tensor operations, or with a GradFn.")


class MNISTClassificationModel(nn.Module):
    """Classify handwritten digits with the RNN above and nn.Linear."""

    def __init__(self) -> None:
        raise NotImplementedError("MNISTClassificationModel.__init__: create the layers.")

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28), values from 0 to 1, to logits (N, 10): one number a digit, no softmax."""
        raise NotImplementedError("MNISTClassificationModel.forward: read each image as a sequence of 28 rows.")
