"""Where the grader keeps what it can make again."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Return the user's cache folder for `name`, made if it is not there. No hand-in can write to it.

    NUMPYTORCH_CACHE names another place to keep it.
    """
    if os.environ.get("NUMPYTORCH_CACHE"):
        root = Path(os.environ["NUMPYTORCH_CACHE"])
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "numpytorch" / "Cache"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches" / "numpytorch"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "numpytorch"
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
