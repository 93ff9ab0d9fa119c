"""The CUDA kernels beside PyTorch's (cuDNN) on one GPU, float32 without TF32.

    python -m benchmarks.cuda            (needs an NVIDIA GPU, torch and numba-cuda with CUDA's compiler)

Results are compared first. Convolutions: time on the device, by events, of calls that wait in the stream behind a
pause, so that no launch is late; ours and theirs take turns. One training step of the model answer's CNN: time on the
host, with the batch copied in and the loss copied out. What was measured goes to benchmarks/results/cuda.json. It
exits with status 2 where there is no GPU.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch.kernels import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpytorch._types import Array
    from numpytorch.kernels.cuda.backend import CudaKernels

RESULTS = Path(__file__).parent / "results" / "cuda.json"
ROUNDS, CALLS = 25, 20
PAUSE = 40_000_000  # cycles, some 20 ms: longer than the host takes to enqueue CALLS calls
TOLERANCE = 1e-4  # of the norm: sums of up to 200,000 products, in another order
RATE = 0.01
HALVES = Window((2, 2), (2, 2))


@dataclass(frozen=True)
class Layer:
    """A convolution with square images and windows, no padding."""

    n: int
    c: int
    f: int
    size: int
    k: int = 3

    @property
    def operations(self) -> int:
        """Return multiplications and additions of the output, or of either gradient."""
        return 2 * self.n * self.f * self.c * self.k**2 * (self.size - self.k + 1) ** 2

    def draw(self) -> tuple[Array, Array, Array]:
        """Return x, weight and the gradient of the output."""
        rng, out = np.random.default_rng(0), self.size - self.k + 1
        shapes = (self.n, self.c, self.size, self.size), (self.f, self.c, self.k, self.k), (self.n, self.f, out, out)
        x, weight, dy = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
        return x, weight, dy


LAYERS = (
    Layer(256, 64, 128, 28),
    Layer(1024, 32, 64, 13),
    Layer(256, 1, 32, 28),  # the model answer's two
    Layer(256, 32, 64, 13),
)


def pytorch() -> Any:
    """Return PyTorch, which only this script needs."""
    return import_module("torch")


def ours(kernels: CudaKernels, layer: Layer, x: Any, weight: Any, dy: Any) -> dict[str, Callable[[], Any]]:
    """Return the three operations of a layer on arrays of the device, by name."""
    window = Window((layer.k, layer.k))
    return {
        "forward": lambda: kernels.conv2d(x, weight, None, window),
        "gradient of input": lambda: kernels.conv2d_grad_input(dy, weight, x.shape, window),
        "gradient of weight": lambda: kernels.conv2d_grad_weight(dy, x, window),
    }


def theirs(x: Any, weight: Any, dy: Any) -> dict[str, Callable[[], Any]]:
    """Return the same of PyTorch, on its tensors."""
    torch = pytorch()
    return {
        "forward": lambda: torch.nn.functional.conv2d(x, weight),
        "gradient of input": lambda: torch.nn.grad.conv2d_input(x.shape, weight, dy),
        "gradient of weight": lambda: torch.nn.grad.conv2d_weight(x, weight.shape, dy),
    }


class Step:
    """A training step of the model answer's CNN on the device: weights stay there, all else lies in an arena."""

    def __init__(self, kernels: CudaKernels, weights: Mapping[str, Array]) -> None:
        from numpytorch.kernels.cuda.arrays import Arena

        self.kernels, self.arena = kernels, Arena()
        self.weights: dict[str, Any] = {name: kernels.to_device(weight) for name, weight in weights.items()}

    def __call__(self, x: Array, labels: Array) -> float:
        """Train on one batch of the host; return the loss."""
        k, w = self.kernels, self.weights
        with self.arena.round():
            images = k.to_device(x)
            first = Window(w["conv1.w"].shape[2:])
            second = Window(w["conv2.w"].shape[2:])
            h1 = k.relu(k.conv2d(images, w["conv1.w"], w["conv1.b"], first))
            p1, at1 = k.max_pool2d(h1, HALVES)
            h2 = k.relu(k.conv2d(p1, w["conv2.w"], w["conv2.b"], second))
            p2, at2 = k.max_pool2d(h2, HALVES)
            flat = p2.reshape(len(x), w["linear1.w"].shape[0])
            h3 = k.relu(k.add_bias(k.matmul(flat, w["linear1.w"]), w["linear1.b"]))
            loss, d_logits = k.cross_entropy(k.matmul(h3, w["linear2.w"]), k.to_device(labels))

            d3 = k.relu_grad(k.matmul_transposed(d_logits, w["linear2.w"]), h3)
            d_flat = k.matmul_transposed(d3, w["linear1.w"]).reshape(p2.shape)
            d2 = k.relu_grad(k.max_pool2d_grad_input(d_flat, at2, h2.shape, HALVES), h2)
            d_p1 = k.conv2d_grad_input(d2, w["conv2.w"], p1.shape, second)
            d1 = k.relu_grad(k.max_pool2d_grad_input(d_p1, at1, h1.shape, HALVES), h1)
            gradients: dict[str, Any] = {
                "linear2.w": k.transposed_matmul(h3, d_logits),
                "linear1.w": k.transposed_matmul(flat, d3),
                "linear1.b": k.conv2d_grad_bias(d3.reshape(*d3.shape, 1, 1)),
                "conv2.w": k.conv2d_grad_weight(d2, p1, second),
                "conv2.b": k.conv2d_grad_bias(d2),
                "conv1.w": k.conv2d_grad_weight(d1, images, first),
                "conv1.b": k.conv2d_grad_bias(d1),
            }
            for name, gradient in gradients.items():
                k.descend(w[name], gradient, RATE)
            return float(k.to_host(loss)[0])


