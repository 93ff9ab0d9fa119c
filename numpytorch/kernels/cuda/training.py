"""What a training step on the device needs besides convolution and pooling. Here arrays go in and out on the device.

Products of matrices are the weight gradient of weight.py for a window of one entry, whose long sum is cut into slices:
the few results of a linear layer would not fill a GPU. The other kernels take one entry, or one row, a thread, and are
bound by memory: each array is read or written once, at most 1/4 flop/byte. Only cross entropy goes over its rows again,
three times, in the caches.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda
from numpy import uint32

from numpytorch.kernels.cuda.arrays import bring, empty, flat, launch, number, to_host
from numpytorch.kernels.cuda.sums import sum_per_channel
from numpytorch.kernels.cuda.tiles import THREADS, ceil_div
from numpytorch.kernels.cuda.weight import grad_weight
from numpytorch.kernels.interface import Window

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from numpytorch._types import Array
    from numpytorch.kernels.cuda.arrays import DeviceArray

ENTRY = Window((1, 1))


class Training:
    """Operations of a training step, on arrays of the device."""

    to_device = staticmethod(bring)
    to_host = staticmethod(to_host)

    def matmul_transposed(self, a: DeviceArray, b: DeviceArray) -> DeviceArray:
        """Return a @ b.T (M, P) for a (M, K) and b (P, K)."""
        (m, k), p = a.shape, b.shape[0]
        if m == 0:
            return empty((m, p), a.dtype)
        return grad_weight(a.reshape(1, m, 1, k), b.reshape(1, p, 1, k), ENTRY, 1).reshape(m, p)

    def transposed_matmul(self, a: DeviceArray, b: DeviceArray) -> DeviceArray:
        """Return a.T @ b (M, P) for a (K, M) and b (K, P)."""
        (k, m), p = a.shape, b.shape[1]
        return grad_weight(a.reshape(k, m, 1, 1), b.reshape(k, p, 1, 1), ENTRY, 1).reshape(m, p)

    def matmul(self, a: DeviceArray, b: DeviceArray) -> DeviceArray:
        """Return a @ b (M, P) for a (M, K) and b (K, P), of which it copies b."""
        return self.matmul_transposed(a, bring(b.T))

    def relu(self, x: DeviceArray) -> DeviceArray:
        """Return x where it is positive or NaN, else zero."""
        return _each("relu", empty(x.shape, x.dtype), x)

    def relu_grad(self, dy: DeviceArray, y: DeviceArray) -> DeviceArray:
        """Return the gradient of x from that of y = relu(x)."""
        return _each("relu_grad", empty(y.shape, y.dtype), dy, y)

    def add_bias(self, x: DeviceArray, bias: DeviceArray) -> DeviceArray:
        """Return x (N, P) + bias (P,)."""
        return _each("add_bias", empty(x.shape, x.dtype), x, bias)

    def cross_entropy(self, logits: DeviceArray, labels: DeviceArray) -> tuple[DeviceArray, DeviceArray]:
        """Return the mean cross entropy (1,) of logits (N, K) for labels (N,), and its gradient (N, K)."""
        n = logits.shape[0]
        losses, gradient = empty((n, 1, 1, 1), logits.dtype), empty(logits.shape, logits.dtype)
        launch(_kernels(logits.dtype)["loss"], (ceil_div(n, THREADS),), THREADS, flat(losses), gradient, logits, labels)
        return sum_per_channel(losses), gradient

    def descend(self, parameter: DeviceArray, gradient: DeviceArray, rate: float) -> None:
        """Subtract rate * gradient from a parameter, in place: a step of gradient descent."""
        _each("descend", parameter, gradient, number(rate, parameter.dtype))


def _each(name: str, out: DeviceArray, first: DeviceArray, second: Any = None) -> DeviceArray:
    """Launch a kernel of one thread an entry of out, and return out."""
    rest = () if second is None else (second if getattr(second, "ndim", 0) == 0 else flat(second),)
    kernel = _kernels(out.dtype)[name]
    launch(kernel, (ceil_div(out.size, THREADS),), THREADS, flat(out), flat(first), *rest)
    return out


@functools.cache
def _kernels(dtype: DTypeLike) -> dict[str, Any]:
    return {name: cuda.jit(source) for name, source in sources(dtype).items()}


def sources(dtype: DTypeLike) -> dict[str, Any]:
    """Return the kernels as functions of Python, by name."""
    # Numba compiles names of this scope as constants.
    threads = THREADS
    zero = number(0, dtype)
    real: Any = np.dtype(dtype).type

    def relu(y: Array, x: Array) -> None:
        i = uint32(cuda.blockIdx.x * threads + cuda.threadIdx.x)
        if i < y.shape[0]:
            y[i] = zero if x[i] <= zero else x[i]

    def relu_grad(dx: Array, dy: Array, y: Array) -> None:
        i = uint32(cuda.blockIdx.x * threads + cuda.threadIdx.x)
        if i < dx.shape[0]:
            dx[i] = zero if y[i] <= zero else dy[i]

    def add_bias(y: Array, x: Array, bias: Array) -> None:
        i = uint32(cuda.blockIdx.x * threads + cuda.threadIdx.x)
        if i < y.shape[0]:
            y[i] = x[i] + bias[uint32(i % uint32(bias.shape[0]))]

    def descend(parameter: Array, gradient: Array, rate: Any) -> None:
        i = uint32(cuda.blockIdx.x * threads + cuda.threadIdx.x)
        if i < parameter.shape[0]:
            parameter[i] -= rate * gradient[i]

    def loss(losses: Array, gradient: Array, logits: Array, labels: Array) -> None:
        n = cuda.blockIdx.x * threads + cuda.threadIdx.x
        if n < logits.shape[0]:
            largest = logits[n, 0]
            for k in range(logits.shape[1]):
                largest = max(largest, logits[n, k])
            total = zero
            for k in range(logits.shape[1]):
                gradient[n, k] = math.exp(logits[n, k] - largest)
                total += gradient[n, k]
            count = real(losses.shape[0])
            share = real(1) / (total * count)
            for k in range(logits.shape[1]):
                gradient[n, k] *= share
            gradient[n, labels[n]] -= real(1) / count
            losses[n] = (math.log(total) + largest - logits[n, labels[n]]) / count

    return {"relu": relu, "relu_grad": relu_grad, "add_bias": add_bias, "descend": descend, "loss": loss}
