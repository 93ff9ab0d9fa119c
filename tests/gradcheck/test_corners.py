"""Corners, jumps and poles: what is left out, what is reported, and that nothing wrong hides there."""

import numpy as np
import pytest

import numpytorch as npt
from numpytorch.autograd import gradcheck

from .rules import Array, leaf, operation


def test_relu_at_0_is_left_out_and_named() -> None:
    result = gradcheck(npt.relu, [leaf([[1.0, 0.0], [-2.0, 3.0]])])
    assert result
    assert result.checked == 3
    assert result.kinks == ((0, (0, 1)),)
    assert "Left out 1 at a corner of the function: input 0 at [0, 1]. Use inputs off the corners." in str(result)


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.5, 1.0])
def test_any_slope_between_the_two_sides_is_let_pass_at_a_corner(slope: float) -> None:
    f = operation(lambda x: np.maximum(x, 0), lambda dy, y, x: dy * np.where(x == 0, slope, x > 0))
    result = gradcheck(f, [leaf([0.0, 1.0])])
    assert result
    assert result.kinks == ((0, (0,)),)


@pytest.mark.parametrize("slope", [-0.01, 1.01, 2.0, -1.0, np.nan, np.inf])
def test_a_slope_beyond_both_sides_of_a_corner_fails(slope: float) -> None:
    f = operation(lambda x: np.maximum(x, 0), lambda dy, y, x: dy * np.where(x == 0, slope, x > 0))
    result = gradcheck(f, [leaf([0.0, 1.0])])
    assert result.wrong == 1
    assert result.kinks == ()
    assert result.worst is not None
    assert result.worst.index == (0,)
    assert "the nearest slope at a corner of the function" in str(result)


@pytest.mark.parametrize("values", [[2.0, 2.0, 1.0], [2.0, 2.0, 2.0]])
def test_ties_in_max_are_corners(values: list[float]) -> None:
    tied = tuple((0, (i,)) for i, v in enumerate(values) if v == 2)
    result = gradcheck(npt.max, [leaf(values)])
    assert result.wrong == 0
    assert result.kinks == tied


def test_a_tie_between_two_inputs_is_a_corner_of_both() -> None:
    result = gradcheck(npt.maximum, [leaf([1.0, 2.0]), leaf([1.0, 3.0])])
    assert result
    assert result.kinks == ((0, (0,)), (1, (0,)))


def test_a_corner_never_excuses_a_wrong_gradient_elsewhere() -> None:
    f = operation(lambda x: np.maximum(x, 0), lambda dy, y, x: dy * np.where(x == 0, 0.5, np.where(x > 0, 0.9, 0)))
    result = gradcheck(f, [leaf([0.0, 1.0, 2.0, -1.0])])
    assert result.wrong == 2
    assert result.kinks == ((0, (0,)),)


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6, 1e-7])
def test_a_corner_nearby_excuses_nothing(distance: float) -> None:
    """The steps get shorter until they stay on one side of it."""
    x = leaf([distance, -distance])
    assert gradcheck(npt.relu, [x]).checked == 2
    f = operation(lambda x: np.maximum(x, 0), lambda dy, y, x: dy * 0.5)
    assert gradcheck(f, [x]).wrong == 2


def test_a_corner_too_near_to_resolve_is_left_out_rather_than_called_wrong() -> None:
    result = gradcheck(lambda x: npt.relu(x - 1.0), [leaf([1 + 1e-9, 2.0])])
    assert result
    assert result.kinks == ((0, (0,)),)


def test_curvature_is_no_corner() -> None:
    """Where x^2 turns, a check that takes the two sides apart for a corner would excuse this."""
    wrong = operation(lambda x: 100 * x * x, lambda dy, y, x: dy * (200 * x + 0.01))
    result = gradcheck(wrong, [leaf([0.0, 1e-3, 1.0])])
    assert result.wrong == 3
    assert result.kinks == ()


def test_nothing_checked_is_not_a_pass() -> None:
    result = gradcheck(npt.relu, [leaf([0.0, 0.0])])
    assert not result
    assert result.checked == result.wrong == 0
    assert len(result.kinks) == 2


def test_many_corners_at_once_are_left_out_where_each_output_has_its_own() -> None:
    w = np.random.default_rng(0).standard_normal((3, 7))
    result = gradcheck(lambda x: npt.relu(x @ w), [leaf(np.zeros((1, 3)))])
    assert result.wrong == 0
    assert len(result.kinks) == 3


def test_a_cusp_is_a_corner() -> None:
    result = gradcheck(lambda x: npt.sqrt(npt.abs(x) + 1e-300), [leaf([0.0, 1.0])])
    assert result
    assert result.kinks == ((0, (0,)),)


@pytest.mark.parametrize("claimed", [0.0, 1.0, 1e3])
def test_a_gradient_at_a_jump_is_not_let_pass(claimed: float) -> None:
    step = operation(lambda x: np.where(x >= 0, 1.0, 0.0), lambda dy, y, x: dy * claimed)
    result = gradcheck(step, [leaf([0.0])])
    assert result.wrong == 1
    assert "finite differences do not settle" in str(result)


def test_a_step_function_off_its_jump_is_flat() -> None:
    flat = operation(lambda x: np.where(x >= 0, 1.0, 0.0), lambda dy, y, x: 0 * dy)
    steep = operation(lambda x: np.where(x >= 0, 1.0, 0.0), lambda dy, y, x: dy)
    x = leaf([1e-4, -1e-4, 1.0])
    assert gradcheck(flat, [x])
    assert gradcheck(steep, [x]).wrong == 3


def test_an_infinite_slope_at_the_edge_of_the_domain_is_not_let_pass() -> None:
    def rule(dy: Array, y: Array, x: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(dy / (2 * y))

    result = gradcheck(operation(np.sqrt, rule), [leaf([0.0, 1.0])])
    assert result.wrong == 1
    assert "finite differences do not settle" in str(result)


def test_noise_is_not_taken_for_a_function() -> None:
    """A function that is rough at every step has no derivative to agree with."""
    f = operation(lambda x: np.sin(1e15 * x), lambda dy, y, x: dy * 0.0)
    assert gradcheck(f, [leaf([0.3, 0.7, 1.1])]).wrong + len(gradcheck(f, [leaf([0.3, 0.7, 1.1])]).kinks) == 3
