"""A session finds the expression at which the path from a Tensor to the output leaves the graph.

Long, for each way of leaving it that was ever seen is one hand-in of a few lines, and one test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from autograder.sandbox import (
    Array,
    Cut,
    Limits,
    Place,
    ProtocolError,
    Session,
    StudentError,
    WorkerCrashed,
    WorkerTimeout,
    strongest_tier,
)
from autograder.sandbox import messages as m
from autograder.sandbox.source import Source
from autograder.submission import read_submission

from .helpers import frame, liar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .helpers import OpenSession

HEADER = """\
import random
import numpy as np
import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, attach

class Base(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.7]]))
        self.b = nn.Parameter(npt.ones(2))
"""

# Each forward of a subclass of Base, whose right one is `x @ self.w + self.b`.
WRONG = {
    "arr": """
        n, d = x.arr.shape
        out = x.arr @ self.w.arr
        dtype = self.w.arr.dtype
        return Tensor(out.astype(dtype)) + self.b""",
    "numpy": """
        values = x.numpy() @ self.w.numpy()
        return npt.tensor(values) + self.b""",
    "item": """
        out = npt.zeros(len(x), 2)
        for i in range(len(x)):
            for j in range(2):
                out[i, j] = (x[i] * self.w[:, j]).sum().item()
        return out + self.b""",
    "constant": """
        return x @ self.w.arr + self.b""",
    "detach": """
        return (x @ self.w).detach() + self.b""",
    "copy": """
        return x @ Tensor(self.w) + self.b""",
    "written": """
        out = npt.zeros(len(x), 2)
        for i in range(out.arr.shape[0]):
            out.arr[i] = x.arr[i] @ self.w.arr
        return out + self.b""",
    "set": """
        out = npt.zeros(len(x), 2)
        out.arr = x.arr @ self.w.arr
        return out + self.b""",
    "added": """
        out = x @ self.w
        out.arr += self.b.arr
        return out""",
    "alias": """
        values = (out := npt.zeros(len(x), 2)).arr
        values[...] = x.arr @ self.w.arr
        return out + self.b""",
    "no_grad": """
        with npt.no_grad():
            y = x @ self.w
        return y + self.b""",
    "unused": """
        return x @ self.w""",
    "replaced": """
        self.w = nn.Parameter(self.w.arr / 2)
        return x @ self.w + self.b""",
    "comprehension": """
        f = lambda t: t.arr
        rows = [[float((f(x)[i] * self.w.arr[:, j]).sum()) for j in range(2)] for i in range(len(x))]
        return Tensor(rows) + self.b""",
    "helper": """
        logged = Tensor(self.w.arr * 2)
        y = x @ self.w
        return Tensor(np.tanh(values_of(y))) + self.b""",
    "conditional": """
        y = x @ self.w + self.b
        return y if x.requires_grad else Tensor(y.arr)""",
    "drawn": """
        keep = np.random.rand(*x.shape) > 0.3
        return Tensor(x.arr * keep * random.random()) @ self.w + self.b""",
    "noisy": """
        noise = Tensor(np.random.default_rng().random(2))
        return Tensor((x @ self.w).arr) + noise + self.b""",
    "two": """
        y = Tensor(np.tanh((x @ self.w).arr))
        z = y + self.b
        return Tensor(np.tanh(z.arr))""",
    "array": """
        return (x @ self.w + self.b).arr""",
    "not_given": """
        return attach(x.arr @ self.w.arr + self.b.arr, NotGiven(x, self.w, self.b))""",
    "given_a_copy": """
        return attach(x.arr @ self.w.arr + self.b.arr, GivenACopy(x, self.w, self.b))""",
    "refused": """
        return attach(x.arr @ self.w.arr + self.b.arr, Refusing(x, self.w, self.b))""",
}
RULES = """
def values_of(tensor):
    return tensor.arr

class NotGiven(GradFn):
    def __init__(self, x, w, b):
        super().__init__(x, w)
    def f_d(self, x, w, y):
        return y.grad @ w.arr.T, x.arr.T @ y.grad

