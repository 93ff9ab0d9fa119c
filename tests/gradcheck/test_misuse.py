"""What gradcheck refuses, and that it leaves everything as it was."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import DtypeError, GraphError, Tensor, nn
from numpytorch.autograd import gradcheck

from .rules import Array, leaf, normal, operation


def test_float32_inputs_are_refused_with_what_to_do() -> None:
    x = Tensor(np.ones(3, np.float32), requires_grad=True)
    with pytest.raises(DtypeError, match=r"expected float64 inputs .*, got float32 \(input 1\).*astype\(np.float64\)"):
        gradcheck(npt.add, [normal(3), x])


def test_inputs_without_a_gradient_may_have_any_dtype_and_are_not_checked() -> None:
    labels = Tensor(np.array([2, 0, 1], np.uint8))
    result = gradcheck(nn.CrossEntropyLoss(), [normal(3, 5), labels])
    assert result
    assert result.checked == 15


def test_nothing_to_check_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one input that requires a gradient, got none"):
        gradcheck(npt.exp, [Tensor([1.0])])
    with pytest.raises(ValueError, match="expected at least one input that requires a gradient, got none"):
        gradcheck(npt.exp, [])


def test_an_input_computed_from_others_is_refused() -> None:
    with pytest.raises(GraphError, match="expected leaves, got input 0 computed from other Tensors"):
        gradcheck(npt.exp, [normal(3) * 2.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"expected finite inputs, got nan or inf \(input 0\)"):
        gradcheck(npt.tanh, [leaf([1.0, bad])])
    with pytest.raises(ValueError, match="expected f to give finite values, got nan or inf"):
        gradcheck(lambda x: x + bad, [normal(3)])


def test_leaving_the_domain_of_f_gives_no_warning() -> None:
    assert gradcheck(npt.log, [leaf([1e-4, 1e-6])])


def test_a_function_that_gives_two_results_is_refused() -> None:
    calls = count()
    with pytest.raises(GraphError, match=r"expected f to give the same result .* got two. Call model.eval\(\)"):
        gradcheck(lambda x: x * float(next(calls)), [normal(3)])
    np.random.seed(0)
    dropout = nn.Dropout(0.5)
    with pytest.raises(GraphError, match="got two"):
        gradcheck(dropout, [normal(31)])
    dropout.eval()
    assert gradcheck(dropout, [normal(31)])


def test_a_result_that_is_no_tensor_is_refused() -> None:
    f: object = lambda x: x.arr * 2  # noqa: E731
    with pytest.raises(DtypeError, match="expected f to return a Tensor or a tuple of Tensors, got ndarray"):
        gradcheck(f, [normal(3)])  # type: ignore[arg-type]  # that is the point


def relu_in_place(x: Tensor) -> Tensor:
    x.arr[x.arr < 0] = 0
    return operation(lambda x: x + 0.0, lambda dy, y, x: dy)(x)


def test_a_function_that_changes_its_inputs_is_refused_and_they_are_put_back() -> None:
    x, y = leaf([1.0, -2.0]), normal(2)
    with pytest.raises(GraphError, match=r"expected f and its derivative rules to leave the inputs .* input 1 changed"):
        gradcheck(lambda y, x: relu_in_place(x) * y, [y, x])
    np.testing.assert_array_equal(x.arr, [1.0, -2.0])


def test_a_rule_that_changes_an_input_is_refused_and_it_is_put_back() -> None:
    def rule(dy: Array, y: Array, x: Array) -> Array:
        x *= 2
        return dy * x

    x = leaf([1.0, -2.0])
    with pytest.raises(GraphError, match="input 0 changed"):
        gradcheck(operation(lambda x: x * x, rule), [x])
    np.testing.assert_array_equal(x.arr, [1.0, -2.0])


def test_item_assignment_to_an_input_is_refused_and_undone() -> None:
    def f(x: Tensor, out: Tensor) -> Tensor:
        out[0] = x[0] * 2.0
        return out * 1.0

    out = npt.zeros(3)
    with pytest.raises(GraphError, match="input 1 changed"):
        gradcheck(f, [normal(3), out])
    assert out.is_leaf
    np.testing.assert_array_equal(out.arr, np.zeros(3))


def states(x: Tensor) -> Iterator[object]:
    yield from (x.arr.tobytes(), x.grad, x.requires_grad, x.node)


@pytest.mark.parametrize("projections", [None, 2])
def test_values_and_gradients_are_as_they_were(projections: int | None) -> None:
    np.random.seed(0)
    model = nn.Linear(5, 3)
    x = normal(2, 5)
    for t in (x, *model.parameters()):
        t.grad = np.full(t.shape, 7.0)
    before = [list(states(t)) for t in (x, *model.parameters())]
    assert gradcheck(model, [x], projections=projections)  # the parameters are not among the inputs
    assert [list(states(t)) for t in (x, *model.parameters())] == before


@pytest.mark.parametrize("at_call", range(6))
def test_inputs_are_as_they_were_also_when_f_raises(at_call: int) -> None:
    x = normal(3)
    x.grad = np.full(3, 7.0)
    before = list(states(x))
    calls = count()

    def f(x: Tensor) -> Tensor:
        if next(calls) == at_call:
            raise KeyboardInterrupt
        return npt.exp(x)

    with pytest.raises(KeyboardInterrupt):
        gradcheck(f, [x])
    assert list(states(x)) == before


def test_gradients_are_as_they_were_also_when_a_rule_raises() -> None:
    def rule(dy: Array, y: Array, x: Array) -> Array:
        raise ZeroDivisionError

    x, w = normal(3), normal(3, seed=1)
    w.grad = np.full(3, 7.0)
    with pytest.raises(ZeroDivisionError):
        gradcheck(lambda x, w: operation(np.exp, rule)(x) + w, [x, w])
    assert x.grad is None
    np.testing.assert_array_equal(w.grad, np.full(3, 7.0))
