"""no_grad: nothing is recorded within it, and it ends when it ends."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import Tensor
from numpytorch.autograd import GradFn, attach
from tests.engine.tools import grad_of, leaf


def _recorded() -> bool:
    return (leaf(1) * 2).requires_grad


def test_it_nests() -> None:
    with npt.no_grad():
        assert not _recorded()
        with npt.no_grad():
            assert not _recorded()
        assert not _recorded()
    assert _recorded()


def test_it_ends_with_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), npt.no_grad():
        _ = 1 / 0
    assert _recorded()


def test_it_decorates_functions() -> None:
    @npt.no_grad()
    def evaluate() -> bool:
        return _recorded()

    assert not evaluate()
    assert not evaluate()
    assert _recorded()


def test_it_holds_for_its_own_thread_only() -> None:
    inside, seen = threading.Event(), []

    def other() -> None:
        inside.wait(10)
        seen.append(_recorded())

    thread = threading.Thread(target=other)
    thread.start()
    with npt.no_grad():
        inside.set()
        thread.join(10)
        assert not _recorded()
    assert seen == [True]


def test_a_rule_is_dropped_and_the_parents_are_not_held() -> None:
    x = leaf(1, 2)
    with npt.no_grad():
        y = attach(x.arr * 2, GradFn(x))
        z = Tensor(x.arr * 2, requires_grad=x.requires_grad, is_leaf=False, grad_fn=GradFn(x))
    for t in (y, z):
        assert t.is_leaf
        assert not t.requires_grad


def test_a_leaf_made_within_it_may_require_a_gradient() -> None:
    with npt.no_grad():
        x = leaf(3)
    (x * x).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [6])


def test_backward_works_within_it() -> None:
    x = leaf(3)
    y = x * x
    with npt.no_grad():
        y.backward()
    np.testing.assert_array_equal(grad_of(x), [6])


def test_what_has_a_graph_keeps_it_when_written_to() -> None:
    x = leaf(1, 2)
    y = x * 3
    with npt.no_grad():
        y += 100
        y[0] = 0.0
    np.testing.assert_array_equal(y.arr, [0, 106])
    (y * y).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [0, 636])


def test_a_write_changes_neither_views_nor_what_a_leaf_is_a_view_of() -> None:
    data = npt.zeros(2, 3)
    w = data.reshape(3, 2)
    w.requires_grad = True
    turned = w.T
    with npt.no_grad():
        w += 1
        w[0] = 5.0
    np.testing.assert_array_equal(data.arr, np.zeros((2, 3)))
    np.testing.assert_array_equal(turned.arr, np.zeros((2, 3)))
    np.testing.assert_array_equal(w.arr, [[5, 5], [1, 1], [1, 1]])


def test_a_value_with_a_graph_is_written_without_it() -> None:
    w, out = leaf(1, 2), npt.zeros(2)
    with npt.no_grad():
        out[0] = w[0]
        out += w
    assert not out.requires_grad
    np.testing.assert_array_equal(out.arr, [2, 2])
