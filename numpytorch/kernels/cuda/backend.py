"""The backend "cuda": kernels for NVIDIA GPUs, written in Python and compiled by Numba.

    arrays.py    how arrays come and go, streams, workspaces
    tiles.py     what a block computes; which path a shape takes, and why
    gather.py    a convolution's output, and its input's gradient, as one kind of sum
    gemm.py      ... computed as a product of matrices, in tiles
    direct.py    ... computed one pixel a thread, for few channels
    weight.py    gradients of weight and bias: sums over images and pixels, in slices
    pool.py      pooling and its gradients
    recurrent.py recurrent layers: products for all steps, and recurrence.py, which goes through time
    training.py  what else a training step on the device needs

An argument that lies on the device (Numba's, CuPy's, PyTorch's: `__cuda_array_interface__`) is used where it is, and
the result then stays on the device and offers the same interface; other arguments are copied in, and the result out.
Tensors hold arrays of the host, so each layer of `numpytorch.nn` copies in and out; benchmarks/cuda.py has a training
step that stays on the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import config, cuda

from numpytorch._backend import BackendError
from numpytorch.kernels.cuda import pool, sums
from numpytorch.kernels.cuda.arrays import SIMULATED, bring, empty, flat, give, on
from numpytorch.kernels.cuda.direct import direct
from numpytorch.kernels.cuda.gather import Gather, forward, grad_input
from numpytorch.kernels.cuda.gemm import gemm
from numpytorch.kernels.cuda.recurrent import CudaRecurrent
from numpytorch.kernels.cuda.tiles import takes_direct_path
from numpytorch.kernels.cuda.weight import grad_weight

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.cuda.arrays import DeviceArray
    from numpytorch.kernels.interface import Kernels, Window


class CudaKernels(CudaRecurrent):
    """The kernels on one GPU: `numpytorch.kernels.interface.Kernels` says what they compute.

    `with kernels.on(stream):` launches and copies on a stream, of Numba or the handle of another library's.
    """

    name = "cuda"
    on = staticmethod(on)

    def conv2d(self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1) -> Array:
        plan = forward(tuple(x.shape), tuple(weight.shape), window, groups, has_bias=bias is not None)
        out = empty(plan.out, x.dtype)
        gather(plan, out, bring(x), bring(weight), None if bias is None else bring(bias))
        return give(out, x, weight, bias)

    def conv2d_grad_input(self, dy: Array, weight: Array, x_shape: Shape, window: Window, groups: int = 1) -> Array:
        out = empty(x_shape, dy.dtype)
        there, filters = bring(dy), bring(weight)
        for plan in grad_input(tuple(dy.shape), tuple(weight.shape), tuple(x_shape), window, groups):
            gather(plan, out, there, filters, None)
        return give(out, dy, weight)

    def conv2d_grad_weight(self, dy: Array, x: Array, window: Window, groups: int = 1) -> Array:
        return give(grad_weight(bring(dy), bring(x), window, groups), dy, x)

    def conv2d_grad_bias(self, dy: Array) -> Array:
        return give(sums.sum_per_channel(bring(dy)), dy)

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        out, places = pool.max_pool(bring(x), window)
        return give(out, x), give(places, x)

    def max_pool2d_grad_input(self, dy: Array, places: Array, x_shape: Shape, window: Window) -> Array:
        return give(pool.max_pool_grad(bring(dy), bring(places), x_shape, window), dy, places)

    def avg_pool2d(self, x: Array, window: Window) -> Array:
        return give(pool.avg_pool(bring(x), window), x)

    def avg_pool2d_grad_input(self, dy: Array, x_shape: Shape, window: Window) -> Array:
        return give(pool.avg_pool_grad(bring(dy), x_shape, window), dy)


def gather(plan: Gather, out: DeviceArray, src: DeviceArray, weight: DeviceArray, bias: DeviceArray | None) -> None:
    """Compute one gather on the path that its shape takes."""
    path: Callable[..., None] = direct if takes_direct_path(plan.rows, plan.products, len(plan.taps)) else gemm
    path(plan, *(flat(array) for array in (out, src, weight, weight if bias is None else bias)))


def load() -> Kernels:
    """Return the backend. Raises BackendError if there is no GPU, no driver or no compiler of CUDA."""
    if not SIMULATED:
        _require_device()
        config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # a small batch is no fault of the caller's
    return CudaKernels()


def _require_device() -> None:
    if not cuda.is_available():
        raise BackendError(
            "backend 'cuda': expected an NVIDIA GPU and its driver, found none: install the driver, or set "
            "NUMBA_ENABLE_CUDASIM=1 before Python starts to run the kernels, slowly, in Numba's simulator."
        )
    try:
        cuda.compile_ptx(_nothing, ())
    except Exception as error:
        raise BackendError(
            f"backend 'cuda': expected the compiler libraries of CUDA, found none ({error}): "
            "pip install 'numba-cuda[cu12]', or [cu13], for the version of CUDA that the driver supports."
        ) from error


def _nothing() -> None:
    """Do nothing, on the device."""
