"""The commands of a gradebook: `autograder book ...`, `autograder diff` and `autograder accept`."""

from __future__ import annotations

import csv
import getpass
import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from autograder.assignment import AssignmentError, load_assignment
from autograder.gradebook.acts import Desk
from autograder.gradebook.book import Book
from autograder.gradebook.course import ClassError, class_rules, parse_time
from autograder.gradebook.diff import moves
from autograder.gradebook.releases import Releases
from autograder.gradebook.store import BookError
from autograder.gradebook.tables import print_gradebook, print_history, print_moves, print_releases, print_student
from autograder.usage import usage_errors
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer()
"""`diff`, `accept` and `book`, for the command to take in."""

book_app = typer.Typer(
    help="Look at a gradebook, and decide what only people can. Every entry has who, when and why, and can be undone.",
    no_args_is_help=True,
)
app.add_typer(book_app, name="book")

Assignment = Annotated[str, typer.Argument(help="The assignment: autograd, cnn, cuda, rnn; or a folder.")]
Student = Annotated[str, typer.Argument(help="The student: key, name, e-mail or another identifier.")]
OnlyStudent = Annotated[str | None, typer.Option(metavar="STUDENT", help="What concerns this student only.")]
BookFile = Annotated[Path, typer.Option("--book", metavar="BOOK", help="The gradebook.")]
ClassFile = Annotated[
    Path | None,
    typer.Option("--class", metavar="FILE", help="The rules of the class. Default: class.toml beside the book."),
]
Why = Annotated[str, typer.Option(metavar="REASON", help="Why: it is shown wherever the score is.")]
Who = Annotated[str | None, typer.Option(metavar="NAME", help="Who does this. Default: the name you are logged in by.")]
Attempt = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Which of the student's attempts. Default: the one that counts.")
]


@app.command()
def diff(assignment: Assignment, book: BookFile, class_file: ClassFile = None) -> None:
    """Show whose score would move, and why, if the results that wait were accepted.

    Exit status: 0 if none waits, 1 if some do, 2 for wrong usage.
    """
    with _desk(assignment, book, class_file, "-") as desk:
        found = moves(desk.book, desk.assignment.name, desk.rules)
    out = Console(highlight=False)
    if not found:
        out.print(_("Nothing waits: every result counts."))
        return
    print_moves(out, found)
    words = ["autograder", "accept", assignment, "--book", str(book)]
    words += ["--class", str(class_file)] if class_file else []
    out.print(
        _("Results that wait: {count}. `{command}` makes them count.", count=len(found), command=shlex.join(words)),
        soft_wrap=True,
        markup=False,
    )
    raise typer.Exit(1)


@app.command()
def accept(
    assignment: Assignment,
    book: BookFile,
    student: Annotated[
        str | None, typer.Option(metavar="STUDENT", help="Accept this student's only. Default: all that wait.")
    ] = None,
    why: Annotated[str, typer.Option(metavar="REASON", help="Why. Default: what changed.")] = "",
    who: Who = None,
    class_file: ClassFile = None,
) -> None:
    """Let results that wait count. Look at `autograder diff` first."""
    with _desk(assignment, book, class_file, who) as desk:
        accepted = desk.accept(student, why)
    out = Console(highlight=False)
    if accepted:
        print_moves(out, accepted)
    out.print(_("{count} accepted.", count=len(accepted)))


@book_app.command()
def show(
    assignment: Assignment,
    book: BookFile,
    student: Annotated[
        str | None, typer.Option(metavar="STUDENT", help="One student's line, in full, with all that people did.")
    ] = None,
    class_file: ClassFile = None,
) -> None:
    """Show everybody's score, and what needs a person."""
    with _desk(assignment, book, class_file, "-") as desk:
        name, written = desk.assignment.name, desk.assignment.config.written
        grades = desk.book.gradebook(name, desk.rules, written)
        out = Console(highlight=False)
        if student is None:
            print_gradebook(out, grades, desk.rules)
        else:
            print_student(out, desk.row(student))


@book_app.command()
def history(
    assignment: Assignment,
    book: BookFile,
    student: OnlyStudent = None,
    class_file: ClassFile = None,
) -> None:
    """Show what people did, with who, when and why, and what was undone."""
    with _desk(assignment, book, class_file, "-") as desk:
        entries = desk.row(student).history if student is not None else desk.book.entries(desk.assignment.name)
    print_history(Console(highlight=False), entries)


@book_app.command()
def releases(
    assignment: Assignment,
    book: BookFile,
    student: OnlyStudent = None,
    class_file: ClassFile = None,
) -> None:
    """Show what was released to whom, by whom and when, with the name of each page."""
    with _desk(assignment, book, class_file, "-") as desk:
        only = desk.row(student).student if student is not None else None
        journal = Releases(desk.book, desk.assignment.name).journal()
    print_releases(Console(highlight=False), [e for e in journal if only in (None, e.release.student)])


@book_app.command()
def override(
    assignment: Assignment,
    student: Student,
    points: Annotated[float, typer.Argument(help="What the checks come to; with --check, what this one does.")],
    book: BookFile,
    why: Why,
    check: Annotated[
        str | None, typer.Option(metavar="ID", help="Set one check's points. Default: the score of all checks.")
    ] = None,
    attempt: Attempt = None,
    who: Who = None,
    class_file: ClassFile = None,
) -> None:
    """Set the score of a student's checks, or the points of one check, whatever the verdicts.

    The score of all checks is the last word: nothing is taken off it for being late. The points of one check are
    those of one attempt.
    """
    with _desk(assignment, book, class_file, who) as desk:
        if check is not None:
            entry = desk.set_check(student, check, points, why, attempt)
        elif attempt is not None:
            raise BookError(_("--attempt: expected --check with it. The whole score is of all attempts."))
        else:
            entry = desk.set_score(student, points, why)
        _done(desk, student, entry)


