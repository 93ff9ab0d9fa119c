"""A handout says the same in both languages: the same parts, code, tables and numbers, each linked to the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.autograder.light import ROOT

if TYPE_CHECKING:
    from pathlib import Path

KOREAN = sorted(ROOT.glob("assignments/*/*.ko.md"))


def english(korean: Path) -> Path:
    return korean.with_name(korean.name.replace(".ko.md", ".md"))


def name(korean: Path) -> str:
    return korean.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("korean", KOREAN, ids=name)
def test_it_has_the_same_parts(korean: Path) -> None:
    def outline(text: str) -> list[str]:
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        return re.findall(r"^(#+ |\||    )", prose, flags=re.MULTILINE)

    assert outline(korean.read_text("utf-8")) == outline(english(korean).read_text("utf-8"))


@pytest.mark.parametrize("korean", KOREAN, ids=name)
def test_it_has_the_same_code_but_for_comments(korean: Path) -> None:
    def code(text: str) -> list[str]:
        blocks = re.findall(r"```\w*\n.*?```", text, flags=re.DOTALL)
        return [re.sub(r"\s*#.*", "", block) for block in blocks]

    assert code(korean.read_text("utf-8")) == code(english(korean).read_text("utf-8"))


@pytest.mark.parametrize("korean", KOREAN, ids=name)
def test_it_names_the_same_things(korean: Path) -> None:
    def names(text: str) -> set[str]:
        spans = re.findall(r"`[^`]+`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        return {" ".join(span.split()).replace(".ko.md", ".md") for span in spans}

    assert names(korean.read_text("utf-8")) == names(english(korean).read_text("utf-8"))


@pytest.mark.parametrize("korean", KOREAN, ids=name)
def test_each_links_to_the_other(korean: Path) -> None:
    assert f"]({korean.name})" in english(korean).read_text("utf-8")
    assert f"]({english(korean).name})" in korean.read_text("utf-8")
