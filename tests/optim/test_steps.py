"""SGD and Adam, step by step: against their formulas written out, and against PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from numpytorch import Tensor, nn, optim

Array = NDArray[Any]
Make = Callable[[list[Tensor]], optim.Optimizer]

SGD_OPTIONS: list[dict[str, float]] = [
    {"lr": 0.1},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.1, "weight_decay": 0.3},
    {"lr": 0.1, "momentum": 0.7, "weight_decay": 0.3},
]
ADAM_OPTIONS: list[dict[str, Any]] = [
    {"lr": 0.1},
    {"lr": 0.1, "weight_decay": 0.3},
    {"lr": 0.01, "betas": (0.5, 0.7), "eps": 1e-3},
]
EVERY_OPTIMIZER: list[Make] = [
    lambda p: optim.SGD(p, 0.1),
    lambda p: optim.SGD(p, 0.1, momentum=0.9),
    lambda p: optim.SGD(p, 0.1, weight_decay=0.1),
    lambda p: optim.Adam(p, 0.1),
    lambda p: optim.Adam(p, 0.1, weight_decay=0.1),
]
STEPS = 7


def start_and_gradients(dtype: Any = np.float64) -> tuple[list[Array], list[list[Array | None]]]:
    """Two parameters, and a gradient of each for each step; the second parameter gets none at step 3."""
    rng = np.random.default_rng(0)
    shapes = [(3, 5), (7,)]
    start = [rng.standard_normal(s).astype(dtype) for s in shapes]
    gradients: list[list[Array | None]] = [[rng.standard_normal(s).astype(dtype) for s in shapes] for _ in range(STEPS)]
    gradients[3][1] = None
    return start, gradients


def trajectory(make: Make) -> list[list[Array]]:
    start, gradients = start_and_gradients()
    parameters: list[Tensor] = [nn.Parameter(values) for values in start]
    optimizer = make(parameters)
    path = []
    for now in gradients:
        for p, g in zip(parameters, now, strict=True):
            p.grad = g
        optimizer.step()
        path.append([p.numpy() for p in parameters])
    return path


def assert_same_path(ours: list[list[Array]], theirs: list[list[Array]]) -> None:
    assert len(ours) == len(theirs) == STEPS
    for a, b in zip(ours, theirs, strict=True):
        for p, q in zip(a, b, strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("options", SGD_OPTIONS)
def test_sgd_follows_its_formula(options: dict[str, float]) -> None:
    start, gradients = start_and_gradients()
    lr, momentum, decay = options["lr"], options.get("momentum", 0), options.get("weight_decay", 0)
    velocity = [np.zeros_like(p) for p in start]
    expected = []
    for now in gradients:
        for i, g in enumerate(now):
            if g is not None:
                velocity[i] = momentum * velocity[i] + g + decay * start[i]
                start[i] = start[i] - lr * velocity[i]
        expected.append(list(start))
    assert_same_path(trajectory(lambda p: optim.SGD(p, **options)), expected)


@pytest.mark.parametrize("options", ADAM_OPTIONS)
def test_adam_follows_its_formula(options: dict[str, Any]) -> None:
    start, gradients = start_and_gradients()
    lr, (beta1, beta2) = options["lr"], options.get("betas", (0.9, 0.999))
    eps, decay = options.get("eps", 1e-8), options.get("weight_decay", 0)
    m, v, t = [np.zeros_like(p) for p in start], [np.zeros_like(p) for p in start], [0, 0]
    expected = []
    for now in gradients:
        for i, grad in enumerate(now):
            if grad is not None:
                g = grad + decay * start[i]
                t[i] += 1
                m[i] = beta1 * m[i] + (1 - beta1) * g
                v[i] = beta2 * v[i] + (1 - beta2) * g**2
                step = (m[i] / (1 - beta1 ** t[i])) / (np.sqrt(v[i] / (1 - beta2 ** t[i])) + eps)
                start[i] = start[i] - lr * step
        expected.append(list(start))
    assert_same_path(trajectory(lambda p: optim.Adam(p, **options)), expected)


def test_the_first_step_of_adam_is_lr_along_the_sign_of_the_gradient() -> None:
    p = nn.Parameter([1.0, 1.0, 1.0])
    p.grad = np.array([1e-3, -1e3, 0.0])
    optim.Adam([p], lr=0.1).step()
    np.testing.assert_allclose(p.arr, [0.9, 1.1, 1.0], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "options"), [*(("SGD", o) for o in SGD_OPTIONS), *(("Adam", o) for o in ADAM_OPTIONS)]
)
def test_steps_agree_with_pytorch(name: str, options: dict[str, Any]) -> None:
    torch: Any = pytest.importorskip("torch", exc_type=ImportError)
    start, gradients = start_and_gradients()
    parameters = [torch.nn.Parameter(torch.tensor(values)) for values in start]
    optimizer = getattr(torch.optim, name)(parameters, **options)
    path = []
    for now in gradients:
        for p, g in zip(parameters, now, strict=True):
            p.grad = None if g is None else torch.tensor(g)
        optimizer.step()
        path.append([p.detach().numpy().copy() for p in parameters])
    assert_same_path(trajectory(lambda p: getattr(optim, name)(p, **options)), path)


@pytest.mark.parametrize("make", EVERY_OPTIMIZER)
def test_a_parameter_without_a_gradient_stays_where_it_is(make: Make) -> None:
    moved, still = nn.Parameter([1.0, 2.0]), nn.Parameter([3.0])
    optimizer = make([moved, still])
    for _ in range(3):
        moved.grad = np.ones(2)
        optimizer.step()
    np.testing.assert_array_equal(still.arr, [3.0])
    assert (moved.arr < [1, 2]).all()


@pytest.mark.parametrize("make", EVERY_OPTIMIZER)
def test_a_parameter_keeps_its_dtype(make: Make) -> None:
    p, q = nn.Parameter(np.ones(3, np.float32)), nn.Parameter(np.ones(3))
    optimizer = make([p, q])
    optimizer.lr = np.float64(0.1)  # as a schedule computed by NumPy would give
    for _ in range(3):
        p.grad, q.grad = np.ones(3, np.float32), np.ones(3)
        optimizer.step()
    assert p.dtype == np.float32
    assert q.dtype == np.float64
    np.testing.assert_allclose(p.arr, q.arr, rtol=1e-5)
    assert (p.arr < 1).all()


@pytest.mark.parametrize("make", EVERY_OPTIMIZER)
def test_a_gradient_that_someone_holds_is_not_changed(make: Make) -> None:
    p = nn.Parameter([1.0, 2.0])
    optimizer = make([p])
    held: list[Array | None] = []
    for _ in range(3):
        given = np.array([0.5, -0.5])
        p.grad = given
        held += [given, p.grad]
        optimizer.step()
        held.append(p.grad)
    for g in held:
        np.testing.assert_array_equal(g, [0.5, -0.5])


@pytest.mark.parametrize("make", EVERY_OPTIMIZER)
def test_the_memory_of_an_optimizer_is_not_that_of_a_gradient(make: Make) -> None:
    """Overwriting the gradient array after step() changes no later step."""
    paths = []
    for overwrite in (False, True):
        p = nn.Parameter([1.0, 2.0])
        optimizer = make([p])
        for _ in range(3):
            p.grad = np.array([0.5, -0.5])
            optimizer.step()
            if overwrite:
                p.grad[...] = 100
        paths.append(p.arr)
    np.testing.assert_array_equal(paths[0], paths[1])


@pytest.mark.parametrize("make", EVERY_OPTIMIZER)
def test_a_state_taken_before_a_step_is_not_changed_by_it(make: Make) -> None:
    layer = nn.Linear(2, 2)
    before = layer.state_dict()
    copies = {name: values.copy() for name, values in before.items()}
    optimizer = make([*layer.parameters()])
    layer(Tensor(np.ones((3, 2)))).sum().backward()
    optimizer.step()
    for name, values in before.items():
        np.testing.assert_array_equal(values, copies[name])


def test_the_learning_rate_may_be_changed_between_steps() -> None:
    p = nn.Parameter([0.0])
    optimizer = optim.SGD([p], 1.0)
    for optimizer.lr in (1.0, 0.5, 0.0):
        p.grad = np.ones(1)
        optimizer.step()
    np.testing.assert_array_equal(p.arr, [-1.5])


def test_a_step_between_forward_and_backward_is_noticed() -> None:
    layer = nn.Linear(2, 2)
    x = Tensor(np.ones((3, 2)), requires_grad=True)
    loss = layer(x).sum()
    layer.w.grad = np.ones((2, 2))
    optim.SGD([layer.w], 0.1).step()
    with pytest.raises(RuntimeError, match="after step\\(\\), run forward again"):
        loss.backward()
