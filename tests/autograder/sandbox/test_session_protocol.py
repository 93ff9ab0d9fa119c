"""Nothing that a hand-in prints, writes or forges is taken for an answer to another question."""

from __future__ import annotations

import os

import numpy as np
import pytest

from autograder.sandbox import DeadSessionError, LaunchError, Limits, ProtocolError, Session, link
from autograder.sandbox.pipes import PollingPipes
from autograder.sandbox.pipes_threaded import ThreadedPipes
from autograder.sandbox.protocol import MAX_HEADER

from .helpers import READY, Instead, OpenSession, frame, liar

posix = pytest.mark.skipif(os.name != "posix", reason="needs to poll pipes")

# Finds the descriptor that answers go to as a hand-in could: it writes to all of them.
HUNT = """
import os, struct
class Model:
    def __call__(self, x):
        for descriptor in range(3, 64):
            try: os.write(descriptor, FORGED)
            except OSError: pass
        return x
"""

FLOOD = """
import threading
class Model:
    def __call__(self, x):
        for i in range(50):
            print(str(i) * 500_000)
        print("the end")
        return x
"""


@pytest.fixture(params=[pytest.param(PollingPipes, marks=posix), ThreadedPipes], ids=["polling", "threaded"])
def either_pipes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test with both kinds of pipes."""
    monkeypatch.setattr(link, "open_pipes", request.param)


def call(session: Session) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    output = session.call(session.build("Model", [], seed=0).id, [np.array([1.0, 2.0])])
    assert output.array is not None
    return output.array


# ---- output --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("either_pipes")
def test_fifty_megabytes_of_output_hold_nobody_up_and_only_the_end_is_kept(open_session: OpenSession) -> None:
    session = open_session(FLOOD, limits=Limits(output_bytes=1000))
    np.testing.assert_array_equal(call(session), [1.0, 2.0])
    session.close()
    assert len(session.output_tail()) <= 1000
    assert session.output_tail().endswith("49" * 100 + "\nthe end\n")


@pytest.mark.usefixtures("either_pipes")
def test_a_thread_that_never_stops_printing_does_not_stop_the_session(open_session: OpenSession) -> None:
    session = open_session("""\
import sys, threading
def chatter():
    while True: print("x" * 100_000)
threading.Thread(target=chatter, daemon=True).start()
class Model:
    def __call__(self, x): return x
""")
    np.testing.assert_array_equal(call(session), [1.0, 2.0])
    assert set(session.output_tail()) <= {"x", "\n"}


@pytest.mark.usefixtures("either_pipes")
def test_bytes_written_to_standard_output_are_output(open_session: OpenSession) -> None:
    session = open_session("""\
import os, sys
class Model:
    def __call__(self, x):
        os.write(1, b"\\xff\\x00 to one\\n"); os.write(2, b"to two\\n")
        sys.__stdout__.write("by name\\n"); sys.stderr.write("\\x1b[31mred\\n")
        sys.stdout = None
        return x