class GivenACopy(GradFn):
    def __init__(self, x, w, b):
        super().__init__(x, w, npt.tensor(b))
    def f_d(self, x, w, b, y):
        return y.grad @ w.arr.T, x.arr.T @ y.grad, y.grad.sum(0)

class Refusing(GradFn):
    def f_d(self, x, w, b, y):
        db = None
        if len(x.arr):
            return y.grad @ w.arr.T, x.arr.T @ y.grad, db
        return ()

class Whole(GradFn):
    def f_d(self, x, w, b, y):
        return y.grad @ w.arr.T, x.arr.T @ y.grad, y.grad.sum(0)
"""
RIGHT = {
    "tensors": """
        return x @ self.w + self.b""",
    "written_to": """
        out = npt.zeros(len(x), 2)
        for i in range(len(x.arr)):
            out[i] = x[i] @ self.w
        out += self.b
        return out""",
    "rule": """
        columns = Tensor(x.arr)
        y = columns.arr @ self.w.arr + self.b.numpy()
        return attach(y, Whole(x, self.w, self.b))""",
    "old_rule": """
        y = x.arr @ self.w.arr + self.b.arr
        return Tensor(y, requires_grad=x.requires_grad, is_leaf=False, grad_fn=Whole(x, self.w, self.b))""",
    "notes": """
        self.seen = x.arr.copy()
        self.mean = self.w.arr.mean().item() + Tensor(self.w.arr).arr.sum()
        with npt.no_grad():
            self.other = x @ self.w
        return x @ self.w + self.b""",
    "numpy_functions": """
        return np.add(np.einsum("nd,dh->nh", x, self.w), self.b)""",
}


def source_of(forwards: dict[str, str]) -> str:
    return HEADER + RULES + "".join(f"\nclass {n}(Base):\n    def forward(self, x):{f}\n" for n, f in forwards.items())


SOURCE = (
    source_of({**WRONG, **RIGHT})
    + """
class Plain(nn.Module):
    def __init__(self):
        self.w = npt.tensor(np.ones((3, 2)))
        self.held = {"b": Tensor(np.ones(2)), "c": [nn.Parameter(npt.ones(2))]}
    def forward(self, x):
        return x @ self.w + self.held["b"].arr * self.held["c"][0]

class AsArray(nn.Module):
    def __init__(self):
        self.w = Tensor(np.ones((3, 2)))
    def forward(self, x):
        return Tensor(x.arr @ np.asarray(self.w))

class Alias(Base):
    def __init__(self):
        super().__init__()
        self.old = self.w.arr
    def forward(self, x):
        return x @ self.old + self.b

class Pair(Base):
    def forward(self, x):
        return x @ self.w, Tensor((x @ self.w).arr)

class Raises(Base):
    def forward(self, x):
        raise ValueError("wrong")

class Picky(Base):
    def forward(self, x):
        if self.b.arr[0] != 1:
            raise ValueError("b has changed")
        return Tensor((x @ self.w).arr) * self.b.arr

class Untouched(Base):
    found = vars(Tensor)["arr"], npt._node.TensorNode.__init__
    def forward(self, x):
        now = vars(Tensor)["arr"], npt._node.TensorNode.__init__
        self.count = getattr(self, "count", 0) + 1
        return Tensor([float(now == self.found), np.random.rand(), self.count]) + self.w.arr.sum() + self.b.sum()
