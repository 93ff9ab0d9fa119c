"""Pages in a real Chromium: nothing runs, nothing leaves, and everybody can read and reach all of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.assignment import load_assignment
from autograder.publish.pages import student_page, write_class_pages
from autograder.words import language
from tests.autograder.publish.pages.classes import RULES, make_class
from tests.autograder.publish.pages.conftest import opened
from tests.autograder.publish.pages.hostile import CORPUS, hostile_class, hostile_result
from tests.autograder.publish.pages.samples import SOURCE, rich_result

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")
MANY = 3000
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a student's pages in two languages, and the pages of a class in `class`."""
    folder = tmp_path_factory.mktemp("pages")
    for lang in ("en", "ko"):
        with language(lang):
            (folder / f"{lang}.html").write_text(student_page(rich_result(), SOURCE), "utf-8")
    with make_class(folder / "book", 20) as book:
        write_class_pages(folder / "class", book, load_assignment("cnn"), RULES)
        row = book.gradebook("cnn", RULES).rows[0]
        (folder / "row.html").write_text(student_page(rich_result(), SOURCE, row=row), "utf-8")
    return folder


PAGES = [
    "en.html", "ko.html", "row.html", "class/index.html", "class/failures.html", "class/attempts.html",
    "class/runs.html", "class/decisions.html", "class/hand-ins/1.html", "class/hand-ins/15.html",
]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone_has_a_dark_mode_and_can_be_read_by_all(name: str, pages: Path, browser: Browser) -> None:
    with opened(browser, pages / name, width=360) as page:
        page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page.evaluate(AUDIT) == []
    with opened(browser, pages / name, dark=True) as page:
        page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
        assert page.evaluate(AUDIT) == []


