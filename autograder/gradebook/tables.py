"""A gradebook in a terminal: everybody's line, one student's in full, what people did, and what would move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from autograder.gradebook.entries import Entry, Kind
from autograder.gradebook.late import Late, Lateness
from autograder.gradebook.view import Gradebook, Row, State
from autograder.publish.console import STATUS_NAMES
from autograder.sandbox.text import clean_line
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from autograder.gradebook.course import ClassRules
    from autograder.gradebook.diff import CheckMove, Move
    from autograder.gradebook.releases import Journalled

_STATES = {
    State.MISSING: N_("missing"),
    State.UNREADABLE: N_("cannot be read"),
    State.WAITING: N_("not graded yet"),
    State.FAULT: N_("grader fault"),
    State.UNDECIDED: N_("late, time unknown"),
    State.GRADED: N_("graded"),
}
_STYLES = {State.GRADED: "green", State.FAULT: "magenta", State.WAITING: "dim"}
_WIDTH = 300


def print_gradebook(console: Console, book: Gradebook, rules: ClassRules) -> None:
    """Print everybody's line, then what needs a person."""
    console.print(due(book, rules), soft_wrap=True, markup=False)
    table = table_of(
        _("Student"), _("Name"), _("Score"), _("Checks"), _("Written"), _("Attempt"), _("Late"), _("State")
    )
    for r in book.rows:
        table.add_row(
            *cells(
                r.student,
                r.name,
                points(r.score),
                points(r.checks),
                points(sum(r.written.values())) if r.written else "",
                f"{r.counts.number}/{len(r.attempts)}" if r.counts else "",
                late(r.counts.late) if r.counts else "",
            ),
            Text(state(r), style=_STYLES.get(r.state, "red")),
        )
    console.print(table)
    for line in needs_a_person(book):
        console.print(line, soft_wrap=True, markup=False)


def print_student(console: Console, row: Row) -> None:
    """Print one student's line in full: how the score comes about, each attempt, and what people did."""
    console.print(Text(clean_line(f"{row.student}  {row.name}", _WIDTH), style="bold"))
    score = _("Score: {score} of {most:g}", score=points(row.score) or "-", most=row.max_score)
    console.print(f"{score}  ({state(row)})", markup=False)
    if row.counts is not None and row.counts.attempt.problem:
        console.print(clean_line(row.counts.attempt.problem, _WIDTH), soft_wrap=True, markup=False)
    table = table_of(_("Attempt"), _("Handed in"), _("Checks"), _("Late"), _("Penalty"), _("Score"), "")
    for a in row.attempts:
        table.add_row(
            *cells(
                str(a.number),
                a.attempt.submitted_at.isoformat(" ", "seconds") if a.attempt.submitted_at else _("unknown"),
                points(a.raw),
                late(a.late),
                points(a.late.penalty) if a.late.penalty else "",
                points(a.score),
                _("counts") if a is row.counts else "",
            )
        )
    console.print(table)
    if row.counts is not None and row.counts.result is not None:
        table = table_of(_("Check"), _("Verdict"), _("Points"))
        for v in row.counts.result.verdicts:
            table.add_row(*cells(v.check, _(STATUS_NAMES[v.status]), f"{v.score:g}/{v.max_score:g}"))
        console.print(table)
    for part, got in row.written.items():
        console.print(f"{part}: {got:g}", markup=False)
    if row.unmarked:
        console.print(_("Written parts without points: {parts}.", parts=", ".join(row.unmarked)), markup=False)
    print_history(console, row.history)


def print_history(console: Console, entries: Iterable[Entry]) -> None:
    """Print what people did, with who, when and why."""
    table = table_of(_("Entry"), _("When"), _("Who"), _("Student"), _("What"), _("Why"))
    for e in entries:
        what = act(e) + (" " + _("(undone by {by})", by=e.undone_by) if e.undone_by else "")
        said = cells(str(e.id), e.at.isoformat(" ", "seconds"), e.who, e.student, what, e.why)
        table.add_row(*said, style="dim" if e.undone_by else "")
    if table.row_count:
        console.print(table)


def print_releases(console: Console, journal: Iterable[Journalled]) -> None:
    """Print what was released to whom, with when, who, and the page."""
    table = table_of(_("When"), _("Who"), _("Student"), _("Score"), _("Page"))
    for e in journal:
        score = _("withdrawn") if e.release.line is None else points(e.release.line.score)
        page = f"{e.release.token}.html" if e.release.sha256 else ""
        table.add_row(*cells(e.at.isoformat(" ", "seconds"), e.who, e.release.student, score, page))
    if table.row_count:
        console.print(table)