"""
)
X = np.random.default_rng(0).standard_normal((4, 3))
INPUT = "the input"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    file = tmp_path_factory.mktemp("hand-in") / "assignment.py"
    file.write_text(SOURCE, encoding="utf-8")
    with Session(read_submission(file), Limits(), strongest_tier()) as session:
        session.load()
        yield session


def cuts_of(session: Session, cls: str, requires_grad: bool = True) -> dict[str | int, Cut]:
    built = session.build(cls, (), seed=0)
    into = [0] if requires_grad else []
    paths = [tensor.path for tensor in built.tensors]
    return {
        cut.target: cut for cut in session.locate(built.id, [X], paths=paths, into=into, requires_grad=requires_grad)
    }


def told(place: Place | None, cls: str) -> str | None:
    """Return the text of a place, having seen that it stands there in the source, in that class or another."""
    if place is None:
        return None
    line = SOURCE.split("\n")[place.line - 1]
    assert line[place.column :].startswith(place.text)
    assert place.function.split(".")[0] in (cls, "values_of", "GivenACopy", "Refusing")
    return place.text


@pytest.mark.parametrize(
    ("cls", "target", "kind", "made", "read"),
    [
        ("arr", "w", "made", "Tensor(out.astype(dtype))", "self.w.arr"),
        ("arr", 0, "made", "Tensor(out.astype(dtype))", "x.arr"),
        ("numpy", "w", "made", "npt.tensor(values)", "self.w.numpy()"),
        ("item", "w", "made", "out[i, j]", "(x[i] * self.w[:, j]).sum().item()"),
        ("constant", "w", "made", "x @ self.w.arr", "self.w.arr"),
        ("detach", "w", "made", "(x @ self.w).detach()", None),
        ("detach", 0, "made", "(x @ self.w).detach()", None),
        ("copy", "w", "made", "Tensor(self.w)", None),
        ("written", "w", "written", "out.arr", "self.w.arr"),
        ("written", 0, "written", "out.arr", "x.arr"),
        ("set", "w", "set", "out.arr", "self.w.arr"),
        ("added", "b", "written", "out.arr", "self.b.arr"),
        ("alias", "w", "written", "(out := npt.zeros(len(x), 2)).arr", "self.w.arr"),
        ("no_grad", "w", "made", "x @ self.w", None),
        ("unused", "b", "unused", None, None),
        ("replaced", "w", "made", "nn.Parameter(self.w.arr / 2)", "self.w.arr"),
        ("comprehension", "w", "made", "Tensor(rows)", "self.w.arr"),
        ("comprehension", 0, "made", "Tensor(rows)", "t.arr"),
        ("helper", "w", "made", "Tensor(np.tanh(values_of(y)))", "tensor.arr"),
        ("drawn", 0, "made", "Tensor(x.arr * keep * random.random())", "x.arr"),
        ("noisy", "w", "made", "Tensor((x @ self.w).arr)", "(x @ self.w).arr"),
        ("two", "w", "made", "Tensor(np.tanh((x @ self.w).arr))", "(x @ self.w).arr"),
        ("two", "b", "made", "Tensor(np.tanh(z.arr))", "z.arr"),
        ("array", "b", "read", None, "(x @ self.w + self.b).arr"),
        (
            "not_given",
            "b",
            "made",
            "attach(x.arr @ self.w.arr + self.b.arr, NotGiven(x, self.w, self.b))",
            "self.b.arr",
        ),
        ("given_a_copy", "b", "made", "npt.tensor(b)", None),
        ("refused", "b", "refused", "return y.grad @ w.arr.T, x.arr.T @ y.grad, db", None),
        ("Alias", "w", "made", "x @ self.old", None),
        ("Plain", "held['b']", "made", 'self.held["b"].arr * self.held["c"][0]', 'self.held["b"].arr'),
    ],
)
def test_the_expression_that_breaks_a_path_is_found(
    session: Session, cls: str, target: str | int, kind: str, made: str | None, read: str | None
) -> None:
    cut = cuts_of(session, cls)[target]
    assert (cut.kind, told(cut.made, cls), told(cut.read, cls)) == (kind, made, read)


def test_each_break_stands_at_its_line(session: Session) -> None:
    first = next(i for i, line in enumerate(SOURCE.split("\n"), 1) if line == "class arr(Base):")
    cut = cuts_of(session, "arr")["w"]
    assert cut.made is not None
    assert cut.read is not None
    assert (cut.read.line - first, cut.made.line - first) == (3, 5)
    assert cut.made.function == "arr.forward"


@pytest.mark.parametrize("cls", WRONG)
def test_what_does_arrive_is_told_to_be_whole(session: Session, cls: str) -> None:
    built = session.build(cls, (), seed=0)
    output = session.call(built.id, [X])
    if not output.requires_grad or cls == "array":
        return
    arrived = session.backward(output.id, np.ones((4, 2)))
    gradients: dict[str | int, Array | None] = {0: arrived.inputs[0]}
    gradients.update(arrived.tensors.items())
    cuts = cuts_of(session, cls)
    # A parameter that forward replaces is told as a break, though the new one gets a gradient.
    expected = {t for t, g in gradients.items() if g is not None and (cls, t) != ("replaced", "w")}
    assert {target for target, cut in cuts.items() if cut.kind == "whole"} == expected


@pytest.mark.parametrize("cls", RIGHT)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_reads_that_break_no_path_are_harmless(session: Session, cls: str, requires_grad: bool) -> None:
    cuts = cuts_of(session, cls, requires_grad)
    assert set(cuts) == ({"w", "b", 0} if requires_grad else {"w", "b"})
    assert all((cut.kind, cut.made, cut.read, cut.plain) == ("whole", None, None, False) for cut in cuts.values())


def test_what_happens_only_where_the_input_requires_no_gradient_is_seen_there(session: Session) -> None:
    assert cuts_of(session, "conditional")["w"].kind == "whole"
    cut = cuts_of(session, "conditional", requires_grad=False)["w"]
    assert (told(cut.made, "conditional"), told(cut.read, "conditional")) == ("Tensor(y.arr)", "y.arr")


def test_a_plain_tensor_is_looked_at_as_if_it_were_a_parameter(session: Session) -> None:
    cuts = cuts_of(session, "Plain")
    assert {target: (cut.kind, cut.plain) for target, cut in cuts.items()} == {
        "w": ("whole", True),
        "held['b']": ("made", True),
        "held['c'][0]": ("whole", False),
        0: ("whole", False),
    }


def test_a_plain_tensor_that_the_hand_in_needs_to_be_one_is_only_told_to_be_plain(session: Session) -> None:
    cuts = cuts_of(session, "AsArray")
    assert (cuts["w"].kind, cuts["w"].plain) == ("whole", True)
    assert told(cuts[0].read, "AsArray") == "x.arr"


def test_what_runs_under_no_grad_is_told_apart(session: Session) -> None:
    assert not cuts_of(session, "no_grad")["w"].recording
    assert cuts_of(session, "detach")["w"].recording


def test_a_rule_is_named(session: Session) -> None:
    assert cuts_of(session, "not_given")["b"].rule == "NotGiven"
    assert cuts_of(session, "refused")["b"].rule == "Refusing"
    assert cuts_of(session, "arr")["w"].rule == ""


@pytest.mark.parametrize(("item", "kind"), [(0, "whole"), (1, "made")])
def test_each_item_of_the_output_has_its_own_paths(session: Session, item: int, kind: str) -> None:
    built = session.build("Pair", (), seed=0)
    (cut,) = session.locate(built.id, [X], paths=["w"], item=item)
    assert cut.kind == kind


def test_all_is_as_it_was_afterwards(session: Session) -> None:
    built = session.build("Untouched", (), seed=3)
    other = session.build("Untouched", (), seed=3)
    session.locate(built.id, [X], paths=["w", "b"], into=[0])
    fresh, used = session.call(other.id, [X]), session.call(built.id, [X])
    assert fresh.array is not None
    assert used.array is not None
    assert fresh.array[0] == used.array[0] == 1 + 6.2 + 2  # the library's own attributes are in their places
    assert fresh.array[2] == used.array[2]
    gradients = session.backward(used.id, np.ones(3))
    np.testing.assert_array_equal(gradients.tensors["b"], [3.0, 3.0])
    assert gradients.tensors["w"] is None


def test_random_numbers_go_on_where_they_were(session: Session) -> None:
    drawn = []
    for ask in (False, True):
        built = session.build("drawn", (), seed=5)
        if ask:
            session.locate(built.id, [X], paths=["w"], into=[0])
        drawn.append(session.call(built.id, [X]).array)
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_gradients_stay_as_they_were(session: Session) -> None:
    built = session.build("tensors", (), seed=0)
    output = session.call(built.id, [X])
    once = session.backward(output.id, np.ones((4, 2))).tensors["b"]
    session.locate(built.id, [X], paths=["w", "b"], into=[0])
    twice = session.backward(output.id, np.ones((4, 2))).tensors["b"]
    assert once is not None
    np.testing.assert_array_equal(twice, 2 * once)


def test_an_exception_in_the_call_is_the_hand_ins(session: Session) -> None:
    built = session.build("Raises", (), seed=0)
    with pytest.raises(StudentError, match="wrong"):
        session.locate(built.id, [X], paths=["w"])
    assert session.alive()


def test_an_exception_at_other_values_costs_only_that_target(session: Session) -> None:
    built = session.build("Picky", (), seed=0)
    (cut,) = session.locate(built.id, [X], paths=["b", "w"])
    assert cut.target == "w"


@pytest.mark.parametrize(("paths", "into"), [(["v"], []), ([], [1]), ([], [-1])])
def test_targets_that_are_not_there_are_the_callers_fault(session: Session, paths: list[str], into: list[int]) -> None:
    built = session.build("tensors", (), seed=0)
    with pytest.raises(KeyError, match="locate"):
        session.locate(built.id, [X], paths=paths, into=into)


# ---- hand-ins that will not be looked at ---------------------------------------------------------------


def hostile(body: str, start: str = "") -> str:
    return f"""{HEADER}
