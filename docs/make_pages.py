"""Take the README's pictures of pages, in a browser, of what `autograder demo` published.

autograder demo --no-open && python docs/make_pages.py autograder-demo

Needs Playwright and a Chromium: of the system, or what `playwright install chromium` fetches.
"""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).parent
STUDENT = "Okafor, Amara"
WIDTH = 1120


def main() -> None:
    """Write docs/class.png and docs/student.png."""
    published = Path(sys.argv[1]).resolve() / "published"
    with (published / "private" / "links.csv").open(encoding="utf-8-sig", newline="") as links:
        pages = {line["name"]: line["page"] for line in csv.DictReader(links)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, locale="en-US")
        shoot(page, published / "private" / "class" / "index.html", "class.png", 980)
        shoot(page, published / "public" / pages[STUDENT], "student.png", 1360)
        browser.close()


def shoot(page: Page, file: Path, name: str, height: int) -> None:
    """Take a picture of the top of a page."""
    page.goto(file.as_uri())
    page.screenshot(path=DOCS / name, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})


if __name__ == "__main__":
    main()
