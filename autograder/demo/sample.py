"""The sample class: a roster, the rules, and hand-ins as Gradescope exports them, written to a folder."""

from __future__ import annotations

import csv
import io
import shutil
import tomllib
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from autograder.assignment import AssignmentError
from autograder.bank import Change, changed
from autograder.gradebook.course import CLASS_FILE
from autograder.handins.gradescope import METADATA
from autograder.release.stub import ANSWER, without_markers
from autograder.submission import HAND_IN
from autograder.words import _

if TYPE_CHECKING:
    from autograder.assignment import Assignment

_HERE = Path(__file__).resolve().parent
ROSTER, SUBMISSIONS = "roster.csv", "submissions.zip"


class _Attempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: datetime
    change: tuple[Change, ...] = ()
    stub: bool = False


class _Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    sid: str
    attempt: tuple[_Attempt, ...] = ()

    @property
    def email(self) -> str:
        return f"{self.sid}@example.edu"


class _Class(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base: tuple[Change, ...]
    person: tuple[_Person, ...]


def write_class(assignment: Assignment, folder: Path) -> None:
    """Write the class of people.toml to a folder; what is there already, from an earlier demo, stays as it is.

    Raises AssignmentError if the folder holds something else, or if the assignment's model answer is not at hand.
    """
    answer = assignment.folder / ANSWER
    if not answer.is_file():
        raise AssignmentError(
            _("demo: expected the model answer at {path}, found none: its hand-ins are made of it.", path=answer)
        )
    if folder.exists() and not (folder.is_dir() and (_is_ours(folder) or not any(folder.iterdir()))):
        raise AssignmentError(
            _(
                "--to: expected a new folder, or that of an earlier demo, got {path}, which holds other things.",
                path=folder,
            )
        )
    told = msgspec.convert(tomllib.loads((_HERE / "people.toml").read_text("utf-8")), _Class)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_HERE / CLASS_FILE, folder / CLASS_FILE)
    (folder / ROSTER).write_text(_roster(told), "utf-8", newline="")
    (folder / SUBMISSIONS).write_bytes(_export(told, answer.read_text("utf-8"), assignment.stub.read_text("utf-8")))


def _is_ours(folder: Path) -> bool:
    rules = folder / CLASS_FILE
    return rules.is_file() and rules.read_bytes() == (_HERE / CLASS_FILE).read_bytes()


def _roster(told: _Class) -> str:
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["Name", "SID", "Email"])
    lines.writerows([p.name, p.sid, p.email] for p in told.person)
    return out.getvalue()


def _export(told: _Class, answer: str, stub: str) -> bytes:
    """Make the archive that Gradescope's *Export Submissions* would give; the same bytes every time."""
    light = changed(without_markers(answer), told.base, "people.toml, base")
    files: dict[str, str] = {}
    metadata: dict[str, Any] = {}
    for number, person in enumerate(told.person, 1001):
        folders = []
        for nth, attempt in enumerate(person.attempt):
            where = f"people.toml, {person.name}"
            source = stub if attempt.stub else changed(light, attempt.change, where)
            folders.append((f"submission_{number}{nth}", attempt.at))
            files[f"export/{folders[-1][0]}/{HAND_IN}"] = source
        if folders:
            *earlier, (folder, at) = folders
            metadata[folder] = {
                ":submitters": [{":name": person.name, ":sid": person.sid, ":email": person.email}],
                ":created_at": at,
                ":history": [{":id": int(f.removeprefix("submission_")), ":created_at": t} for f, t in earlier],
            }
    files[f"export/{METADATA}"] = yaml.safe_dump(metadata, allow_unicode=True, sort_keys=False)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # of no date
    return out.getvalue()