import os, sys, time
from numpytorch._node import TensorNode
{start}
class Model(Base):
    def forward(self, x):
        {body}
        return Tensor((x @ self.w).arr)
"""


# Indented to stand in a loop as well.
CATCHES = """n = 1
            try:
                while n: n += 1
            except BaseException: n = 1
            """


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "if True:\n            " + CATCHES + "while n: n += 1",
        "while True: self.w.arr",
        "[x @ self.w for _ in range(10**9)]",
    ],
    ids=["endless", "catches it once", "reads for ever", "computes for ever"],
)
def test_a_call_that_does_not_end_is_stopped_and_the_session_goes_on(open_session: OpenSession, body: str) -> None:
    session = open_session(hostile(body))
    built = session.build("Model", (), seed=0)
    assert session.locate(built.id, [X], paths=["w"], seconds=0.3) == ()
    assert session.alive()
    assert session.read(built.id, ["b"])["b"].tolist() == [1.0, 1.0]


def test_what_was_found_in_time_is_told(open_session: OpenSession) -> None:
    session = open_session(hostile("if self.b.arr[0] != 1:\n            while True: pass"))
    built = session.build("Model", (), seed=0)
    (cut,) = session.locate(built.id, [X], paths=["w", "b"], seconds=0.5)
    assert cut.target == "w"


def test_what_there_was_no_time_to_make_sure_of_is_told_too(open_session: OpenSession) -> None:
    # Two calls as they are, one with other values of w, and the next would tell whether it matters.
    session = open_session(hostile("CALLS.append(x)\n        while len(CALLS) == 4: pass", "CALLS = []"))
    built = session.build("Model", (), seed=0)
    (cut,) = session.locate(built.id, [X], paths=["w"], seconds=0.5)
    assert cut.made is not None
    assert (cut.made.text, cut.read) == ("Tensor((x @ self.w).arr)", None)


@pytest.mark.parametrize(
    "body", ["time.sleep(1000)", f"while True:\n            {CATCHES}pass"], ids=["sleeps", "catches"]
)
def test_a_call_that_cannot_be_stopped_ends_the_worker(
    open_session: OpenSession, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr("autograder.sandbox.session._GRACE_SECONDS", 0.1)
    session = open_session(hostile(body))
    built = session.build("Model", (), seed=0)
    with pytest.raises(WorkerTimeout):
        session.locate(built.id, [X], paths=["w"], seconds=0.1)
    assert not session.alive()


def test_no_deadline_counts_the_time_of_advice(open_session: OpenSession) -> None:
    session = open_session(hostile("while True: pass"))
    built = session.build("Model", (), seed=0)
    with session.deadline(0.25):
        session.locate(built.id, [X], paths=["w"], seconds=0.5)
        assert session.read(built.id, ["b"])["b"].tolist() == [1.0, 1.0]


def test_a_hand_in_that_ends_the_process_once_it_is_watched_ends_only_that(open_session: OpenSession) -> None:
    session = open_session(hostile("if MADE is not TensorNode.__init__: os._exit(3)", "MADE = TensorNode.__init__"))
    built = session.build("Model", (), seed=0)
    session.call(built.id, [X])
    with pytest.raises(WorkerCrashed):
        session.locate(built.id, [X], paths=["w"])


@pytest.mark.parametrize(
    "start",
    [
        "Tensor.arr = property(lambda t: t.node.arr, Tensor.arr.fset)",
        "import builtins, ast\nast.parse = ast.walk = None",
        "np.random.get_state = lambda: None",
        "sys.setprofile = sys._getframe = None",
    ],
)
def test_a_hand_in_that_breaks_the_instruments_gets_no_wrong_answer(open_session: OpenSession, start: str) -> None:
    session = open_session(hostile("pass", start))
    built = session.build("Model", (), seed=0)
    before = session.call(built.id, [X]).array
    try:
        cuts = session.locate(built.id, [X], paths=["w"])
    except StudentError:
        cuts = ()
    assert all(cut.made is not None and cut.made.text == "Tensor((x @ self.w).arr)" for cut in cuts)
    np.testing.assert_array_equal(session.call(built.id, [X]).array, before)


LOADED = b'{"number":1,"body":{"is":"loaded","names":[]},"arrays":[]}'
FOUND = (
    b'{"number":2,"body":{"is":"found","tensors":[{"path":"w","shape":[],"dtype":"float64","requires_grad":true,'
    b'"kind":"Parameter","registered":true}]},"arrays":[]}'
)


def test_another_answer_is_a_protocol_error(open_session: OpenSession) -> None:
    session = open_session(
        "", tier=liar(frame(LOADED), frame(FOUND), frame(b'{"number":3,"body":{"is":"done"},"arrays":[]}'))
    )
    built = session.build("Model", (), seed=0)
    with pytest.raises(ProtocolError, match="expected Located"):
        session.locate(built.id, [X], paths=["w"])


# ---- what the worker tells is only where to look -------------------------------------------------------

TEXT = "a = 1\n\fb = '한글' + c\nf(x,\n  y)\n\n"


def placed(line: int, end_line: int, column: int, end_column: int, function: str = "f") -> Place | None:
    told = m.Cut(0, "made", m.Place(line, end_line, column, end_column, function), None, "", "", True, False)
    cuts = Source(TEXT, "assignment.py").cuts([told], ["w"])
    return cuts[0].made if cuts else None


@pytest.mark.parametrize(
    ("where", "text", "column"),
    [
        ((1, 1, 0, 5), "a = 1", 0),
        ((2, 2, 1, 17), "b = '한글' + c", 1),
        ((2, 2, 16, 17), "c", 12),
        ((3, 4, 0, 4), "f(x, y)", 0),
    ],
)
def test_text_is_cut_from_our_own_copy(where: tuple[int, int, int, int], text: str, column: int) -> None:
    place = placed(*where)
    assert place == Place(where[0], where[1], column, "f", text)


@pytest.mark.parametrize(
    "where",
    [(0, 1, 0, 1), (1, 9, 0, 1), (2, 1, 0, 1), (1, 1, 6, 7), (1, 1, 0, 99), (1, 1, 3, 3), (1, 1, 4, 2), (5, 5, 0, 0)],
)
def test_places_that_are_not_in_the_source_are_dropped(where: tuple[int, int, int, int]) -> None:
    assert placed(*where) is None


def test_names_are_cleaned() -> None:
    place = placed(1, 1, 0, 5, "f\x1b[31m\n\u202eg" + "x" * 200)
    assert place is not None
    assert place.function.isprintable()
    assert place.function.startswith("f g")


def test_a_target_is_one_that_was_asked_for_and_is_told_once() -> None:
    def cut(target: int, kind: Literal["unused", "whole"]) -> m.Cut:
        return m.Cut(target, kind, None, None, "", "", True, False)

    cuts = Source(TEXT, "a.py").cuts([cut(1, "unused"), cut(1, "whole"), cut(2, "unused")], ["w", 0])
    assert [(c.target, c.kind) for c in cuts] == [(0, "unused")]