def their_step(weights: Mapping[str, Array]) -> Callable[[Array, Array], float]:
    """Return PyTorch's training step, of the same network and weights."""
    torch = pytorch()
    nn = torch.nn
    net = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10, bias=False)),
    ).cuda()
    with torch.no_grad():
        for parameter, weight in zip(net.parameters(), weights.values(), strict=True):
            parameter.copy_(torch.tensor(weight.T if weight.ndim == 2 else weight))
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)

    def step(x: Array, labels: Array) -> float:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(torch.from_numpy(x).cuda()), torch.from_numpy(labels).cuda())
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def network(channels: int = 32, flat: int = 1600, hidden: int = 128) -> dict[str, Array]:
    """Draw the network's parameters, in the order of its layers: linear weights are (d_in, d_out)."""
    rng = np.random.default_rng(0)
    shapes = {
        "conv1.w": (channels, 1, 3, 3),
        "conv1.b": (channels,),
        "conv2.w": (2 * channels, channels, 3, 3),
        "conv2.b": (2 * channels,),
        "linear1.w": (flat, hidden),
        "linear1.b": (hidden,),
        "linear2.w": (hidden, 10),
    }
    return {name: 0.05 * rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}


def device_times(sides: Mapping[str, Callable[[], Any]]) -> dict[str, list[float]]:
    """Time calls on the device, in turns: return milliseconds a call, of each side and round."""
    torch = pytorch()
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(ROUNDS + 1):
        for name, call in sides.items():
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            torch.cuda._sleep(PAUSE)
            start.record()
            for _ in range(CALLS):
                call()
            end.record()
            torch.cuda.synchronize()
            if turn:  # the first warms up
                times[name].append(start.elapsed_time(end) / CALLS)
    return times


def summed_up(times: Mapping[str, list[float]]) -> dict[str, Any]:
    """Return each side's median, its 10th and 90th percentile, and the ratio of medians."""
    figures: dict[str, Any] = {
        name: {"median": statistics.median(taken), "low": np.quantile(taken, 0.1), "high": np.quantile(taken, 0.9)}
        for name, taken in times.items()
    }
    return figures | {"ratio": figures["ours"]["median"] / figures["theirs"]["median"]}


