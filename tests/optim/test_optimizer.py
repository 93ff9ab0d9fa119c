"""What all optimizers share: the parameters they take, the rest they refuse."""

from typing import Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import Tensor, nn, optim

BOTH = [optim.SGD, optim.Adam]


@pytest.mark.parametrize("kind", BOTH)
def test_no_parameters_are_refused_with_the_likely_reason(kind: Any) -> None:
    with pytest.raises(ValueError, match="expected at least one parameter") as error:
        kind(nn.ReLU().parameters(), 0.1)
    assert str(error.value) == (
        f"{kind.__name__}: expected at least one parameter, got none. Pass model.parameters(); it finds each "
        "nn.Parameter on an attribute of the model or of a Module on one, not in plain lists or dicts."
    )


@pytest.mark.parametrize("kind", BOTH)
def test_what_cannot_be_moved_is_refused(kind: Any) -> None:
    layer = nn.Linear(2, 3)
    for bad in (Tensor([1.0]), layer.w * 2.0, layer, ("w", layer.w), None):
        with pytest.raises(
            ValueError, match=rf"(?s){kind.__name__}: expected nn\.Parameter objects, got .*\. Pass model\.parameters"
        ):
            kind([layer.w, bad], 0.1)


@pytest.mark.parametrize("kind", BOTH)
def test_a_parameter_in_place_of_a_list_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"expected nn\.Parameter objects"):
        kind(nn.Parameter.new(2, 3), 0.1)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("lr", [-0.1, np.nan, np.inf])
def test_a_bad_learning_rate_is_refused(kind: Any, lr: float) -> None:
    with pytest.raises(ValueError, match=rf"{kind.__name__}: expected a finite lr >= 0, got {lr}\."):
        kind([nn.Parameter.new(2)], lr)


@pytest.mark.parametrize("kind", BOTH)
def test_a_bad_weight_decay_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="expected a finite weight_decay >= 0, got -1"):
        kind([nn.Parameter.new(2)], 0.1, weight_decay=-1)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, np.nan])
def test_a_bad_momentum_is_refused(momentum: float) -> None:
    with pytest.raises(ValueError, match=rf"SGD: expected 0 <= momentum < 1, got {momentum}\."):
        optim.SGD([nn.Parameter.new(2)], 0.1, momentum=momentum)


@pytest.mark.parametrize("betas", [(1.0, 0.9), (0.9, 1.0), (-0.1, 0.9)])
def test_bad_betas_are_refused(betas: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="Adam: expected 0 <= beta < 1 for both betas"):
        optim.Adam([nn.Parameter.new(2)], betas=betas)


@pytest.mark.parametrize("kind", BOTH)
def test_a_learning_rate_of_0_moves_nothing(kind: Any) -> None:
    p = nn.Parameter([1.0])
    p.grad = np.ones(1)
    kind([p], 0.0).step()
    np.testing.assert_array_equal(p.arr, [1.0])


@pytest.mark.parametrize("kind", BOTH)
def test_parameters_may_come_from_a_generator_and_may_be_plain_leaves(kind: Any) -> None:
    leaves = [Tensor([1.0], requires_grad=True), nn.Parameter([1.0])]
    optimizer = kind((p for p in leaves), 0.1)
    for p in leaves:
        p.grad = np.ones(1)
    optimizer.step()
    assert all(p.item() == pytest.approx(0.9) for p in leaves)


@pytest.mark.parametrize("kind", BOTH)
def test_a_parameter_shared_by_two_models_moves_once_a_step(kind: Any) -> None:
    p = nn.Parameter([1.0])
    optimizer = kind([p, nn.Parameter([3.0]), p], 0.1)
    p.grad = np.ones(1)
    optimizer.step()
    assert p.item() == pytest.approx(0.9)


@pytest.mark.parametrize("kind", BOTH)
def test_zero_grad_sets_the_gradients_to_none(kind: Any) -> None:
    p = nn.Parameter([1.0])
    optimizer = kind([p], 0.1)
    (p * 2.0).sum().backward()
    optimizer.zero_grad()
    assert p.grad is None
    (p * 3.0).sum().backward()
    np.testing.assert_array_equal(p.grad, [3.0])


def test_an_optimizer_of_ones_own_takes_the_base_class() -> None:
    class SignSGD(optim.Optimizer):
        def step(self) -> None:
            for p in self.params:
                if p.grad is not None:
                    p.arr -= self.lr * np.sign(p.grad)

    p = nn.Parameter([1.0, 1.0])
    optimizer = SignSGD([p], lr=0.5, weight_decay=0.0)
    (p * npt.tensor([3.0, -3.0])).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(p.arr, [0.5, 1.5])

    class Stepless(optim.Optimizer):
        pass

    with pytest.raises(NotImplementedError, match=r"Stepless\.step: expected a method that moves the parameters"):
        Stepless([p], 0.1, 0.0).step()
