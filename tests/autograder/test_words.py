"""Every text in the language of the run: the catalogue's form, and what a student sees in each language."""

from __future__ import annotations

import ast
import gettext
import json
import os
import re
import string
import subprocess
import sys
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from autograder import words
from autograder.assignment import load_assignment
from autograder.locale.update import merged, mo, po, po_file, read, texts
from autograder.publish.console import print_result
from autograder.runner import check_submission
from autograder.sandbox.said import SENTENCES, translated
from autograder.submission import read_submission
from autograder.words import LANGUAGES, N_, _, language, system_language
from tests.autograder.light import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from autograder.verdict import SubmissionResult

OTHERS = LANGUAGES[1:]
STUB = ROOT / "assignments" / "cnn" / "assignment.py"
SEVERED = ROOT / "tests" / "submissions" / "cnn" / "wrong" / "severed.py"
FAST = "[!m]*"  # all but the checks of the model, and those of the pooling
HANGUL = re.compile("[가-힣]")


def checked(file: Path, lang: str, only: str = FAST) -> SubmissionResult:
    with language(lang):
        return check_submission(load_assignment("cnn"), read_submission(file), only=only)


def printed(result: SubmissionResult, lang: str) -> str:
    console = Console(file=StringIO(), width=150, record=True, highlight=False)
    with language(lang):
        print_result(console, result)
    return console.export_text()


def english_of_ours(text: str) -> list[str]:
    """List the parts of our English texts that stand in a text: runs of two words or more between placeholders."""
    parts = {part for msgid in texts() for part, *_rest in string.Formatter().parse(msgid)}
    prose = {part.strip() for part in parts if re.search(r"[A-Za-z]{3,} [a-z]{2,}", part)}
    flat = " ".join(text.split())
    return sorted(part for part in prose if " ".join(part.split()) in flat)


# ---- the catalogue ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", OTHERS)
def test_translations_have_the_placeholders_of_their_texts(lang: str) -> None:
    def placeholders(text: str) -> set[tuple[str, str | None, str | None]]:
        return {(name, spec, how) for _text, name, spec, how in string.Formatter().parse(text) if name is not None}

    for english, translation in read(po_file(lang)).items():
        if translation:
            assert placeholders(translation) == placeholders(english), english


@pytest.mark.parametrize("lang", OTHERS)
def test_translations_keep_the_code_of_their_texts(lang: str) -> None:
    for english, translation in read(po_file(lang)).items():
        if translation:
            assert set(re.findall(r"`[^`]+`", translation)) == set(re.findall(r"`[^`]+`", english)), english


@pytest.mark.parametrize("lang", OTHERS)
def test_no_particle_depends_on_a_value(lang: str) -> None:
    alone = re.compile(r"\}`?(은|는|이|가|을|를|과|와|으로|로)(?![가-힣(])")
    for translation in read(po_file(lang)).values():
        assert not alone.search(translation), translation


@pytest.mark.parametrize("lang", OTHERS)
def test_the_compiled_catalogue_is_that_of_the_source(lang: str) -> None:
    source = {english: translation for english, translation in read(po_file(lang)).items() if translation}
    with po_file(lang).with_suffix(".mo").open("rb") as stream:
        compiled = gettext.GNUTranslations(stream)
    known = {english: compiled.gettext(english) for english in source}
    assert known == source
    assert mo(merged({t: [] for t in source}, source), lang) == po_file(lang).with_suffix(".mo").read_bytes()


@pytest.mark.parametrize("lang", OTHERS)
def test_updating_twice_changes_nothing_and_names_no_date_place_or_person(lang: str, tmp_path: Path) -> None:
    wanted = texts()
    once = po(merged(wanted, read(po_file(lang))), lang)
    (tmp_path / "once.po").write_bytes(once)
    assert po(merged(wanted, read(tmp_path / "once.po")), lang) == once
    header = once.decode().split("\n\n")[0]
    assert not re.search(r"\d{4}|@|Translator|/home|\\\\", header), header


def test_what_is_found_in_the_sources_is_all_there_is(tmp_path: Path) -> None:
    found = texts()
    assert "Conv2d.forward computes the cross-correlation" in found  # a title
    assert "MaxPool2d.__init__: keep the sizes." in found  # raised by a stub
    assert "Right in all {count} configurations." in found  # _()
    assert "when two losses use the output" in found  # N_()
    assert "" not in found
    for file in (*ROOT.glob("autograder/**/*.py"), *ROOT.glob("assignments/*/*.py")):
        assert not re.search(r"\bN?_\(\s*r?f[\"']", file.read_text("utf-8")), f"{file}: a text with values already in"


def test_nothing_is_translated_before_the_language_is_known() -> None:
    def at_import(node: ast.AST) -> Iterator[ast.AST]:
        yield node
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.FunctionDef | ast.Lambda) and child is not node.args:
                continue
            yield from at_import(child)

    for file in (*ROOT.glob("autograder/**/*.py"), *ROOT.glob("assignments/*/*.py")):
        for node in at_import(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "_", f"{file}:{node.lineno}: use N_ here, and _ where it is shown"


# ---- looking up ------------------------------------------------------------------------------------------


def test_a_text_is_translated_and_its_values_put_in() -> None:
    assert _("Hint: {hint}", hint="x") == "Hint: x"
    with language("ko"):
        assert _("Hint: {hint}", hint="{x}") == "힌트: {x}"
        assert _("a text that nobody has translated {braces}") == "a text that nobody has translated {braces}"
        assert _("") == ""
        assert N_("Hint: {hint}") == "Hint: {hint}"
    assert words.current_language() == "en"


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected one of en, ko, got 'fr'"), language("fr"):
        pass


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "ko_KR.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}, "ko"),
        ({"LANG": "kok_IN"}, "en"),
        ({}, "en"),
    ],
)
def test_the_systems_language(variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    assert system_language() == expected


def test_on_windows_the_language_is_that_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: ("Korean_Korea", "949"))
    assert system_language() == "ko"


