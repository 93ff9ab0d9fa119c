"""Sources that attack whoever reads them: decodes, parses, measures or type-checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autograder.sandbox import strongest_tier
from autograder.submission import SubmissionError, read_submission
from autograder.verdict import Status
from tests.autograder.light import SOLUTION
from tests.hostile.suite import Host, grade

if TYPE_CHECKING:
    from pathlib import Path

HOST = Host("", ("maxpool2d.forward", "types.strict", "policy"), assignment="cnn", seconds=3)

SOURCES = {
    "nested as deep as the worker can take": f"X = {'-' * 2900}1\n",
    "nested deeper than anything can take": f"X = {'(' * 100_000}\n",
    "a chain of 100,000 operations": f"X = {'1+' * 100_000}1\n",
    "100,000 attributes of attributes": f"X = int{'.real' * 100_000}\n",
    "a hundred levels of blocks": "".join(f"{' ' * i}if True:\n" for i in range(100)) + " " * 100 + "pass\n",
    "a line of a million characters": f"X = '{'x' * 900_000}'\n",
    "300,000 lines": "\n" * 300_000,
    "a number of 900,000 digits": f"X = {'9' * 900_000}\n",
    "brackets that are never closed": "X = [" * 150 + "\n",
    "braces in strings in braces": "X = " + "f'{" * 140 + "1" + "}'" * 140 + "\n",
    "a string that never ends": "X = '''" + "x\n" * 300_000,
    "lines that go on and on": "X = 1 + \\\n" * 100_000 + "1\n",
    "form feeds, carriage returns and separators": "X = 1\x0c\nY = 2\x0b\x1c\x1d\x1e\x85\u2028\u2029\n",
    "names that look like others": "from numpytorch import nn as ｎｎ\nprınt = ｐｒｉｎｔ = None\n",
    "text from right to left": "# \u202e\u2066 'pass' \u2069\u202c\nX = '\u202e'\n",
    "types that double fifty times": "X0 = (1, 'a')\n" + "".join(f"X{i + 1} = (X{i}, X{i})\n" for i in range(50)),
    "a type of itself": "A = list['B'] | None\nB = dict[str, 'A'] | tuple['B', ...] | 'A'\nx: B = [{'a': [[]]}]\n",
    "three hundred overloads": "from typing import overload\n"
    + "".join(f"@overload\ndef f(x: tuple[int, *tuple[str, ...]], y: int = {i}) -> int: ...\n" for i in range(300))
    + "def f(x: object, y: int = 0) -> int:\n    return 0\n",
    "a union of a thousand literals, times itself": "from typing import Literal\n"
    f"L = Literal[{', '.join(map(str, range(1000)))}]\n"
    "def f(a: L, b: L, c: L) -> tuple[L, L, L]:\n    return (c, b, a) if a == b == c else (a, b, c)\n",
    "directives for every tool": "# mypy: ignore-errors, plugins=evil\n# type: ignore\n# ruff: noqa\n# pyright: basic\n"
    "# -*- coding: latin-1 -*-\n# pylint: disable=all\n# flake8: noqa\n# nosec\n",
}
"""Graded alone, and at the end of a hand-in that is right."""


@pytest.mark.parametrize("where", ["alone", "with what is right"])
@pytest.mark.parametrize("name", SOURCES)
def test_a_source_harms_nobody_but_its_author(name: str, where: str, tmp_path: Path) -> None:
    text = SOURCES[name] if where == "alone" else SOLUTION + SOURCES[name]
    (tmp_path / "assignment.py").write_text(text, "utf-8")
    try:
        source = read_submission(tmp_path).source
    except SubmissionError:
        return
    result = grade(source, HOST, strongest_tier().name)
    assert all(check.status is not Status.GRADER_FAULT for check in result.checks), result.to_json().decode()
    if where == "alone":
        assert result.score == 0 or {c.id for c in result.checks if c.score} <= {"types.strict", "policy"}


@pytest.mark.parametrize("encoding", ["rot13", "hex", "zip", "idna", "utf-16", "undefined", "no-such"])
def test_an_encoding_that_is_not_of_text_is_refused_on_that_hand_in_alone(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "assignment.py").write_bytes(
        f"# coding: {encoding}\nX = '\\x00\\ud800'\nraise".encode() + b"\xff\xfe\n"
    )
    with pytest.raises(SubmissionError, match="Save it again as UTF-8"):
        read_submission(tmp_path)
