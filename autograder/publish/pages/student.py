"""A student's page: one file that needs no network and runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.publish.pages.environment import render

if TYPE_CHECKING:
    from autograder.gradebook.view import Row
    from autograder.verdict import SubmissionResult


def student_page(result: SubmissionResult, source: str, *, row: Row | None = None, command: str = "") -> str:
    """Return the page of one hand-in, as HTML, in the language of the run.

    row: the student's line of the gradebook, for what lateness and people did to the score; None on a student's own
    machine. command: the assignment, as commands name it. Of a hidden check, a student sees title, verdict and points.
    """
    return render("student.html", result=result, source=source, row=row, command=command or result.assignment)