def test_sentences_that_come_back_from_the_worker_are_those_it_has() -> None:
    def blank(node: ast.expr) -> str:
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts if is_text(part))

    def is_text(part: ast.expr) -> bool:
        return isinstance(part, ast.FormattedValue) or (isinstance(part, ast.Constant) and isinstance(part.value, str))

    there: set[str] = set()
    for place in ("autograder/sandbox/worker/*.py", "numpytorch/**/*.py", "assignments/*/harness.py"):
        for file in ROOT.glob(place):
            calls = (node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Call))
            there |= {blank(call.args[0]) for call in calls if call.args}
    for sentence in SENTENCES:
        assert re.sub(r"\{\w+\}", "{}", sentence) in there, sentence


def test_a_sentence_from_the_worker_is_translated_and_any_other_left_alone() -> None:
    with language("ko"):
        assert translated("expected a class Conv2d in the hand-in, got none. Define it, with that name.").startswith(
            "제출물에 클래스 Conv2d이(가)"
        )
        assert translated("MaxPool2d.__init__: keep the sizes.") == "MaxPool2d.__init__: 크기들을 저장하세요."
        assert translated("shapes (2, 3) and {0} differ") == "shapes (2, 3) and {0} differ"
        assert translated("") == ""


# ---- what a student sees ---------------------------------------------------------------------------------


def without_texts(result: SubmissionResult) -> Any:
    """Return a result as JSON has it, less what is told in words and what the clock says."""
    tree = json.loads(result.to_json())
    del tree["language"], tree["timing"]
    for check in tree["checks"]:
        for name in ("title", "message", "hint", "seconds"):
            del check[name]
        for cut in check["evidence"].get("breaks", ()):  # what is told of where the graph is cut
            del cut["targets"], cut["said"], cut["fix"]
    return tree


@pytest.mark.parametrize("file", [STUB, SEVERED], ids=["stub", "severed"])
def test_the_result_is_the_same_in_both_languages_but_for_its_texts(file: Path) -> None:
    english, korean = checked(file, "en"), checked(file, "ko")
    assert (english.language, korean.language) == ("en", "ko")
    assert without_texts(english) == without_texts(korean)
    for e, k in zip(english.checks, korean.checks, strict=True):
        assert not HANGUL.search(e.title + e.message + e.hint), e
        assert HANGUL.search(k.title), k
        assert HANGUL.search(k.message), k
        assert bool(HANGUL.search(k.hint)) == bool(e.hint), k


@pytest.mark.parametrize("lang", LANGUAGES)
def test_columns_stand_below_each_other_in_every_language(lang: str) -> None:
    result = checked(SEVERED, lang)
    lines = printed(result, lang).splitlines()
    starts = {
        cell_len(line[: line.index(f" {c.id} ") + 1]) for c in result.checks for line in lines if f" {c.id} " in line
    }
    assert len(starts) == 1, starts
    titles = {cell_len(line[: line.index(c.title)]) for c in result.checks for line in lines if f" {c.id} " in line}
    assert len(titles) == 1, titles
    assert all(cell_len(line.rstrip()) <= 150 for line in lines)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from autograder.cli import main; main()", "check", "cnn", *arguments]
    settings = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", "COLUMNS": "150", **environment}
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=settings, timeout=60, check=False
    )


def test_lang_chooses_the_language_of_the_terminal_and_of_the_json(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    done = run(str(SEVERED), "--only", "conv2d.parameters", "--lang", "ko", "--json", str(out))
    assert done.returncode == 1, done.stderr
    assert "점수: 5점 중 0점" in done.stdout
    result = json.loads(out.read_text("utf-8"))
    assert result["language"] == "ko"
    (check,) = result["checks"]
    for text in (check["title"], check["message"], check["hint"]):
        assert HANGUL.search(text)
        assert "".join(text.split()) in "".join(done.stdout.split())
    assert (check["status"], check["evidence"]["cause"]) == ("failed", "plain_tensor")


def test_the_language_is_the_systems_unless_lang_says_another() -> None:
    only = (str(STUB), "--only", "policy")
    assert "점수:" in run(*only, LC_ALL="ko_KR.UTF-8").stdout
    assert "Score:" in run(*only, "--lang", "en", LC_ALL="ko_KR.UTF-8").stdout
    assert "Score:" in run(*only).stdout


def test_a_terminal_that_cannot_show_korean_is_no_fault_of_the_grader() -> None:
    done = run(str(STUB), "--only", "policy", "--lang", "ko", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "policy" in done.stdout
    assert "Traceback" not in done.stderr


def test_usage_errors_are_in_the_language_too() -> None:
    done = run("nowhere.py", "--lang", "ko")
    assert done.returncode == 2
    assert "nowhere.py: 파일이나 폴더여야" in done.stderr
    assert run(str(STUB), "--lang", "fr").returncode == 2
