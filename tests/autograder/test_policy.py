"""Only allowed modules may be imported, however the import is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.checks import Failed
from autograder.checks.policy import only_allowed_imports
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
