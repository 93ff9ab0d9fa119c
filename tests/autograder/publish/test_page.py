"""docs/publishing.md: the commands it shows are there, and what it says is refused is."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from tests.autograder.light import ROOT

PAGE = (ROOT / "docs" / "publishing.md").read_text("utf-8")
SHOWN = [shlex.split(line, comments=True) for line in re.findall(r"^(?:```sh\n)?(autograder .*)$", PAGE, re.MULTILINE)]
SHOWN += [shlex.split(text) for text in re.findall(r"`(autograder [^`]*)`", PAGE.replace("\n", " "))]


@pytest.mark.parametrize("command", sorted({words[1] for words in SHOWN}))
def test_every_option_that_the_page_names_is_one(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    options = set(re.findall(r"--[a-z][a-z-]+", done.stdout))
    for words in SHOWN:
        assert words[1] != command or {w for w in words if w.startswith("--")} <= options


def test_every_option_of_publish_is_there() -> None:
    told = CliRunner().invoke(app, ["publish", "--help"], env={"COLUMNS": "200"}).stdout
    options = set(re.findall(r"--[a-z][a-z-]+", told))
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE)) - {"--github", "--against", "--json"}
    assert named <= options
    assert {"--hold", "--release", "--canvas", "--moodle", "--format", "--url", "--feedback", "--column"} <= named


def test_the_schemas_that_the_page_links_to_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert "schema/gradebook.json" in links
    assert all((ROOT / "docs" / link).is_file() for link in links)
