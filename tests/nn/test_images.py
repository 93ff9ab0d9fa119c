"""Conv2d, MaxPool2d and AvgPool2d: values, gradients of both orders, dtypes and misuse. For kernels: tests/kernels."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

from collections.abc import Callable

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import DtypeError, ShapeError, Tensor, nn
from numpytorch.autograd import grad, gradcheck
from numpytorch.kernels import Window

from .tools import assert_gradients_right, normal, to_float32, torch

LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Conv2d": (lambda: nn.Conv2d(2, 3, (2, 3)), (2, 2, 3, 5)),
    "Conv2d with all there is": (lambda: nn.Conv2d(4, 2, (2, 3), (2, 1), (0, 1), (1, 2), 2, bias=False), (2, 4, 5, 4)),
    "MaxPool2d": (lambda: nn.MaxPool2d((2, 3), 1), (2, 3, 3, 4)),
    "MaxPool2d with all there is": (lambda: nn.MaxPool2d(3, (2, 1), (1, 0), 2), (1, 2, 7, 6)),
    "AvgPool2d": (lambda: nn.AvgPool2d((2, 3), (1, 2)), (2, 3, 3, 5)),
    "AvgPool2d with padding": (lambda: nn.AvgPool2d(2, padding=1), (1, 2, 3, 4)),
}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    np.random.seed(0)


@pytest.mark.parametrize("name", LAYERS)
def test_the_gradients_are_right(name: str) -> None:
    make, shape = LAYERS[name]
    module = make()
    for p in module.parameters():
        p.arr = np.random.standard_normal(p.shape)
    assert_gradients_right(module, normal(*shape))


@pytest.mark.parametrize("name", LAYERS)
def test_so_are_second_derivatives(name: str) -> None:
    make, shape = LAYERS[name]
    module = make()
    x, parameters = normal(*shape), module.parameters()
    upstream = normal(*module(x).shape, seed=1)

    def first(*inputs: Tensor) -> Tensor:
        x, upstream, *_ = inputs
        found = grad((module(x) * upstream).sum(), [x, *parameters], create_graph=True)
        total: Tensor = sum((g * g * (1 + i)).sum() for i, g in enumerate(found))
        return total

    assert gradcheck(first, [x, upstream, *parameters])


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name: str) -> None:
    make, shape = LAYERS[name]
    module = make()
    to_float32(module)
    x = normal(*shape, dtype=np.float32)
    y = module(x)
    y.sum().backward()
    assert y.dtype == np.float32
    for t in (x, *module.parameters()):
        assert t.grad is not None
        assert t.grad.dtype == np.float32
        assert t.grad.shape == t.shape


def test_conv2d_draws_its_weight_as_parameter_new_does_and_its_bias_is_zero() -> None:
    np.random.seed(3)
    layer = nn.Conv2d(4, 6, (2, 3), groups=2)
    np.random.seed(3)
    np.testing.assert_array_equal(layer.w.arr, nn.Parameter.new(6, 2, 2, 3).arr)
    assert layer.b is not None
    np.testing.assert_array_equal(layer.b.arr, np.zeros(6))
    assert repr(layer) == "Conv2d(w=(6, 2, 2, 3), b=(6,), stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=2)"


def test_pooling_says_what_it_is() -> None:
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=(2, 2), stride=(2, 2))"
    assert repr(nn.AvgPool2d(3, 1, (1, 0))) == "AvgPool2d(kernel_size=(3, 3), stride=(1, 1), padding=(1, 0))"


def test_an_input_that_needs_no_gradient_gets_none_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = nn.Conv2d(1, 2, 2)
    y = layer(normal(2, 1, 3, 3, requires_grad=False))
    monkeypatch.delattr(type(y.grad_fn.form.kernels), "conv2d_grad_input")  # type: ignore[union-attr]  # of Conv2dGradFn
    y.sum().backward()
    assert layer.w.grad is not None


def test_a_gradient_that_needs_a_value_which_was_overwritten_is_refused_and_one_that_does_not_is_right() -> None:
    layer, x = nn.Conv2d(1, 2, 2), normal(1, 1, 3, 3)
    y = layer(x)
    layer.w.arr = layer.w.arr * 2
    with pytest.raises(npt.GraphError, match=r"Conv2dGradFn needs the value of a tensor of shape \(2, 1, 2, 2\)"):
        y.sum().backward()
    layer(x.detach()).sum().backward()
    assert layer.w.grad is not None


def test_an_empty_batch_goes_through() -> None:
    layer = nn.Conv2d(1, 2, 2)
    y = nn.AvgPool2d(2)(nn.MaxPool2d(2)(layer(npt.zeros(0, 1, 9, 9))))
    y.sum().backward()
    assert y.shape == (0, 2, 2, 2)
    np.testing.assert_array_equal(layer.w.grad, np.zeros((2, 1, 2, 2)))


MISUSE: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "channels": (
        lambda: nn.Conv2d(3, 8, 5)(npt.ones(2, 1, 28, 28)),
        ShapeError,
        (
            "Conv2d: expected x of shape (N, C, H, W) with C=3 channels, got shape (2, 1, 28, 28). "
            "Create Conv2d with in_channels=1."
        ),
    ),
    "one image": (
        lambda: nn.MaxPool2d(2)(npt.ones(1, 28, 28)),
        ShapeError,
        "MaxPool2d: expected x of shape (N, C, H, W), got (1, 28, 28). One image needs a batch axis: x.unsqueeze(0).",
    ),
    "mixed dtypes": (
        lambda: nn.Conv2d(1, 1, 1)(npt.ones(1, 1, 2, 2).astype(np.float32)),
        DtypeError,
        "Conv2d: expected x of float64, as the weight, got float32. Use x.astype(np.float64).",
    ),
    "integers": (
        lambda: nn.AvgPool2d(2)(npt.tensor(np.ones((1, 1, 2, 2), int))),
        DtypeError,
        "AvgPool2d: expected x of float32 or float64, got int64. Use x.astype(np.float32).",
    ),
    "groups": (
        lambda: nn.Conv2d(3, 4, 1, groups=2),
        ShapeError,
        (
            "Conv2d: expected groups that divide in_channels and out_channels, got groups=2, in_channels=3 and "
            "out_channels=4."
        ),
    ),
    "too small": (
        lambda: nn.Conv2d(1, 1, (3, 4), padding=(0, 1), dilation=(2, 1))(npt.ones(1, 1, 4, 5)),
        ShapeError,
        (
            "expected an image that one window fits into, got (4, 5) with Window(size=(3, 4), stride=(1, 1), "
            "padding=(0, 1), dilation=(2, 1)). Use a smaller kernel or dilation, or more padding."
        ),
    ),
    "no whole number": (
        lambda: nn.Conv2d(1, 1, 3.0),  # type: ignore[arg-type]  # what is tested
        TypeError,
        "Conv2d: kernel_size: expected a whole number, or a pair of them (down, across), got 3.0.",
    ),
    "a word": (
        lambda: nn.Conv2d(1, 1, 3, padding="same"),  # type: ignore[arg-type]  # what is tested
        TypeError,
        "Conv2d: padding: expected a whole number, or a pair of them (down, across), got 'same'.",
    ),
    "three for two": (
        lambda: nn.AvgPool2d(2, (1, 1, 1)),  # type: ignore[arg-type]  # what is tested
        TypeError,
        "AvgPool2d: stride: expected a whole number, or a pair of them (down, across), got (1, 1, 1).",
    ),
    "an array": (
        lambda: nn.MaxPool2d(2)(np.ones((1, 1, 4, 4))),
        TypeError,
        "MaxPool2d: expected a Tensor (N, C, H, W), got ndarray. Use npt.tensor(x).",
    ),
    "much padding": (
        lambda: nn.MaxPool2d((2, 3), padding=(1, 2)),
        ShapeError,
        (
            "MaxPool2d: expected padding of at most half the window, (1, 1), got (1, 2). A window must not "
            "lie in padding alone."
        ),
    ),
    "only padding": (
        lambda: nn.MaxPool2d(2, 1, 2, 4)(npt.ones(1, 1, 1, 1)),
        ShapeError,
        (
            "MaxPool2d: expected an entry of the image in each window, got x of shape (1, 1, 1, 1) with "
            "Window(size=(2, 2), stride=(1, 1), padding=(2, 2), dilation=(4, 4)). Use less dilation or padding."
        ),
    ),
    "stride": (
        lambda: nn.Conv2d(1, 1, 1, stride=0),
        ValueError,
        "Window: expected stride of at least 1 both ways, got (0, 0).",
    ),
}


def test_sizes_may_be_numbers_of_numpy_and_lists() -> None:
    layer = nn.Conv2d(1, 1, np.int64(3), [2, 1])  # type: ignore[arg-type]  # as students write it
    assert layer.window == Window((3, 3), (2, 1))
    assert type(layer.window.size[0]) is int


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_is_told_with_what_to_do(name: str) -> None:
    do, kind, text = MISUSE[name]
    with pytest.raises(kind) as error:
        do()
    assert str(error.value) == text


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("groups", [1, 2])
def test_values_and_gradients_are_those_of_pytorch(groups: int, backend: str) -> None:
    t = torch()
    if backend == "numba":
        pytest.importorskip("numba", exc_type=ImportError)
    layer = nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), groups)
    theirs = t.nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), groups, dtype=t.float64)
    x = normal(3, 4, 9, 7)
    assert layer.b is not None
    theirs.load_state_dict({"weight": t.tensor(layer.w.arr), "bias": t.tensor(layer.b.arr)})
    image = t.tensor(x.arr, requires_grad=True)
    with npt.backend(backend):
        ours = nn.AvgPool2d(2, 1, 1)(nn.MaxPool2d(3, 2, 1)(layer(x)))
    y = t.nn.functional.avg_pool2d(t.nn.functional.max_pool2d(theirs(image), 3, 2, 1), 2, 1, 1)
    upstream = np.random.standard_normal(ours.shape)
    ours.backward(upstream)
    y.backward(t.tensor(upstream))
    np.testing.assert_allclose(ours.arr, y.detach().numpy(), rtol=1e-10, atol=1e-12)
    for mine, other in ((x, image), (layer.w, theirs.weight), (layer.b, theirs.bias)):
        np.testing.assert_allclose(mine.grad, other.grad.numpy(), rtol=1e-10, atol=1e-12)  # type: ignore[arg-type]  # not None
