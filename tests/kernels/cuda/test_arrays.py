"""How arrays come to the device and go, what stays there, on which stream, and that results do not change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numpytorch import ShapeError
from numpytorch.kernels import Kernels, Window

WINDOW = Window((2, 2))
X = np.random.default_rng(0).standard_normal((2, 3, 4, 3))
WEIGHT = np.random.default_rng(1).standard_normal((5, 3, 2, 2))
Y = (2, 5, 3, 2)


def expected() -> Any:
    from numpytorch.kernels import kernels_of

    return kernels_of("numpy").conv2d(X, WEIGHT, None, WINDOW)


def test_arrays_of_the_host_give_arrays_of_the_host(kernels: Kernels) -> None:
    results = (kernels.conv2d(X, WEIGHT, None, WINDOW), *kernels.max_pool2d(X, WINDOW))
    assert all(isinstance(result, np.ndarray) for result in results)


def test_arrays_of_the_device_stay_there(kernels: Kernels) -> None:
    from numba import cuda

    x, weight = cuda.to_device(X), cuda.to_device(WEIGHT)
    y: Any = kernels.conv2d(x, weight, None, WINDOW)
    dx = kernels.conv2d_grad_input(y, weight, X.shape, WINDOW)
    dw, db = kernels.conv2d_grad_weight(y, x, WINDOW), kernels.conv2d_grad_bias(y)
    pooled, places = kernels.max_pool2d(y, WINDOW)
    back = kernels.max_pool2d_grad_input(pooled, places, Y, WINDOW)
    averages = kernels.avg_pool2d(y, WINDOW)
    shared = kernels.avg_pool2d_grad_input(averages, Y, WINDOW)
    for result in (y, dx, dw, db, pooled, places, back, averages, shared):
        assert not isinstance(result, np.ndarray)
        assert hasattr(result, "copy_to_host")
    np.testing.assert_allclose(y.copy_to_host(), expected())


@pytest.mark.parametrize("device", [False, True])
def test_any_strides_will_do(kernels: Kernels, device: bool) -> None:
    from numba import cuda

    from numpytorch.kernels.cuda.arrays import bring

    wide = np.zeros((2, 3, 4, 6))
    wide[..., ::2] = X
    x = (cuda.to_device(wide) if device else wide)[..., ::2]
    assert bring(x).is_c_contiguous()
    y: Any = kernels.conv2d(x, np.asfortranarray(WEIGHT), None, WINDOW)
    np.testing.assert_allclose(y.copy_to_host() if device else y, expected())


@pytest.mark.parametrize(("stream", "waits"), [(None, False), (1, False), (7, True)])
def test_another_librarys_array_is_used_where_it_is_once_its_stream_is_done(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch, stream: int | None, waits: bool
) -> None:
    from numba import cuda

    class Foreign:
        """An array on the device, of another library; stream 1 is the default one, which is ours."""

        __cuda_array_interface__ = {"stream": stream}  # noqa: RUF012 - as the protocol has it
        shape, dtype = X.shape, X.dtype

    seen: list[tuple[object, bool]] = []

    def as_cuda_array(array: object, sync: bool) -> Any:
        seen.append((array, sync))
        return cuda.to_device(X)

    monkeypatch.setattr(cuda, "as_cuda_array", as_cuda_array, raising=False)  # the simulator has none
    x = Foreign()
    y: Any = kernels.conv2d(x, WEIGHT, None, WINDOW)  # type: ignore[arg-type] # it offers the interface
    assert seen == [(x, waits)]
    np.testing.assert_allclose(y.copy_to_host(), expected())


def test_the_same_input_gives_the_same_bits_also_after_other_shapes(kernels: Kernels) -> None:
    x, dy = X.astype(np.float32), np.random.default_rng(2).standard_normal(Y).astype(np.float32)
    first = kernels.conv2d_grad_weight(dy, x, WINDOW)
    kernels.conv2d_grad_weight(dy[:1, :2], x[:1, :1], WINDOW)
    np.testing.assert_array_equal(kernels.conv2d_grad_weight(dy, x, WINDOW), first, strict=True)


def test_work_goes_to_the_stream_of_the_context(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import cuda

    from numpytorch.kernels.cuda import arrays
    from numpytorch.kernels.cuda.backend import CudaKernels

    mine = cuda.stream()
    with CudaKernels.on(mine):
        assert arrays.stream() is mine
        y = kernels.conv2d(X, WEIGHT, None, WINDOW)
        assert arrays.empty((1,), np.float32).stream is mine
    assert arrays.stream() == 0
    np.testing.assert_allclose(y, expected())


def test_rounds_of_an_arena_use_the_same_memory(kernels: Kernels) -> None:
    from numba import cuda

    from numpytorch.kernels.cuda.arrays import Arena

    arena, x, weight = Arena(), cuda.to_device(X), cuda.to_device(WEIGHT)
    with arena.round():
        first = kernels.conv2d(x, weight, None, WINDOW), kernels.conv2d_grad_bias(x)
    with arena.round():
        second = kernels.conv2d(x, weight, None, WINDOW), kernels.conv2d_grad_bias(x)
    assert all(a is b for a, b in zip(first, second, strict=True))
    with arena.round():
        other = kernels.conv2d(x, cuda.to_device(WEIGHT[:2]), None, WINDOW)
    assert other.shape == (2, 2, 3, 2)
    assert kernels.conv2d(x, weight, None, WINDOW) is not other


def test_a_grid_of_no_block_is_not_launched(kernels: Kernels) -> None:
    """CUDA refuses one."""
    from numpytorch.kernels.cuda.arrays import launch

    launch(None, (3, 0), 8)


def test_an_array_that_32_bits_cannot_count_is_refused(kernels: Kernels) -> None:
    from numpytorch.kernels.cuda.arrays import flat

    with pytest.raises(ShapeError, match=r"expected fewer than 2\*\*31 entries, got 2147483648"):
        flat(np.lib.stride_tricks.as_strided(np.zeros(1, np.int8), (2**31,), (0,)))
