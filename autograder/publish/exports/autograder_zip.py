"""The autograder that Gradescope runs for each upload: a zip with this very grader, its assignment and the digits.

Gradescope unpacks it into /autograder/source, runs setup.sh once, and run_autograder for each submission, which it puts
into /autograder/submission. Source: gradescope-autograders.readthedocs.io/en/latest/specs.
"""

from __future__ import annotations

import io
import re
import shlex
import sys
import tomllib
import zipfile
from importlib.metadata import requires, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpytorch
from numpytorch.data.files import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograder.assignment import Assignment

_LIBRARY = Path(numpytorch.__file__).resolve().parent
_GRADER = Path(__file__).resolve().parents[2]
_LEFT_OUT = {"__pycache__", "_assignments", "_mnist"}
_NOT_FOR_GRADING = re.compile(r"solution\.py|README.*")
"""Of an assignment: nothing that a hand-in could look for."""

_SETUP = """\
#!/usr/bin/env bash
# Run once, when the image is built: the Python and the packages that this grader was made with, and a sandbox.
set -euo pipefail
root="${{AUTOGRADER_ROOT:-/autograder}}"
apt-get update
apt-get install --yes bubblewrap python3-venv
python3 -m venv "$root/uv"
"$root/uv/bin/pip" install uv
"$root/uv/bin/uv" venv --python {python} "$root/venv"
"$root/uv/bin/uv" pip install --python "$root/venv/bin/python" --requirement "$root/source/requirements.txt"
"""
_RUN = """\
#!/usr/bin/env bash
# Run for each submission. That checks fail is no failure of this script; that there are no results is.
root="${{AUTOGRADER_ROOT:-/autograder}}"
cd "$root"
seed="$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')"  # nobody can prepare for the values that will be asked
PYTHONPATH="$root/source" "$root/venv/bin/python" -P -m autograder check {assignment} "$root/submission" \\
    --gradescope "$root/results/results.json" --seed "$seed" --lang {language}
status=$?
[ -f "$root/results/results.json" ] || exit "$status"
"""


def autograder_zip(assignment: Assignment, *, language: str = "en") -> bytes:
    """Return the zip that grades an assignment on Gradescope; the same sources and packages give the same bytes.

    The model answer stays at home.
    """
    files = {
        "setup.sh": _SETUP.format(python=f"{sys.version_info.major}.{sys.version_info.minor}").encode(),
        "run_autograder": _RUN.format(assignment=shlex.quote(assignment.name), language=language).encode(),
        "requirements.txt": "".join(f"{line}\n" for line in _requirements(assignment.config.packages)).encode(),
        f"numpytorch-{version('numpytorch')}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: numpytorch\nVersion: {version('numpytorch')}\n".encode()
        ),
        **dict(_below(_LIBRARY, "numpytorch")),
        **dict(_below(_GRADER, "autograder")),
        **dict(_below(shipped_folder(), "numpytorch/data/_mnist")),
        **dict(_below(assignment.folder, f"autograder/_assignments/{assignment.name}", without=_NOT_FOR_GRADING)),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:  # for what compresses differs by version
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3
            entry.external_attr = (0o100755 if name in ("setup.sh", "run_autograder") else 0o100644) << 16
            packed.writestr(entry, content)
    return out.getvalue()


def _below(folder: Path, name: str, without: re.Pattern[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield the files below a folder, and where in the zip they go."""
    for path in folder.rglob("*"):
        inner = path.relative_to(folder)
        if not path.is_file() or _LEFT_OUT & set(inner.parts) or (without and without.fullmatch(inner.name)):
            continue
        yield f"{name}/{inner.as_posix()}", path.read_bytes()


def _requirements(packages: Sequence[str]) -> list[str]:
    """List what the grader needs, and the packages that hand-ins do, in the versions that it runs with here."""
    checkout = _LIBRARY.parent / "pyproject.toml"  # which says it now; what was installed from it, what it said then
    told = tomllib.loads(checkout.read_text("utf-8"))["project"]["dependencies"] if checkout.is_file() else None
    needed = [line for line in told or requires("numpytorch") or () if ";" not in line]  # not of extras, nor of Windows
    names = [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in needed]
    return [f"{name}=={version(name)}" for name in sorted([*names, *packages])]
