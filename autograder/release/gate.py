"""The gate: a kit is handed out only if it judges as the source tree that it was made from does.

Both judge the same hand-ins, each in a process that imports nothing of the other: the model answer must get all points
and the stub none. Checks that train a model, the bank of wrong hand-ins and the hostile ones take minutes: `full`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autograder.bank import HandIn, Report, load_bank
from autograder.release.kit import ReleaseError
from autograder.release.leaks import leaks
from autograder.release.stub import ANSWER
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograder.assignment import Assignment
    from autograder.verdict import CheckResult

_BANKS, _HOSTILE = "tests/submissions", "tests.hostile"
"""Where a source tree has hand-ins with a declaration of what must come of each."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A kit, the source tree that it was made from, and how thoroughly they are compared.

    jobs: how many hand-ins are judged at a time. say: is told what was run.
    """

    kit: Path
    root: Path
    full: bool
    jobs: int
    say: Callable[[str], None]

    def let_pass(self, assignments: Sequence[Assignment]) -> None:
        """Raise ReleaseError if the kit gives anything away, or judges otherwise than it should."""
        self.gives_nothing_away(assignments)
        for assignment in assignments:
            self.judges_answer_and_stub(assignment)
            if self.full:
                self.judges_bank(assignment)
        if self.full:
            self.judges_hostile()

    def gives_nothing_away(self, assignments: Sequence[Assignment]) -> None:
        """Raise ReleaseError if something is in the kit that no student is to see."""
        if found := leaks(self.kit, assignments, self.root):
            raise ReleaseError(_("release: the kit would give away {leaks}.", leaks="; ".join(found)))

    def judges_answer_and_stub(self, assignment: Assignment) -> None:
        """Raise ReleaseError unless the model answer gets all points, and the stub none."""
        checks = tuple(c.id for c, _settings in assignment.checks if self.full or not _trains(assignment, c.id))
        first = tuple(c.id for c, settings in assignment.checks if c.id in checks and not settings.requires)
        answer, stub = assignment.folder / ANSWER, assignment.stub
        report = self._judge(
            assignment,
            [
                HandIn("the model answer", answer.read_text("utf-8"), answer, checks),
                HandIn("the stub", stub.read_text("utf-8"), stub, checks, first, cause="not_written"),
            ],
        )
        result = report.outcomes[0].result
        self.say(
            _(
                "{assignment}: the model answer gets {score:g} of {score:g} points and the stub 0, in the kit and in "
                "the source tree; {ran} of {count} checks ran.",
                assignment=assignment.name,
                score=result.max_score,
                ran=len(result.checks),
                count=len(assignment.checks),
            )
        )

    def judges_bank(self, assignment: Assignment) -> None:
        """Raise ReleaseError unless each hand-in of the assignment's bank comes out as declared."""
        places = (self.root / _BANKS / assignment.name, assignment.folder)
        folder = next((place for place in places if (place / "bank.toml").is_file()), None)
        if folder is None:
            self.say(_("{assignment}: there is no bank of hand-ins.", assignment=assignment.name))
            return
        report = self._judge(assignment, load_bank(folder).hand_ins)
        self.say(
            _(
                "{assignment}: {count} hand-ins of its bank come out as declared, in the kit and in the source tree.",
                assignment=assignment.name,
                count=len(report.outcomes),
            )
        )

    def judges_hostile(self) -> None:
        """Raise ReleaseError if a hostile hand-in gains anything from the kit's own code."""
        if os.name != "posix" or not (self.root / "tests" / "hostile").is_dir():
            self.say(_("The hostile hand-ins, which attack a POSIX system, were not judged."))
            return
        done = _python("-m", _HOSTILE, trees=(self.kit, self.root))
        if done.returncode:
            raise ReleaseError(_("release: the hostile hand-ins, in the kit: {told}", told=done.stdout + done.stderr))
        self.say(_("In the kit: {told}", told=done.stdout.splitlines()[-1]))

    def _judge(self, assignment: Assignment, hand_ins: Sequence[HandIn]) -> Report:
        """Judge hand-ins in both trees. Raises ReleaseError where one is not as declared, or not in both."""
        released = [h for hand_in in hand_ins if (h := _as_released(hand_in, assignment)) is not None]
        folders = {self.kit: self.kit / "assignments" / assignment.name, self.root: assignment.folder}
        there, here = (_report(tree, folder, released, self.jobs) for tree, folder in folders.items())
        wrong = [
            f"{o.hand_in}, {d.check}: {d.declared}; {d.happened}. {d.message}"
            for report in (here, there)
            for o in report.outcomes
            for d in o.disagreements
        ]
        wrong += [
            f"{a.hand_in}, {x.id}: {_verdict(x)} / {_verdict(y)}"
            for a, b in zip(here.outcomes, there.outcomes, strict=True)
            for x, y in zip(a.result.checks, b.result.checks, strict=True)
            if _verdict(x) != _verdict(y)
        ]
        if wrong:
            raise ReleaseError(
                _(
                    "release: {assignment}: expected what is declared, and the same in the source tree and in the kit, "
                    "got:\n{wrong}",
                    assignment=assignment.name,
                    wrong="\n".join(wrong),
                )
            )
        return there


