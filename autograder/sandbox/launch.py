"""Launch: the command, the environment and the folder that a worker is started with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.sandbox.errors import LaunchError
from autograder.sandbox.kit import BOOTSTRAP, kit
from autograder.sandbox.reach import interpreter, packages, reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.sandbox.limits import Limits
    from autograder.sandbox.reach import Reach
    from autograder.sandbox.worker.confine import Landlock, Seccomp

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# Without these the interpreter itself may not start.
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR")


@dataclass(frozen=True, slots=True)
class Launch:
    """How one worker is to be started. A tier returns a changed copy.

    scratch: its working directory, empty, the only place that it may need to write to.
    kit: the folder of the project's files that it may import. imports: the packages that the hand-in may.
    env: its whole environment.
    rlimits: resource limits that the worker sets on itself first, by their name in `resource`.
    landlock, seccomp: what else it confines itself with, see `worker.confine`.
    wrapper: a command to put in front, such as that of a container.
    wrapped_status: the wrapper tells of a signal that ended the worker as shells do, by the status 128 + its number.
    """

    scratch: Path
    kit: Path
    imports: tuple[str, ...]
    env: Mapping[str, str]
    rlimits: Mapping[str, int] = field(default_factory=dict)
    landlock: Landlock | None = None
    seccomp: Seccomp | None = None
    wrapper: tuple[str, ...] = ()
    wrapped_status: bool = False

    @property
    def reach(self) -> Reach:
        """Every path that the worker must be able to read, besides the kit."""
        return reach(self.imports)

    def argv(self, probe: Mapping[str, object] | None = None) -> tuple[str, ...]:
        """Return the whole command. probe: instead of serving, try what a worker should not be able to do."""
        setup = {
            "kit": str(self.kit),
            "packages": {name: str(place) for name, place in packages(self.imports).items()},
            "rlimits": dict(self.rlimits),
            "landlock": self.landlock and asdict(self.landlock),
            "seccomp": self.seccomp and asdict(self.seccomp),
            "probe": probe,
        }
        # No user folder, script's folder or .pth file adds anything to what it can import. Not -I: that would
        # ignore PYTHONHASHSEED, the only variable of Python's in the environment, which is all our own.
        python = (interpreter(), "-s", "-P", "-S", "-X", "utf8", str(self.kit / BOOTSTRAP), json.dumps(setup))
        return (*self.wrapper, *python)


def plan(
    limits: Limits, scratch: Path, imports: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Launch:
    """Return the launch that every tier starts from. Raises LaunchError if numpytorch is not installed."""
    return Launch(scratch, kit(), tuple(imports), {**(environment or {}), **_environment(limits, scratch)})


def spawn(launch: Launch, probe: Mapping[str, object] | None = None) -> subprocess.Popen[bytes]:
    """Start the worker with three pipes, in a session of its own. Raises LaunchError if it cannot be started."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    argv = launch.argv(probe)
    try:
        popen = subprocess.Popen(  # noqa: S603 (our own command)
            argv,
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
        raise LaunchError(f"worker: could not be started ({error}); command {argv[:1]}.") from error
    # Where memory runs out for the whole machine, the system should end the worker and not the grader.
    with suppress(OSError):
        Path(f"/proc/{popen.pid}/oom_score_adj").write_text("1000")
    return popen


def _environment(limits: Limits, scratch: Path) -> dict[str, str]:
    """Return what the system needs and nothing of the caller's own."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    env.update(dict.fromkeys(_THREADS, str(limits.threads)))
    env["PYTHONHASHSEED"] = "0"  # a hand-in that iterates over a set does so in the same order each time
    if sys.platform == "win32":
        folder = str(scratch)
        return env | {"PATH": os.path.join(os.environ["SYSTEMROOT"], "System32"), "TEMP": folder, "TMP": folder}
    return env | {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(scratch), "TMPDIR": str(scratch)}
