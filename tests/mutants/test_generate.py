"""What mutants are made of a line, and that they are valid Python with only that line changed."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.generate import mutants, shared_functions

CASES = [
    ("return a + b", {"a", "b", "a - b", "return -(a + b)"}),
    ("return a @ b.T", {"a", "b.T", "b.T @ a", "b", "return -(a @ b.T)"}),
    ("return a / b", {"a", "b", "a * b", "b / a", "return -(a / b)"}),
    ("return da, db", {"return (-da, db)", "return (da, -db)", "return (db, da)"}),
    ("a += b", {"a = b", "a -= b", "pass"}),
    ("a[i, :] = b", {"pass", "a[i - 1, :]", "a[i, 1:]", "a[i, :-1]", "a[:, i]"}),
    ("a = b[k:]", {"pass", "b[k + 1:]", "b[k - 1:]", "b[:]", "b[k:-1]"}),
    ("a = b[2]", {"pass", "3", "1"}),
    ("a = b > c", {"pass", "b >= c"}),
    ("a = -b", {"pass", "b"}),
    ("a = b.sum(axis=-1)", {"pass", "b.mean(axis=-1)", "b", "b.sum()", "1", "0"}),
    ("a = b.sum(axis=(0, 2))", {"pass", "b.mean(axis=(0, 2))", "b", "b.sum()", "1", "-1", "3"}),
    ("a = np.transpose(b, (2, 0, 1))", {"pass", "b", "np.transpose((2, 0, 1), b)", "np.transpose(b, (0, 2, 1))",
                                        "np.transpose(b, (2, 1, 0))", "3", "1", "-1", "2", "0"}),
    ("a = b.swapaxes(1, 2)", {"pass", "b", "2", "0", "3", "1"}),
    ("a = b.reshape(n, m)", {"pass", "b", "b.reshape(m, n)", "b.transpose(n, m)"}),
    ("a = np.maximum(b, c)", {"pass", "np.minimum(b, c)"}),
    ("a = np.zeros_like(b)", {"pass", "np.ones_like(b)"}),
    ("a = range(b)", {"pass", "range(b + 1)", "range(b - 1)"}),
    ("a = True", {"pass", "False"}),
    ("return a, a", {"return (-a, a)", "return (a, -a)"}),
    ("a = zip(b, c, strict=True)", {"pass"}),
    ("a = b if c else d", {"pass", "b", "d"}),
    ("if a: ...", {"if not a: ...", "pass"}),
    ("'A docstring.'", set()),
    ("raise ValueError(a + 1)", set()),
]  # fmt: skip


def changes(source: str) -> list[str]:
    return [m.mutation for m in mutants(source)]


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[line for line, _ in CASES])
def test_a_line_has_the_mutants_that_slips_would_make_of_it(line: str, expected: set[str]) -> None:
    made = {m.partition(" -> ")[2].removesuffix(" (2)") for m in changes(f"def f(x):\n    {line}\n")}
    assert {m.replace("(a, b)", "a, b") for m in made} == expected


def test_each_mutant_is_valid_and_differs_in_its_own_lines_only() -> None:
    source = """
class A:
    'Text.'

    def f(self, x, n=1):  # é
        for i in range(n):
            if x[i] > 0:
                x = x - 1  # a comment
        return x * 2, n


def g(y):
    return y + 1
"""
    made = mutants(source)
    assert len({m.source for m in made}) == len({m.key for m in made}) == len(made)
    for m in made:
        assert ast.dump(ast.parse(m.source)) != ast.dump(ast.parse(source)), m
        assert m.source.splitlines()[: m.number - 1] == source.splitlines()[: m.number - 1]
        assert m.line == source.splitlines()[m.number - 1].strip()
    assert {m.function for m in made} == {"A.f", "g"}
    assert {m.function for m in mutants(source, {"A"})} == {"g"}


def test_mutants_of_one_name_are_numbered() -> None:
    assert changes("def f(a):\n    g(1, 1)\n")[1:] == ["1 -> 2", "1 -> 0", "1 -> 2 (2)", "1 -> 0 (2)"]


def test_the_diff_shows_the_change() -> None:
    source = "def f(a, b):\n    a += b\n    return None\n"
    assert "-    a += b\n+    a = b" in mutants(source)[0].diff(source)


def test_functions_that_a_stub_gives_are_found() -> None:
    source = "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
    stub = source.replace("return 2", "raise NotImplementedError").replace("return 1", "return 1  # given")
    assert shared_functions(source, stub) == {"A.f"}
