"""Where the result of `autograder check` goes besides the terminal: files, and GitHub Actions."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.assignment import AssignmentError
from autograder.publish.exports.gradescope import refused_json, results_json
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.submission import Submission, SubmissionError
    from autograder.verdict import SubmissionResult


@dataclass(frozen=True, slots=True)
class Outputs:
    """What was asked for.

    json: a file for the result. html: one for the page that shows it. gradescope: one for Gradescope's results.json,
    which is not written where the grader failed, so that Gradescope asks a person. github: whether to write annotations
    to standard output, and the summary of the step to the file that $GITHUB_STEP_SUMMARY names.
    """

    json: Path | None = None
    html: Path | None = None
    gradescope: Path | None = None
    github: bool = False

    def check_writable(self, read: Path) -> None:
        """Find out before the work, not after it, what cannot be kept. Raises AssignmentError.

        read: the hand-in, which none of them may replace.
        """
        taken: dict[Path, str] = {}
        for option, out in (("--json", self.json), ("--html", self.html), ("--gradescope", self.gradescope)):
            if out is None:
                continue
            check_writable(option, out, read)
            if (other := taken.setdefault(out.resolve(), option)) != option:
                raise AssignmentError(
                    _(
                        "{option}: expected another file than that of {other}, got {path}.",
                        option=option,
                        other=other,
                        path=out,
                    )
                )

    def write(self, result: SubmissionResult, submission: Submission, command: str) -> None:
        """Write the result of a hand-in. command: the assignment, as it was named."""
        if self.json is not None:
            self.json.write_bytes(result.to_json())
        if self.html is not None:
            from autograder.publish.pages import student_page  # here, for it takes a tenth of a second to import

            self.html.write_bytes(student_page(result, submission.source, command=command).encode())
        if self.gradescope is not None and not result.faulty:
            self.gradescope.write_bytes(results_json(result, command=command))
        if self.github:
            from autograder.publish.exports.github import summary, workflow_commands  # and with it the pages

            where = submission.path.resolve()
            root = Path.cwd()
            name = where.relative_to(root) if where.is_relative_to(root) else where
            print(workflow_commands(result, name.as_posix()), end="", flush=True)  # noqa: T201 (a runner reads it)
            if step := os.environ.get("GITHUB_STEP_SUMMARY"):
                with Path(step).open("a", encoding="utf-8") as stream:
                    stream.write(summary(result))

    def refuse(self, error: SubmissionError) -> None:
        """Tell a student on Gradescope why the hand-in cannot be read: it gets no points, and is no fault of ours."""
        if self.gradescope is not None:
            self.gradescope.write_bytes(refused_json(str(error)))

    @contextmanager
    def report(self) -> Iterator[None]:
        """Print within this what may quote a hand-in: a line of it is no command to a runner."""
        if not self.github:
            yield
            return
        end = secrets.token_hex()
        print(f"::stop-commands::{end}", flush=True)  # noqa: T201 (a runner reads it)
        yield
        print(f"::{end}::", flush=True)  # noqa: T201 (a runner reads it)


def check_writable(option: str, out: Path, read: Path) -> None:
    """Raise AssignmentError unless `out` can be written; it may not replace what was read."""
    if out.suffix == ".py" or out.resolve() == read.resolve():
        raise AssignmentError(
            _(
                "{option}: expected a file to write the result to, got {path}, which is source code.",
                option=option,
                path=out,
            )
        )
    try:
        existed = out.exists()
        out.open("ab").close()
        if not existed:
            out.unlink()
    except OSError as error:
        raise AssignmentError(
            _(
                "{option}: expected a file that can be written, got {path} ({why}).",
                option=option,
                path=out,
                why=error.strerror,
            )
        ) from error
