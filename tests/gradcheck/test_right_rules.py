"""Right derivative rules pass, to many digits, whatever the shapes, sizes and scales."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import grad, gradcheck

from .rules import leaf, normal, operation

SMOOTH: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": npt.tanh,
    "sigmoid": npt.sigmoid,
    "sin": npt.sin,
    "softmax": npt.softmax,
    "log_softmax": npt.log_softmax,
    "logsumexp": lambda x: npt.logsumexp(x, axis=0),
    "var": lambda x: npt.var(x, axis=1),
    "cube": lambda x: x**3,
    "cross entropy": lambda x: nn.CrossEntropyLoss()(x, np.array([0, 4, 1])),
}
POSITIVE: dict[str, Callable[[Tensor], Tensor]] = {
    "log": npt.log,
    "sqrt": npt.sqrt,
    "reciprocal": lambda x: 1 / x,
    "power": lambda x: x**2.5,
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_right_gradient_agrees_to_seven_digits(name: str) -> None:
    result = gradcheck(SMOOTH[name], [normal(3, 5)])
    assert result
    assert result.checked == 15
    assert result.kinks == ()
    assert result.worst is not None
    assert result.worst.error < 1e-7 * abs(result.worst.expected)


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0, 100.0, 1e8])
@pytest.mark.parametrize("name", SMOOTH)
def test_a_right_rule_passes_at_every_scale(name: str, scale: float) -> None:
    result = gradcheck(SMOOTH[name], [leaf(normal(3, 5).arr * scale)])
    assert result, str(result)


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0, 100.0, 1e8])
@pytest.mark.parametrize("name", POSITIVE)
def test_a_right_rule_passes_as_near_to_a_pole_as_its_inputs_are(name: str, scale: float) -> None:
    result = gradcheck(POSITIVE[name], [leaf(abs(normal(3, 5).arr) * scale)])
    assert result, str(result)
    assert result.checked == 15


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0, 1e4, 1e8])
def test_a_rule_one_percent_wrong_fails_at_every_scale_of_inputs(scale: float) -> None:
    wrong = operation(lambda x: x**3, lambda dy, y, x: 3.03 * dy * x**2)
    assert gradcheck(wrong, [leaf(abs(normal(3, 5).arr) * scale)]).wrong == 15


@pytest.mark.parametrize("scale", [1e-20, 1e-9, 1e9, 1e20])
def test_a_wrong_rule_fails_at_every_scale_of_outputs(scale: float) -> None:
    right = operation(lambda x: scale * np.tanh(x), lambda dy, y, x: dy * scale * (1 - np.tanh(x) ** 2))
    wrong = operation(lambda x: scale * np.tanh(x), lambda dy, y, x: dy * scale * (1 - np.tanh(x) ** 2) * 1.00002)
    assert gradcheck(right, [normal(3, 5)])
    assert gradcheck(wrong, [normal(3, 5)]).wrong == 15


@pytest.mark.parametrize("steepness", [1e2, 1e4, 1e6])
def test_steep_functions_are_measured_at_steps_that_fit(steepness: float) -> None:
    x = leaf(normal(7).arr / steepness)
    for f in (lambda x: npt.exp(x * steepness), lambda x: npt.sigmoid(x * steepness), lambda x: npt.sin(x * steepness)):
        assert gradcheck(f, [x])
    wrong = operation(lambda x: np.tanh(x * steepness), lambda dy, y, x: dy * (1 - y * y) * steepness * 1.01)
    assert gradcheck(wrong, [x]).wrong == 7


def test_inputs_of_very_different_sizes_pass_together() -> None:
    x = leaf([1e8, 1.0, 1e-8])
    assert gradcheck(npt.tanh, [x])
    assert gradcheck(npt.tanh, [x], projections=5)
    assert gradcheck(lambda x: x * x, [x])


def test_samples_far_from_0_are_measured_as_well_as_their_digits_allow() -> None:
    for seed in range(20):
        x = leaf(normal(3, 5, seed=seed).arr + 1e8)
        assert gradcheck(nn.LayerNorm(5), [x]).wrong == 0
        assert gradcheck(npt.sin, [x]).wrong == 0
        assert gradcheck(operation(np.sin, lambda dy, y, x: 1.01 * dy * np.cos(x)), [x]).wrong == 15


def test_a_function_that_oscillates_far_faster_than_its_inputs_are_large_is_not_strided_over() -> None:
    for seed in range(40):
        x = leaf(normal(3, 5, seed=seed).arr * 1e8)
        assert gradcheck(npt.cos, [x]).wrong == 0


ZERO: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax adds up to 1": lambda x: npt.softmax(x).sum(),
    "deviations add up to 0": lambda x: (x - x.mean()).sum(),
    "a normalised layer adds up to 0": lambda x: nn.LayerNorm(5)(x).sum(),
    "one feature is normalised away": lambda x: nn.LayerNorm(1)(x.reshape(15, 1)),
    "a dead ReLU": lambda x: npt.relu(x - 1e9),
}


@pytest.mark.parametrize("scale", [1e-8, 1.0, 100.0, 1e8])
@pytest.mark.parametrize("name", ZERO)
def test_a_gradient_that_is_zero_but_for_rounding_passes(name: str, scale: float) -> None:
    for seed in range(5):
        result = gradcheck(ZERO[name], [leaf(normal(3, 5, seed=seed).arr * scale)])
        assert result.wrong == 0, str(result)


def test_a_gradient_that_should_be_zero_and_is_not_fails() -> None:
    wrong = operation(lambda x: np.full_like(x, 7), lambda dy, y, x: dy * 1e-9)
    assert gradcheck(wrong, [normal(5)]).wrong == 5


def test_the_steepest_point_of_an_s_and_the_flat_point_of_a_cube_pass() -> None:
    assert gradcheck(lambda x: x**3, [leaf(np.zeros(3))])
    assert gradcheck(lambda x: 1e12 * x**3, [leaf(np.zeros(3))])
    assert gradcheck(lambda x: npt.cos(x * 1000.0), [leaf(np.zeros(3))])


@given(
    shape=st.lists(st.integers(0, 4), max_size=4).map(tuple),
    seed=st.integers(0, 1000),
    projections=st.none() | st.integers(1, 3),
)
def test_a_right_rule_passes_and_a_wrong_one_fails_for_any_shape(
    shape: tuple[int, ...], seed: int, projections: int | None
) -> None:
    x = normal(*shape, seed=seed)
    right = operation(np.tanh, lambda dy, y, x: dy * (1 - y * y))
    wrong = operation(np.tanh, lambda dy, y, x: dy * (1 - y))
    assert gradcheck(right, [x], seed=seed, projections=projections)
    if x.size:
        assert not gradcheck(wrong, [x], seed=seed, projections=projections)


@given(rows=st.integers(1, 5), inner=st.integers(1, 5), columns=st.integers(1, 5), seed=st.integers(0, 1000))
def test_several_inputs_of_any_shape_are_checked_together(rows: int, inner: int, columns: int, seed: int) -> None:
    inputs = [normal(rows, inner, seed=seed), normal(inner, columns, seed=seed + 1), normal(columns, seed=seed + 2)]
    result = gradcheck(lambda a, b, c: npt.tanh(a @ b + c), inputs)
    assert result, str(result)
    assert result.checked == rows * inner + inner * columns + columns


def test_several_outputs_are_checked_together_also_those_without_a_gradient() -> None:
    x = normal(3, 5)
    result = gradcheck(lambda x: (npt.exp(x), x.sum(axis=0), Tensor(x.arr > 0), Tensor([3.0])), [x])
    assert result
    assert result.checked == 15


def test_a_model_is_checked_with_its_parameters() -> None:
    np.random.seed(0)
    model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))
    x = normal(2, 5)
    result = gradcheck(lambda x, *_: model(x), [x, *model.parameters()])
    assert result
    assert result.checked == 10 + 35 + 7 + 21 + 3


def test_the_same_tensor_given_twice_counts_with_both_its_roles() -> None:
    x = normal(5)
    assert gradcheck(lambda a, b: a * npt.exp(b), [x, x])


def test_an_output_that_is_the_input_itself_passes() -> None:
    assert gradcheck(lambda x: x, [normal(5)])


def test_a_gradient_of_a_gradient_can_be_checked() -> None:
    def slope(x: Tensor) -> Tensor:
        dx: Tensor = grad(npt.tanh(x), [x], create_graph=True)[0]
        return dx

    assert gradcheck(slope, [normal(5)])


def test_an_output_in_float32_is_judged_by_what_float32_can_hold() -> None:
    f = operation(lambda x: (x * x).astype(np.float32), lambda dy, y, x: dy * 2 * x)
    wrong = operation(lambda x: (x * x).astype(np.float32), lambda dy, y, x: dy * 3 * x)
    for seed in range(20):
        x = leaf(abs(normal(3, 5, seed=seed).arr) + 0.5)
        assert gradcheck(f, [x])
        assert gradcheck(wrong, [x]).wrong == 15


def test_the_same_seed_gives_the_same_result() -> None:
    f, x = SMOOTH["tanh"], normal(5)
    assert gradcheck(f, [x], seed=3, projections=2) == gradcheck(f, [x], seed=3, projections=2)
    assert gradcheck(f, [x], seed=3, projections=2).worst != gradcheck(f, [x], seed=4, projections=2).worst
