"""`check` for notebooks: the same checks and messages as on the command line, and the page that `--html` writes."""

from __future__ import annotations

import html
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from autograder.assignment import load_assignment
from autograder.notebook.cells import executed_cells
from autograder.notebook.gather import gather
from autograder.publish.console import STATUS_NAMES, print_result
from autograder.publish.pages import student_page
from autograder.runner import Silent, check_submission
from autograder.submission import HAND_IN, submission_from_bytes
from autograder.words import _, current_language, language

if TYPE_CHECKING:
    from autograder.verdict import CheckResult, SubmissionResult

_HEIGHT = 640


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What came of a check: `result`, and the `source` that was checked. A notebook shows it as a page."""

    result: SubmissionResult
    source: str
    command: str

    def save(self, path: str | Path = HAND_IN, *, replace: bool = False) -> None:
        """Write the source that was checked to a file, to hand in. Raises FileExistsError for one that is there.

        replace: write over what is there.
        """
        try:
            with Path(path).open("w" if replace else "x", encoding="utf-8") as file:
                file.write(self.source)
        except FileExistsError:
            raise FileExistsError(
                _("{path}: expected a new file, got one that is there. To write over it, say replace=True.", path=path)
            ) from None

    def __repr__(self) -> str:
        out = io.StringIO()
        with language(self.result.language):
            print_result(Console(file=out, highlight=False, width=100), self.result)
        return out.getvalue()

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, whose styles are not the notebook's."""
        with language(self.result.language):
            page = student_page(self.result, self.source, command=self.command)
        return (
            f'<iframe srcdoc="{html.escape(page)}" sandbox="" title="autograder" '
            f'style="width: 100%; height: {_HEIGHT}px; border: 0"></iframe>'
        )


class _Lines(Silent):
    """A listener that prints a line for each check as it ends."""

    def finished(self, result: CheckResult) -> None:
        print(f"{result.id:<21} {_(STATUS_NAMES[result.status])}")  # noqa: T201 (a cell's output)


def check(assignment: str, only: str = "*", *, seed: int = 0, lang: str | None = None) -> Report:
    """Check what the cells of this notebook define, as far as they ran, against an assignment.

    only: a glob of the checks to run, such as "conv2d.*". seed: what every random choice comes from, 0 or more.
    lang: "en" or "ko"; the run's own, where it is not given.
    A class or a function that no cell defines counts as not written yet. Raises AssignmentError for an assignment or a
    glob that there is not.
    """
    with language(lang or current_language()):
        task = load_assignment(assignment)
        source = gather(executed_cells(), task.stub.read_text("utf-8"))
        submission = submission_from_bytes(source.encode(), Path(HAND_IN))
        result = check_submission(task, submission, seed=seed, only=only, listener=_Lines())
        return Report(result, source, assignment)
