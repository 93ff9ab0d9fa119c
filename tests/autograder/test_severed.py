"""A student reads where the path from a parameter breaks, what breaks it, and the fix."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.assignment import load_assignment
from autograder.checks import syntax
from autograder.checks.api import Grader
from autograder.checks.convolution import Conv2dCase
from autograder.checks.probe import probe
from autograder.checks.severed import explain, locate, where_made, where_model_severed, where_severed
from autograder.sandbox import Cut, Limits, Place, Session, strongest_tier
from autograder.sandbox.source import Source
from autograder.submission import read_submission

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOLUTION = (ROOT / "assignments/cnn/solution.py").read_text("utf-8")
SEVERED = (ROOT / "tests/submissions/cnn/wrong/severed.py").read_text("utf-8")
CASE = Conv2dCase(2, 3, 6, 5, f=4, k=3)


@contextmanager
def graded(source: str, folder: Path) -> Iterator[Grader]:
    file = folder / "assignment.py"
    file.write_text(source, "utf-8")
    submission = read_submission(file)
    with (
        Session(submission, Limits(), strongest_tier()) as session,
        Grader(load_assignment("cnn"), submission, session, 0, lambda *_: None) as grader,
    ):
        yield grader


def line_of(source: str, text: str) -> int:
    """Return the number of the only line that holds a text."""
    (number,) = [n for n, line in enumerate(source.split("\n"), 1) if text in line]
    return number


def changed(*changes: tuple[str, str]) -> str:
    """Return the model answer with some texts changed, each of which it holds once."""
    source = SOLUTION
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


RETURN = "        return attach(y.reshape(n, -1, out_h, out_w), grad_fn)\n"
ATTACHED = "        out = attach(y.reshape(n, -1, out_h, out_w), grad_fn)\n"
ZEROS = "        out = npt.zeros(n, len(self.weight), out_h, out_w)\n"


def returning(*lines: str) -> tuple[str, str]:
    """Return the change of Conv2d.forward's last line to others."""
    return RETURN, "".join(lines)


NEW = returning("        out = y.reshape(n, -1, out_h, out_w)\n", "        return Tensor(out)\n")
FILTERS, BIAS = "self.weight.arr.reshape(len(self.weight), -1)", "y = filters @ columns + self.bias.arr[:, None]"
FORWARD = "The path from {target} breaks at assignment.py line {line}, in Conv2d.forward: "


@dataclass(frozen=True)
class Wrong:
    """A change of the model answer. at: what stands where the path breaks; then: what the message names besides."""

    changes: list[tuple[str, str]]
    target: str
    at: str
    said: str
    fix: str
    then: str = ""


