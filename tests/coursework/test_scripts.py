"""Whole scripts as earlier coursework wrote them."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

import subprocess
import sys
from pathlib import Path

import numpy as np

from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, gradcheck

from .old_grad_fn import Affine
from .old_script import Classifier, main

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_the_old_training_script_runs_and_learns() -> None:
    *losses, share_right = main()
    assert losses[0] > 2
    assert losses[-1] < 0.2
    assert share_right == 1


def test_the_old_model_has_the_parameters_it_had() -> None:
    model = Classifier()
    assert [(name, p.shape) for name, p in model.named_parameters()] == [
        ("layers.0.w", (784, 256)), ("layers.0.b", (256,)), ("layers.2.w", (256, 10)),
    ]  # fmt: skip


def test_gradients_reach_w_and_b_of_an_own_operation_though_its_input_requires_none() -> None:
    np.random.seed(0)
    layer = Affine(5, 3)
    x = Tensor(np.random.standard_normal((2, 5)))
    y = layer(x)
    assert y.requires_grad
    assert not y.is_leaf
    y.sum().backward()
    assert layer.w.grad is not None
    np.testing.assert_allclose(layer.w.grad, x.arr.T @ np.ones((2, 3)))
    np.testing.assert_array_equal(layer.b.grad, [2.0, 2.0, 2.0])
    assert x.grad is None


def test_an_own_operation_between_others_passes_gradients_through_to_all() -> None:
    np.random.seed(0)
    model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), Affine(7, 3), nn.Tanh())
    x = Tensor(np.random.standard_normal((2, 5)), requires_grad=True)
    assert gradcheck(lambda x, *_: model(x), [x, *model.parameters()])


def test_a_wrong_rule_of_an_own_operation_is_found() -> None:
    class Doubled(GradFn):
        def f_d(self, *args):  # type: ignore[no-untyped-def]  # coursework seldom annotates
            _, y = args
            return (y.grad,)

    def double(x: Tensor) -> Tensor:
        return Tensor(x.arr * 2, requires_grad=x.requires_grad, is_leaf=False, grad_fn=Doubled(x))

    result = gradcheck(double, [Tensor([1.0, 2.0], requires_grad=True)])
    assert result.wrong == 2


def test_the_parents_come_first_in_f_d_and_the_output_last() -> None:
    seen: list[tuple[int, ...]] = []

    class Product(GradFn):
        def f_d(self, *args):  # type: ignore[no-untyped-def]  # coursework seldom annotates
            seen.extend(node.shape for node in args)
            a, b, y = args
            return y.grad @ b.arr.T, a.arr.T @ y.grad

    a, b = Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.ones((3, 5)), requires_grad=True)
    Tensor(a.arr @ b.arr, requires_grad=True, is_leaf=False, grad_fn=Product(a, b)).sum().backward()
    assert seen == [(2, 3), (3, 5), (2, 5)]


def test_the_old_script_type_checks_strictly(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text((HERE / "old_script.py").read_text() + STAR_IMPORT)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "main.py"],
        cwd=tmp_path, env={"MYPYPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == "Success: no issues found in 1 source file\n", run.stdout + run.stderr


STAR_IMPORT = """

from numpytorch.functions import *
from numpytorch.autograd import GradFn, OutputNode, TensorNode
from numpytorch.grad_fn import GradFn as TheSame


class Square(TheSame):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple["np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]:
        return (2 * x.arr * y.grad,)


class Doubled(GradFn):
    def f_d(self, *args: TensorNode) -> tuple[None]:
        return (None,)


def square(x: Tensor) -> Tensor:
    out = Tensor(x.arr**2, requires_grad=x.requires_grad, is_leaf=False, grad_fn=Square(x))
    out[0] = unsqueeze(softmax(mean(x, 0)), 0)
    return 2 * out + exp(x) - x / 3
"""
