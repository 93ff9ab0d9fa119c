"""Depth costs no recursion, and a graph goes when its last Tensor goes."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import TYPE_CHECKING

import numpy as np
import pytest

import numpytorch as npt
from numpytorch.autograd import grad
from tests.engine.tools import grad_of, leaf, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpytorch import Tensor


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is freed here is freed by reference counts alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _chain(x: Tensor, length: int) -> Tensor:
    y = x
    for _ in range(length):
        y = y + 1e-5
    return y


def test_a_chain_of_100_000_operations_goes_back_and_is_freed() -> None:
    assert sys.getrecursionlimit() <= 1000
    x = leaf(1, 2)
    y = _chain(x, 100_000)
    y.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [1, 1])
    handle = weakref.ref(y)
    del y
    assert handle() is None


def test_a_chain_of_100_000_in_place_writes_goes_back() -> None:
    x = leaf(1, 2)
    out = npt.zeros(2)
    for _ in range(50_000):
        out += x
        out[0] = x[1]
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [0, 50_001])


def test_grad_of_a_chain_does_not_recurse() -> None:
    x = leaf(1, 2)
    (dx,) = grad(_chain(x, 20_000), [x], create_graph=True)
    np.testing.assert_array_equal(dx.arr, [1, 1])


def test_an_error_at_the_end_of_a_long_chain_does_not_recurse() -> None:
    x = leaf(1, 2)
    first = npt.exp(x)
    y = _chain(first, 20_000)
    with npt.no_grad():
        first += 1
    with pytest.raises(npt.GraphError, match="ExpGradFn"):
        y.sum().backward()
    assert x.grad is None


def test_values_written_after_their_use_are_kept_for_it() -> None:
    x = leaf(2, 2)
    w = x * 1
    y = _chain(w * w, 20_000)
    w += 1
    w += 1  # into memory of its own by now, yet w * w saw the value before
    y.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [4, 4])


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "elementwise": lambda x: (npt.exp(x) * x).sum(),
    "matmul": lambda x: (x @ x.T).mean(),
    "indexing": lambda x: x[0, 1:].sum() + x[[0, 0]].max(),
    "iteration": lambda x: npt.stack(list(x)).sum(),
    "einsum": lambda x: npt.einsum("ij,kj->", x, x),
}


def _written(x: Tensor) -> Tensor:
    out = npt.zeros(2, 3)
    for i in range(2):
        out[i] = x[i] * 2
        out[i] += x[1 - i]
        out[i][0] = x[0, 0]
    return out.sum()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("f", [*LOSSES.values(), _written], ids=[*LOSSES, "written"])
def test_dropping_the_loss_frees_the_graph(f: Callable[[Tensor], Tensor]) -> None:
    x = normal(2, 3)
    hidden = x * 1
    watched = weakref.ref(hidden)
    rule = weakref.ref(hidden.grad_fn)
    loss = f(hidden)
    loss.backward()
    del hidden
    assert watched() is None
    assert rule() is not None
    del loss
    assert rule() is None


@pytest.mark.usefixtures("no_collector")
def test_a_failed_backward_leaves_no_cycle() -> None:
    x = leaf(1)
    y = x * 1
    z = npt.exp(y)
    z.arr[...] = 0
    with npt.no_grad():
        z += 1
    rule = weakref.ref(y.grad_fn)
    with pytest.raises(npt.GraphError):
        z.backward()
    del y, z
    assert rule() is None


@pytest.mark.usefixtures("no_collector")
def test_intermediate_gradients_are_freed_on_the_way() -> None:
    x = normal(2, 3)
    hidden = x * 2
    (hidden * hidden).sum().backward()
    assert hidden.grad is None
    assert hidden.node.grad_cnt == 0
