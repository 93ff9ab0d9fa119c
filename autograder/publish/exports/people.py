"""Whose line of ours is which of a platform's: by identifier, else by name; never by guessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.handins import Attempt, match
from autograder.publish.exports.cells import mangled
from autograder.publish.exports.errors import refuse_if
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.gradebook.line import Line
    from autograder.handins import Person


def find_people(name: str, lines: Sequence[Line], people: Sequence[Person]) -> tuple[dict[str, Line], list[Line]]:
    """Return the lines with a score by the key of the platform's person, and those left out, who are on no roster.

    name: of the platform's file. Raises ExportError for a student who is not in it, or fits several, and for two who
    are one person there.
    """
    scored = [line for line in lines if line.score is not None]
    asked = [Attempt(line.student, line.name, line.ids, origin=str(i)) for i, line in enumerate(scored)]
    matched = match(asked, people)
    problems = [
        _(
            "{student} fits several lines of {file}, or one by the name alone: {people}. "
            "Give `autograder grade` a roster with identifiers, such as {file} itself.",
            student=a.attempt.student,
            file=name,
            people=", ".join(f"{p.name} ({p.student})" for p in a.people),
        )
        for a in matched.ambiguous
    ]
    by_key = {p.student: p for p in people}
    found: dict[str, Line] = {}
    for attempt in matched.attempts:
        line = scored[int(attempt.origin)]
        if attempt.student in found:
            problems.append(
                _(
                    "{first} and {second} are the same line of {file}: {person}. Correct the roster.",
                    first=found[attempt.student].student,
                    second=line.student,
                    file=name,
                    person=attempt.student,
                )
            )
        found[attempt.student] = line
        person = by_key[attempt.student]
        problems += [
            _(
                "{file}: expected {kind} {expected!r} for {student}, got {got!r}: a spreadsheet has changed it, there "
                "or in the roster. Use both as they were downloaded.",
                file=name,
                kind=kind.value,
                expected=ours,
                student=line.student,
                got=theirs,
            )
            for kind, ours in line.ids.items()
            if (theirs := person.ids.get(kind, ours)) != ours and (mangled(theirs, ours) or mangled(ours, theirs))
        ]
    left_out = [scored[int(a.origin)] for a in matched.unmatched]
    problems += [
        _(
            "{student} has a score, and is not in {file}. Download it again; if they left the course, "
            "give `autograder grade` the new roster.",
            student=line.student,
            file=name,
        )
        for line in left_out
        if line.on_roster
    ]
    refuse_if(problems)
    return found, left_out
