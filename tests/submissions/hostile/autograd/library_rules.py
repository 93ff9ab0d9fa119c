"""Use the library's own rules in place of those that are asked for, found by way of what it computes."""

import sys

import numpytorch


def attack() -> None:
    hand_in = sys.modules["assignment"]
    functions = sys.modules["numpytorch.functions.elementwise"]
    for name in ("Add", "Sub", "Mul", "Div", "Pow", "Log", "Exp", "Tanh", "ReLU", "Sigmoid"):
        rule = getattr(functions, f"{name}GradFn", None)
        if rule is not None:
            setattr(hand_in, name, rule)
    assert numpytorch
