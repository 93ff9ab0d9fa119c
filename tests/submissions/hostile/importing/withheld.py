"""Import what is withheld: the library's own layers, its kernels, its data with the labels."""

import importlib
import importlib.util
from pathlib import Path

import numpytorch


def attack() -> None:
    for name in ("data", "data.mnist", "kernels", "nn.conv", "nn.recurrent"):
        try:
            importlib.import_module(f"numpytorch.{name}")
        except ImportError:
            place = Path(numpytorch.__file__).parent.joinpath(*name.split("."))
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                if file.exists():
                    raise RuntimeError("REACHED the grader's own side") from None
        else:
            raise RuntimeError("REACHED the grader's own side")
