"""Frames survive the way there and back, and nothing else is taken for one."""

from __future__ import annotations

import io
import json
import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox import protocol
from autograder.sandbox.messages import Array, Backward, Dtype, Pulled, Reply, Request, Values

from .helpers import frame

DTYPES = st.sampled_from(get_args(Dtype)).map(np.dtype)


def wire(content: bytes) -> protocol.Wire[Reply]:
    stream = io.BytesIO(content)

    def fill(view: memoryview) -> None:
        if stream.readinto(view) != len(view):
            raise EOFError

    return protocol.Wire(Reply, fill)


def there_and_back(*arrays: Array) -> list[Array]:
    reply, values = wire(b"".join(protocol.reply(7, Values(), arrays))).read()
    assert reply.number == 7
    assert isinstance(reply.body, Values)
    return values


def header(**changes: Any) -> bytes:
    return json.dumps({"number": 1, "body": {"is": "values"}, "arrays": [], **changes}).encode()


def refusal(content: bytes) -> str:
    with pytest.raises(protocol.FrameError) as caught:
        wire(content).read()
    return str(caught.value)


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)))
def test_arrays_arrive_with_their_values_dtype_and_shape(array: Array) -> None:
    (value,) = there_and_back(array)
    assert value.dtype == array.dtype
    assert value.shape == array.shape
    assert value.tobytes() == array.tobytes()


def test_arrays_arrive_plain_owned_contiguous_and_writable() -> None:
    given = np.arange(24.0).reshape(2, 3, 4)
    for array in (given.T, given[:, ::2], np.asfortranarray(given), np.ma.masked_array(given), given.astype(">f8")):
        (value,) = there_and_back(array)
        assert type(value) is np.ndarray
        assert value.flags.c_contiguous
        assert value.flags.writeable
        assert value.dtype.isnative
        np.testing.assert_array_equal(value, np.asarray(array))


def test_several_arrays_and_large_ones_keep_their_order() -> None:
    large = np.random.default_rng(1).random((300, 301))
    values = there_and_back(np.array(1, np.int8), large, np.empty((0, 3), np.float32), np.array([True]))
    assert [value.shape for value in values] == [(), (300, 301), (0, 3), (1,)]
    np.testing.assert_array_equal(values[1], large)


def test_special_values_keep_their_bits() -> None:
    array = np.array([math.nan, -0.0, math.inf, 5e-324])
    assert there_and_back(array)[0].tobytes() == array.tobytes()


def test_a_request_is_read_as_what_it_was() -> None:
    stream = io.BytesIO(b"".join(protocol.request(3, Backward(((4, 0),)), [np.zeros(2)])))
    message, _ = protocol.Wire(Request, lambda view: None if stream.readinto(view) else pytest.fail("too short")).read()
    assert message.body == Backward(((4, 0),))


@pytest.mark.parametrize("dtype", ["float16", "complex128", "object", "datetime64[s]", "S3", "U3", "i4,f8"])
def test_other_dtypes_do_not_leave(dtype: str) -> None:
    with pytest.raises(protocol.FrameError, match="expected bool, integers, float32 or float64"):
        protocol.reply(1, Values(), [np.zeros(2, dtype)])


def test_too_much_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_ARRAYS", 100)
    with pytest.raises(protocol.FrameError, match="expected at most"):
        protocol.reply(1, Values(), [np.zeros(13)])
    with pytest.raises(protocol.FrameError, match="expected at most"):
        protocol.reply(1, Pulled((), (("x" * protocol.MAX_HEADER, False),)), [])


def test_a_long_header_is_refused_before_it_is_read() -> None:
    assert "at most" in refusal((protocol.MAX_HEADER + 1).to_bytes(4, "big"))


@pytest.mark.parametrize(
    "shape", [[2**26, 2], [2**62, 2**62, 2**62], [2**62, 0], [2**32] * 32], ids=["large", "huge", "empty", "overflow"]
)
def test_large_arrays_are_refused_before_they_are_made(shape: list[int]) -> None:
    assert "arrays" in refusal(frame(header(arrays=[["float64", shape]])))


def test_many_arrays_that_are_large_together_are_refused() -> None:
    assert "at most" in refusal(frame(header(arrays=[["float64", [2**20]]] * 65)))


@pytest.mark.parametrize(
    "shape", [[-1], [1.5], [None], ["3"], [True], 3, [1] * 33, [[1]], [2**64]], ids=lambda shape: str(shape)[:12]
)
def test_shapes_that_are_no_shapes_are_refused(shape: Any) -> None:
    refusal(frame(header(arrays=[["float64", shape]])))


def test_a_shape_of_nan_is_refused() -> None:
    refusal(frame(header(arrays=[["float64", [1]]]).replace(b"[1]", b"[NaN]")))


@pytest.mark.parametrize("dtype", ["object", "float16", "O", "<f8", "", 8, None])
def test_dtypes_that_may_not_cross_are_refused(dtype: Any) -> None:
    refusal(frame(header(arrays=[[dtype, [1]]]), b"\0" * 8))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        header(more=1),
        header(number=-1),
        header(number=1.5),
        header(number="1"),
        header(body={"is": "values", "more": 1}),
        header(body={"is": "nothing"}),
        header(body={}),
        header(body={"is": "loaded", "names": ["x" * 257]}),
        header(body={"is": "loaded", "names": "xy"}),
        header(arrays=[["float64"]]),
        header(arrays=[["float64", [1], 2]]),
        header() + b"{}",
        header(body={"is": "loaded", "names": ["x"]}).replace(b"x", b"\xff"),
    ],
    ids=lambda content: repr(content[:40]),
)
def test_headers_that_do_not_fit_exactly_are_refused(content: bytes) -> None:
    refusal(frame(content))


def test_bools_are_zero_or_one() -> None:
    assert "0 or 1" in refusal(frame(header(arrays=[["bool", [2]]]), b"\1\2"))


def test_an_early_end_is_an_end() -> None:
    whole = b"".join(protocol.reply(1, Values(), [np.zeros(3)]))
    for length in (0, 3, 20, len(whole) - 1):
        with pytest.raises(EOFError):
            wire(whole[:length]).read()


@given(st.binary(max_size=200) | st.binary(max_size=200).map(frame))
def test_noise_is_refused_or_ends(content: bytes) -> None:
    with pytest.raises((protocol.FrameError, EOFError)):
        wire(content).read()
