"""Filling in one column of a gradebook of Canvas, into a file that holds nothing else that could be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.publish.exports.canvas.download import EXCUSED, GUARDED, NOT_ASSIGNED, read_gradebook
from autograder.publish.exports.canvas.dryrun import dry_run
from autograder.publish.exports.cells import guarded, written
from autograder.publish.exports.filled import Filled
from autograder.publish.exports.people import find_people
from autograder.publish.exports.sheet import encoded, quoted
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.gradebook.line import Line


def fill_canvas(
    name: str,
    download: bytes,
    lines: Sequence[Line],
    *,
    column: str | None,
    names: tuple[str, ...],
    max_score: float,
    may_lower: bool = False,
) -> Filled:
    """Return the file to upload for the gradebook that was downloaded: who a student is, and the one column.

    A student without a score is left out, and so keeps what Canvas has, as does who is excused, or has not got the
    assignment. column: its header, title or id; else it is found by `names`. Raises ExportError for whatever would
    spoil the gradebook, see `dry_run`, and for a student who is not in it.
    """
    gradebook = read_gradebook(name, download)
    at = gradebook.column(column, names)
    found, strangers = find_people(name, lines, gradebook.people())
    comma = "," in gradebook.possible[at].text
    rows = [gradebook.sheet.rows[0], gradebook.possible]
    table = [[*(cell.text for cell in row[: gradebook.who]), row[at].text] for row in rows]
    kept = []
    for row in gradebook.students:
        line = found.get(row[gradebook.identifier].text)
        if line is None:
            continue
        if row[at].text.strip() in {EXCUSED, NOT_ASSIGNED}:
            kept.append(f"{line.student} ({row[at].text.strip()})")
            continue
        score = written(line.score)
        who = [c.text if GUARDED.fullmatch(c.text) else guarded(c.text) for c in row[: gradebook.who]]
        table.append([*who, score.replace(".", ",") if comma else score])
    delimiter = gradebook.sheet.delimiter
    text = "".join(delimiter.join(quoted(cell, delimiter) for cell in row) + "\n" for row in table)
    content = encoded(text, marked=gradebook.sheet.marked)
    changes = dry_run(gradebook, content, name="canvas.csv", max_score=max_score, may_lower=may_lower)
    notes = []
    if kept:
        notes.append(_("Excused or not assigned in Canvas, left as they are: {students}.", students=", ".join(kept)))
    if strangers:
        notes.append(
            _("Not in the class, left out: {students}.", students=", ".join(line.student for line in strangers))
        )
    return Filled(content, gradebook.header[at], tuple(changes), tuple(notes))
