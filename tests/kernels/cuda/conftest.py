"""Where there is no GPU, these tests run in Numba's simulator, which has to be chosen before numba.cuda is imported."""

import sys

import pytest
from hypothesis import settings

from numpytorch.kernels import Kernels

numba = pytest.importorskip("numba")
pytest.importorskip("numba_cuda")


def _has_gpu() -> bool:
    from cuda.bindings import driver

    try:
        return bool(driver.cuInit(0)[0] == driver.CUresult.CUDA_SUCCESS and driver.cuDeviceGetCount()[1] > 0)
    except RuntimeError:  # there is no driver
        return False


HAS_GPU = _has_gpu()
if not HAS_GPU:
    assert "numba.cuda" not in sys.modules, "too late to choose the simulator: import numba.cuda within tests only"
    numba.config.ENABLE_CUDASIM = 1

# The simulator runs each thread of the device as a thread of Python.
FEW = settings(max_examples=max(4, settings().max_examples // 10), deadline=None)


@pytest.fixture(scope="session")
def kernels() -> Kernels:
    from numpytorch.kernels.cuda.backend import load

    return load()
