"""With no GPU: what the backend says. With one: memory and races, checked by CUDA's own tool."""

import os
import shutil
import subprocess
import sys

import pytest

from .conftest import HAS_GPU
from .test_compiled import ENVIRONMENT

ASK = """
from numpytorch import BackendError
from numpytorch.kernels import kernels_of
try:
    kernels_of("cuda")
except BackendError as error:
    print(error)
"""

SMALL = """
import numpy as np
from numpytorch.kernels import Window, kernels_of
kernels = kernels_of("cuda")
padded = Window((3, 2), (1, 2), (1, 1))
for channels, filters, window in ((1, 3, Window((3, 3))), (17, 33, padded), (33, 70, Window((2, 2)))):
    x = np.random.default_rng(0).standard_normal((3, channels, 9, 7)).astype(np.float32)
    weight = np.random.default_rng(1).standard_normal((filters, channels, *window.size)).astype(np.float32)
    y = kernels.conv2d(x, weight, None, window)
    kernels.conv2d_grad_input(y, weight, x.shape, window)
    kernels.conv2d_grad_weight(y, x, window)
    kernels.conv2d_grad_bias(y)
    best, places = kernels.max_pool2d(x, window)
    kernels.max_pool2d_grad_input(best, places, x.shape, window)
    kernels.avg_pool2d_grad_input(kernels.avg_pool2d(x, window), x.shape, window)
from tests.kernels.recurrent import CELLS, Case, backward, forward
for cell in CELLS:
    for n in (3, 530):  # the second more than one sequence a block
        case = Case(cell, n=n, steps=3, inputs=5, hidden=150, dtype="float32")
        backward(kernels, case, forward(kernels, case))
"""


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
def test_a_missing_gpu_is_one_clear_sentence() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "backend 'cuda': expected an NVIDIA GPU and its driver, found none: install the driver, or set "
        "NUMBA_ENABLE_CUDASIM=1 before Python starts to run the kernels, slowly, in Numba's simulator.\n"
    )


@pytest.mark.skipif(not HAS_GPU or shutil.which("compute-sanitizer") is None, reason="needs compute-sanitizer, a GPU")
@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "initcheck", "synccheck"])
def test_kernels_stay_in_bounds_and_have_no_races(tool: str) -> None:
    command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", "1", sys.executable, "-c", SMALL]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
