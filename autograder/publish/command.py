"""`autograder publish`: show what releasing would change, and for whom; with --release, release it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import track

from autograder.assignment import AssignmentError, load_assignment
from autograder.gradebook import Book, BookError, ClassError, Releases, class_rules
from autograder.gradebook.acts import find_row
from autograder.gradebook.commands import Assignment, BookFile, ClassFile, Who, login
from autograder.gradebook.line import unreleased
from autograder.gradebook.tables import needs_a_person
from autograder.publish.drafts import Draft, drafts
from autograder.publish.exports.errors import ExportError
from autograder.publish.formats import Export, Format, Wanted, exports, links_csv
from autograder.publish.report import print_drafts, print_filled, print_released
from autograder.publish.site import Site, SiteError
from autograder.submission import SubmissionError
from autograder.usage import usage_errors
from autograder.words import _, current_language, language

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autograder.assignment import Assignment as Task
    from autograder.gradebook import ClassRules, Release

_TOLD = (AssignmentError, BookError, ClassError, ExportError, SiteError, SubmissionError, OSError)


def publish(
    assignment: Assignment,
    book: BookFile,
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to publish into; made if it is not there.")],
    release: Annotated[
        bool, typer.Option("--release", help="Release it. Default: show what would change, and write nothing.")
    ] = False,
    hold: Annotated[
        list[str] | None, typer.Option(metavar="STUDENT", help="Hold this student back. May be given several times.")
    ] = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="Beside pages, which there always are, write this too."),
    ] = None,
    canvas: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Fill in this gradebook, as Canvas exported it.")
    ] = None,
    moodle: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Fill in this grading worksheet, as Moodle gave it.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which column of that file. Default: found by the title.")
    ] = None,
    allow_lower: Annotated[
        bool, typer.Option("--allow-lower", help="Scores in Canvas or Moodle may become lower ones.")
    ] = False,
    feedback: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Moodle's column to write the addresses of pages into.")
    ] = None,
    url: Annotated[str, typer.Option(metavar="ADDRESS", help="Where DIR/public will be on the web.")] = "",
    class_file: ClassFile = None,
    who: Who = None,
    lang: Annotated[
        Literal["en", "ko"] | None, typer.Option(help="The language of the pages. Default: the system's.")
    ] = None,
) -> None:
    """Publish grades: a page a student, the class's pages, and what a learning platform takes.

    Without --release, only show what would change, and for whom. Exit status: 0, or 2 for wrong usage, and for what
    would spoil a gradebook.
    """
    wanted = Wanted(
        formats=formats or (),
        canvas=canvas,
        moodle=moodle,
        column=column,
        allow_lower=allow_lower,
        feedback=feedback,
        url=url.rstrip("/"),
    )
    with language(lang or current_language()), usage_errors(*_TOLD):
        wanted.check()
        task = load_assignment(assignment)
        with Book(book, create=False) as opened:
            publishing = _Publishing(task, opened, class_rules(book, class_file), Site(to, task.name), wanted)
            if release:
                publishing.release(hold or [], (login() if who is None else who).strip())
            else:
                publishing.show(hold or [])


class _Publishing:
    """Publishing an assignment of a book into a folder."""

    def __init__(self, task: Task, book: Book, rules: ClassRules, site: Site, wanted: Wanted) -> None:
        self.task = task
        self.book = book
        self.rules = rules
        self.site = site
        self.wanted = wanted
        self.releases = Releases(book, task.name)
        self.latest = self.releases.latest()
        self.grades = book.gradebook(task.name, rules, task.config.written)
        self.out = Console(highlight=False)
        site.check([r.token for r in self.latest.values()])

    def show(self, hold: Sequence[str]) -> None:
        """Print what would change, and for whom; write nothing."""
        found = [replace(draft, page=b"") for draft in self._progress(self._drafts(hold))]
        self._report(found, self._exports(found))
        self.out.print(_("Nothing was written. --release releases it."), style="bold")

    def release(self, hold: Sequence[str], who: str) -> None:
        """Release it: first the journal has it, then the pages are there. What stops that, the next run ends."""
        from autograder.publish.pages import write_class_pages  # here, for it takes a tenth of a second to import

        if not who:
            raise BookError(_("expected a name for who does this, got none. Give it with --who."))
        todo = self._drafts(hold)
        self.site.begin({r.token: r.sha256 for r in self.latest.values() if r.sha256})
        found = []
        for draft in self._progress(todo):
            if draft.after is not None and draft.page:
                self.site.stage(draft.after.token, draft.page)
            found.append(replace(draft, page=b""))
        made = self._exports(found)
        changed = [d.after for d in found if d.after is not None and d.after != d.before]
        self.releases.add(changed, who=who, seen=self.latest)
        lost = self.site.release({d.after.token: d.after.sha256 for d in found if d.after and d.after.sha256})
        self.site.write("links.csv", links_csv(self.wanted, _holding(found)))
        self.site.keep_only({export.name for export in made})
        for export in made:
            self.site.write(export.name, export.content)
        first = write_class_pages(self.site.private / "class", self.book, self.task, self.rules)
        self._report(found, made)
        print_released(self.out, self.site, first, len(changed), [d.student for d in found if _lost(d, lost)])

    def _drafts(self, hold: Sequence[str]) -> Iterator[Draft]:
        held = {find_row(self.grades.rows, student).student for student in hold}
        return drafts(self.book, self.grades, self.latest, held=held, command=self.task.name)

    def _progress(self, todo: Iterable[Draft]) -> Iterable[Draft]:
        """Show how many pages are made."""
        errors = Console(stderr=True)
        return track(todo, _("Pages"), len(self.grades.rows), console=errors, transient=True)

    def _exports(self, found: Sequence[Draft]) -> list[Export]:
        """Make what was asked for of the lines as they would be released."""
        holding = _holding(found)
        lines = [
            (holding[d.student].line if d.student in holding else None) or unreleased(d.row) for d in found if d.row
        ]
        name, title = self.task.name, self.task.config.title
        return list(exports(self.wanted, lines, holding, assignment=name, title=title, result=self.book.result))

    def _report(self, found: Sequence[Draft], made: Sequence[Export]) -> None:
        print_drafts(self.out, found)
        for line in needs_a_person(self.grades):
            self.out.print(line, soft_wrap=True, markup=False)
        for export in made:
            if export.filled is not None:
                print_filled(self.out, export.name, export.filled)


def _holding(found: Sequence[Draft]) -> dict[str, Release]:
    """Return what would hold, by student; not what was withdrawn."""
    return {d.student: d.after for d in found if d.after is not None and d.after.line is not None}


def _lost(draft: Draft, tokens: Sequence[str]) -> bool:
    return draft.after is not None and draft.after.token in tokens
