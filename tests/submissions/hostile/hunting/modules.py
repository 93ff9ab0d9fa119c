"""Look through all modules for the grader's, and for model answers."""

import pkgutil
import sys


def attack() -> None:
    names = [*sys.modules, *(module.name for module in pkgutil.walk_packages(onerror=lambda _: None))]
    for name in names:
        if name.endswith((".checks", "solution", "answers", ".runner", ".verdict")) and "numpy" not in name:
            module = __import__(name)
            if "grader" in str(vars(module)).lower():
                raise RuntimeError("REACHED the grader's own side")
