"""What publishing changes, in a terminal: everybody whose page or score becomes another, and who is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.gradebook.tables import cells, points, state, table_of
from autograder.publish.drafts import Draft, Fate
from autograder.sandbox.text import clean_line
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from autograder.gradebook import Release
    from autograder.publish.exports.filled import Filled
    from autograder.publish.site import Site

_FATES = {
    Fate.FIRST: N_("released for the first time"),
    Fate.SCORE: N_("the score changes"),
    Fate.PAGE: N_("the score stays, the page changes"),
    Fate.HELD: N_("held back"),
    Fate.OPEN: N_("held back, not decided"),
    Fate.WITHDRAWN: N_("withdrawn"),
}
_STYLES = {Fate.FIRST: "green", Fate.SCORE: "yellow", Fate.WITHDRAWN: "red", Fate.HELD: "magenta", Fate.OPEN: "magenta"}


def print_drafts(console: Console, found: Sequence[Draft]) -> None:
    """Print what changes and for whom, then how many stay as they are, and who has no page."""
    table = table_of(_("Student"), _("Name"), _("Score"), _("What"))
    for d in found:
        if d.fate in _FATES:
            said = cells(d.student, d.name, _change(d.before, d.after), _what(d))
            table.add_row(*said, style=_STYLES.get(d.fate, ""))
    if table.row_count:
        console.print(table)
    same = sum(d.fate is Fate.SAME for d in found)
    console.print(_("As they are: {count}. Nothing to release: {none}.", count=same,
                    none=sum(d.fate is Fate.NOTHING for d in found)))  # fmt: skip
    plain = [d.student for d in found if d.after is not None and d.after.line is not None and not d.after.sha256]
    if plain:
        what = _("Released without a page, for nothing was graded")
        console.print(f"{what} ({len(plain)}): {clean_line(', '.join(plain), 2000)}", soft_wrap=True, markup=False)


def print_filled(console: Console, name: str, filled: Filled) -> None:
    """Print each score that a file would change in a platform's gradebook, and who is left as they are."""
    console.print(
        _("{file}, column {column!r}: scores that change: {count}.", file=name, column=filled.column,
          count=len(filled.changes)),
        soft_wrap=True, markup=False,
    )  # fmt: skip
    table = table_of(_("Student"), _("Score"))
    for change in filled.changes:
        table.add_row(*cells(change.student, f"{points(change.before) or '-'} -> {points(change.after)}"))
    if table.row_count:
        console.print(table)
    for note in filled.notes:
        console.print(clean_line(note, 2000), soft_wrap=True, markup=False)


def print_released(console: Console, site: Site, first: Path, changed: int, lost: Sequence[str]) -> None:
    """Print what was done, and where it lies."""
    said = [_("Released to {count} students.", count=changed) if changed else _("Nothing changed.")]
    said += [
        _("For the web server: {path}", path=site.public),
        _("Whose page is which: {path}", path=site.private / "links.csv"),
        _("The class's pages: {path}", path=first),
    ]
    for line in said:
        console.print(line, soft_wrap=True, markup=False)
    if lost:
        console.print(
            _(
                "Pages that are not there any more, and cannot be made again as they were released: {students}. "
                "Do not hold them back, and release again.",
                students=clean_line(", ".join(lost), 2000),
            ),
            style="red", soft_wrap=True, markup=False,
        )  # fmt: skip


def _what(draft: Draft) -> str:
    """Say what becomes of a student, and why."""
    what = _(_FATES[draft.fate])
    if draft.fate is Fate.OPEN and draft.row is not None:
        what += f": {state(draft.row)}"
    if draft.fate in (Fate.HELD, Fate.OPEN) and draft.before is not None and draft.before.line is not None:
        what += " " + _("(what was released before stays)")
    return what


def _change(before: Release | None, after: Release | None) -> str:
    """Write the score before and after; one where it stays."""
    told = [points(r.line.score) if r is not None and r.line is not None else "" for r in (before, after)]
    return told[0] if told[0] == told[1] else " -> ".join(score or "-" for score in told)
