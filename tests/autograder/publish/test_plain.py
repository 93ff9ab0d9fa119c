"""The gradebook as CSV and as JSON, read back by those who know neither."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from autograder.gradebook.line import CheckLine, Line, Lines
from autograder.gradebook.view import State
from autograder.handins import Id
from autograder.publish.exports.cells import guarded, is_formula
from autograder.publish.exports.plain import lines_csv, lines_json
from autograder.publish.exports.schemas import schemas
from autograder.verdict import Status
from tests.autograder.light import ROOT
from tests.autograder.publish.made import FULL, line

CLASS = [
    line(
        "1",
        87.5,
        name="Kim, Min-jun",
        ids={Id.CANVAS: "111", Id.SID: "007", Id.EMAIL: "kim@uni.edu"},
        checks_score=82.5,
        checks=(CheckLine("a.x", Status.PASSED, 60.0, 60.0), CheckLine("b.y", Status.FAILED, 0.0, 40.0)),
        written={"memory": 5.0},
        attempt=2,
        attempts=3,
        submitted_at=datetime(2026, 10, 31, tzinfo=UTC),
        days_late=1,
        penalty=10.0,
        result=4,
    ),
    line("=2", 1 / 3, name='=HYPERLINK("http://evil")', ids={Id.LOGIN: "+82", Id.SID: "@SUM(A1)"}),
    line("3", None, name='"Quo"te\nd', state=State.FAULT),
    line("4", 0.0, name="'=already", written={"theory": 3.0}),
]


def spreadsheet(content: bytes) -> list[dict[str, str]]:
    """Read a CSV as a spreadsheet does: what begins with an apostrophe is text, what looks like a formula is one."""
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(set(rows[0])) == len(rows[0])
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r\n")]
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    return [{k: _text(v) for k, v in row.items()} for row in table]


def _text(cell: str) -> str:
    shown = cell[1:]
    return shown if cell.startswith("'") and shown.lstrip("'")[:1] in set("=+-@\t\r\n") else cell


def points(cell: str) -> float | None:
    return float(cell) if cell else None


def test_the_table_says_what_the_gradebook_says() -> None:
    table = spreadsheet(lines_csv(CLASS))
    for row, it in zip(table, CLASS, strict=True):
        assert (row["student"], row["name"], row["state"]) == (it.student, it.name, it.state)
        assert {kind: row[kind] for kind in Id if row[kind]} == it.ids
        assert (points(row["score"]), points(row["max_score"])) == (it.score, it.max_score)
        assert (points(row["checks_score"]), points(row["penalty"])) == (it.checks_score, it.penalty)
        assert (row["days_late"], row["attempt"]) == (str(it.days_late), "" if it.attempt is None else str(it.attempt))
        assert {c: points(row[c]) for c in ("a.x", "b.y") if row[c]} == {c.id: c.score for c in it.checks}
        assert {k: points(row[f"written: {k}"]) for k in ("memory", "theory") if row[f"written: {k}"]} == it.written


@given(st.text(alphabet="'=+-@\t\r\nab", max_size=6))
def test_whatever_a_text_begins_with_it_is_no_formula_and_comes_back(text: str) -> None:
    assert not is_formula(guarded(text))
    assert _text(guarded(text)) == text


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "schema" / name).read_bytes())
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def test_the_json_says_what_the_gradebook_says_and_keeps_to_the_schema() -> None:
    content = lines_json("cnn", CLASS)
    told = json.loads(content)
    jsonschema.Draft202012Validator(schema("gradebook.json")).validate(told)
    assert (told["schema"], told["assignment"]) == ("numpytorch/gradebook/1", "cnn")
    assert [(it["student"], it["score"], it["ids"]) for it in told["lines"]] == [
        (it.student, it.score, it.ids) for it in CLASS
    ]
    assert msgspec.json.decode(content, type=Lines) == Lines(assignment="cnn", lines=tuple(CLASS))


def test_what_is_no_gradebook_does_not_keep_to_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema("gradebook.json"))
    told = json.loads(lines_json("cnn", CLASS))
    for key, value in (("score", "90"), ("state", "asleep"), ("student", None), ("checks", [{"id": "a"}])):
        spoiled = {**told, "lines": [{**told["lines"][0], key: value}]}
        assert not validator.is_valid(spoiled), key
    assert not validator.is_valid({**told, "schema": "another"})
    assert not validator.is_valid({"assignment": "cnn"})


def test_the_json_of_a_check_keeps_to_its_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema("result.json"))
    told = json.loads(FULL.to_json())
    validator.validate(told)
    assert not validator.is_valid({**told, "score": "many"})
    assert not validator.is_valid({**told, "checks": [{**told["checks"][0], "status": "perhaps"}]})


def test_the_published_schemas_are_those_of_the_records() -> None:
    assert {f.name: f.read_bytes() for f in (ROOT / "docs" / "schema").iterdir()} == schemas()


def test_columns_of_checks_stand_in_their_order() -> None:
    header = lines_csv([line("1", checks=(CheckLine("z", Status.PASSED, 1, 1), CheckLine("a", Status.PASSED, 1, 1)))])
    assert header.decode("utf-8-sig").splitlines()[0].endswith(",attempt,z,a")


def test_the_same_gradebook_gives_the_same_bytes() -> None:
    assert lines_csv(CLASS) == lines_csv(list(CLASS))
    assert lines_json("cnn", CLASS) == lines_json("cnn", list(CLASS))


def test_an_empty_class_is_a_header() -> None:
    nobody: list[Line] = []
    assert spreadsheet(lines_csv(nobody)) == []
