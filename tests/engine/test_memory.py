"""What a graph holds: values that neither a rule nor a Tensor needs go when backward() starts, all others stay."""

from __future__ import annotations

import tracemalloc
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import grad
from numpytorch.functions.elementwise import AddGradFn
from tests.functions.cases import CASES, Case
from tests.functions.checks import upstream

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.autograd import OutputNode, TensorNode

SHAPE = (100, 127)
"""Large enough to be freed."""


def leaf() -> Tensor:
    return Tensor(np.random.default_rng(0).standard_normal(SHAPE), requires_grad=True)


@pytest.fixture
def _however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("engine", "memory"):
        monkeypatch.setattr(f"numpytorch.autograd.{module}.LARGE", 0)


@pytest.mark.usefixtures("_however_small")
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_rule_reads_no_values_but_those_that_it_says_it_reads(case: Case) -> None:
    expected, got = case.tensors(), case.tensors()
    y = case.ours(*expected)
    u = upstream(y.shape)
    y.backward(u)
    y = case.ours(*[x + 0.0 for x in got]) + 0.0  # what is in between, no Tensor shows
    for _ in range(2):  # a second pass has less to read
        for x in got:
            x.grad = None
        y.backward(u)
        for a, b in zip(got, expected, strict=True):
            assert (a.grad is None) == (b.grad is None)
            if a.grad is not None and b.grad is not None:
                np.testing.assert_allclose(a.grad, b.grad, rtol=1e-12, atol=1e-14)


def test_values_that_nothing_needs_are_freed_when_backward_starts() -> None:
    x = leaf()
    h = x + 1.0
    values = weakref.ref(h.arr)
    y = npt.relu(h)
    result = weakref.ref(y.arr)
    del h
    loss = y.sum()
    del y
    assert values() is not None
    loss.backward()
    assert values() is None  # neither + nor relu reads it
    assert result() is not None  # relu does
    loss.backward()
    np.testing.assert_array_equal(x.grad, 2.0 * (x.arr + 1 > 0))


def test_values_that_a_tensor_shows_stay() -> None:
    x = leaf()
    h = x + 1.0
    twin = h[...]
    npt.relu(h).sum().backward()
    np.testing.assert_array_equal(h.arr, x.arr + 1)
    del h
    npt.relu(twin).sum().backward()
    np.testing.assert_array_equal(twin.arr, x.arr + 1)


def test_values_that_another_graph_reads_stay() -> None:
    x = leaf()
    h = x + 1.0
    first, second = npt.relu(h).sum(), (h * h).sum()
    del h
    first.backward()
    x.grad = None
    second.backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad, 2 * (x.arr + 1), rtol=1e-12)


def test_a_rule_that_is_written_anew_promises_nothing() -> None:
    class SquareGradFn(AddGradFn):
        def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
            return y.grad * a.arr, y.grad * b.arr

    x = leaf()
    h = x + 0.0
    y = npt.autograd.attach(h.arr * h.arr, SquareGradFn(h, h))
    del h
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad, 2 * x.arr, rtol=1e-12)


def test_second_derivatives_are_right_after_values_have_been_freed() -> None:
    x = leaf()
    loss = (npt.tanh(npt.relu(x + 1.0) + 0.5) + 2.0).sum()
    loss.backward()
    (first,) = grad(loss, [x], create_graph=True)
    (second,) = grad(first.sum(), [x])
    on = x.arr + 1 > 0
    t = np.tanh(np.maximum(x.arr + 1, 0) + 0.5)
    np.testing.assert_allclose(first.arr, (1 - t * t) * on, rtol=1e-12)
    np.testing.assert_allclose(second.arr, -2 * t * (1 - t * t) * on, rtol=1e-11)


def test_the_gradient_of_relu_needs_no_memory_of_its_own_but_leaves_what_others_see() -> None:
    x = leaf()
    y = npt.relu(x)
    u = np.random.default_rng(1).standard_normal(SHAPE)
    before = u.copy()
    y.backward(u)
    np.testing.assert_array_equal(u, before)
    a, b = leaf(), leaf()
    (npt.relu(a + 1.0) + npt.relu(b - 1.0)).backward(u)  # + hands the same array to both sides
    np.testing.assert_array_equal(a.grad, u * (a.arr + 1 > 0))
    np.testing.assert_array_equal(b.grad, u * (b.arr - 1 > 0))


def peak_of(step: Any) -> int:
    """Return how many bytes more than before a second run of `step` needs at its peak."""
    step()  # what stays for good is there after the first
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        step()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_a_training_step_of_a_convolutional_network_needs_little_more_than_its_activations() -> None:
    n = 32
    image = Tensor(np.random.default_rng(0).random((n, 1, 28, 28)).astype(np.float32))
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1600, 10),
    )  # fmt: skip
    for p in model.parameters():
        p.arr = p.arr.astype(np.float32)

    def step() -> None:
        model.zero_grad()
        nn.CrossEntropyLoss()(model(image), np.arange(n) % 10).backward()
        model.zero_grad()

    # What PyTorch needs is in relu's backward: its result, the gradient there, and that of its input, (N, 32, 26, 26)
    # each; beside them there are the gradients of the parameters.
    least = 4 * (3 * n * 32 * 26 * 26 + sum(p.size for p in model.parameters()))
    assert peak_of(step) < 1.2 * least
