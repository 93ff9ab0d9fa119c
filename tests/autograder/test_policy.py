"""Only allowed modules may be imported, however the import is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.checks import Failed
from autograder.checks.policy import does_it_itself, only_allowed_imports
from autograder.submission import Submission

ALLOWED = ("numpy", "numpytorch", "typing")


def submission(source: str) -> Submission:
    return Submission(Path("assignment.py"), "0" * 64, source)


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np",
        "import numpy.typing",
        "from numpy.lib.stride_tricks import sliding_window_view",
        "from numpytorch.functions import *",
        "from numpytorch import nn, optim",
        "import typing, numpy",
        "x = 'import os'",
    ],
)
def test_allowed_imports_pass(source: str) -> None:
    only_allowed_imports(submission(source), ALLOWED)


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("import torch", "`import torch`"),
        ("import numpy, os", "`import os`"),
        ("import numpyx", "`import numpyx`"),
        ("from os import path", "`from os import path`"),
        ("from . import solution", "`from . import solution`"),
        ("def f() -> None:\n    import scipy.signal", "`import scipy.signal`"),
        ("import importlib", "`import importlib`"),
        ("__import__('os')", "`__import__`"),
        ("exec('import os')", "`exec`"),
        ("eval('1')", "`eval`"),
        ("open('answers')", "`open`"),
        ("__builtins__['open']", "`__builtins__`"),
        ("from numpytorch import kernels", "kernels"),
        ("import numpytorch.kernels.conv", "kernels"),
        ("from numpytorch.nn.conv import Conv2d", "numpytorch.nn.conv"),
        ("from numpytorch.nn import recurrent", "recurrent"),
        ("import typing\ntyping.sys.modules['os']", "`typing.sys`"),
        ("import typing as t\nt.Any\nt.sys", "`t.sys`"),
        ("import numpy as np\nnp.linalg.norm\nnp.lib._utils_impl.sys", "`np.lib._utils_impl.sys`"),
        ("from typing import sys", "`from typing import sys`"),
    ],
)
def test_other_imports_fail_and_are_named(source: str, named: str) -> None:
    with pytest.raises(Failed) as failure:
        only_allowed_imports(submission("x = 1\n" + source), ALLOWED)
    assert named in failure.value.message
    assert "Line " in failure.value.message
    assert "numpytorch" in failure.value.hint


@pytest.mark.parametrize("source", ["def (:", "\x0c" + "(" * 5000 + ")" * 5000])
def test_source_that_cannot_be_parsed_fails_without_an_exception_of_another_kind(source: str) -> None:
    with pytest.raises(Failed, match="Expected Python source"):
        only_allowed_imports(submission(source), ALLOWED)


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("def f(t):\n    t.backward()", "`.backward`"),
        ("def f(t):\n    getattr(t, 'back' + 'ward')()", "`getattr`"),
        ("def f(t):\n    getattr(t, 'backward')()", "`getattr`"),
        ("def f(t):\n    match t:\n        case Tensor(backward=b):\n            b()", "`backward=`"),
        ("from operator import methodcaller as m\nm('backward')", "`import methodcaller`"),
        ("import operator\noperator.attrgetter('backward')", "`.attrgetter`"),
        ("f = Tensor.__init__.__globals__", "`.__globals__`"),
        ("vars(Tensor)['backward']", "`vars`"),
        ("import sys\nsys.modules['numpytorch']", "`.modules`"),
        ("from sys import modules", "`import modules`"),
        ("import typing\nf(typing.sys)", "`typing.sys`"),
        ("exec('import numpytorch')", "`exec`"),
        ("from numpytorch.functions import mul", "numpytorch.functions"),
        ("t = Tensor(1.0, requires_grad=True)\nclass Mul(type((t * t).grad_fn)): pass", "`.grad_fn`"),
        ("class Mul(GradFn):\n    def f_d(self, a, b, y):\n        return (a * b).grad_fn.f_d(a, b, y)", "`.grad_fn`"),
    ],
)
def test_what_leads_to_the_librarys_own_answer_is_not_ones_own_work(source: str, named: str) -> None:
    with pytest.raises(Failed) as failure:
        does_it_itself(
            submission("x = 1\n" + source), "numpytorch", ("numpy", "numpytorch.Tensor", "typing", "operator")
        )
    assert named in failure.value.message, failure.value.message


@pytest.mark.parametrize(
    "source",
    [
        "import os, sys\nsys.setrecursionlimit(10_000)",  # another check's matter
        "def propagate(node, gradient):\n    return node.grad_fn.f_d(*node.grad_fn.parents, node)",
        "def f(x):\n    return getattr(x, 'grad', None)",
        "def (:",
    ],
)
def test_ones_own_work_is_let_be(source: str) -> None:
    does_it_itself(submission(source), "numpytorch", ("numpy", "numpytorch.Tensor"))


def test_source_too_deep_for_the_grader_is_not_taken_for_ones_own_work() -> None:
    with pytest.raises(Failed, match="nested too deeply"):
        does_it_itself(submission(f"x = {'-' * 5000}1"), "numpytorch", ())