@book_app.command()
def mark(
    assignment: Assignment,
    student: Student,
    part: Annotated[str, typer.Argument(help="The written part, as assignment.toml names it.")],
    points: Annotated[float, typer.Argument(help="Its points.")],
    book: BookFile,
    why: Why,
    who: Who = None,
    class_file: ClassFile = None,
) -> None:
    """Grade a written part of one student."""
    with _desk(assignment, book, class_file, who) as desk:
        _done(desk, student, desk.mark(student, part, points, why))


@book_app.command()
def marks(
    assignment: Assignment,
    file: Annotated[Path, typer.Argument(help="A CSV with the columns student, part, points and why.")],
    book: BookFile,
    who: Who = None,
    class_file: ClassFile = None,
) -> None:
    """Grade written parts of many students: every line of a CSV, or none if one of them makes no sense."""
    with _desk(assignment, book, class_file, who) as desk:
        entered = desk.mark_all(_read_marks(file))
    Console(highlight=False).print(_("{count} entries made.", count=len(entered)))


@book_app.command()
def extend(
    assignment: Assignment,
    student: Student,
    until: Annotated[
        str, typer.Argument(help="The new deadline, such as 2026-11-02T23:59; in the deadline's time zone.")
    ],
    book: BookFile,
    why: Why,
    who: Who = None,
    class_file: ClassFile = None,
) -> None:
    """Move one student's deadline."""
    with _desk(assignment, book, class_file, who) as desk:
        policy = desk.rules.late.get(desk.assignment.name)
        time = parse_time(until, policy.deadline.tzinfo if policy else None)
        _done(desk, student, desk.extend(student, time, why))


@book_app.command()
def late(
    assignment: Assignment,
    student: Student,
    days: Annotated[int, typer.Argument(min=0, help="How many days late, 0 for on time; at most 1000.")],
    book: BookFile,
    why: Why,
    attempt: Attempt = None,
    who: Who = None,
    class_file: ClassFile = None,
) -> None:
    """Say how late an attempt is, where the download does not tell, or tells wrong."""
    with _desk(assignment, book, class_file, who) as desk:
        _done(desk, student, desk.set_days_late(student, days, why, attempt))


@book_app.command()
def undo(
    assignment: Assignment,
    entry: Annotated[int, typer.Argument(help="The number of the entry, as `history` shows it.")],
    book: BookFile,
    why: Why,
    who: Who = None,
    class_file: ClassFile = None,
) -> None:
    """Undo an entry. It stays in the history, and an undo can be undone."""
    with _desk(assignment, book, class_file, who) as desk:
        number = desk.undo(entry, why)
    Console(highlight=False).print(_("Entry {number}: entry {undone} is undone.", number=number, undone=entry))


@contextmanager
def _desk(assignment: str, book: Path, class_file: Path | None, who: str | None) -> Iterator[Desk]:
    """Open the book of an assignment for a command; what is wrong with its input is a line and exit status 2."""
    with usage_errors(AssignmentError, BookError, ClassError, OSError):
        task = load_assignment(assignment)
        rules = class_rules(book, class_file)
        with Book(book, create=False) as opened:
            yield Desk(opened, task, rules, login() if who is None else who)


def login() -> str:
    """Return the name that somebody is logged in by, or "" where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no such user, as in some containers; Windows without its variables
        return ""


def _done(desk: Desk, student: str, entry: int) -> None:
    """Say what came of an act."""
    out = Console(highlight=False)
    out.print(_("Entry {number}. `autograder book undo` takes it back.", number=entry))
    print_student(out, desk.row(student))


def _read_marks(file: Path) -> list[tuple[str, str, float, str]]:
    """Read the lines of a CSV. Raises BookError, which names the line."""
    columns = ("student", "part", "points", "why")
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.DictReader(stream)
            if missing := set(columns) - set(lines.fieldnames or ()):
                raise BookError(
                    _(
                        "{path}: expected the columns student, part, points and why, found no {missing}.",
                        path=file,
                        missing=", ".join(sorted(missing)),
                    )
                )
            found = []
            for line in lines:
                if empty := [c for c in columns if not (line[c] or "").strip()]:
                    raise BookError(
                        _(
                            "{path}, line {line}: expected student, part, points and why, got no {missing}.",
                            path=file,
                            line=lines.line_num,
                            missing=", ".join(empty),
                        )
                    )
                try:
                    points = float(line["points"])
                except ValueError:
                    raise BookError(
                        _(
                            "{path}, line {line}: expected a number of points, got {got!r}.",
                            path=file,
                            line=lines.line_num,
                            got=line["points"],
                        )
                    ) from None
                found.append((line["student"], line["part"].strip(), points, line["why"]))
            return found
    except OSError as error:
        raise BookError(_("{path}: could not be read ({why}).", path=file, why=error.strerror or error)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BookError(_("{path}: expected a CSV in UTF-8 ({why}).", path=file, why=error)) from error
