"""PyTorch, eager, on the CPU."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks import machine, problems
from benchmarks.libraries.common import chain as compute_chain
from benchmarks.libraries.common import training, used
from benchmarks.turns import Work

if TYPE_CHECKING:
    from numpytorch._types import Array

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
torch.set_num_interop_threads(1)


def version() -> str:
    """Return the versions that matter."""
    return f"PyTorch {torch.__version__}"


def pools() -> str:
    """Return the threads of each pool."""
    return f"{machine.threads(torch.get_num_threads())}; {machine.pools()}"


def _cnn(n: int, channels: int, size: int) -> tuple[Any, problems.Problem]:
    problem = problems.cnn(n, channels, size)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, channels, 3),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2, 2),
        torch.nn.Conv2d(channels, 2 * channels, 3),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2, 2),
        torch.nn.Flatten(),
        torch.nn.Linear(2 * channels * problems.cnn_side(size) ** 2, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 10, bias=False),
    )
    return model, problem


def cnn_step(n: int, channels: int = 32, size: int = 28) -> Work:
    """A training step of the CNN."""
    model, problem = _cnn(n, channels, size)
    _fill(list(model.parameters()), list(problem.weights.values()))
    return _training(model, model, problem, list(model.parameters()))


def rnn_step(n: int, steps: int, inputs: int, hidden: int) -> Work:
    """A training step of the RNN. torch.nn.RNN has two biases that are added; the second begins at zero."""
    problem = problems.rnn(n, steps, inputs, hidden)
    rnn: Any = torch.nn.RNN(inputs, hidden, batch_first=True)
    linear = torch.nn.Linear(hidden, 10)
    compared = [rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, *linear.parameters()]
    _fill(compared, list(problem.weights.values()))
    torch.nn.init.zeros_(rnn.bias_hh_l0)
    return _training(torch.nn.ModuleList([rnn, linear]), lambda x: linear(rnn(x)[1][0]), problem, compared)


def _fill(parameters: list[Any], weights: list[Array]) -> None:
    """Set the parameters: matrices transposed, because PyTorch's are (d_out, d_in)."""
    with torch.no_grad():
        for parameter, weight in zip(parameters, weights, strict=True):
            parameter.copy_(torch.from_numpy(weight.T.copy() if weight.ndim == 2 else weight))


def _training(model: Any, forward: Any, problem: problems.Problem, compared: list[Any]) -> Work:
    optimizer = torch.optim.SGD(model.parameters(), lr=problems.LEARNING_RATE)
    criterion = torch.nn.CrossEntropyLoss()
    x, labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels)

    def step() -> Any:
        optimizer.zero_grad()
        loss = criterion(forward(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    def gradients() -> list[Array]:
        return [p.grad.numpy().T if p.ndim == 2 else p.grad.numpy() for p in compared]

    return training(step, lambda loss: loss.detach().numpy(), gradients)


def cnn_memory(n: int, channels: int = 32, size: int = 28) -> dict[str, float]:
    """Return bytes of a CNN training step: what it saves for backward with its gradients, and its peak.

    kept: the storages, each once, that operations save for backward, without the parameters and the images, and one
    gradient a parameter. peak: the largest sum of what PyTorch's allocator handed out during a step, by its profiler.
    """
    work = cnn_step(n, channels, size)
    work.step()
    model, problem = _cnn(n, channels, size)
    x, labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels)
    known = {t.untyped_storage().data_ptr() for t in (*model.parameters(), x, labels)}
    saved: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = torch.nn.CrossEntropyLoss()(model(x), labels)
        loss.backward()
    gradients = sum(p.grad.untyped_storage().nbytes() for p in model.parameters())

    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        work.step()  # it begins by giving the last step's gradients back
    events = profile.profiler.kineto_results.events()
    moments = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    return {
        "kept": float(sum(saved.values()) + gradients),
        "peak": float(gradients + np.cumsum([size for _, size in moments]).max()),
    }


def chain(kind: str) -> Work:
    """A chain of 100 small operations, forward and backward."""
    x, w, upstream = problems.chain_arrays()
    leaves: list[Any] = [torch.tensor(a, requires_grad=True) for a in (x, w)]
    dy = torch.tensor(upstream)

    def step() -> None:
        leaves[0].grad = leaves[1].grad = None
        compute_chain(torch, kind, leaves[0], leaves[1]).backward(dy)

    def results() -> dict[str, Array]:
        step()
        return {f"gradient {i}": leaf.grad.numpy() for i, leaf in enumerate(leaves[: used(kind)])}

    return Work(step, results)


def convolution(operation: str, n: int, c: int, f: int, size: int, k: int) -> Work:
    """One of a convolution's kernels."""
    x, weight, bias, dy = (torch.from_numpy(a) for a in problems.convolution(n, c, f, size, k))
    gradients = ("gradient of x", "gradient of weight", "")

    def step() -> Any:
        if operation == "forward":
            return torch.nn.functional.conv2d(x, weight, bias)
        if operation == "gradient of bias":
            return dy.sum((0, 2, 3))  # convolution_backward would compute the gradient of weight with it
        wanted = [operation == g for g in gradients]
        geometry = ([1, 1], [0, 0], [1, 1], False, [0, 0], 1)  # stride, padding, dilation, no transposition, groups
        return torch.ops.aten.convolution_backward(dy, x, weight, [f], *geometry, wanted)[wanted.index(True)]

    return Work(step, lambda: {"result": step().numpy()})


def pooling(operation: str, n: int, c: int, size: int, k: int) -> Work:
    """One of pooling's kernels, as autograd calls it."""
    arrays = problems.convolution(n, c, c, size, size - size // k + 1)
    x, dy = torch.from_numpy(arrays[0]), torch.from_numpy(arrays[3])
    aten, window = torch.ops.aten, ([k, k], [k, k], [0, 0])
    places = aten.max_pool2d_with_indices(x, *window)[1]

    def step() -> Any:
        if operation == "max":
            return aten.max_pool2d_with_indices(x, *window)[0]
        if operation == "average":
            return aten.avg_pool2d(x, *window)
        if operation == "max, gradient":
            return aten.max_pool2d_with_indices_backward(dy, x, *window, [1, 1], False, places)
        return aten.avg_pool2d_backward(dy, x, *window, False, True, None)

    return Work(step, lambda: {"result": step().numpy()})


def sgemm(size: int) -> Work:
    """A product of two float32 matrices, (size, size)."""
    arrays = np.random.default_rng(0).standard_normal((2, size, size), dtype=np.float32)
    a, b = (torch.from_numpy(m) for m in arrays)
    return Work(lambda: a @ b, lambda: {"result": (a @ b).numpy()})


def gradient_check() -> Work:
    """`torch.autograd.gradcheck` on conv2d, every entry, float64."""
    leaves = [torch.tensor(a, requires_grad=True) for a in problems.checked_arrays()]

    def step() -> None:
        assert torch.autograd.gradcheck(torch.nn.functional.conv2d, leaves)

    def results() -> dict[str, Array]:
        step()
        return {"passes": np.ones(1)}

    return Work(step, results)
