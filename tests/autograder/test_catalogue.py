"""The catalogue is complete: every text that a student may see is there, in every language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from autograder.assignment import assignment_names, load_assignment
from autograder.locale.update import ROOT, po_file, read, texts
from autograder.words import _, language
from tests.autograder.test_words import HANGUL, OTHERS, SEVERED, STUB, checked, english_of_ours, printed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("lang", OTHERS)
def test_every_text_of_the_sources_is_translated_and_no_other(lang: str) -> None:
    known = read(po_file(lang))
    assert set(known) == set(texts()), "run `make words`, and translate what it finds new"
    assert not [english for english, translation in known.items() if not translation]
    assert "fuzzy" not in po_file(lang).read_text("utf-8")


@pytest.mark.parametrize("name", assignment_names())
def test_every_title_is_translated(name: str) -> None:
    with language("ko"):
        for check, _settings in load_assignment(name).checks:
            assert HANGUL.search(_(check.title)), check.title


@pytest.mark.parametrize("file", [STUB, SEVERED], ids=["stub", "severed"])
def test_no_english_of_ours_is_left_in_a_korean_report(file: Path) -> None:
    result = checked(file, "ko", only="*")
    told = "\n".join(f"{c.title}\n{c.message}\n{c.hint}" for c in result.checks)
    assert not english_of_ours(told + printed(result, "ko"))


def test_english_would_be_noticed() -> None:
    assert english_of_ours(printed(checked(SEVERED, "en"), "en"))


def test_every_text_of_the_templates_is_found() -> None:
    for file in ROOT.glob("autograder/**/templates/**/*.html"):
        name = file.relative_to(ROOT).as_posix()
        written = set(re.findall(r'\b_\("([^"]+)"', file.read_text("utf-8")))
        assert {text for text, places in texts().items() if name in places} == written, name
    assert "autograder/publish/pages/templates/student.html" in texts()["{label}, read as {predicted}"]
