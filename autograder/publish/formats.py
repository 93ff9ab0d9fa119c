"""The exports that a release makes, each from the lines of the gradebook as they are released."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from autograder.handins import Id
from autograder.publish.exports.canvas import fill_canvas
from autograder.publish.exports.cells import guarded, written
from autograder.publish.exports.errors import ExportError
from autograder.publish.exports.gradescope import results_json
from autograder.publish.exports.moodle import fill_moodle
from autograder.publish.exports.plain import lines_csv, lines_json
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from autograder.gradebook.line import Line
    from autograder.gradebook.releases import Release
    from autograder.publish.exports.filled import Filled
    from autograder.verdict import SubmissionResult


class Format(StrEnum):
    """What can be asked for. Pages there always are."""

    HTML = "html"
    CSV = "csv"
    JSON = "json"
    CANVAS = "canvas"
    MOODLE = "moodle"
    GRADESCOPE = "gradescope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for.

    canvas, moodle: the files that were downloaded there, to fill in. column: of theirs.
    allow_lower: whether a score there may become a lower one. feedback: Moodle's column for the addresses of pages.
    url: where public/ will be, with no slash at its end; "" if that is not known.
    """

    formats: Collection[Format] = ()
    canvas: Path | None = None
    moodle: Path | None = None
    column: str | None = None
    allow_lower: bool = False
    feedback: str | None = None
    url: str = ""

    def check(self) -> None:
        """Raise ExportError if what was asked for does not fit together."""
        for name, file in ((Format.CANVAS, self.canvas), (Format.MOODLE, self.moodle)):
            if name in self.formats and file is None:
                raise ExportError(
                    _("--format {name}: expected --{name} FILE, the file that you downloaded there.", name=name.value)
                )
        if self.feedback is not None and (self.moodle is None or not self.url):
            raise ExportError(_("--feedback: expected --moodle FILE and --url ADDRESS with it."))
        if self.column is not None and (self.canvas is None) == (self.moodle is None):
            raise ExportError(_("--column: expected either --canvas FILE or --moodle FILE with it."))

    def link(self, release: Release) -> str:
        """Return where a student's page is; "" if there is none."""
        name = f"{release.token}.html" if release.sha256 else ""
        return f"{self.url}/{name}" if name and self.url else name


@dataclass(frozen=True, slots=True)
class Export:
    """A file of private/. filled: what it would change, where that is known."""

    name: str
    content: bytes
    filled: Filled | None = None


def exports(
    wanted: Wanted,
    lines: Sequence[Line],
    releases: Mapping[str, Release],
    *,
    assignment: str,
    title: str,
    result: Callable[[int], SubmissionResult],
) -> Iterator[Export]:
    """Yield what was asked for. Raises ExportError for what would spoil a platform's gradebook.

    releases: what holds, by student. result: gives the results of the book by their numbers.
    """
    if Format.CSV in wanted.formats:
        yield Export("gradebook.csv", lines_csv(lines))
    if Format.JSON in wanted.formats:
        yield Export("gradebook.json", lines_json(assignment, lines))
    most = max((line.max_score for line in lines), default=0.0)
    if wanted.canvas is not None:
        filled = fill_canvas(
            str(wanted.canvas), read_download(wanted.canvas), lines,
            column=wanted.column, names=(assignment, title), max_score=most, may_lower=wanted.allow_lower,
        )  # fmt: skip
        yield Export("canvas.csv", filled.content, filled)
    if wanted.moodle is not None:
        filled = fill_moodle(
            str(wanted.moodle), read_download(wanted.moodle), lines,
            column=wanted.column, max_score=most, may_lower=wanted.allow_lower, feedback=wanted.feedback,
            links={student: wanted.link(r) for student, r in releases.items()},
        )  # fmt: skip
        yield Export("moodle.csv", filled.content, filled)
    if Format.GRADESCOPE in wanted.formats:
        for line in lines:
            if line.result is not None and line.score is not None:
                content = results_json(result(line.result), score=line.score, command=assignment)
                yield Export(f"gradescope/{releases[line.student].token}.json", content)


def links_csv(wanted: Wanted, releases: Mapping[str, Release]) -> bytes:
    """Return whose page is which, as a table: to tell everybody theirs."""
    stream = io.StringIO(newline="")
    table = csv.writer(stream)
    table.writerow(["student", "name", "email", "score", "page"])
    for release in releases.values():
        if (line := release.line) is not None:
            who = (line.student, line.name, line.ids.get(Id.EMAIL, ""))
            table.writerow([*map(guarded, who), written(line.score), wanted.link(release)])
    return stream.getvalue().encode("utf-8-sig")


def read_download(file: Path) -> bytes:
    """Return what lies in a file that somebody downloaded. Raises ExportError if it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ExportError(
            _("{path}: could not be read ({why}).", path=file, why=error.strerror or str(error))
        ) from error
