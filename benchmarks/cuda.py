"""What the entry `cuda` measures: kernels beside cuDNN's, through PyTorch, on one GPU, in float32 without TF32.

Both sides work on the same device, and so in one process. Convolutions: time on the device, by events, of calls that
wait in the stream behind a pause, so that no launch is late; ours and theirs take turns. One training step of the model
answer's CNN: time on the host, with the batch copied in and the loss copied out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch.kernels import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpytorch._types import Array
    from numpytorch.kernels.cuda.backend import CudaKernels

ROUNDS, CALLS = 25, 20
PAUSE = 40_000_000  # cycles, some 20 ms: longer than the host takes to enqueue CALLS calls
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
    def shapes(self) -> str:
        """Name the shapes of x and weight."""
        return f"x ({self.n}, {self.c}, {self.size}, {self.size}), weight ({self.f}, {self.c}, {self.k}, {self.k})"

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
    """Return PyTorch, which only the benchmarks need."""
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
    """Time calls on the device, in turns: return seconds a call, of each side and round."""
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
                times[name].append(start.elapsed_time(end) * 1e-3 / CALLS)
    return times


def host_times(sides: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Time calls on the host, in turns: return seconds of each call."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS * CALLS):
        for name, call in sides.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


@dataclass(frozen=True)
class Device:
    """A GPU. peak: operations a second in float32, two for each of a multiprocessor's 128 lanes and cycles."""

    name: str
    peak: float
    driver: int


def this_device() -> Device:
    """Describe the GPU that this runs on."""
    from cuda.bindings import driver
    from numba import cuda

    device = cuda.get_current_device()
    return Device(
        name=device.name.decode() if isinstance(device.name, bytes) else device.name,
        peak=device.MULTIPROCESSOR_COUNT * 128 * 2 * device.CLOCK_RATE * 1e3,
        driver=driver.cuDriverGetVersion()[1],
    )


def versions() -> dict[str, str]:
    """Return the versions of each side that matter."""
    torch = pytorch()
    return {
        "numpytorch": f"numpytorch {metadata.version('numpytorch')}, numba-cuda {metadata.version('numba-cuda')}",
        "PyTorch": f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}",
    }


def there_is_a_gpu() -> bool:
    """Return whether Numba and PyTorch can both use a GPU."""
    try:
        torch = pytorch()
        from numpytorch.kernels.cuda.arrays import SIMULATED
    except ImportError:
        return False
    return not SIMULATED and bool(torch.cuda.is_available())
