"""results.json, read back by the rules of Gradescope's own specification."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from autograder.publish.exports.gradescope import refused_json, results_json
from autograder.verdict import Status
from tests.autograder.publish.made import FULL, NASTY, check, result

VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
TOP = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility"}
TOP |= {"stdout_visibility", "extra_data", "tests", "leaderboard"}
TEST = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"}
TEST |= {"visibility", "extra_data"}


def parsed(content: bytes) -> dict[str, Any]:
    """Read results.json as the specification has it: what is not in it is refused."""
    told: dict[str, Any] = json.loads(content)
    assert told.keys() <= TOP
    assert "score" in told or told["tests"]
    assert {told.get(k, "text") for k in ("output_format", "test_output_format", "test_name_format")} <= FORMATS
    assert told.get("visibility", "visible") in VISIBILITIES
    for test in told["tests"]:
        assert test.keys() <= TEST
        assert test["visibility"] in VISIBILITIES
        assert test["status"] in {"passed", "failed"}
        assert isinstance(test["score"], float | int)
    outputs = [told["output"], *(test["output"] for test in told["tests"])]
    assert sum(map(len, outputs)) <= 100_000
    return told


def shown(ansi: str) -> str:
    """Return what a terminal shows, and see that nothing but colours was asked of it."""
    assert not re.search(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]", ansi)
    plain = re.sub(r"\x1b\[(0|1|36)m", "", ansi)
    assert "\x1b" not in plain
    return plain


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.said += data


def test_it_says_what_the_result_says() -> None:
    told = parsed(results_json(FULL))
    assert (told["score"], told["execution_time"], told["extra_data"]["seed"]) == (10.0, 3.21, 7)
    assert [(t["extra_data"]["id"], t["extra_data"]["status"], t["score"], t["max_score"]) for t in told["tests"]] == [
        (c.id, c.status, c.score, c.max_score) for c in FULL.checks
    ]
    assert [t["status"] for t in told["tests"]] == ["passed", "failed", "failed", "failed", "failed"]
    assert told["tests"][0]["name"] == "conv2d.forward: The title of conv2d.forward"
    assert shown(told["tests"][0]["output"]) == "right"
    assert shown(told["tests"][1]["output"]).startswith("failed\n100 %: a, b\n::error::no")
    assert shown(told["tests"][1]["output"]).endswith("\nHint: Look\nat it")


def test_the_score_of_the_gradebook_takes_the_place_of_the_sum() -> None:
    assert parsed(results_json(FULL, score=3.5))["score"] == 3.5
    assert parsed(results_json(FULL, score=0.0))["score"] == 0.0


def test_a_hidden_check_shows_no_message_and_only_once_published() -> None:
    content = results_json(FULL)
    assert b"SECRET" not in content
    hidden = parsed(content)["tests"][3]
    assert (hidden["visibility"], hidden["output"], hidden["score"]) == ("after_published", "", 0.0)


def test_what_is_said_of_the_whole_is_html_without_anything_that_could_run() -> None:
    evil = msgspec.structs.replace(FULL, sandbox="<script>alert(1)</script>", environment={"numpytorch": "<b>"})
    page = Tags(parsed(results_json(evil, command="a b<c"))["output"])
    assert page.tags == {"p", "code"}
    assert "<script>alert(1)</script>" in page.said
    assert "autograder check a b<c assignment.py --seed 7" in page.said


@pytest.mark.parametrize("count", [1, 12])
def test_outputs_stay_under_the_cap_and_say_that_they_were_cut(count: int) -> None:
    long = [check(f"c{i}", Status.FAILED, message="x" * 99_999 + f"{i}", hint="y" * 99_999) for i in range(count)]
    for test in parsed(results_json(result(*long)))["tests"]:
        assert "Cut here: Gradescope takes 100000 characters in all, and this message has 10000" in test["output"]
        assert len(test["output"]) > 5000


def test_what_is_short_is_whole() -> None:
    assert (
        "Cut" not in parsed(results_json(result(check("a", Status.FAILED, message="x" * 40_000))))["tests"][0]["output"]
    )


def test_the_same_result_gives_the_same_bytes() -> None:
    assert results_json(FULL) == results_json(FULL)


def test_what_cannot_be_read_gets_no_points_and_the_reason() -> None:
    told = parsed(refused_json("it is a " + NASTY))
    assert (told["score"], told["tests"], told["output"][:11]) == (0.0, [], "it is a 100")
    assert "\x1b" not in told["output"]
