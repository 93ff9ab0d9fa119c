"""What every case must pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from numpytorch import Tensor
from numpytorch.autograd import grad, gradcheck

if TYPE_CHECKING:
    from numpytorch._types import Array
    from tests.functions.cases import Case


def upstream(shape: tuple[int, ...]) -> Array:
    """Draw a random upstream gradient."""
    return np.random.default_rng(17).standard_normal(shape)


def check_gradient(case: Case) -> None:
    """The gradient of every input is that of finite differences."""
    result = gradcheck(case.ours, case.tensors())
    assert result, str(result)
    assert not result.kinks


def check_second_derivatives(case: Case) -> None:
    """The derivative of (v . gradient) in a random direction is that of finite differences.

    The upstream gradient is one of the inputs, so that rules which are linear in x have something to give too.
    """
    rng = np.random.default_rng(11)
    values = case.draw()
    shape = case.ours(*case.tensors()).shape
    values.append(upstream(shape))
    weights = [rng.standard_normal(x.shape) for x in values[:-1]]
    directions = [rng.standard_normal(x.shape) for x in values]

    def first(arrays: list[Array]) -> tuple[Tensor, list[Tensor]]:
        *xs, u = (Tensor(a, requires_grad=True) for a in arrays)
        gradients = grad(case.ours(*xs), xs, u, create_graph=True)
        total = Tensor(0.0)
        for w, g in zip(weights, gradients, strict=True):
            total = total + (w * g).sum()
        return total, [*xs, u]

    step = 1e-5
    above, below = (first([x + s * step * d for x, d in zip(values, directions, strict=True)])[0] for s in (1, -1))
    expected = (above.item() - below.item()) / (2 * step)
    total, inputs = first(values)
    got = 0.0
    if total.requires_grad:
        second = grad(total, inputs)
        got = sum(float(np.vdot(d, g.arr)) for d, g in zip(directions, second, strict=True))
    size = 1 + sum(float(np.abs(w).sum()) for w in weights)
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-9 * size)


def torch_gradients(case: Case) -> tuple[Array, list[Array]]:
    """Compute the case's value and gradients with PyTorch; skip the test where it is not installed."""
    torch: Any = pytest.importorskip("torch")
    if case.torch is None:
        pytest.skip("PyTorch has no such operation")
    inputs = [torch.tensor(x, requires_grad=True) for x in case.draw()]
    y = case.torch(torch, *inputs)
    y.backward(torch.tensor(upstream(tuple(y.shape))))
    gradients = [np.zeros(tuple(x.shape)) if x.grad is None else x.grad.numpy() for x in inputs]
    return cast("Array", y.detach().numpy()), gradients
