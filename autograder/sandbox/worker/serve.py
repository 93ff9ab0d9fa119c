"""Serve: read a request, do it, answer it, until the parent is gone."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from io import FileIO
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from autograder.sandbox import protocol
from autograder.sandbox.messages import (
    Backward,
    Build,
    Call,
    Constants,
    Done,
    Inputs,
    Load,
    Loaded,
    Locate,
    Look,
    Optimizer,
    Outputs,
    Predict,
    Profile,
    Read,
    Ready,
    Release,
    Request,
    Scalars,
    TrainStep,
    Values,
    Write,
    ZeroGrad,
)
from autograder.sandbox.worker import calls, locate, profile
from autograder.sandbox.worker.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.sandbox.messages import Answer, Array, Ask

_BROKEN_CONNECTION = 70


def serve(requests: int, replies: int, rlimits: Sequence[str]) -> NoReturn:
    """Answer what comes from one descriptor into the other. Ends the process when the first one closes."""
    source, sink = FileIO(requests, "r"), FileIO(replies, "w")
    wire = protocol.Wire(Request, lambda view: _fill(source, view))
    state = State()
    try:
        _write(sink, protocol.reply(0, Ready(tuple(rlimits)), []))
        while True:
            request, arrays = wire.read()
            _write(sink, _reply(state, request, arrays))
            # Else these live, and so does all that they hold, until the next request has been read.
            del request, arrays
    except EOFError:
        status = 0
    except BaseException:  # noqa: BLE001 (nothing may leave this function, see below)
        traceback.print_exc()
        status = _BROKEN_CONNECTION
    # Not sys.exit: what the hand-in registered to run at the end, and its threads, would hold the process.
    os._exit(status)


def _reply(state: State, request: Request, arrays: list[Array]) -> list[bytes | memoryview]:
    """Return the frame that answers `request`, whatever the hand-in does."""
    try:
        try:
            answer, values = _answer(state, request.body, arrays)
            try:
                return protocol.reply(request.number, answer, values)
            except protocol.FrameError as error:
                raise ValueError(f"expected values that can be handed over, got others: {error}.") from None
        except BaseException as error:  # noqa: BLE001 (also SystemExit and KeyboardInterrupt, which are the hand-in's)
            if isinstance(request.body, Call):
                # The parent never learns that there is such an output.
                state.outputs.pop(request.body.output, None)
            return protocol.reply(request.number, state.hand_in.explain(error), [])
    finally:
        # The hand-in may have replaced or closed it.
        with suppress(Exception):
            sys.stdout.flush()


def _answer(state: State, ask: Ask, arrays: list[Array]) -> tuple[Answer, list[Array]]:
    match ask:
        case TrainStep():
            return calls.train_step(state, ask, arrays)
        case Call():
            return calls.call(state, ask, arrays)
        case Backward():
            return calls.backward(state, ask, arrays)
        case Inputs():
            return Values(), [np.asarray(tensor.arr) for tensor in state.outputs[ask.output].inputs]
        case Outputs():
            return calls.outputs(state, ask.output)
        case Predict():
            return calls.predict(state, ask, arrays)
        case Build():
            return calls.build(state, ask)
        case Look():
            return calls.look(state, ask.obj)
        case Write():
            return calls.write(state, ask, arrays)
        case Read():
            return calls.read(state, ask)
        case ZeroGrad():
            return calls.zero_grad(state, ask.obj)
        case Optimizer():
            return calls.optimizer(state, ask)
        case Release():
            state.outputs.pop(ask.output, None)
            return Done(), []
        case Load():
            names = state.hand_in.load(arrays[0].tobytes().decode())
            state.harness.load(arrays[1].tobytes().decode())
            return Loaded(names), []
        case Locate():
            return locate.locate(state, ask, arrays)
        case Profile():
            return profile.profile(state, ask, arrays)
        case Constants():
            return Scalars(state.hand_in.constants(ask.names)), []


def _fill(source: FileIO, view: memoryview) -> None:
    while view:
        count = source.readinto(view)
        if not count:
            raise EOFError
        view = view[count:]


def _write(sink: FileIO, buffers: Sequence[bytes | memoryview]) -> None:
    for buffer in buffers:
        view = memoryview(buffer)
        while view:
            view = view[sink.write(view) :]