def check(what: str, actual: Array, expected: Array) -> None:
    """Exit unless two results agree."""
    off = float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))
    if not off <= TOLERANCE:
        sys.exit(
            f"{what}: expected PyTorch's result within {TOLERANCE:g} of its norm, got {off:g} off. Nothing is timed."
        )


def convolutions(kernels: CudaKernels, peak: float) -> list[dict[str, Any]]:
    """Measure each layer's three operations: milliseconds, their ratio, and the share of the device's peak."""
    from numba import cuda

    from numpytorch.kernels.cuda.arrays import Arena

    torch = pytorch()
    measured = []
    for layer in LAYERS:
        tensors = [torch.from_numpy(array).cuda() for array in layer.draw()]
        mine, other = ours(kernels, layer, *map(cuda.as_cuda_array, tensors)), theirs(*tensors)
        for name in mine:
            check(f"{layer} {name}", mine[name]().copy_to_host(), other[name]().cpu().numpy())
            arena = Arena()

            def call(name: str = name, arena: Arena = arena) -> None:
                with arena.round():
                    mine[name]()  # noqa: B023 (called within this turn of the loop)

            figures = summed_up(device_times({"ours": call, "theirs": other[name]}))
            share = layer.operations / (figures["ours"]["median"] * 1e-3) / peak
            measured.append({"layer": asdict(layer), "operation": name, "unit": "ms", "share": share, **figures})
            print(f"{layer} {name}: ratio {figures['ratio']:.2f}, {share:.0%} of the device's peak", file=sys.stderr)
    return measured


def training_steps(kernels: CudaKernels, n: int = 256) -> dict[str, Any]:
    """Measure a training step from a batch on the host to its loss on the host, in milliseconds."""
    rng = np.random.default_rng(1)
    x, labels = rng.random((n, 1, 28, 28), dtype=np.float32), rng.integers(0, 10, n)
    sides: dict[str, Callable[[Array, Array], float]]
    sides = {"ours": Step(kernels, network()), "theirs": their_step(network())}
    for turn in range(3):
        mine, other = (np.array([step(x, labels)]) for step in sides.values())
        check(f"loss {turn} of training", mine, other)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS * CALLS):
        for name, step in sides.items():
            start = time.perf_counter()
            step(x, labels)
            times[name].append((time.perf_counter() - start) * 1e3)
    return {"n": n, "unit": "ms", **summed_up(times)}


def machine() -> dict[str, Any]:
    """Describe the device, its peak in float32 (operations a second: two for each of 128 lanes), and the versions."""
    from cuda.bindings import driver
    from numba import cuda

    torch = pytorch()
    device = cuda.get_current_device()
    return {
        "device": device.name.decode() if isinstance(device.name, bytes) else device.name,
        "peak": device.MULTIPROCESSOR_COUNT * 128 * 2 * device.CLOCK_RATE * 1e3,
        "driver": driver.cuDriverGetVersion()[1],
        "versions": {
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "numba-cuda": metadata.version("numba-cuda"),
            "numpy": np.__version__,
        },
    }


def there_is_a_gpu() -> bool:
    """Return whether Numba and PyTorch can both use a GPU."""
    try:
        torch = pytorch()
        from numpytorch.kernels.cuda.arrays import SIMULATED
    except ImportError:
        return False
    return not SIMULATED and bool(torch.cuda.is_available())


def main() -> int:
    """Check, measure, write the results; return the exit status."""
    if not there_is_a_gpu():
        print("benchmarks.cuda: needs an NVIDIA GPU that PyTorch and Numba can use, found none.", file=sys.stderr)
        return 2
    from numpytorch.kernels.cuda.backend import CudaKernels, load

    torch = pytorch()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True  # cuDNN takes the fastest of its algorithms
    kernels = load()
    assert isinstance(kernels, CudaKernels)
    taken = machine()
    taken |= {"convolutions": convolutions(kernels, taken["peak"]), "step": training_steps(kernels)}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(taken, indent=1) + "\n")
    print(f"CNN training step: ratio {taken['step']['ratio']:.2f}; written to {RESULTS}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
