"""What the tests of nn share."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from numpytorch import Tensor, nn
from numpytorch.autograd import gradcheck

Array = NDArray[Any]


def normal(*shape: int, seed: int = 0, dtype: Any = np.float64, requires_grad: bool = True) -> Tensor:
    values = np.random.default_rng(seed).standard_normal(shape)
    return Tensor(values.astype(dtype), requires_grad=requires_grad)


def assert_gradients_right(module: nn.Module, x: Tensor, call: Callable[[Tensor], Tensor] | None = None) -> None:
    """Check the gradients of a module to its input and to its parameters, every entry of them."""
    f = call or module
    parameters = module.parameters()
    result = gradcheck(lambda x, *_: f(x), [x, *parameters])
    assert result, str(result)
    assert result.checked == x.size + sum(p.size for p in parameters)


def torch() -> Any:
    """Import PyTorch, or skip the test: it is not needed to work on this project."""
    return pytest.importorskip("torch", exc_type=ImportError)


def to_float32(module: nn.Module) -> None:
    for p in module.parameters():
        p.arr = p.arr.astype(np.float32)
