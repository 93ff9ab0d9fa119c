"""GitHub Actions: annotations beside the lines of a hand-in, and the summary of a step.

Source: docs.github.com, "Workflow commands for GitHub Actions". A runner reads commands from standard output, one a
line: `::error file=...,line=...,title=...::message`. In a message %, CR and LF are escaped; in a property : and , too.
Markdown of a summary may hold HTML, so that all that a hand-in says stands escaped in a block of it.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from autograder.publish.console import STATUS_NAMES
from autograder.publish.pages.source import places
from autograder.sandbox.text import clean
from autograder.verdict import Status
from autograder.words import _

if TYPE_CHECKING:
    from autograder.verdict import CheckResult, SubmissionResult

MOST_BYTES = 1 << 20
"""What the summary of a step may hold; a larger one is not shown at all."""

MOST_ANNOTATIONS = 10
"""Of each kind, in a step; GitHub drops the others without a word."""

_MESSAGE = 4000
_ICONS = {Status.PASSED: "✅", Status.SKIPPED: "⏭️", Status.GRADER_FAULT: "⚠️"}


def workflow_commands(result: SubmissionResult, file: str) -> str:
    """Return a command for each check that failed, at most ten, each on the line that it names.

    file: the hand-in, as the repository has it. A skipped check has none: what it waits for has one.
    """
    failed = [c for c in result.checks if c.status not in (Status.PASSED, Status.SKIPPED)]
    told = failed if len(failed) <= MOST_ANNOTATIONS else failed[: MOST_ANNOTATIONS - 1]
    commands = [_command(check, file) for check in told]
    if len(told) < len(failed):
        others = ", ".join(c.id for c in failed[len(told) :])
        what = _("{count} more checks failed: {checks}", count=len(failed) - len(told), checks=others)
        commands.append(f"::error file={_property(file)},title=autograder::{_data(what)}")
    return "".join(f"{command}\n" for command in commands)


def summary(result: SubmissionResult) -> str:
    """Return the summary of a step, in Markdown: score, verdicts, and what was wrong; at most 1 MiB in UTF-8."""
    score = _("Score: {score:g} of {max_score:g}", score=result.score, max_score=result.max_score)
    head = [f"## {_text(result.assignment)}: {_text(score)}", ""]
    head += [f"| {_('Check')} | {_('Verdict')} | {_('Points')} |", "| --- | --- | ---: |"]
    for c in result.checks:
        verdict = f"{_ICONS.get(c.status, '❌')} {_(STATUS_NAMES[c.status])}"
        head.append(f"| {_text(f'{c.id}: {c.title}')} | {_text(verdict)} | {c.score:g}/{c.max_score:g} |")
    text = "\n".join(head) + "\n"
    left_out = 0
    note = "\n" + _("Left out, for a summary holds 1 MiB: {count} messages.", count=len(result.checks)) + "\n"
    for c in result.checks:
        if c.status in (Status.PASSED, Status.SKIPPED) or c.visibility == "hidden":
            continue
        part = _details(c)
        if len((text + part + note).encode()) > MOST_BYTES:
            left_out += 1
        else:
            text += part
    if left_out:
        text += "\n" + _("Left out, for a summary holds 1 MiB: {count} messages.", count=left_out) + "\n"
    return text


def _details(check: CheckResult) -> str:
    said = html.escape(clean(check.message, MOST_BYTES))
    said += "\n\n" + html.escape(_("Hint: {hint}", hint=clean(check.hint, MOST_BYTES))) if check.hint else ""
    said = said.replace("  ", " &nbsp;").replace("\n", "<br>")  # an empty line would end HTML, and Markdown begin
    return f"\n<details><summary>{_text(f'{check.id}: {check.title}')}</summary><p>{said}</p></details>\n"


def _command(check: CheckResult, file: str) -> str:
    place = f"file={_property(file)}"
    hidden = check.visibility == "hidden"
    if not hidden and (lines := [line for line, _said in places(check)]):
        # Of an exception, the line to blame is where it was raised, the last one; else the first.
        place += f",line={lines[-1 if check.evidence.get('frames') else 0]}"
    message = clean(check.message, _MESSAGE) if not hidden else _(STATUS_NAMES[check.status])
    if check.hint and not hidden:
        message += "\n" + _("Hint: {hint}", hint=clean(check.hint, _MESSAGE))
    return f"::error {place},title={_property(f'{check.id}: {check.title}')}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _text(text: str) -> str:
    """Return text as a cell of a table or a heading shows it: on one line, nothing in it Markdown or HTML."""
    line = html.escape(" ".join(clean(text, _MESSAGE).split()))
    return "".join(f"&#{ord(c)};" if c in r"\`*_{}[]()#+!|~$@" else c for c in line)
