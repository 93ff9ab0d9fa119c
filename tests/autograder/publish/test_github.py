"""Annotations and summaries, read back by the rules of GitHub's runner."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

from autograder.publish.exports.github import summary, workflow_commands
from autograder.verdict import Status
from tests.autograder.publish.made import FULL, check, result


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def commands(output: str) -> list[Command]:
    """Read the commands in a step's output as the runner does: a line that begins with ::, and ends at its end."""
    return [_command(line) for line in re.split(r"\r\n|\r|\n", output) if line.lstrip().startswith("::")]


def _command(line: str) -> Command:
    head, message = line.lstrip()[2:].split("::", 1)
    name, _space, listed = head.partition(" ")
    properties = dict(item.split("=", 1) for item in listed.split(",") if item)
    return Command(name, {k: _unescaped(v) for k, v in properties.items()}, _unescaped(message))


def _unescaped(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


class Summary(HTMLParser):
    """The elements of a summary, and the text in its paragraphs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.append(tag)
        if tag == "p":
            self.said.append("")
        if tag == "br":
            self.said[-1] += "\n"

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] in (["p"], ["br"]):
            self.said[-1] += data.replace("\xa0", " ")


def test_each_failed_check_is_one_error_on_the_line_that_it_names() -> None:
    told = commands(workflow_commands(FULL, "cnn/assignment.py"))
    assert [(c.name, c.properties.get("line"), c.properties["title"].partition(":")[0]) for c in told] == [
        ("error", "12", "conv2d.grad_bias"),
        ("error", "40", "model.f1"),
        ("error", None, "policy"),
    ]
    assert {c.properties["file"] for c in told} == {"cnn/assignment.py"}
    assert told[0].message.startswith("100 %: a, b\n::error::no\n\n</pre>")
    assert told[0].message.endswith("\nHint: Look\nat it")


def test_no_title_no_file_and_no_message_is_a_command_of_its_own() -> None:
    evil = result(check("a", Status.FAILED, title="x,line=1::y%0A\n::set-env name=PATH::z", message="\n::debug::%0A"))
    told = commands(workflow_commands(evil, "a,b:c%25.py"))
    assert len(told) == 1
    assert told[0].properties == {"file": "a,b:c%25.py", "title": "a: x,line=1::y%0A\n::set-env name=PATH::z"}
    assert told[0].message == "\n::debug::%0A"


def test_the_tenth_annotation_says_which_others_there_are() -> None:
    told = commands(workflow_commands(result(*(check(f"c{i}", Status.FAILED) for i in range(12))), "a.py"))
    assert len(told) == 10
    assert told[-1].message == "3 more checks failed: c9, c10, c11"
    ten = commands(workflow_commands(result(*(check(f"c{i}", Status.FAILED) for i in range(10))), "a.py"))
    assert [c.message for c in ten] == ["told"] * 10


def test_a_hidden_check_shows_its_verdict_only() -> None:
    assert "SECRET" not in workflow_commands(FULL, "a.py") + summary(FULL)
    assert commands(workflow_commands(FULL, "a.py"))[-1].message == "failed"


def test_all_passed_is_no_annotation() -> None:
    assert workflow_commands(result(check("a"), check("b")), "a.py") == ""


def test_the_summary_has_the_score_a_row_a_check_and_what_was_wrong() -> None:
    text = summary(FULL)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert text.startswith("## cnn: Score: 10 of 50\n")
    assert [row[2] for row in rows[2:]] == ["10/10", "0/10", "0/10", "0/10", "0/10"]
    assert [row[1].split()[-1] for row in rows[2:]] == ["passed", "failed", "error", "failed", "skipped"]
    page = Summary(text)
    assert [tag for tag in page.tags if tag != "br"] == ["details", "summary", "p"] * 2
    assert page.said[0].startswith("100 %: a, b\n::error::no\n\n</pre><script>alert(1)</script> | `x` red")


def test_nothing_within_a_block_of_html_is_an_empty_line() -> None:
    text = summary(FULL)
    for block in re.findall(r"<details>.*?</details>", text, re.DOTALL):
        assert "\n" not in block


def test_titles_are_no_markup() -> None:
    text = summary(result(check("a", title="<img src=x> [x](y) | `z` **b** @you")))
    assert Summary(text).tags == []
    assert not re.search(r"[`*\[@]", text)


def test_a_summary_stays_under_a_mebibyte_and_says_what_it_left_out() -> None:
    long = [check(f"c{i}", Status.FAILED, message="가" * 200_000) for i in range(4)]
    text = summary(result(*long))
    assert 600_000 < len(text.encode()) <= 1 << 20
    assert text.endswith("\nLeft out, for a summary holds 1 MiB: 3 messages.\n")
