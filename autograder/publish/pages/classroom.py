"""The instructor's pages: the class at a glance, and a page for each hand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.publish.pages.environment import render

if TYPE_CHECKING:
    from pathlib import Path

    from autograder.assignment import Assignment
    from autograder.gradebook import Book, ClassRules


def write_class_pages(folder: Path, book: Book, assignment: Assignment, rules: ClassRules) -> Path:
    """Write the pages of a class into a folder of their own, and return the first one."""
    grades = book.gradebook(assignment.name, rules, assignment.config.written)
    folder.mkdir(parents=True, exist_ok=True)
    first = folder / "index.html"
    first.write_bytes(render("class.html", grades=grades, title=assignment.config.title).encode())
    return first
