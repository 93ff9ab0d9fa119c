"""Importing a Python file of an assignment's folder: the grader's own code, and never a hand-in's."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def beside(file: str | Path, name: str) -> ModuleType:
    """Import NAME.py, which stands beside `file`. Raises FileNotFoundError if it does not."""
    path = Path(file).with_name(f"{name}.py")
    module_name = f"autograder_assignments.{path.parent.name}.{name}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{path}: expected a Python file, found none.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module
