"""Wrong derivative rules that a check with an all-ones upstream gradient lets through; gradcheck lets none."""

from typing import Any

import numpy as np
import pytest

from numpytorch import Tensor
from numpytorch.autograd import gradcheck

from .rules import (
    Array,
    Operation,
    all_ones_upstream_agrees,
    conv2d,
    conv2d_rule,
    leaf,
    normal,
    operation,
    softmax,
)


def weight_gradient_with_its_batch_mixed_up(dy: Array, y: Array, x: Array, weight: Array) -> tuple[Array, Array]:
    dx, _ = conv2d_rule(dy, y, x, weight)
    return dx, conv2d_rule(dy[::-1], y, x, weight)[1]  # sample n is paired with the gradient of sample N - 1 - n


def weight_gradient_with_its_filters_mixed_up(dy: Array, y: Array, x: Array, weight: Array) -> tuple[Array, Array]:
    dx, dweight = conv2d_rule(dy, y, x, weight)
    return dx, dweight[::-1]


MISSED_BY_ALL_ONES: dict[str, tuple[Operation, list[Tensor]]] = {
    "softmax returns zero": (operation(softmax, lambda dy, y, x: 0 * dy), [normal(3, 5)]),
    "the upstream gradient is ignored": (operation(np.tanh, lambda dy, y, x: 1 - y * y), [normal(3, 5)]),
    "a cube's permutation is repeated, not undone": (
        operation(lambda x: x.transpose(1, 2, 0), lambda dy, y, x: dy.transpose(1, 2, 0)),
        [normal(3, 3, 3)],
    ),
    "reshape goes back in Fortran order": (
        operation(lambda x: x.reshape(3, 5), lambda dy, y, x: dy.reshape(x.shape, order="F")),
        [normal(5, 3)],
    ),
    "a flip is not flipped back": (operation(lambda x: x[::-1], lambda dy, y, x: dy), [normal(5, 2)]),
    "the weight gradient mixes up the batch": (
        operation(conv2d, weight_gradient_with_its_batch_mixed_up),
        [normal(2, 3, 5, 4), normal(2, 3, 2, 2, seed=1)],
    ),
    "the weight gradient mixes up the output channels": (
        operation(conv2d, weight_gradient_with_its_filters_mixed_up),
        [normal(2, 3, 5, 4), normal(7, 3, 2, 2, seed=1)],
    ),
    "repeat goes back as tile": (
        operation(lambda x: np.repeat(x, 3), lambda dy, y, x: dy.reshape(3, -1).sum(0)),
        [normal(5)],
    ),
    "a stack's gradients are swapped": (
        operation(lambda a, b: np.stack([a, b]), lambda dy, y, a, b: (dy[1], dy[0])),
        [normal(5), normal(5, seed=1)],
    ),
    "a sum's gradient is laid along the wrong axis of a square": (
        operation(lambda x: x.sum(axis=0), lambda dy, y, x: np.broadcast_to(dy[:, None], x.shape)),
        [normal(5, 5)],
    ),
}


@pytest.mark.parametrize("name", MISSED_BY_ALL_ONES)
def test_a_wrong_rule_that_an_all_ones_upstream_misses_is_caught(name: str) -> None:
    f, inputs = MISSED_BY_ALL_ONES[name]
    assert all_ones_upstream_agrees(f, inputs)
    result = gradcheck(f, inputs)
    assert not result
    assert result.wrong > 0
    assert not gradcheck(f, inputs, projections=2)


@pytest.mark.parametrize("seed", range(5))
def test_a_convolution_with_the_right_rule_passes(seed: int) -> None:
    result = gradcheck(operation(conv2d, conv2d_rule), [normal(2, 3, 5, 4), normal(7, 3, 2, 2, seed=1)], seed=seed)
    assert result
    assert result.checked == 2 * 3 * 5 * 4 + 7 * 3 * 2 * 2


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_half_a_percent_off_in_one_small_entry_fails(scale: float) -> None:
    c = np.random.default_rng(3).standard_normal((7, 11)) * scale
    c[4, 6] = 1e-5 * scale  # among others of size `scale`

    def rule(dy: Array, y: Array, x: Array) -> Array:
        dx = np.outer(dy, np.ones(11)) * c * np.cos(x)
        dx[4, 6] *= 1.005
        return dx

    result = gradcheck(operation(lambda x: (c * np.sin(x)).sum(axis=1), rule), [normal(7, 11)])
    assert result.wrong == 1
    assert result.worst is not None
    assert result.worst.index == (4, 6)


def test_a_sign_a_factor_and_a_forgotten_term_each_fail_in_every_entry() -> None:
    x = leaf(np.random.default_rng(0).uniform(0.5, 2, (3, 5)))
    for wrong in (lambda dy, y, x: -3 * dy * x**2, lambda dy, y, x: dy * x**2, lambda dy, y, x: 3 * dy * x):
        result = gradcheck(operation(lambda x: x**3, wrong), [x])
        assert result.wrong == result.checked == 15


