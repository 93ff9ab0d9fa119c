"""Assignment: the folder that holds a task, its checks and its points."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import msgspec

from autograder.checks.api import Check, registered_checks
from autograder.checks.beside import beside
from autograder.sandbox import Limits
from autograder.words import _

_PACKAGE = Path(__file__).resolve().parent
_FOLDERS = (_PACKAGE / "_assignments", _PACKAGE.parent / "assignments")
"""Where assignments lie: in an installed wheel, and in a source checkout."""

CHECKS, WITHHELD_CHECKS = "checks", "withheld_checks"
"""The files of an assignment's checks. The second one, which need not be there, is in no kit that is released."""

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(gt=0)]
Bounds = Annotated[tuple[float, float], msgspec.Meta(description="the least and the largest value allowed")]


class AssignmentError(ValueError):
    """An assignment that does not exist, or whose files contradict each other."""


class CheckConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[check]]` of assignment.toml.

    points: what passing earns. seconds: the wall-clock limit; that of `[limits]`, where none is given.
    requires: earlier checks of which one must have passed, else this one is skipped.
    visibility: "visible" or "hidden", passed on to whoever publishes results. A hidden one is in withheld_checks.py.
    """

    id: str
    points: float
    seconds: float = 0.0
    requires: tuple[str, ...] = ()
    visibility: str = "visible"


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[training]` of assignment.toml: bounds of the hyperparameters, and what is asked of the trained model.

    seconds: the wall-clock limit of training. f1: what macro and micro F1 must reach on held-out images.
    seeds: what initial weights and batches come from. The first decides; near `f1`, the median over all.
    """

    seconds: float
    f1: float
    batch_size: Bounds
    iterations: Bounds
    learning_rate: Bounds
    seeds: tuple[int, ...] = (1, 2, 3)


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[written]]` of assignment.toml: a part that people grade. Its points come on top of those of the checks."""

    id: str
    title: str
    points: float


class LimitsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[limits]` of assignment.toml: what the hand-in may use. See `sandbox.Limits`, which has the same in bytes.

    seconds: the wall-clock limit of a check that has none of its own. threads: of the linear algebra library.
    The others are for one worker, over its whole life and with all that it starts.
    """

    seconds: Positive = 20.0
    cpu_seconds: Positive = 1800.0
    memory_mib: Count = 2048
    processes: Count = 1
    open_files: Count = 256
    file_mib: Count = 64
    scratch_mib: Count = 256
    output_kib: Count = 64
    threads: Count = 1

    def limits(self) -> Limits:
        """Return them as the sandbox takes them."""
        return Limits(
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory_mib << 20,
            processes=self.processes,
            files=self.open_files,
            file_bytes=self.file_mib << 20,
            scratch_bytes=self.scratch_mib << 20,
            output_bytes=self.output_kib << 10,
            threads=self.threads,
        )


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """assignment.toml. Without `[training]`, there is no model to train; without `[[written]]`, no written part.

    packages: what hand-ins need besides what the course installs; to mypy, all that comes of these is Any.
    environment: variables that are set where a hand-in runs.
    released: the files that a kit has besides those that every kit has. withheld_points: of checks that were left out
    of this folder when it was released.
    """

    title: str
    imports: tuple[str, ...]
    check: tuple[CheckConfig, ...]
    limits: LimitsConfig = LimitsConfig()
    training: TrainingConfig | None = None
    written: tuple[Written, ...] = ()
    packages: tuple[str, ...] = ()
    environment: Mapping[str, str] = msgspec.field(default_factory=dict)
    released: tuple[str, ...] = ()
    withheld_points: float = 0.0


@dataclass(frozen=True, slots=True)
class Assignment:
    """A task: its name, its folder, its settings, and its checks in the order they run.

    withheld: the ids of the checks that are in no kit.
    """

    name: str
    folder: Path
    config: Config
    checks: tuple[tuple[Check, CheckConfig], ...]
    withheld: frozenset[str] = frozenset()

    @property
    def stub(self) -> Path:
        """The file that students fill in."""
        return self.folder / "assignment.py"

    @property
    def harness(self) -> str:
        """The source of what makes the hand-in callable where it is no module: harness.py, if there is one."""
        file = self.folder / "harness.py"
        return file.read_text("utf-8") if file.is_file() else ""

    @property
    def training(self) -> TrainingConfig:
        """The settings of training; raises AssignmentError if there are none."""
        if self.config.training is None:
            raise AssignmentError(f"{self.name}: expected a [training] section in assignment.toml, found none.")
        return self.config.training

    def demand_packages(self) -> None:
        """Raise AssignmentError, with what to do, if a package that hand-ins need is not installed."""
        if missing := [name for name in self.config.packages if find_spec(name) is None]:
            raise AssignmentError(
                _(
                    "{assignment}: expected what its hand-ins use to be installed. Install it: pip install {packages}",
                    assignment=self.name,
                    packages=" ".join(missing),
                )
            )

    def select(self, only: str) -> list[tuple[Check, CheckConfig]]:
        """List the checks whose ids match the glob `only`; raise AssignmentError if there are none."""
        chosen = [(c, settings) for c, settings in self.checks if fnmatch.fnmatchcase(c.id, only)]
        if not chosen:
            ids = ", ".join(c.id for c, _settings in self.checks)
            raise AssignmentError(
                _("--only: expected a pattern that matches one of {ids}, got {only!r}.", ids=ids, only=only)
            )
        return chosen


def assignment_names() -> list[str]:
    """List the assignments there are."""
    return sorted({f.parent.name for root in _FOLDERS for f in root.glob("*/assignment.toml")})


def load_assignment(name: str) -> Assignment:
    """Read the settings and checks of an assignment: one that ships, by its name, or any, by the path of its folder.

    Raises AssignmentError if there is none, if its points do not sum to 100, or if its settings and its
    checks do not name the same ids.
    """
    if name in assignment_names():
        folder = next(root / name for root in _FOLDERS if (root / name / "assignment.toml").is_file())
    elif (Path(name) / "assignment.toml").is_file():
        folder = Path(name).resolve()
        name = folder.name
    else:
        raise AssignmentError(
            _(
                "expected one of the assignments {names}, or a folder that holds an assignment.toml, got {name!r}.",
                names=", ".join(assignment_names()),
                name=name,
            )
        )
    settings = folder / "assignment.toml"
    try:
        config = msgspec.convert(tomllib.loads(settings.read_text("utf-8")), Config)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise AssignmentError(f"{settings}: {error}.") from error
    timed = tuple(msgspec.structs.replace(c, seconds=c.seconds or config.limits.seconds) for c in config.check)
    config = msgspec.structs.replace(config, check=timed)
    released, withheld = _checks(folder, CHECKS), _checks(folder, WITHHELD_CHECKS)
    checks = {c.id: c for c in (*released, *withheld)}
    ids = [c.id for c in config.check]
    if sorted(ids) != sorted(checks):
        raise AssignmentError(
            f"{settings}: expected a [[check]] for each of {sorted(checks)}, as checks.py has them, got {sorted(ids)}."
        )
    for i, c in enumerate(config.check):
        if unknown := set(c.requires) - set(ids[:i]):
            raise AssignmentError(f"{settings}: expected {c.id} to require earlier checks, got {sorted(unknown)}.")
    total = sum(c.points for c in config.check) + config.withheld_points
    if total != 100:
        raise AssignmentError(f"{settings}: expected points that sum to 100, got {total:g}.")
    parts = [w.id for w in config.written]
    if len(set(parts)) < len(parts) or any(w.points <= 0 for w in config.written):
        raise AssignmentError(f"{settings}: expected [[written]] parts of different ids and more than 0 points each.")
    in_order = tuple((checks[c.id], c) for c in config.check)
    return Assignment(name, folder, config, in_order, frozenset(c.id for c in withheld))


def _checks(folder: Path, name: str) -> list[Check]:
    """Import one of the two files of an assignment's checks."""
    if (folder / f"{name}.py").is_file():
        return registered_checks(beside(folder / "assignment.toml", name))
    if name == WITHHELD_CHECKS:
        return []
    raise AssignmentError(f"{folder}: expected a {name}.py, found none.")
