"""Run the kernels of assignment.py: are they right, and on a GPU, how fast are they beside NumPy?

python main.py              on the GPU if there is one, on Numba's simulator if not
python main.py --tile 8     with blocks of 8 * 8 threads
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

Array = NDArray[np.float32]
SIMULATOR = "NUMBA_ENABLE_CUDASIM"
LARGE = (64, 16, 32, 28, 28, 3)  # N, C, F, H, W, size
SMALL = (2, 2, 3, 7, 8, 3)  # the simulator takes a millisecond or so for a few threads
REPEATS = 20


def correlate(x: Array, weight: Array) -> Array:
    """Compute y (N, F, H - size + 1, W - size + 1) with NumPy, a matrix product for each entry of the filter."""
    size, (height, width) = weight.shape[2], x.shape[2:]
    y = np.zeros((len(x), len(weight), height - size + 1, width - size + 1), np.float32)
    for a, b in np.ndindex(size, size):
        part = x[:, :, a : a + y.shape[2], b : b + y.shape[3]]
        y += np.tensordot(part, weight[:, :, a, b], axes=(1, 1)).transpose(0, 3, 1, 2)
    return y


def correlate_back(dy: Array, weight: Array) -> Array:
    """Compute dx (N, C, H, W) with NumPy, likewise."""
    size, (rows, columns) = weight.shape[2], dy.shape[2:]
    dx = np.zeros((len(dy), weight.shape[1], rows + size - 1, columns + size - 1), np.float32)
    for a, b in np.ndindex(size, size):
        part = np.tensordot(dy, weight[:, :, a, b], axes=(1, 0)).transpose(0, 3, 1, 2)
        dx[:, :, a : a + rows, b : b + columns] += part
    return dx


def blocks(result: Array, tile: int) -> tuple[int, int, int]:
    """Return the grid that covers a result (N, P, rows, columns) with blocks of tile * tile threads."""
    n, planes, rows, columns = result.shape
    return -(-columns // tile), -(-rows // tile), n * planes


def numpy_seconds(compute: Callable[[], Array]) -> float:
    """Return the median time of a few calls."""
    times = []
    for _repeat in range(5):
        start = time.perf_counter()
        compute()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def gpu_seconds(name: str, launch: Callable[[], None]) -> float:
    """Return the median time of a launch on the device: by events in its own queue, for a launch returns at once."""
    from numba import cuda

    times = []
    for _repeat in tqdm(range(REPEATS), desc=name, leave=False):
        start, end = cuda.event(), cuda.event()
        start.record()
        launch()
        end.record()
        end.synchronize()
        times.append(cuda.event_elapsed_time(start, end) / 1000)
    return float(np.median(times))


def run(name: str, kernel: Any, given: Array, weight: Array, right: Array, tile: int, simulated: bool) -> bool:
    """Launch a kernel, compare, and time it where there is a GPU; return whether it is right."""
    from numba import cuda

    on_device = [cuda.to_device(array) for array in (given, weight, np.full_like(right, np.nan))]

    def launch() -> None:
        kernel[blocks(right, tile), (tile, tile)](*on_device)

    launch()  # the first one also compiles
    error = float(np.abs(on_device[2].copy_to_host() - right).max())
    fine = error <= 1e-4 * float(np.abs(right).max())  # not so for NaN
    print(f"{name}: {'agrees with NumPy' if fine else 'differs from NumPy'}, the largest difference is {error:.2g}")
    if not simulated:
        compute = correlate if name == "forward" else correlate_back
        on_gpu, on_cpu = gpu_seconds(name, launch), numpy_seconds(lambda: compute(given, weight))
        sums = 2 * weight.size * given.shape[0] * (right if name == "forward" else given)[0, 0].size
        print(f"  GPU {1000 * on_gpu:.3f} ms ({sums / on_gpu / 1e9:.0f} GFLOP/s), NumPy {1000 * on_cpu:.1f} ms")
    return fine


def main() -> int:
    """Run both kernels."""
    parser = argparse.ArgumentParser(description="Run the kernels of assignment.py.")
    parser.add_argument(
        "--tile", type=int, choices=range(1, 33), metavar="N",
        help="threads of a block along each axis, up to 32 (default: 16, simulated 4)",
    )  # fmt: skip
    options = parser.parse_args()
    from numba import cuda

    simulated = os.environ.get(SIMULATOR) == "1"
    if not simulated and not cuda.is_available():
        # Numba reads the variable when it is imported: it takes a new process.
        return subprocess.run([sys.executable, *sys.argv], env={**os.environ, SIMULATOR: "1"}, check=False).returncode  # noqa: S603 (this script)
    if simulated:
        print("On Numba's simulator: right or wrong shows here, but no time does. That takes an NVIDIA GPU.")
    else:
        name = cuda.get_current_device().name
        print(f"On {name.decode() if isinstance(name, bytes) else name}")

    from assignment import forward_kernel, grad_input_kernel

    n, c, f, height, width, size = SMALL if simulated else LARGE
    tile = options.tile or (4 if simulated else 16)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, c, height, width), np.float32)
    weight = rng.standard_normal((f, c, size, size), np.float32)
    y = correlate(x, weight)
    dy = rng.standard_normal(y.shape, np.float32)
    print(f"x {x.shape}, weight {weight.shape}, blocks of {tile} * {tile} threads")
    forward, grad_input = forward_kernel(tile, size), grad_input_kernel(tile, size)
    fine = run("forward", forward, x, weight, y, tile, simulated)
    fine &= run("grad_input", grad_input, dy, weight, correlate_back(dy, weight), tile, simulated)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
