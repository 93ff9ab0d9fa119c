"""The CUDA kernels beside cuDNN, and a CNN training step on a GPU.

It takes PyTorch and numba-cuda, both with CUDA. What is timed, and how, is in `benchmarks.cuda`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from benchmarks.cuda import (
    LAYERS,
    Layer,
    Step,
    device_times,
    host_times,
    network,
    ours,
    pytorch,
    their_step,
    theirs,
    there_is_a_gpu,
    this_device,
    versions,
)
from benchmarks.entries import PYTORCH, Entry, result
from benchmarks.entries.kernels import shared
from benchmarks.results import Case
from benchmarks.turns import UNITS, Absent, agree, rows, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.cuda import Device
    from benchmarks.results import Result
    from numpytorch.kernels.cuda.backend import CudaKernels

OURS = "numpytorch"
TOLERANCE = 1e-4
STEP = 256  # images


def cuda(entry: Entry) -> Result:
    """Measure each layer's operations, and the training step. Raises Absent where there is no GPU."""
    if not there_is_a_gpu():
        raise Absent(f"it needs {entry.needs}")
    from numpytorch.kernels.cuda.backend import CudaKernels, load

    torch = pytorch()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True  # cuDNN takes the fastest of its algorithms
    kernels, device = load(), this_device()
    assert isinstance(kernels, CudaKernels)
    cases = [case for layer in LAYERS for case in convolutions(kernels, layer, device)]
    cases.append(training_step(kernels))
    return record(entry, cases, device, versions())


def record(entry: Entry, cases: list[Case], device: Device, sides: dict[str, str]) -> Result:
    """Make the entry's result of its cases, and say on which device they were measured, and how."""
    notes = [
        f"On {device.name}, driver {device.driver}, in float32 without TF32.",
        f"share: of the device's peak, {device.peak / 1e12:.1f} TFLOP/s.",
        "Convolutions: time on the device. The training step: time on the host, a batch copied in, a loss copied out.",
    ]
    made = result(entry, cases, notes=notes)
    return msgspec.structs.replace(made, versions=sides, threads=1)  # that launches kernels


def convolutions(kernels: CudaKernels, layer: Layer, device: Device) -> list[Case]:
    """Measure a layer's three operations, on arrays that are on the device."""
    from numba import cuda

    from numpytorch.kernels.cuda.arrays import Arena

    tensors = [pytorch().from_numpy(array).cuda() for array in layer.draw()]
    mine, other = ours(kernels, layer, *map(cuda.as_cuda_array, tensors)), theirs(*tensors)
    cases = []
    for name in mine:
        title = f"{name}: {layer.shapes}"
        results = {OURS: mine[name]().copy_to_host(), PYTORCH: other[name]().cpu().numpy()}
        agree(title, {side: {"result": array} for side, array in results.items()}, TOLERANCE)
        arena = Arena()

        def call(name: str = name, arena: Arena = arena) -> Any:
            with arena.round():
                return mine[name]()

        case = timed(title, device_times({OURS: call, PYTORCH: other[name]}))
        cases.append(shared(case, layer.operations / device.peak * UNITS["ms"]))
    return cases


def training_step(kernels: CudaKernels) -> Case:
    """Measure a training step from a batch on the host to its loss on the host."""
    title = f"CNN training step, N = {STEP}"
    rng = np.random.default_rng(1)
    x, labels = rng.random((STEP, 1, 28, 28), dtype=np.float32), rng.integers(0, 10, STEP)
    sides = {
        OURS: partial(Step(kernels, network()), x, labels),
        PYTORCH: partial(their_step(network()), x, labels),
    }
    for turn in range(3):
        agree(title, {name: {f"loss {turn}": np.array(call())} for name, call in sides.items()}, TOLERANCE)
    return timed(title, host_times(sides))


def timed(title: str, times: Mapping[str, list[float]]) -> Case:
    """Make a case of seconds, and tell whoever waits."""
    case = Case(title=title, unit="ms", base=PYTORCH, rows=rows(times, PYTORCH, UNITS["ms"]))
    say("  " + title + ": " + ", ".join(f"{r.name} {r.median:.3g} ms" for r in case.rows))
    return case
