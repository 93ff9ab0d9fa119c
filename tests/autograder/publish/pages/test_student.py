"""A student's page: what is on it, what is not, and that no hand-in can change what it is made of."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PIL import Image

from autograder.assignment import Written
from autograder.gradebook import Kind, Row
from autograder.publish.pages import student_page
from autograder.publish.pages.source import MOST_CHARACTERS, MOST_LINES
from autograder.publish.pages.student import hand_in_page
from autograder.verdict import Status, SubmissionResult
from autograder.words import language
from tests.autograder.gradebook.fakes import sha
from tests.autograder.publish.pages.classes import DUE, RULES, make_class, source_of
from tests.autograder.publish.pages.hostile import CORPUS, hostile_result
from tests.autograder.publish.pages.parsed import Parsed
from tests.autograder.publish.pages.samples import SOURCE, check, learning, mismatch, rich_result, scores

if TYPE_CHECKING:
    from pathlib import Path


def page_of(*evidence: dict[str, Any], source: str = SOURCE, status: Status = Status.FAILED) -> Parsed:
    """Return the page of checks that leave this evidence."""
    checks = tuple(check(f"check{n}", 10, status, evidence=e) for n, e in enumerate(evidence))
    return Parsed(student_page(rich_result(checks=checks), source))


@pytest.fixture(scope="module")
def page() -> Parsed:
    return Parsed(student_page(rich_result(), SOURCE))


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> Row:
    """A student who is late, got points for a check, and has a part of two graded."""
    with make_class(tmp_path_factory.mktemp("book") / "book", 3, light=True) as book:
        book.enter(Kind.EXTENSION, who="prof", why="ill", assignment="cnn", student="s0000", until=DUE)
        late = functools.partial(book.enter, Kind.DAYS_LATE, who="ta", why="e-mail", assignment="cnn", student="s0000")
        late(points=2, hand_in=sha(source_of(0)))
        late(points=5, hand_in=sha(source_of(3)))  # the second attempt
        book.enter(Kind.MARK, who="ta", why="clear", assignment="cnn", student="s0000", part="essay", points=6)
        written = (Written("essay", "Essay", 8), Written("proof", "Proof", 6))
        (row, *_others) = book.gradebook("cnn", RULES, written).rows
        return row


def test_a_page_needs_nothing_else_and_runs_nothing(page: Parsed) -> None:
    metas = {a.get("http-equiv") or a.get("name"): a.get("content") for a in page.all("meta")}
    assert re.fullmatch(
        r"default-src 'none'; img-src data:; style-src 'sha256-[\w+/=]{44}'; script-src 'none'; base-uri 'none'; "
        "form-action 'none'",
        metas["Content-Security-Policy"] or "",
    )
    assert (metas["robots"], metas["referrer"]) == ("noindex, nofollow", "no-referrer")
    assert page.all("html") == [{"lang": "en"}]
    assert not {"script", "link", "iframe", "form", "base"} & {tag for tag, _attributes in page.elements}
    reached = [a[name] or "" for _tag, a in page.elements for name in ("href", "src", "action", "style") if name in a]
    assert len(reached) > 20
    assert [r for r in reached if not r.startswith(("#", "data:image/png;base64,"))] == []


def test_the_style_is_the_one_that_the_policy_names() -> None:
    html = student_page(rich_result(), SOURCE)
    (style,) = re.findall(r"<style>(.*)</style>", html, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in html.partition("<style>")[0]


@pytest.mark.parametrize("text", CORPUS[:-1], ids=map(str, range(len(CORPUS) - 1)))
def test_no_text_changes_what_a_page_is_made_of(text: str) -> None:
    pages = [Parsed(student_page(hostile_result(said), f"# {said}\n", command=said)) for said in ("x", text)]
    assert pages[0].shape == pages[1].shape


def test_what_cannot_be_seen_is_written_out() -> None:
    text = next(text for text in CORPUS if "\u202e" in text)
    html = student_page(hostile_result(text), text)
    assert {c for c in html if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} <= {"\n", "\t"}
    assert "‹U+202E›evil‹U+202C› ‹U+2066›x‹U+2069› ‹U+200B›‹U+FEFF› ‹U+001B›[31mred" in html


def test_each_check_has_its_verdict_in_words_its_points_message_hint_and_evidence(page: Parsed) -> None:
    assert "4 of 10 checks passed." in page.text
    assert "45 / 100" in page.text
    assert "✗ failed The gradient at the input is right conv2d.grad_input 0 / 10 points" in page.text
    assert "– skipped maxpool2d.grad_input" in page.text
    assert "! grader fault policy" in page.text
    assert "What to try: In backward, the kernel is read back to front: leave out [::-1], or see README.md" in page.text
    assert "cause flipped_kernel" in page.text
    assert "output shape (1, 1, 28, 28) Traceback: <none>" in page.text


def test_a_failure_has_the_command_that_shows_it_again(page: Parsed) -> None:
    assert page.text.count("autograder check cnn assignment.py --only") == 5, "what did not pass, but for the skipped"
    assert "autograder check cnn assignment.py --only conv2d.grad_input --seed 7" in page.text
    html = student_page(rich_result(), SOURCE, command="my tasks/cnn")
    assert "autograder check 'my tasks/cnn' assignment.py --only" in Parsed(html).text


def test_a_hidden_check_shows_title_verdict_and_points_and_no_more() -> None:
    evidence = {**learning(), **scores(), **mismatch(), "breaks": [{"line": 2, "said": "SECRET", "fix": ""}]}
    told = {"title": "A hidden one", "visibility": "hidden", "message": "SECRET", "hint": "SECRET"}
    hidden = check("secret.check", 10, Status.FAILED, evidence=evidence, **told)
    result = rich_result(checks=(hidden,))
    html = student_page(result, SOURCE)
    assert "SECRET" not in html
    page = Parsed(html)
    assert "✗ failed A hidden one secret.check 0 / 10 points What this check does is not shown." in page.text
    assert not [a for tag, a in page.elements if tag == "img" or "hit" in (a.get("class") or "")]
    assert "autograder check" not in page.text
    assert hand_in_page(result, SOURCE, everything=True).count("SECRET") == 3


def test_a_traceback_of_the_grader_is_for_the_instructor() -> None:
    assert "OSError: disk" in Parsed(student_page(rich_result(), SOURCE)).text
    assert "Traceback (most" not in student_page(rich_result(), SOURCE)
    assert "Traceback (most" in hand_in_page(rich_result(), SOURCE, everything=True)


def test_the_score_tells_how_it_came_about(row: Row) -> None:
    page = Parsed(student_page(rich_result(), SOURCE, row=row))
    assert row.counts is not None
    assert row.counts.result is not None
    assert row.score == row.counts.result.score - 7.5 - 20 + 6
    told = page.text.partition("How this score came about")[2].partition("Checks")[0]
    steps = [
        f"The checks {row.counts.result.score:g}",
        "conv2d.grad_weight, set by hand −7.5 ta, 2026-09-01 09:00 UTC+09:00: the message asks for what the handout",
        "deadline moved to 2026-10-31 14:59+00:00 prof, 2026-09-01",
        "2 days late ta, 2026-09-01",
        "Late: 2 d −20 due 2026-10-31 23:59 UTC+09:00",
        "Written part essay +6 ta, 2026-09-01",
        f"Score {row.score:g}",
        "grader fault, points set by hand",
        "Written parts without points: proof.",
    ]
    assert "5 days" not in told
    places = [told.find(step) for step in steps]
    assert -1 not in places, (told, places)
    assert f"{row.score:g} / 114" in page.text
    assert "7.5 points, set by hand instead of 0. ta, 2026" in page.text
    assert "cnn · Attempt 1, handed in 2026-10-20 17:00 UTC+09:00 Minsu Kim" in page.text


def test_a_score_that_somebody_set_is_the_last_word(tmp_path: Path) -> None:
    with make_class(tmp_path / "book", 3, light=True) as book:
        row = book.gradebook("cnn", RULES).rows[1]
    page = Parsed(student_page(rich_result(), SOURCE, row=row))
    assert "70 / 100" in page.text
    assert "The score of all checks, set by hand = 70 ta, 2026-09-01 09:00 UTC+09:00: the disk was full" in page.text


def test_a_row_without_a_hand_in_or_a_score_has_a_page_as_well(row: Row) -> None:
    none = replace(row, counts=None, attempts=(), checks=None, written={}, entries=())
    assert "– / 114" in Parsed(student_page(rich_result(), SOURCE, row=none)).text


def test_lines_that_checks_name_are_marked_with_what_they_say(page: Parsed) -> None:
    assert [a["id"] for a in page.all("li", "hit")] == ["L15", "L21", "L22"]
    assert "maxpool2d.forward ValueError: cannot reshape array of size 784" in page.text
    assert "types.strict Function is missing a type annotation [no-untyped-def]" in page.text
    policy = page_of(
        {"found": [[2, "import os"]]},
        {"hidden": [[3, "# type: ignore"]]},
        {"breaks": [{"line": 0, "said": "", "fix": ""}]},
    )
    assert [a["id"] for a in policy.all("li", "hit")] == ["L2", "L3"]
    assert "#L0" not in [a["href"] for a in policy.all("a")]
    assert not page_of({"found": [[2, "import os"]]}, status=Status.PASSED).all("li", "hit")


def test_a_source_that_no_page_could_bear_is_cut_and_says_so() -> None:
    page = page_of({}, source="x" * (MOST_CHARACTERS + 5))
    assert "5 more characters are not shown." in page.text
    assert "more characters" not in page_of({}, source="x" * MOST_CHARACTERS).text
    assert "7 more characters" in page_of({}, source="\n" * (MOST_LINES + 6)).text


def test_evidence_without_end_is_cut() -> None:
    html = student_page(rich_result(checks=(check("a", 10, evidence={"output": "x" * 100_000}),)), SOURCE)
    assert len(html) < 60_000
    assert "xx …" in html


def test_a_wrong_array_is_drawn_with_the_worst_entry_framed() -> None:
    evidence = mismatch((2, 3, 5, 4))
    page = page_of(evidence)
    rows, columns = evidence["index"][2:]
    assert len([a for a in page.all("rect") if a["width"] == "10"]) == 3 * 5 * 4
    worst = page.all("rect", "worst")
    assert [(w["x"], w["y"]) for w in worst] == [(str(10 * columns + 0.75), str(10 * rows + 0.75))] * 3
    assert (
        f"The worst entry, {evidence['index']}, is framed: expected {evidence['expected']}, got {evidence['got']}."
        in page.text
    )
    assert (
        f"Shown is [{evidence['index'][0]}, {evidence['index'][1]}, 0:5, 0:4] of an array of shape [2, 3, 5, 4]."
        in page.text
    )
    assert len(page.all("table", "numbers")) == 3


@pytest.mark.parametrize("shape", [(), (7,), (3, 2), (1, 40), (40, 40)])
def test_arrays_of_any_shape_are_drawn(shape: tuple[int, ...]) -> None:
    evidence = mismatch(shape)
    page = page_of(evidence)
    framed = page.all("rect", "worst")
    assert len(framed) == 3
    x, y = (f"{float(framed[0][name] or 0) - 0.75:g}" for name in "xy")
    html = student_page(rich_result(checks=(check("a", 10, Status.FAILED, evidence=evidence),)), SOURCE)
    assert html.count(f'x="{x}" y="{y}" width="10" height="10"><title>{evidence["index"]}: ') == 3
    assert ("Shown is" in page.text) == (shape in [(1, 40), (40, 40)])


def test_what_is_not_finite_is_drawn_as_such_and_differences_within_the_tolerance_as_none() -> None:
    evidence = mismatch((1, 4))
    evidence["picture"] |= {"expected": [[1.0, 0.5, 0.25, 0.25]], "got": [["nan", 0.55, "-inf", 1.25]]}
    page = page_of(evidence | {"tolerance": 0.1})
    shades = [a["class"] for a in page.all("rect") if a["width"] == "10"]
    assert shades == ["p5", "p3", "p2", "p2", "x", "p3", "x", "p5", "x", "z", "x", "p5"]


def test_arrays_that_are_wrong_somewhere_within_the_evidence_are_drawn() -> None:
    assert len(page_of({"cases": [{"inner": mismatch()}]}).all("rect", "worst")) == 3


def test_training_is_drawn_and_told(page: Parsed) -> None:
    assert len(page.all("figure", "chart")) == 2
    labels = [a.get("aria-label") or "" for a in page.all("svg")]
    assert any(
        re.match(r"Loss: The loss went from [\d.]+ to [\d.]+ in 600 iterations; the least was", t) for t in labels
    )
    assert "Macro F1: Macro F1 on some of the held-out digits went from 0.09 to 0.91." in labels
    assert "The dashed line is the 0.9 asked for." in page.text
    assert "Plane 7 after training" in [a["alt"] for a in page.all("img")]
    assert "digit 4" in page.text
    digits = [a for a in page.all("img") if (a["alt"] or "").startswith("Held-out")]
    assert len(digits) == len(scores()["wrong_digits"]) == 23
    index, label, predicted = scores()["wrong_digits"][0]
    assert digits[0]["alt"] == f"Held-out digit number {index}"
    assert f"{label}, read as {predicted}" in page.text
    picture = Image.open(io.BytesIO(base64.b64decode((digits[0]["src"] or "").partition(",")[2])))
    assert (picture.size, picture.getpixel((0, 0))) == ((28, 28), 255), "ink on paper"


def test_a_training_that_diverged_is_told_with_the_iteration() -> None:
    page = page_of({"losses": [2.3, 2.5, "inf", "nan"], "f1_over_training": [[0, 0.1], [4, 0.0]], "filters": {}})
    assert (
        "The loss went from 2.3 to nan in 4 iterations; the least was 2.3. At iteration 3 it was no finite number."
        in page.text
    )
    assert page.all("path", "line")[0]["d"] == "M120.5 23.0L197.0 10.0"
    assert "Of 2 iterations, none had a finite loss." in page_of({"losses": ["nan", "nan"], "filters": {}}).text


def test_evidence_of_another_form_is_shown_as_it_is() -> None:
    page = page_of({"picture": "of what", "losses": "many", "confusion_matrix": [[1]], "note": {"a": [1, 2]}})
    assert not page.all("figure")
    assert 'note {"a": [1, 2]}' in page.text


def test_results_without_evidence_have_a_page() -> None:
    assert "How it was run" in page_of({}, {"cause": "raised", "frames": []}).text
    bare: SubmissionResult = msgspec.structs.replace(rich_result(), timing={}, environment={}, checks=())
    assert "0 of 0 checks passed." in Parsed(student_page(bare, "")).text


def test_how_it_was_run_is_told(page: Parsed) -> None:
    run = page.text.partition("How it was run")[2]
    for part in ("Sandbox bubblewrap", "Seed 7", "numpy 2.4.6", "training 14.2", "Peak memory 214 MiB"):
        assert part in run


def test_the_page_is_in_the_language_of_the_run_and_says_where_a_message_is_in_another() -> None:
    with language("ko"):
        page = Parsed(student_page(rich_result(), SOURCE))
    assert page.all("html") == [{"lang": "ko"}]
    assert {a["lang"] for a in page.all("p", "message")} == {"en"}