@pytest.mark.parametrize("name", ["row.html", "class/index.html"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(name: str, pages: Path, browser: Browser) -> None:
    with opened(browser, pages / name) as page:
        wanted = page.evaluate(
            "Array.from(document.querySelectorAll('a[href], button, input, summary, [tabindex=\"0\"]'))"
            ".filter((it) => it.checkVisibility()).length"
        )
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        reached = 1
        while True:
            outline = page.evaluate("getComputedStyle(document.activeElement).outline")
            assert outline.endswith(" solid 3px"), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body || document.activeElement.className === 'skip'"):
                break
            reached += 1
        assert reached == wanted > 10
        page.keyboard.press("Tab") if page.evaluate("document.activeElement === document.body") else None
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: url.endswith("#main"))  # the browser tells of it in its own time


def test_a_check_opens_and_closes_by_keyboard(pages: Path, browser: Browser) -> None:
    with opened(browser, pages / "en.html") as page:
        card = page.locator("details.good").first
        assert not card.evaluate("it => it.open")
        card.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert card.evaluate("it => it.open")
        page.keyboard.press("Space")
        assert not card.evaluate("it => it.open")


def test_values_are_told_where_the_pointer_rests(pages: Path, browser: Browser) -> None:
    with opened(browser, pages / "en.html") as page:
        assert page.locator(".maps rect title").first.text_content() == "[0, 2, 0, 0]: −1.259"


def test_the_table_of_the_class_is_searched_and_sorted_by_keyboard(pages: Path, browser: Browser) -> None:
    with opened(browser, pages / "class/index.html") as page:

        def column(number: int) -> list[str]:
            cells = page.locator(f"#students tbody tr:not([hidden]) > :nth-child({number})")
            return [text.strip() for text in cells.all_text_contents()]

        roster = column(1)
        page.get_by_role("button", name="Score", exact=True).focus()
        page.keyboard.press("Enter")
        scores = column(2)
        assert scores == sorted(scores, key=lambda s: float(s) if s else 1e9)
        assert scores[-1] == "", "who has no score comes last"
        assert page.locator("#students [aria-sort]").get_attribute("aria-sort") == "ascending"
        page.keyboard.press("Enter")
        filled = [float(s) for s in column(2) if s]
        assert filled == sorted(filled, reverse=True)
        assert column(2)[-1] == ""
        assert page.locator("#students [aria-sort]").get_attribute("aria-sort") == "descending"
        assert sorted(column(1)) == sorted(roster)

        page.get_by_label("Search in all columns").focus()
        page.keyboard.type("MISSING")
        assert set(column(5)) == {"missing"}
        shown = page.get_by_role("status").text_content()
        assert shown == f"{len(column(5))} of {len(roster)} shown"
        page.get_by_role("button", name="who did not maxpool2d.forward").click()
        assert all("maxpool2d.forward" in text for text in column(6))
        assert 0 < len(column(6)) < len(roster)


def test_one_click_from_a_student_to_the_source_with_the_failing_lines(pages: Path, browser: Browser) -> None:
    with opened(browser, pages / "class/index.html") as page:
        page.locator("#students a", has_text="Minsu Kim").click()
        assert page.locator("h1").text_content() == "Minsu Kim"
        assert "return x.reshape(3, -1)" in (page.locator("li.hit#L22").text_content() or "")


@pytest.mark.parametrize("text", CORPUS, ids=map(str, range(len(CORPUS))))
def test_nothing_that_a_hand_in_says_runs_on_the_page_of_a_student(text: str, tmp_path: Path, browser: Browser) -> None:
    file = tmp_path / "student.html"
    file.write_text(student_page(hostile_result(text), f"{text}\n" * 30, command=text), "utf-8")
    with opened(browser, file) as page:
        poke(page)


def test_nothing_that_a_hand_in_says_runs_on_the_pages_of_a_class(tmp_path: Path, browser: Browser) -> None:
    with hostile_class(tmp_path / "book") as book:
        first = write_class_pages(tmp_path / "class", book, load_assignment("cnn"), RULES)
    files = sorted(first.parent.rglob("*.html"))
    assert len(files) == 5 + 3 * len(CORPUS)
    with opened(browser, first) as page:
        for file in files:
            page.goto(file.as_uri())
            poke(page)


def poke(page: Page) -> None:
    """Do what a reader could do by accident, and look for what none of ours has put there."""
    page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")
    search = page.locator("#search")
    if search.count():
        search.fill("<img src=x onerror=alert(1)>")
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.scripts.length") == search.count()
    assert page.evaluate("document.querySelectorAll('iframe, base, form, link, object, embed, noscript').length") == 0


def test_the_pages_of_3000_students_are_small_and_ready_soon(
    tmp_path: Path, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    with make_class(tmp_path / "book", MANY, light=True) as book:
        first = write_class_pages(tmp_path / "class", book, load_assignment("cnn"), RULES)
    sizes = {file: file.stat().st_size for file in first.parent.rglob("*.html")}
    assert len(sizes) > MANY
    assert max(sizes.values()) < MOST_BYTES
    for file in sorted(first.parent.glob("*.html")):
        with opened(browser, file) as page:
            ready = page.evaluate(READY)
            if page.locator("#search").count():
                page.locator("#search").fill("s2998")
                assert page.locator("#students tbody tr:not([hidden])").count() == 1
        with capsys.disabled():
            print(f"\n{file.name}: {sizes[file] / 1e6:.2f} MB, interactive after {ready:.0f} ms", end="")


READY = """() => {
  const search = document.getElementById("search");
  if (!search) return performance.getEntriesByType("navigation")[0].domComplete;
  const begun = performance.now();
  search.value = "conv2d.grad_input";
  search.dispatchEvent(new Event("input"));
  document.querySelector("#students thead button").click();
  document.body.getBoundingClientRect();
  return performance.getEntriesByType("navigation")[0].domComplete + performance.now() - begun;
}"""
"""How many milliseconds it takes until a page has come; and a table, until it has been searched and sorted, too."""