def print_moves(console: Console, moves: Sequence[Move]) -> None:
    """Print whose score would move, why, and in which checks; then, in one line, whose would not."""
    table = table_of(_("Student"), _("Attempt"), _("Score"), _("Why"), _("Checks"))
    for m in moves:
        if not m.scores:
            continue
        checks = Text()
        for c in m.checks:
            checks.append(f"{c.check}: {verdicts(c)}\n", style="bold")
            checks.append(f"{clean_line(c.message, _WIDTH)}\n" if c.message else "")
        checks.rstrip()
        scores = f"{points(m.before.score) or '-'} -> {points(m.after.score) or '-'}"
        table.add_row(*cells(m.before.student, str(m.number), scores, "; ".join(m.why)), checks)
    if table.row_count:
        console.print(table)
    if same := [f"{m.before.student} #{m.number}" for m in moves if not m.scores]:
        what = _("The score stays the same")
        console.print(f"{what} ({len(same)}): {clean_line(', '.join(same), 2000)}", soft_wrap=True, markup=False)


def points(value: float | None) -> str:
    """Write points: no cut digits, and nothing for what is not known."""
    return "" if value is None else f"{round(value, 6):.10g}"


def state(row: Row) -> str:
    """Say how far a student's grading is."""
    said = [_(_STATES[row.state])]
    if any(e.kind in (Kind.SCORE, Kind.CHECK) for e in row.entries):
        said.append(_("points set by hand"))
    if any(a.waits for a in row.attempts):
        said.append(_("a new result waits"))
    if not row.on_roster:
        said.append(_("not on the roster"))
    return ", ".join(said)


def late(it: Late) -> str:
    """Say how late an attempt is."""
    if it.state is Lateness.UNKNOWN:
        return _("late, time unknown")
    if not it.days:
        return ""
    days = _("{days} d", days=it.days)
    return days + (" " + _("({used} late days used)", used=it.late_days) if it.late_days else "")


def act(e: Entry) -> str:
    """Say what somebody did."""
    amount = points(e.points)
    match e.kind:
        case Kind.SCORE:
            return _("checks: {points} points in all", points=amount)
        case Kind.CHECK:
            return _("{check}: {points} points", check=e.part, points=amount)
        case Kind.MARK:
            return _("written part {part}: {points} points", part=e.part, points=amount)
        case Kind.DAYS_LATE:
            return _("{days} days late", days=amount)
        case Kind.EXTENSION:
            return _("deadline moved to {until}", until=e.until.isoformat(" ", "minutes") if e.until else "")
        case Kind.ACCEPT:
            return _("result {number} counts", number=e.result)
        case Kind.UNDO:
            return _("entry {number} undone", number=e.undoes)


def verdicts(move: CheckMove) -> str:
    """Say from which verdict to which; with the points, where these alone are others."""
    told = [_(STATUS_NAMES[v.status]) if v else "-" for v in (move.before, move.after)]
    a, b = move.before, move.after
    if a and b and a.status is b.status:
        told = [f"{name} {points(v.score)}/{points(v.max_score)}" for name, v in zip(told, (a, b), strict=True)]
    return " -> ".join(told)


def due(book: Gradebook, rules: ClassRules) -> str:
    """Return until when an assignment is due, and what being late costs, in a line."""
    if others := rules.undue(book.assignment):
        return _(
            "No deadline for {assignment}; class.toml has deadlines for {others}.",
            assignment=book.assignment,
            others=", ".join(others),
        )
    if book.policy is None:
        return _("{assignment}: no deadline.", assignment=book.assignment)
    return _(
        "{assignment}: due {deadline}, {penalty:g} % a day, at most {cap:g} %.",
        assignment=book.assignment,
        deadline=book.policy.deadline.isoformat(" "),
        penalty=book.policy.penalty_percent,
        cap=book.policy.cap_percent,
    )


def needs_a_person(book: Gradebook) -> list[str]:
    """Say what is missing, matches nobody, or waits for somebody to look."""
    of = {state: [r.student for r in book.rows if r.state is state] for state in State}
    groups = {
        _("Missing"): of[State.MISSING],
        _("Not on the roster"): [r.student for r in book.unmatched],
        _("Unclear whose"): [f"{u.attempt.student} ({', '.join(p.student for p in u.people)})" for u in book.unclear],
        _("Entries for students who are not in the book"): [f"{e.id}: {e.student}" for e in book.stray],
        _("Cannot be read"): of[State.UNREADABLE],
        _("Grader faults to look at"): [f"{r.student} #{a.number}" for r, a in book.faults],
        _("Late by an unknown time, to decide with `autograder book late`"): of[State.UNDECIDED],
        _("New results wait, see `autograder diff`"): [
            r.student for r in book.rows if any(a.waits for a in r.attempts)
        ],
    }
    return [f"{what} ({len(who)}): {clean_line(', '.join(who), 2000)}" for what, who in groups.items() if who]


def table_of(*columns: str) -> Table:
    """Make a table without lines, with these columns."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    return table


def cells(*values: str) -> list[Text]:
    """Make cells of what hand-ins and people say: no markup, no control characters."""
    return [Text(clean_line(v, _WIDTH)) for v in values]
