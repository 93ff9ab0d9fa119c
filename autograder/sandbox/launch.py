"""Launch: the command, the environment and the folder that a worker is started with."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.sandbox.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.sandbox.limits import Limits

WITHHELD = ("numpytorch.data", "numpytorch.kernels", "numpytorch.nn.conv", "numpytorch.nn.recurrent")
"""Modules that hold what the assignments ask for: a worker cannot import them."""

_HERE = Path(__file__).resolve().parent
_BOOTSTRAP = _HERE / "worker" / "bootstrap.py"
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# Without these the interpreter itself may not start.
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR")


@dataclass(frozen=True, slots=True)
class Launch:
    """How one worker is to be started. A tier returns a changed copy.

    scratch: its working directory, empty, the only place that it may need to write to.
    library: the folder of numpytorch. sites: folders of installed packages, for numpy and its like.
    env: its whole environment.
    rlimits: resource limits that the worker sets on itself first, by their name in `resource`.
    wrapper: a command to put in front, such as that of a container.
    """

    scratch: Path
    library: Path
    sites: tuple[Path, ...]
    env: Mapping[str, str]
    rlimits: Mapping[str, int] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()

    @property
    def readable(self) -> tuple[Path, ...]:
        """Every path that the worker must be able to read, besides the system's own libraries."""
        return (Path(sys.base_prefix), Path(sys.prefix), _HERE, self.library, *self.sites)

    @property
    def argv(self) -> tuple[str, ...]:
        """The whole command."""
        setup = {
            "library": str(self.library),
            "sites": [str(site) for site in self.sites],
            "sandbox": str(_HERE),
            "withheld": list(WITHHELD),
            "rlimits": dict(self.rlimits),
            # Then the thread ends when the grader does, and not sooner.
            "tied": threading.current_thread() is threading.main_thread(),
        }
        # No user folder, script's folder or .pth file adds anything to what it can import. Not -I: that would
        # ignore PYTHONHASHSEED, the only variable of Python's in the environment, which is all our own.
        python = (sys.executable, "-s", "-P", "-S", "-X", "utf8", str(_BOOTSTRAP), json.dumps(setup))
        return (*self.wrapper, *python)


def plan(limits: Limits, scratch: Path) -> Launch:
    """Return the launch that every tier starts from. Raises LaunchError if numpytorch is not installed."""
    library = _folder_of("numpytorch")
    names = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    sites = sorted(names | {_folder_of(name).parent for name in ("numpy", "msgspec")})
    return Launch(scratch, library, tuple(sites), _environment(limits, scratch))


def spawn(launch: Launch) -> subprocess.Popen[bytes]:
    """Start the worker with three pipes, in a session of its own. Raises LaunchError if it cannot be started."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    try:
        return subprocess.Popen(  # noqa: S603 (our own command)
            launch.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=launch.scratch,
            env=launch.env,
            start_new_session=True,
            creationflags=flags,
        )
    except OSError as error:
        raise LaunchError(f"worker: could not be started ({error}); command {launch.argv[:1]}.") from error


def remove_scratch(scratch: Path) -> None:
    """Remove `scratch` and all in it, also where the hand-in took the permission to do so away."""
    with suppress(OSError):
        shutil.rmtree(scratch)
        return
    with suppress(OSError):
        scratch.chmod(0o700)
    for folder, names, _ in os.walk(scratch):
        for name in names:
            path = Path(folder, name)
            # Never through a link: it may point at a folder of ours.
            with suppress(OSError):
                if stat.S_ISDIR(path.lstat().st_mode):
                    path.chmod(0o700)
    shutil.rmtree(scratch, ignore_errors=True)


def _environment(limits: Limits, scratch: Path) -> dict[str, str]:
    """Return what the system needs and nothing of the caller's own."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    env.update(dict.fromkeys(_THREADS, str(limits.threads)))
    env["PYTHONHASHSEED"] = "0"  # a hand-in that iterates over a set does so in the same order each time
    if sys.platform == "win32":
        folder = str(scratch)
        return env | {"PATH": os.path.join(os.environ["SYSTEMROOT"], "System32"), "TEMP": folder, "TMP": folder}
    return env | {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(scratch), "TMPDIR": str(scratch)}


def _folder_of(package: str) -> Path:
    """Return the folder of an importable package, without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError(f"worker: expected the package {package} to be installed, found none. Install it.")
    return Path(next(iter(spec.submodule_search_locations))).resolve()
