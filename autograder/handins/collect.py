"""From whatever an instructor downloaded to attempts: each is read, and a bad one is nobody else's problem."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import ExitStack
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autograder.handins.archive import open_download
from autograder.handins.entry import Entry, file_name
from autograder.handins.folder import folder_entries, read_regular
from autograder.handins.layout import HandIn, hand_ins
from autograder.handins.pick import pick
from autograder.handins.records import Attempt
from autograder.submission import SubmissionError, submission_from_bytes
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable


def collect(path: Path) -> list[Attempt]:
    """Read the hand-ins at `path`: a folder of files or folders, an archive of one, or what an LMS gives to download.

    Returns them sorted by student and by the order in which they were made, numbered from 1: what lies there now. What
    cannot be graded has a problem in place of its content. Nothing of it is run, and nothing is written to disk.
    Raises SubmissionError if nothing there can be read as hand-ins.
    """
    with ExitStack() as stack:
        found = hand_ins(_files(path, stack))
        if not found:
            raise SubmissionError(
                _(
                    "{path}: expected hand-ins, found none: a folder or archive of files or of folders, one a student, "
                    "or what Canvas, Moodle or Gradescope gives to download.",
                    path=path,
                )
            )
        return _numbered(found)


def _files(path: Path, stack: ExitStack) -> list[Entry]:
    """Return the files at `path`; those in an archive can be read as long as `stack` is open."""
    if path.is_dir():
        return folder_entries(path)
    if path.suffix == ".py":
        name = file_name(path.name)
        return [Entry((name,), name, partial(read_regular, str(path), name))]
    try:
        file = stack.enter_context(path.open("rb"))
    except OSError as error:
        raise SubmissionError(_("{path}: could not be read ({why}).", path=path, why=error.strerror)) from error
    return open_download(file, str(path))


def _numbered(found: Iterable[HandIn]) -> list[Attempt]:
    by_student: dict[tuple[str, str], list[HandIn]] = defaultdict(list)
    for hand_in in found:
        by_student[hand_in.key].append(hand_in)
    shared = Counter(group[0].student for group in by_student.values())
    attempts: list[Attempt] = []
    for group in by_student.values():
        if all(h.submitted_at for h in group):
            group.sort(key=lambda h: (h.submitted_at, h.origin))
        first = group[0]
        student = first.student
        if shared[student] > 1:  # two people of one name
            student = f"{student} ({', '.join(first.ids.values()) or first.origin})"
        attempts += [_read(h, student, number) for number, h in enumerate(group, 1)]
    return sorted(attempts, key=lambda a: (a.student, a.number, a.origin))


def _read(hand_in: HandIn, student: str, number: int) -> Attempt:
    content, problem = None, ""
    try:
        content = pick(hand_in.files, hand_in.origin)
        submission_from_bytes(content, Path(PurePosixPath(hand_in.origin)))
    except SubmissionError as error:
        content, problem = None, str(error)
    return Attempt(
        student=student,
        name=hand_in.name,
        ids=hand_in.ids,
        number=number,
        submitted_at=hand_in.submitted_at,
        late=hand_in.late,
        origin=hand_in.origin,
        content=content,
        problem=problem,
    )