""")
    np.testing.assert_array_equal(call(session), [1.0, 2.0])
    np.testing.assert_array_equal(call(session), [1.0, 2.0])
    session.close()
    assert session.output_tail() == "\ufffd to one\nto two\nby name\nred\n" * 2


@posix
def test_output_is_complete_as_soon_as_the_answer_is_there(open_session: OpenSession) -> None:
    body = "print('x' * 500_000 + 'now')\n        return x\n"
    session = open_session("class Model:\n    def __call__(self, x):\n        " + body)
    call(session)
    assert session.output_tail().endswith("xnow\n")


def test_closed_output_does_no_harm(open_session: OpenSession) -> None:
    session = open_session("import os\nos.close(1); os.close(2)\nclass Model:\n    def __call__(self, x): return x\n")
    np.testing.assert_array_equal(call(session), [1.0, 2.0])


# ---- forged by a hand-in -------------------------------------------------------------------------------


@pytest.mark.usefixtures("either_pipes")
@pytest.mark.parametrize(
    "forged",
    [
        "b'garbage' * 100",
        "b'\\0'",
        "b'\\xff' * 4096",
        "struct.pack('>I', 2) + b'{}'",
        """(lambda h: struct.pack('>I', len(h)) + h)(b'{"number":1,"body":{"is":"done"},"arrays":[]}')""",
    ],
    ids=["text", "one byte", "ones", "empty object", "another answer"],
)
def test_garbage_on_the_connection_is_a_protocol_error(open_session: OpenSession, forged: str) -> None:
    session = open_session(HUNT + f"FORGED = {forged}\n")
    with pytest.raises(ProtocolError, match="tampered"):
        call(session)
    assert not session.alive()
    with pytest.raises(DeadSessionError):
        session.load()


def test_a_well_formed_forgery_is_only_a_value_and_ends_the_session_after(open_session: OpenSession) -> None:
    header = (
        b'{"number":3,"body":{"is":"called","returned":"Tensor","items":[{"type":"Tensor","is_tensor":true,'
        b'"dtype":"float64","requires_grad":true,"present":true}]},"arrays":[["float64",[1]]]}'
    )
    session = open_session(HUNT + f"FORGED = {frame(header, np.array([42.0]).tobytes())!r}\n")
    np.testing.assert_array_equal(call(session), [42.0])
    with pytest.raises(ProtocolError, match="expected the answer to request 4, got one to 3"):
        session.constants([])


# ---- forged altogether ---------------------------------------------------------------------------------


def reply(body: bytes, arrays: bytes = b"", *, number: int = 1, values: bytes = b"") -> bytes:
    header = b'{"number":%d,"body":{"is":%s},"arrays":[%s]}' % (number, body, arrays)
    return frame(header, values)


LOADED = reply(b'"loaded","names":[]')
FOUND = (
    b'"found","tensors":[{"path":"w","shape":[1],"dtype":"float64","requires_grad":true,'
    b'"kind":"Tensor","registered":false}]'
)
ITEM = b'{"type":"Tensor","is_tensor":true,"dtype":"float64","requires_grad":true,"present":true}'


@pytest.mark.parametrize(
    "answer",
    [
        reply(b'"loaded","names":[]', number=0),
        reply(b'"loaded","names":[]', number=2),
        reply(b'"done"'),
        reply(b'"ready","rlimits":[]'),
        reply(b'"loaded","names":[1]'),
        reply(b'"loaded","names":["' + b"x" * 300 + b'"]'),
        reply(b'"loaded","names":[]', b'["object",[1]]', values=b"\0" * 8),
        reply(b'"loaded","names":[]', b'["float64",[NaN]]'),
        reply(b'"loaded","names":[]', b'["float64",[-1]]'),
        reply(b'"loaded","names":[]', b'["float64",[99999999999]]'),
        reply(b'"failed","kind":"E","message":"","lines":[[-1,"f"]],"memory":false'),
        (MAX_HEADER + 1).to_bytes(4, "big"),
        b"\xff\xff\xff\xff",
        frame(b"null"),
        frame(READY[:-1]),
    ],
    ids=[
        "number zero",
        "later number",
        "another kind",
        "ready twice",
        "wrong type",
        "long name",
        "object dtype",
        "NaN shape",
        "negative shape",
        "huge shape",
        "negative line",
        "long header",
        "longest header",
        "null",
        "cut",
    ],
)
def test_an_answer_that_does_not_fit_is_a_protocol_error(open_session: OpenSession, answer: bytes) -> None:
    with pytest.raises(ProtocolError):
        open_session("", tier=liar(answer))


@pytest.mark.parametrize(
    "found",
    [
        FOUND.replace(b'"w"', b'"w\\u001b"'),
        FOUND.replace(b"}]", b"}," + FOUND[FOUND.index(b"[") + 1 :]),
        FOUND.replace(b'"Tensor"', b'"Scalar"'),
        FOUND.replace(b"[1]", b"[1.5]"),
        FOUND.replace(b'"w"', b'""'),
    ],
    ids=["unprintable path", "one path twice", "unknown kind", "broken shape", "empty path"],
)
def test_tensors_that_cannot_be_are_a_protocol_error(open_session: OpenSession, found: bytes) -> None:
    session = open_session("", tier=liar(LOADED, reply(found, number=2)))
    with pytest.raises(ProtocolError):
        session.build("Model", [], seed=0)


@pytest.mark.parametrize("arrays", [b"", b'["uint8",[0]],["uint8",[0]]'], ids=["none", "two"])
def test_another_number_of_arrays_than_was_asked_for_is_a_protocol_error(
    open_session: OpenSession, arrays: bytes
) -> None:
    session = open_session("", tier=liar(LOADED, reply(FOUND, number=2), reply(b'"values"', arrays, number=3)))
    built = session.build("Model", [], seed=0)
    with pytest.raises(ProtocolError, match="expected 1 arrays"):
        session.read(built.id, ["w"])


@pytest.mark.parametrize(
    ("called", "pulled"),
    [
        (reply(b'"called","returned":"Tensor","items":[' + ITEM + b"]", number=3), b""),
        (reply(b'"called","returned":"Tensor","items":[]', b'["uint8",[0]]', number=3), b""),
        (b"", reply(b'"pulled","inputs":[true],"tensors":[["w",true]]', b'["uint8",[0]]', number=4)),
        (b"", reply(b'"pulled","inputs":[],"tensors":[["w",false],["w",false]]', number=4)),
    ],
    ids=["value missing", "value unannounced", "gradient missing", "path twice"],
)
def test_values_that_were_announced_otherwise_are_a_protocol_error(
    open_session: OpenSession, called: bytes, pulled: bytes
) -> None:
    fine = reply(b'"called","returned":"Tensor","items":[' + ITEM + b"]", b'["uint8",[0]]', number=3)
    session = open_session("", tier=liar(LOADED, reply(FOUND, number=2), called or fine, pulled))
    built = session.build("Model", [], seed=0)
    with pytest.raises(ProtocolError, match="expected"):
        session.backward(session.call(built.id, []).id, np.ones(1))


def test_another_number_of_constants_is_a_protocol_error(open_session: OpenSession) -> None:
    session = open_session("", tier=liar(LOADED, reply(b'"scalars","values":[1,2]', number=2)))
    with pytest.raises(ProtocolError, match="expected 1 constants, got 2"):
        session.constants(["x"])


def test_a_loss_that_is_no_number_is_a_protocol_error(open_session: OpenSession) -> None:
    answers = (reply(FOUND, number=2), reply(b'"done"', number=3), reply(b'"values"', b'["uint8",[0]]', number=4))
    session = open_session("", tier=liar(LOADED, *answers))
    built = session.build("Model", [], seed=0)
    session.optimizer(built.id, 0.1)
    with pytest.raises(ProtocolError, match="one number as loss"):
        session.train_step(built.id, np.ones(1), np.ones(1))


def test_a_wrong_first_message_is_a_failed_start(open_session: OpenSession) -> None:
    command = (*liar().command[:-1], reply(b'"done"', number=0).hex())
    with pytest.raises(LaunchError, match="first message"):
        open_session("", tier=Instead(command))
