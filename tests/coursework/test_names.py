"""Every name that earlier coursework uses, imported and called as it does."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

import types
from typing import Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import Tensor, nn, optim

FUNCTIONS = [
    "tensor", "zeros", "ones", "rand", "exp", "sigmoid_naive", "log", "sigmoid", "sum", "mean", "max", "var", "relu",
    "tanh", "reshape", "one_hot", "repeat", "unsqueeze", "squeeze", "transpose", "softmax",
]  # fmt: skip
MODULES = [
    "Parameter", "Module", "Linear", "Sequential", "ModuleList", "ReLU", "Sigmoid", "Tanh", "CrossEntropyLoss",
    "LayerNorm", "relu",
]  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_on_the_package_and_comes_with_a_star_import(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec("from numpytorch.functions import *", namespace)
    assert namespace[name] is getattr(npt, name)
    assert callable(namespace[name])


def test_a_star_import_does_not_hide_abs_min_and_pow_of_python() -> None:
    namespace: dict[str, Any] = {}
    exec("from numpytorch.functions import *", namespace)
    assert not {"abs", "min", "pow", "print", "range", "np"} & namespace.keys()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_in_nn(name: str) -> None:
    assert callable(getattr(nn, name))


def test_the_imports_of_coursework_work() -> None:
    namespace: dict[str, Any] = {}
    exec(
        "import numpytorch as npt\n"
        "from numpytorch import Tensor, nn, optim, tensor, reshape\n"
        "from numpytorch.autograd import GradFn\n"
        "from numpytorch.grad_fn import GradFn as TheSame\n",
        namespace,
    )
    assert isinstance(namespace["npt"], types.ModuleType)
    assert namespace["GradFn"] is namespace["TheSame"]
    assert namespace["Tensor"] is Tensor
    assert namespace["optim"].SGD is optim.SGD


def test_convolution_and_pooling_are_left_to_the_assignment() -> None:
    for name in ("conv2d", "max_pool2d", "avg_pool2d"):
        assert not hasattr(npt, name)
        assert not hasattr(npt.functions, name)


CALLS: dict[str, tuple[Any, Any]] = {
    "tensor": (lambda: npt.tensor([1, 2]), [1, 2]),
    "zeros": (lambda: npt.zeros((2, 3)), np.zeros((2, 3))),
    "zeros by lengths": (lambda: npt.zeros(2, 3), np.zeros((2, 3))),
    "ones": (lambda: npt.ones((2, 3)), np.ones((2, 3))),
    "exp": (lambda: npt.exp(npt.tensor([0.0])), [1]),
    "log": (lambda: npt.log(npt.tensor([1.0])), [0]),
    "sigmoid_naive": (lambda: npt.sigmoid_naive(npt.tensor([0.0])), [0.5]),
    "sigmoid": (lambda: npt.sigmoid(npt.tensor([0.0, 1000.0])), [0.5, 1]),
    "tanh": (lambda: npt.tanh(npt.tensor([0.0])), [0]),
    "relu": (lambda: npt.relu(npt.tensor([-1.0, 2.0])), [0, 2]),
    "sum": (lambda: npt.sum(npt.ones((2, 3))), 6),
    "sum of an axis": (lambda: npt.sum(npt.ones((2, 3)), 0), [2, 2, 2]),
    "mean": (lambda: npt.mean(npt.ones((2, 3)), 1, keepdims=True), [[1], [1]]),
    "max": (lambda: npt.max(npt.tensor([[1.0, 3.0], [2.0, 0.0]]), -1), [3, 2]),
    "var": (lambda: npt.var(npt.tensor([1.0, 3.0])), 1),
    "reshape": (lambda: npt.reshape(npt.tensor([1, 2, 3, 4]), (2, -1)), [[1, 2], [3, 4]]),
    "one_hot": (lambda: npt.one_hot(npt.tensor([1, 0]), 3), [[0, 1, 0], [1, 0, 0]]),
    "repeat": (lambda: npt.repeat(npt.tensor([1, 2]), 2, 0), [1, 1, 2, 2]),
    "unsqueeze": (lambda: npt.unsqueeze(npt.tensor([1, 2]), 0), [[1, 2]]),
    "squeeze": (lambda: npt.squeeze(npt.tensor([[1, 2]]), 0), [1, 2]),
    "transpose": (lambda: npt.transpose(npt.tensor([[1, 2], [3, 4]])), [[1, 3], [2, 4]]),
    "softmax": (lambda: npt.softmax(npt.tensor([[0.0, 0.0]])), [[0.5, 0.5]]),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_called_as_coursework_calls_it_gives_what_it_should(name: str) -> None:
    call, expected = CALLS[name]
    result = call()
    assert isinstance(result, Tensor)
    np.testing.assert_array_equal(result.arr, np.asarray(expected))


def test_rand_is_uniform_and_seeded() -> None:
    np.random.seed(0)
    x = npt.rand(2, 3)
    np.random.seed(0)
    np.testing.assert_array_equal(x.arr, npt.rand((2, 3)).arr)
    assert (x.arr >= 0).all()
    assert (x.arr < 1).all()


def test_a_tensor_has_what_coursework_reads_and_writes() -> None:
    source = np.array([[1.0, 2.0, 3.0]])
    x = Tensor(source, requires_grad=True)
    source[0, 0] = 9
    assert x.arr[0, 0] == 1
    assert (x.shape, x.ndim, x.size) == ((1, 3), 2, 3)
    assert (x.requires_grad, x.is_leaf, x.grad_fn, x.grad) == (True, True, None, None)
    assert x.node.arr is x.arr
    y = (x * x).sum()
    assert (y.requires_grad, y.is_leaf) == (True, False)
    assert isinstance(y.grad_fn, npt.autograd.GradFn)
    assert y.item() == 14
    assert isinstance(y.item(), float)
    y.backward()
    assert isinstance(x.grad, np.ndarray)
    np.testing.assert_array_equal(x.grad, [[2.0, 4.0, 6.0]])
    x.arr = np.zeros((1, 3))
    np.testing.assert_array_equal(x.arr, [[0.0, 0.0, 0.0]])
    x.arr -= 0.1
    np.testing.assert_array_equal(x.arr, [[-0.1, -0.1, -0.1]])


def test_an_untracked_tensor_filled_by_item_assignment_carries_gradients() -> None:
    w = nn.Parameter([1.0, 2.0, 3.0])
    out = npt.zeros((2, 3))
    for i in range(2):
        out[i] = w * float(i + 1)
    (out * out).sum().backward()
    np.testing.assert_array_equal(w.grad, [10.0, 20.0, 30.0])