WRONG = {
    "new tensor": Wrong(
        [NEW],
        "weight",
        FILTERS,
        FORWARD + "`self.weight.arr` reads the values out of the graph, and line {then}, `Tensor(out)`, puts the "
        "result into a new Tensor, which has no graph.",
        "attach(out, YourGradFn(x, self.w, self.b))",
        "return Tensor(out)",
    ),
    "requires_grad=True": Wrong(
        [returning("        return npt.tensor(y.reshape(n, -1, out_h, out_w), requires_grad=True)\n")],
        "bias",
        BIAS,
        FORWARD + "`self.bias.arr` reads the values out of the graph, and line {then}, `npt.tensor(y.reshape(n, -1, "
        "out_h, out_w), requires_grad=True)`, puts",
        "`requires_grad=` makes no graph",
        "return npt.tensor(",
    ),
    "input": Wrong(
        [NEW], "input", "columns[:, :, k] = x.arr[place]", FORWARD + "`x.arr` reads", "Compute with Tensors all the way"
    ),
    "written": Wrong(
        [returning(ZEROS, "        out.arr[...] = y.reshape(out.shape)\n", "        return out\n")],
        "weight",
        FILTERS,
        "and line {then}, `out.arr[...] = y.reshape(out.shape)`, writes the result into the array behind a Tensor",
        "Assign to the Tensor itself",
        "out.arr[...] =",
    ),
    "item assignment": Wrong(
        [returning(ZEROS, "        out[...] = y.reshape(out.shape)\n", "        return out\n")],
        "weight",
        FILTERS,
        "and line {then}, `out[...] = y.reshape(out.shape)`, takes them as constants",
        "write `self.weight`, the Tensor itself",
        "out[...] =",
    ),
    "detach": Wrong(
        [returning(ATTACHED, "        return out.detach()\n")],
        "weight",
        "return out.detach()",
        FORWARD + "`out.detach()` makes a Tensor that has no graph",
        "Leave out `.detach()`",
    ),
    "copy": Wrong(
        [returning(ATTACHED, "        return npt.tensor(out)\n")],
        "bias",
        "return npt.tensor(out)",
        FORWARD + "`npt.tensor(out)` copies the values into a new Tensor",
        "Use the Tensor itself",
    ),
    "replaced": Wrong(
        [("        n, c, ", "        self.weight = nn.Parameter(self.weight.arr)\n        n, c, ")],
        "weight",
        "self.weight = nn.Parameter(self.weight.arr)",
        FORWARD + "`nn.Parameter(self.weight.arr)` makes a new parameter, which has no graph, at each call",
        "in __init__ only",
    ),
    "no_grad": Wrong(
        [returning("        with npt.no_grad():\n", "    " + ATTACHED, "        return out\n")],
        "weight",
        "out = attach(",
        FORWARD + "`attach(y.reshape(n, -1, out_h, out_w), grad_fn)` is computed under `no_grad`, which records no "
        "graph (line {then}: `npt.no_grad()`)",
        "Take it out of no_grad",
        "with npt.no_grad",
    ),
    "not given": Wrong(
        [("super().__init__(x, w, b)", "super().__init__(x, w)"), ("return None, dw, db", "return None, dw")],
        "bias",
        "return attach(y.reshape(n, -1, out_h, out_w), grad_fn)",
        FORWARD + "`attach(y.reshape(n, -1, out_h, out_w), grad_fn)` joins the result to the graph through "
        "`Conv2dGradFn`, which was not given it (line {then}: `super().__init__(x, w)`)",
        "super().__init__(x, w, b)",
        "super().__init__(x, w)",
    ),
    "refused": Wrong(
        [("return None, dw, db", "return None, dw, None"), ("return dx, dw, db", "return dx, dw, None  # here")],
        "bias",
        "# here",
        "line {line}, in Conv2dGradFn.f_d: f_d of `Conv2dGradFn` returns None for it (`return dx, dw, None`)",
        "Return its gradient there",
    ),
    "plain": Wrong(
        [("self.weight = nn.Parameter.new(", "self.weight = npt.randn(")],
        "weight",
        "self.weight = npt.randn(",
        "`weight`, made at assignment.py line {line} (`self.weight = npt.randn(out_channels, in_channels, "
        "kernel_size, kernel_size)`), is a plain Tensor, which requires no gradient",
        "self.weight = nn.Parameter(...)",
    ),
    "unused": Wrong(
        [("self.bias.arr[:, None]", "0.5"), ("x, self.weight, self.bias, columns", "x, self.weight, x, columns")],
        "bias",
        "",
        "The output does not depend on `bias`",
        "Use it in forward",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_break_is_told_with_its_line_its_expression_and_the_fix(name: str, tmp_path: Path) -> None:
    wrong = WRONG[name]
    source = changed(*wrong.changes)
    line, then = (line_of(source, text) if text else 0 for text in (wrong.at, wrong.then))
    target = "the input" if wrong.target == "input" else f"`{wrong.target}`"
    with graded(source, tmp_path) as grader:
        where = where_severed(probe(grader, CASE, ()), [wrong.target])
    assert where is not None
    assert wrong.said.format(target=target, line=line, then=then) in where.said
    assert wrong.fix in where.hint
    assert where.said.startswith(" ")
    assert where.evidence[0]["line"] == line


def test_what_depends_on_the_input_is_asked_for_as_images_are(tmp_path: Path) -> None:
    source = changed(returning(ATTACHED, "        return out if x.requires_grad else npt.tensor(out.arr)\n"))
    with graded(source, tmp_path) as grader:
        p = probe(grader, CASE, ())
        assert where_severed(p, ["weight", "bias"]) is None
        where = where_severed(p, ["weight", "bias"], requires_grad=False)
    assert where is not None
    assert "The paths from `weight`, `bias` break at" in where.said
    assert "`npt.tensor(out.arr)`" in where.said
    assert f"(line {line_of(source, 'out if x.requires_grad')}: `x.requires_grad`)" in where.hint


def test_the_breaks_of_a_model_are_told_by_place(tmp_path: Path) -> None:
    with graded(SEVERED, tmp_path) as grader:
        built = grader.session.build("MNISTClassificationModel", (), seed=0, dtype="float32")
        x = np.random.default_rng(0).random((9, 1, 28, 28), np.float32)
        where = where_model_severed(grader.session, built.id, x, ["conv.w", "conv.b"])
        assert where is not None
        made, read = line_of(SEVERED, "self.w = tensor"), line_of(SEVERED, "np.tensordot")
        assert f"`conv.w`, made at assignment.py line {made} (`self.w = tensor(np.random" in where.said
        assert f"The paths from `conv.w`, `conv.b` break at assignment.py line {read}, in Conv2d.forward" in where.said
        assert f": `self.w.arr`, `self.b.arr` (line {read + 1}) read the values out of the graph" in where.said
        assert where_model_severed(grader.session, built.id, x, ["linear.w", "linear.b"]) is None


def test_the_path_of_a_model_breaks_where_its_last_layer_that_reads_arrays_does(tmp_path: Path) -> None:
    source = changed(("x = self.features(x)", "x = self.features(x).detach()"))
    with graded(source, tmp_path) as grader:
        built = grader.session.build("MNISTClassificationModel", (), seed=0, dtype="float32")
        x = np.random.default_rng(0).random((2, 1, 28, 28), np.float32)
        where = where_model_severed(grader.session, built.id, x, [t.path for t in built.tensors])
    assert where is not None
    assert where.said.count("break") == 1
    assert "`features.0.weight`, `features.0.bias`, `features.3.weight`, `features.3.bias` break" in where.said
    assert f"line {line_of(source, '.detach()')}, in MNISTClassificationModel.forward" in where.said


@pytest.mark.parametrize("name", sorted(p.stem for p in (ROOT / "tests/submissions/cnn/right").glob("*.py")))
def test_of_a_right_hand_in_nothing_is_told(name: str, tmp_path: Path) -> None:
    with graded((ROOT / f"tests/submissions/cnn/right/{name}.py").read_text("utf-8"), tmp_path) as grader:
        p = probe(grader, CASE, ())
        cuts = locate(grader.session, p.obj, list(p.inputs.values()), [i.path for i in p.found.values()], [0])
        assert [cut.kind for cut in cuts] == ["whole"] * 3
        assert where_severed(p, ["input", "weight", "bias"]) is None


@pytest.mark.parametrize(
    "body",
    ["os._exit(0)", "raise ValueError", "raise SystemExit", "os.close(0) or os.close(1) or os._exit(1)"],
)
def test_a_hand_in_that_fails_while_it_is_watched_costs_the_advice_alone(body: str, tmp_path: Path) -> None:
    source = changed(
        NEW,
        ("import numpy as np", "import os\nfrom numpytorch._node import TensorNode\nimport numpy as np"),
        ("        n, c, ", f"        if TensorNode.__init__ is not MADE:\n            {body}\n        n, c, "),
    )
    source += "\n\nMADE = TensorNode.__init__\n"
    with graded(source, tmp_path) as grader:
        p = probe(grader, CASE, ())
        assert where_severed(p, ["weight"]) is None
        p = probe(grader, CASE, ())  # in a new worker, if the old one is gone
        assert p.call(p.inputs).arrays[0].shape == (2, 4, 4, 3)


def test_no_target_takes_no_time(tmp_path: Path) -> None:
    with graded(SOLUTION, tmp_path) as grader:
        p = probe(grader, CASE, ())
        before = grader.session.usage().wait_seconds
        assert where_severed(p, ["other"]) is None
        assert grader.session.usage().wait_seconds == before


def test_where_a_tensor_is_made_is_found_in_the_text(tmp_path: Path) -> None:
    source = changed(("self.bias = nn.Parameter(", "self.params = {}\n        self.params['b'] = nn.Parameter("))
    with graded(source, tmp_path) as grader:
        line = line_of(source, "self.params = {}")
        assert where_made(grader.session, ["params['b']"]) == (
            f" It is made at assignment.py line {line}: `self.params = {{}}`."
        )
        assert where_made(grader.session, ["features.0.kernel_size"]) == ""  # both layers have one
        assert "self.kernel_size = kernel_size" in where_made(grader.session, ["kernel_size"], "MaxPool2d")
        assert where_made(grader.session, ["nothing"]) == ""


@pytest.mark.parametrize("text", ["def f(:", "x = " + "(" * 500 + ")" * 500, "\0", ""])
def test_a_source_that_cannot_be_parsed_leaves_only_that_out(text: str) -> None:
    place = Place(1, 1, 0, "f", "x = 1")
    assert syntax.statement_at(text, place) is None
    assert syntax.attribute_made(text, "w") is None
    cut = Cut("w", "written", place, None, "arr", "", recording=True, plain=True)
    where = explain(Source(text, "a.py"), [cut], {})
    assert where is not None
    assert "`w` is a plain Tensor" in where.said
    assert "breaks at a.py line 1, in f: `x = 1` writes" in where.said
