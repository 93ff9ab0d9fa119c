"""A session gives the values that the hand-in and the library compute, and finds what an object holds.

Long, for every request has its section, in the order of Session's methods.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.sandbox import Limits, Session, StudentError, TensorInfo, strongest_tier
from autograder.submission import read_submission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .helpers import OpenSession

SOURCE = r"""
import random
import numpy as np
import numpytorch as npt
from numpytorch import Tensor, nn

EPOCHS, RATE, NAME, DEEP, NOTHING = 3, 0.5, "한", True, None
HUGE, NAN, TABLE, _hidden = 2**70, float("nan"), [1], 5

class Affine(nn.Module):
    def __init__(self, n, scale=1.0, *, shift=0.0):
        self.w = nn.Parameter(npt.ones(n) * scale)
        self.b = Tensor(np.full(n, shift))

    def forward(self, x):
        return x * self.w + self.b

class Unregistered(nn.Module):
    def __init__(self):
        self.held = {"w": nn.Parameter(npt.ones(1))}

    def forward(self, x):
        return x * self.held["w"]

class Drawn(nn.Module):
    def __init__(self):
        self.a = nn.Parameter.new(2, 3)
        self.b = Tensor(random.random())

class Classifier(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(npt.zeros(2, 3))

    def forward(self, x):
        return x @ self.w

class Plain:
    def __init__(self):
        self.w = Tensor([1.0])

class Holder(nn.Module):
    def __init__(self):
        self.params = {"weight": nn.Parameter(npt.ones(1)), 3: Tensor([1.0])}
        self.layers = [nn.Linear(1, 2), (Tensor([2]),)]
        self.chain = nn.Sequential(nn.Linear(1, 1, bias=False))
        self.inner = Plain()
        self.same = self.params["weight"]
        self.me, self.text, self.function, self.cls = self, "w", len, Tensor
        self.params["all"] = self.params
        setattr(self, "odd name", Tensor([1.0], requires_grad=True))

class Keyed:
    def __init__(self):
        self.w = {("a", 1): Tensor([1.0]), ("b", 2): Tensor([2.0]), "한\x1b": Tensor([3.0])}

class Deep:
    def __init__(self):
        self.numbers = list(range(10**6))
        self.pairs = [(i, str(i)) for i in range(10**5)]
        self.nest = []
        for _ in range(10_000):
            self.nest = [self.nest]
        self.low = [[[[[[[[[[[[[[[[[[[Tensor([1.0])]]]]]]]]]]]]]]]]]]]
        self.chain = Tensor([1.0], requires_grad=True)
        self.last = Tensor([1.0])

class Returns(nn.Module):
    def __init__(self, what):
        self.what = what
        self.w = nn.Parameter(npt.ones(1))

    def forward(self, x):
        y = x * self.w
        return {
            "pair": (y, y * 2.0), "mixed": [y, y.arr, None, 3], "array": y.arr, "none": None, "float": 1.5,
            "half": y.arr.astype(np.float16), "many": [1] * 100, "zeros": npt.zeros(2), "constant": Tensor([1.0]),
        }[self.what]

class Changing(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(npt.ones(1))

    def forward(self, x):
        self.late = nn.Parameter(npt.ones(1))
        del self.w
        return x * self.late

class TellsLeaves(nn.Module):
    def forward(self, x):
        return x * (3.0 if x.is_leaf else 5.0)

class Remembers(nn.Module):
    def __init__(self, holds):
        self.seen, self.held = {}, [] if holds else None

    def forward(self, x):
        if self.held is not None:
            self.held.append(x)
        return self.seen.setdefault(id(x), x * 1.0)

class Moded(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(npt.ones(1, 2))

    def train(self, data):
        raise RuntimeError("a method of the student's own")

    def forward(self, x):
        return x @ self.w * (1.0 if self.training else 0.0)
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One session for all tests of this file that need no other: each builds its own objects."""
    file = tmp_path_factory.mktemp("hand-in") / "assignment.py"
    file.write_text(SOURCE, encoding="utf-8")
    with Session(read_submission(file), Limits(), strongest_tier()) as session:
        session.load()
        yield session


def test_loading_gives_the_public_names_in_order(open_session: OpenSession) -> None:
    names = open_session(SOURCE, load=False).load()
    assert names[:6] == ("random", "np", "npt", "Tensor", "nn", "EPOCHS")
    assert "_hidden" not in names


def test_constants_are_scalars_or_none(session: Session) -> None:
    names = ["EPOCHS", "RATE", "NAME", "DEEP", "NOTHING", "HUGE", "NAN", "TABLE", "_hidden", "absent"]
    values = [3, 0.5, "한", True, None, None, None, None, 5, None]
    constants = session.constants(names)
    assert constants == dict(zip(names, values, strict=True))
    assert constants["DEEP"] is True


def test_building_passes_arguments_and_describes_what_is_held(session: Session) -> None:
    built = session.build("Affine", [2], {"scale": 3, "shift": 0.5}, seed=0)
    assert built.tensors == (
        TensorInfo("w", (2,), "float64", True, "Parameter", True),
        TensorInfo("b", (2,), "float64", False, "Tensor", False),
    )
    values = session.read(built.id, ["b", "w"])
    np.testing.assert_array_equal(values["w"], [3.0, 3.0])
    np.testing.assert_array_equal(values["b"], [0.5, 0.5])


def test_the_seed_decides_what_is_drawn(session: Session) -> None:
    drawn = [session.read(session.build("Drawn", [], seed=seed).id, ["a", "b"]) for seed in (1, 1, 2)]
    for path in ("a", "b"):
        np.testing.assert_array_equal(drawn[0][path], drawn[1][path])
        assert not np.array_equal(drawn[0][path], drawn[2][path])


def test_the_dtype_is_the_default_of_an_object_for_its_whole_life(session: Session) -> None:
    single = session.build("Returns", ["zeros"], seed=0, dtype="float32")
    double = session.build("Returns", ["zeros"], seed=0, dtype="float64")
    assert [info.dtype for info in single.tensors + double.tensors] == ["float32", "float64"]
    assert session.call(single.id, [np.zeros(1)]).dtype == "float32"
    assert session.call(double.id, [np.zeros(1)]).dtype == "float64"


def test_every_tensor_is_found_once_under_any_name(session: Session) -> None:
    found = {tensor.path: tensor for tensor in session.build("Holder", [], seed=0).tensors}
    assert list(found) == [
        "params['weight']",
        "params[3]",
        "layers[0].w",
        "layers[0].b",
        "layers[1][0]",
        "chain.0.w",
        "inner.w",
        "['odd name']",
    ]
    # The dict's own is registered, for it is the same object as an attribute; a list's layer is not.
    assert {path for path, tensor in found.items() if tensor.registered} == {"params['weight']", "chain.0.w"}
    assert {path for path, tensor in found.items() if tensor.kind == "Tensor"} == {
        "params[3]",
        "layers[1][0]",
        "inner.w",
        "['odd name']",
    }
    assert found["['odd name']"].requires_grad
    assert found["layers[1][0]"].dtype == "int64"


def test_whatever_a_dict_has_as_keys_its_tensors_have_paths_of_their_own(session: Session) -> None:
    built = session.build("Keyed", [], seed=0)
    paths = ["w[<tuple 0>]", "w[<tuple 1>]", r"w['한\x1b']"]
    assert [tensor.path for tensor in built.tensors] == paths
    assert [float(value[0]) for value in session.read(built.id, paths).values()] == [1.0, 2.0, 3.0]


def test_the_search_is_not_lost_in_what_is_large_or_deep(session: Session) -> None:
    assert [tensor.path for tensor in session.build("Deep", [], seed=0).tensors] == ["chain", "last"]


def test_an_object_may_be_looked_at_again(session: Session) -> None:
    built = session.build("Changing", [], seed=0)
    session.call(built.id, [np.ones(1)])
    assert [tensor.path for tensor in session.tensors(built.id).tensors] == ["late"]
    assert session.read(built.id, ["late"])["late"] == 1.0


def test_a_tensor_that_has_gone_is_the_hand_ins_fault(session: Session) -> None:
    built = session.build("Changing", [], seed=0)
    session.call(built.id, [np.ones(1)])
    with pytest.raises(StudentError, match="expected a Tensor at w"):
        session.read(built.id, ["w"])


def test_an_object_that_is_no_module_has_tensors_too(session: Session) -> None:
    assert session.build("Plain", [], seed=0).tensors == (TensorInfo("w", (1,), "float64", False, "Tensor", False),)


def test_what_is_written_is_used_and_read_back(session: Session) -> None:
    built = session.build("Affine", [3], seed=0)
    w, b, x = np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0]), np.array([[1.0, 1.0, -1.0]])
    session.write(built.id, {"w": w, "b": b})
    np.testing.assert_array_equal(session.call(built.id, [x]).array, x * w + b)
    np.testing.assert_array_equal(session.read(built.id, ["w"])["w"], w)


def test_an_input_may_be_the_result_of_an_operation_and_gradients_are_at_what_that_was_computed_from(
    session: Session,
) -> None:
    built = session.build("TellsLeaves", [], seed=0)
    for layout, factor in (("contiguous", 3.0), ("computed", 5.0)):
        output = session.call(built.id, [np.array([1.0, 2.0])], layout=layout)  # type: ignore[arg-type] # mypy widens it to str
        np.testing.assert_array_equal(output.array, [factor, 2 * factor])
        (gradient,) = session.backward(output.id, np.array([1.0, 10.0])).inputs
        np.testing.assert_array_equal(gradient, [factor, 10 * factor])


@pytest.mark.parametrize("holds", [False, True])
def test_an_input_may_lie_where_that_of_an_output_lay_unless_the_hand_in_holds_that(
    session: Session, holds: bool
) -> None:
    built = session.build("Remembers", [holds], seed=0)
    earlier = session.call(built.id, [np.array([7.0])])
    later = session.call(built.id, [np.array([8.0])], replacing=earlier.id)
    assert later.array == (8.0 if holds else 7.0)  # for id(x) is the same
    for ask in (session.inputs, lambda output: session.call(built.id, [np.zeros(1)], replacing=output)):
        with pytest.raises(KeyError, match="still held"):
            ask(earlier.id)


def test_writing_another_shape_is_refused_by_the_library(session: Session) -> None:
    built = session.build("Affine", [3], seed=0)
    with pytest.raises(StudentError) as caught:
        session.write(built.id, {"w": np.zeros(4)})
    assert caught.value.kind == "ShapeError"
    assert session.alive()


def test_inputs_keep_their_dtype(session: Session) -> None:
    built = session.build("Returns", ["pair"], seed=0, dtype="float32")
    assert session.call(built.id, [np.ones(1, np.float32)]).dtype == "float32"
    assert session.call(built.id, [np.ones(1, np.float64)]).dtype == "float64"
    assert session.call(built.id, [np.ones(1, np.int64)]).requires_grad  # through the parameter alone


def test_gradients_come_back_at_inputs_and_at_every_tensor(session: Session) -> None:
    built = session.build("Affine", [2], seed=0)
    x, g = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.5], [0.25, -1.0]])
    output = session.call(built.id, [x])
    assert (output.returned, output.is_tensor, output.requires_grad, output.inputs) == ("Tensor", True, True, 1)
    gradients = session.backward(output.id, g)
    (dx,) = gradients.inputs
    np.testing.assert_array_equal(dx, g)
    np.testing.assert_array_equal(gradients.tensors["w"], (g * x).sum(0))
    assert list(gradients.tensors) == ["w", "b"]
    assert gradients.tensors["b"] is None


def test_gradients_add_up_until_they_are_zeroed(session: Session) -> None:
    built = session.build("Affine", [1], seed=0)
    output = session.call(built.id, [np.array([2.0])])
    one = np.ones(1)
    session.backward(output.id, one)
    twice = session.backward(output.id, one)
    np.testing.assert_array_equal([twice.tensors["w"], twice.inputs[0]], [[4.0], [2.0]])
    session.zero_grad(built.id)
    again = session.backward(output.id, one)
    np.testing.assert_array_equal([again.tensors["w"], again.inputs[0]], [[2.0], [1.0]])


def test_gradients_are_given_and_then_cleared_if_asked_to(session: Session) -> None:
    built = session.build("Unregistered", [], seed=0)
    output = session.call(built.id, [np.array([2.0])])
    for clear, times in ((False, 1), (True, 2), (True, 1), (False, 1)):
        pulled = session.backward(output.id, np.ones(1), clear=clear)
        np.testing.assert_array_equal([pulled.tensors["held['w']"], pulled.inputs[0]], [[2.0 * times], [1.0 * times]])


def test_zeroing_is_for_one_object(session: Session) -> None:
    built = session.build("Holder", [], seed=0)
    other = session.build("Affine", [1], seed=0)
    output = session.call(other.id, [np.ones(1)])
    session.backward(output.id, np.ones(1))
    session.zero_grad(built.id)
    others = session.backward(output.id, np.ones(1))
    np.testing.assert_array_equal([others.tensors["w"], others.inputs[0]], [[2.0], [2.0]])


def test_zeroing_reaches_tensors_that_are_not_registered(session: Session) -> None:
    built = session.build("Unregistered", [], seed=0)
    output = session.call(built.id, [np.ones(1)])
    for _ in range(2):
        assert session.backward(output.id, np.ones(1)).tensors["held['w']"] == 1.0
        session.zero_grad(built.id)


def test_inputs_require_a_gradient_only_if_asked_to(session: Session) -> None:
    built = session.build("Affine", [1], seed=0)
    output = session.call(built.id, [np.ones(1)], requires_grad=False)
    assert session.backward(output.id, np.ones(1)).inputs == (None,)


def test_without_grad_there_is_no_graph(session: Session) -> None:
    built = session.build("Affine", [1], seed=0)
    output = session.call(built.id, [np.ones(1)], grad=False)
    assert not output.requires_grad
    with pytest.raises(StudentError) as caught:
        session.backward(output.id, np.ones(1))
    assert caught.value.kind == "GraphError"


def test_each_of_several_results_can_be_pulled_back(session: Session) -> None:
    built = session.build("Returns", ["pair"], seed=0)
    output = session.call(built.id, [np.array([3.0])])
    assert (output.returned, len(output.arrays), output.requires_grad) == ("tuple", 2, True)
    np.testing.assert_array_equal(output.arrays, [[3.0], [6.0]])
    assert session.backward(output.id, np.ones(1), item=1).tensors["w"] == 6.0
    assert session.backward(output.id, np.ones(1), item=0).tensors["w"] == 9.0


@pytest.mark.parametrize(
    ("what", "returned", "dtype", "has_array"),
    [
        ("array", "ndarray", "float64", True),
        ("none", "NoneType", None, False),
        ("float", "float", None, False),
        ("half", "ndarray", "float16", False),
    ],
)
def test_what_is_no_tensor_is_told_as_such(
    session: Session, what: str, returned: str, dtype: str | None, has_array: bool
) -> None:
    output = session.call(session.build("Returns", [what], seed=0).id, [np.ones(1)])
    assert (output.returned, output.dtype, output.is_tensor, output.requires_grad) == (returned, dtype, False, False)
    assert (output.array is not None) is has_array
    with pytest.raises(StudentError, match="expected a Tensor to differentiate"):
        session.backward(output.id, np.ones(1))


def test_mixed_results_are_told_one_by_one(session: Session) -> None:
    output = session.call(session.build("Returns", ["mixed"], seed=0).id, [np.ones(1)])
    assert [item.type for item in output.items] == ["Tensor", "ndarray", "NoneType", "int"]
    assert [item.is_tensor for item in output.items] == [True, False, False, False]
    assert [item.array is None for item in output.items] == [False, False, True, True]
    assert not output.is_tensor
    many = session.call(session.build("Returns", ["many"], seed=0).id, [np.ones(1)])
    assert len(many.items) == 64


def test_a_severed_graph_is_visible_before_and_at_backward(session: Session) -> None:
    output = session.call(session.build("Returns", ["constant"], seed=0).id, [np.ones(1)])
    assert output.is_tensor
    assert not output.requires_grad


def test_the_last_eight_outputs_are_held(session: Session) -> None:
    built = session.build("Affine", [1], seed=0)
    outputs = [session.call(built.id, [np.ones(1)]).id for _ in range(9)]
    session.backward(outputs[1], np.ones(1))
    with pytest.raises(KeyError, match="still held"):
        session.backward(outputs[0], np.ones(1))
    session.release(outputs[1])
    session.release(outputs[1])
    with pytest.raises(KeyError, match="still held"):
        session.backward(outputs[1], np.ones(1))


def test_training_follows_the_optimizer_step_by_step(session: Session) -> None:
    built = session.build("Classifier", [], seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 2)), np.array([0, 1, 2, 1, 0])
    w, v = np.zeros((2, 3)), np.zeros((2, 3))
    session.optimizer(built.id, lr=0.3, momentum=0.5)
    for _ in range(4):
        p = np.exp(x @ w)
        p /= p.sum(1, keepdims=True)
        loss = session.train_step(built.id, x, y)
        assert loss == pytest.approx(-np.log(p[np.arange(5), y]).mean())
        p[np.arange(5), y] -= 1.0
        v = 0.5 * v + x.T @ p / 5
        w = w - 0.3 * v
        np.testing.assert_allclose(session.read(built.id, ["w"])["w"], w, rtol=1e-12)
    logits = session.predict(built.id, x)
    np.testing.assert_allclose(logits, x @ w, rtol=1e-12)


def test_a_loss_that_is_not_a_number_arrives_as_it_is(session: Session) -> None:
    built = session.build("Classifier", [], seed=0)
    session.optimizer(built.id, lr=0.1)
    assert math.isnan(session.train_step(built.id, np.full((1, 2), np.nan), np.array([0])))


def test_prediction_is_in_evaluation_mode_and_training_is_not(session: Session) -> None:
    built = session.build("Moded", [], seed=0)
    x = np.ones((1, 1))
    session.optimizer(built.id, lr=0.0)
    np.testing.assert_array_equal(session.predict(built.id, x), [[0.0, 0.0]])
    np.testing.assert_array_equal(session.call(built.id, [x]).array, [[1.0, 1.0]])
    np.testing.assert_array_equal(session.predict(built.id, x), [[0.0, 0.0]])
    assert session.train_step(built.id, x * 0.0, np.array([0])) == pytest.approx(math.log(2))


def test_a_prediction_that_is_nothing_is_the_hand_ins_fault(session: Session) -> None:
    with pytest.raises(StudentError, match="expected the model to return a Tensor, got NoneType"):
        session.predict(session.build("Returns", ["none"], seed=0).id, np.ones(1))


def test_large_arrays_go_both_ways(session: Session) -> None:
    built = session.build("Affine", [1], seed=0)
    x = np.random.default_rng(0).random((1500, 1000))
    output = session.call(built.id, [x])
    np.testing.assert_array_equal(output.array, x)


def test_usage_says_memory_and_time(session: Session) -> None:
    usage = session.usage()
    assert usage.peak_rss > 10 << 20
    assert 0.0 < usage.wait_seconds < 60.0


def test_requests_that_make_no_sense_are_the_graders_fault(open_session: OpenSession) -> None:
    session = open_session(SOURCE, load=False)
    with pytest.raises(ValueError, match="Call load"):
        session.build("Affine", [1], seed=0)
    with pytest.raises(ValueError, match="Call load"):
        session.constants(["EPOCHS"])
    session.load()
    built = session.build("Affine", [1], seed=0)
    with pytest.raises(ValueError, match="seed"):
        session.build("Affine", [1], seed=-1)
    with pytest.raises(ValueError, match="finite"):
        session.build("Affine", [math.nan], seed=0)
    with pytest.raises(ValueError, match="positive"), session.deadline(0.0):
        pass
    with pytest.raises(ValueError, match="float16"):
        session.call(built.id, [np.ones(1, np.float16)])
    with pytest.raises(KeyError, match="build"):
        session.call(99, [])
    with pytest.raises(KeyError, match="paths among"):
        session.read(built.id, ["none"])
    with pytest.raises(KeyError, match="paths among"):
        session.write(built.id, {"none": np.ones(1)})
    with pytest.raises(KeyError, match="optimizer"):
        session.train_step(built.id, np.ones(1), np.ones(1))
    output = session.call(built.id, [np.ones(1)])
    with pytest.raises(KeyError, match="items"):
        session.backward(output.id, np.ones(1), item=1)
    assert session.alive()