def _trains(assignment: Assignment, check: str) -> bool:
    """Whether a check has the time that training takes."""
    training, settings = assignment.config.training, {c.id: c for c in assignment.config.check}
    return training is not None and settings[check].seconds >= training.seconds


def _as_released(hand_in: HandIn, assignment: Assignment) -> HandIn | None:
    """Return a hand-in with what is declared of the checks that a kit has; None if its fault is not theirs to find."""
    if set(hand_in.fails[:1]) & assignment.withheld:
        return None
    checks, fails, may_fail = (
        tuple(c for c in ids if c not in assignment.withheld)
        for ids in (hand_in.checks, hand_in.fails, hand_in.may_fail)
    )
    return replace(hand_in, checks=checks, fails=fails, may_fail=may_fail)


def _report(tree: Path, assignment: Path, hand_ins: Sequence[HandIn], jobs: int) -> Report:
    """Let `autograder bank` of a tree judge hand-ins."""
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place), Path(place, "report.json")
        (folder / "bank.toml").write_bytes(_bank(assignment, hand_ins).encode())
        for number, hand_in in enumerate(hand_ins):
            (folder / f"{number}.py").write_bytes(hand_in.source.encode())
        done = _python(
            "-m", "autograder", "bank", place, "--json", str(out), "--jobs", str(jobs), trees=(tree,), cwd=folder
        )
        if not out.exists():
            raise ReleaseError(
                _("release: the checks of {tree} could not be run: {told}", tree=tree, told=done.stdout + done.stderr)
            )
        return msgspec.json.decode(out.read_bytes(), type=Report)


def _bank(assignment: Path, hand_ins: Sequence[HandIn]) -> str:
    """Declare hand-ins as bank.toml does, which takes strings and lists of them as JSON does."""
    parts: list[dict[str, object]] = [{"assignment": str(assignment)}]
    for number, h in enumerate(hand_ins):
        told = {
            "name": h.name,
            "file": f"{number}.py",
            "only": h.checks,
            "training_seconds": h.training_seconds,
            "fails": h.fails,
            "may_fail": h.may_fail,
            "cause": h.cause,
            "cause_open": h.cause_open,
        }
        parts.append({key: value for key, value in told.items() if value})
    return "".join(
        ("" if not i else "[[wrong]]\n" if "fails" in part else "[[right]]\n")
        + "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in part.items())
        for i, part in enumerate(parts)
    )


def _python(*arguments: str, trees: Sequence[Path], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages of these trees before those installed; it leaves no byte code in them."""
    path = os.pathsep.join(str(tree.resolve()) for tree in trees)
    return subprocess.run(  # noqa: S603 (our own programs)
        [sys.executable, "-P", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def _verdict(check: CheckResult) -> tuple[str, float, object]:
    return check.status.value, check.score, check.evidence.get("cause")