def test_the_worst_entry_is_named_with_both_values() -> None:
    def rule(dy: Array, y: Array, x: Array) -> Array:
        dx = dy.copy()
        dx[1, 2] += 1
        dx[0, 1] += 0.25
        return dx

    a, b = normal(3), normal(2, 3)
    result = gradcheck(operation(lambda a, b: b + 0.0, lambda dy, y, a, b: (0 * a, rule(dy, y, b))), [a, b])
    assert result.worst is not None
    assert (result.worst.input, result.worst.index) == (1, (1, 2))
    assert abs(result.worst.computed - result.worst.expected) == pytest.approx(1)
    assert f"input 1 at [1, 2]: expected {result.worst.expected!r}" in str(result)
    assert f"got {result.worst.computed!r} (backward)" in str(result)
    assert "7 of 9 derivatives agree (seed 0)" in str(result)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_one_entry_that_is_not_finite_fails_alone(bad: float) -> None:
    def rule(dy: Array, y: Array, x: Array) -> Array:
        dx = dy.copy()
        dx[2] = bad
        return dx

    result = gradcheck(operation(lambda x: x + 1, rule), [normal(5)])
    assert result.wrong == 1
    assert result.worst is not None
    assert result.worst.index == (2,)


def test_one_wrong_input_among_several_is_told_from_the_right_ones() -> None:
    f = operation(lambda a, b: a * b, lambda dy, y, a, b: (dy * b, dy * b))
    result = gradcheck(f, [normal(5), normal(5, seed=1)])
    assert result.wrong == 5
    assert result.worst is not None
    assert result.worst.input == 1


def test_one_wrong_output_among_several_fails() -> None:
    double = operation(lambda x: 2 * x, lambda dy, y, x: 2 * dy)
    wrong = operation(lambda x: 2 * x, lambda dy, y, x: dy)
    x = normal(5)
    assert gradcheck(lambda x: (double(x), double(x * x)), [x])
    assert not gradcheck(lambda x: (double(x), wrong(x)), [x])


def test_projections_catch_one_wrong_entry_and_say_how_to_name_it() -> None:
    def rule(dy: Array, y: Array, x: Array) -> Array:
        dx = dy * y
        dx[17, 3] *= 1.05
        return dx

    f = operation(np.exp, rule)
    result = gradcheck(f, [normal(31, 7)], projections=3)
    assert result.checked == 3
    assert result.wrong == 3
    assert "along a random direction" in str(result)
    assert "Leave out `projections`" in str(result)
    named = gradcheck(f, [normal(31, 7)]).worst
    assert named is not None
    assert named.index == (17, 3)


def test_every_entry_of_the_upstream_gradient_counts() -> None:
    """One wrong row of the Jacobian shows at once: no upstream entry is near 0."""

    def rule(dy: Array, y: Array, x: Array) -> Array:
        return np.asarray(dy.sum() + 5e-5 * dy[1])  # the derivative of y[1] is off by 5e-5 of itself

    spread = operation(lambda x: np.full(3, x), rule)
    assert not any(gradcheck(spread, [leaf(0.7)], seed=seed) for seed in range(200))


def a_cut(x: Tensor) -> Tensor:
    return Tensor(np.exp(x.arr))


def test_a_severed_input_is_named() -> None:
    x, w = normal(5), normal(5, seed=1)
    result = gradcheck(lambda x, w: x * a_cut(w), [x, w])
    assert not result
    assert result.severed == (1,)
    assert "No gradient arrives at input 1" in str(result)


def test_all_inputs_severed_are_named() -> None:
    result = gradcheck(lambda x, w: a_cut(x * w), [normal(5), normal(5, seed=1)])
    assert result.severed == (0, 1)
    assert result.wrong == 10


def test_an_input_that_the_output_does_not_depend_on_is_not_severed() -> None:
    result = gradcheck(lambda x, w: x * 2.0, [normal(5), normal(5, seed=1)])
    assert result
    assert result.severed == ()


def test_a_severed_input_is_found_though_its_gradients_are_tiny() -> None:
    assert gradcheck(lambda x: 1e-12 * a_cut(x), [normal(5)]).severed == (0,)


def test_a_gradient_that_backward_left_earlier_does_not_pass_for_a_new_one() -> None:
    x = normal(5)
    (x * 2.0).sum().backward()
    assert gradcheck(lambda x: Tensor(x.arr * 2), [x]).severed == (0,)


def test_the_rule_is_run_on_arrays_as_backward_runs_it() -> None:
    """A rule that adds up by index, which only arrays can do, is right, and its wrong twin is wrong."""
    places = np.array([0, 2, 2, 1])

    def add_up(dy: Array, y: Array, x: Array) -> Array:
        dx = np.zeros_like(x)
        np.add.at(dx, places, dy)
        return dx

    def overwrite(dy: Array, y: Array, x: Array) -> Array:
        dx = np.zeros_like(x)
        dx[places] = dy
        return dx

    assert gradcheck(operation(lambda x: x[places], add_up), [normal(3)])
    wrong = gradcheck(operation(lambda x: x[places], overwrite), [normal(3)])
    assert wrong.wrong == 1
    assert wrong.worst is not None
    assert wrong.worst.index == (2,)


def test_what_a_rule_raises_comes_through() -> None:
    def rule(dy: Array, y: Array, x: Array) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gradcheck(operation(np.exp, rule), [normal(3)])
