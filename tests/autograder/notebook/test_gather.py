"""A hand-in made of cells holds what the assignment asks for, as it was defined last, and all that this needs."""

from __future__ import annotations

import ast

from autograder.notebook.gather import gather

STUB = '''
"""The stub."""

from numpytorch import Tensor, nn

RATE = 0.1


class Layer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError("Layer.forward")


class Model(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError("Model.forward")
'''
LAYER = "class Layer(nn.Module):\n    def forward(self, x):\n        return {}\n"


def defined(source: str) -> list[str]:
    found = []
    for node in ast.parse(source).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                found.append(name)
    return found


def test_what_no_cell_defines_is_the_stubs() -> None:
    source = gather(["import numpytorch as npt", LAYER.format("x")], STUB)
    assert sorted(defined(source)) == ["Layer", "Model", "RATE"]
    assert "Layer.forward" not in source
    assert "Model.forward" in source
    assert "import numpytorch" not in source  # nothing needs it


def test_the_latest_definition_counts_once() -> None:
    source = gather([LAYER.format("x"), "RATE = 0.5", LAYER.format("2 * x"), "RATE = 0.25"], STUB)
    assert defined(source).count("Layer") == 1
    assert "return 2 * x" in source
    assert "RATE = 0.25" in source
    assert "RATE = 0.5" not in source


def test_helpers_come_along_with_what_they_need_and_in_order() -> None:
    cells = [
        "import numpy as np",
        "K = 3\ndef half(x):\n    return x / K",
        "@np.vectorize\ndef twice(x):\n    return 2 * half(x)",
    ]
    source = gather([*cells, LAYER.format("twice(x)")], STUB)
    order = [
        source.index(text)
        for text in ("import numpy as np", "K = 3", "def half", "@np.vectorize\ndef twice", "class Layer")
    ]
    assert order == sorted(order)


def test_what_nothing_needs_stays_out() -> None:
    cells = ["%load_ext autograder", "loss = train(Model())", "!ls", "x = (", LAYER.format("x"), "Layer()(loss)"]
    assert sorted(defined(gather(cells, STUB))) == ["Layer", "Model", "RATE"]


def test_the_future_comes_first_and_stars_come_always() -> None:
    cells = [
        "from numpytorch.functions import *",
        "import math",
        "from __future__ import annotations",
        LAYER.format("exp(x) * math.pi"),
    ]
    source = gather(cells, STUB)
    compile(source, "hand-in", "exec")
    assert source.index("__future__") < source.index("functions import *") < source.index("class Layer")


def test_a_cell_that_imports_comes_before_what_the_stub_makes_of_it() -> None:
    source = gather(["from numpytorch import Tensor, nn"], STUB)
    assert source.count("import") == 1
    assert source.index("from numpytorch") < source.index("class Layer")


def test_comments_in_a_definition_are_kept_and_its_cell_is_told() -> None:
    source = gather(["", "class Layer:  # mine\n    # a word\n    pass"], STUB)
    assert "# cell 2\nclass Layer:  # mine\n    # a word\n    pass" in source
