"""Session: ask a worker, which holds one hand-in, for values. Comparing them is the caller's business.

Long, for each kind of request is one method, with what it asks and what it may raise.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, TypeVar

import numpy as np

from autograder.sandbox import messages as m
from autograder.sandbox.errors import DeadSessionError
from autograder.sandbox.link import Link
from autograder.sandbox.source import Source
from autograder.sandbox.values import Built, Cut, Gradients, Output, Profile, Returned, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from autograder.sandbox.limits import Limits
    from autograder.sandbox.messages import Array, Scalar
    from autograder.sandbox.tiers import Tier
    from autograder.submission import Submission

    Expected = TypeVar("Expected", bound=m.Answer)

_KEPT_OUTPUTS = 8  # each holds a graph
_GRACE_SECONDS = 2.0  # for a worker to notice that its time for advice is up


@dataclass(slots=True)
class _Budget:
    """A deadline: how many seconds of waiting it allows, and how many are left."""

    seconds: float
    left: float


class _Held(NamedTuple):
    """An output that the worker keeps: of which object, from how many inputs, with how many items."""

    obj: int
    inputs: int
    items: int


class Session:
    """One worker that holds one hand-in. A context manager, for one thread: on Linux, the worker ends with it.

    harness: source of the course's own, run in the worker beside the hand-in, whose classes `build` finds first.
        It makes callable what the hand-in has in another form, and holds no answers.
    imports: the packages that the hand-in may import besides NumPy, of those that are installed.
    environment: variables that are set for it, besides those that every worker has.

    The worker starts with the first request, or with `start`. Each method that asks it something waits for
    the answer and raises, besides what it says itself:
    - StudentError where the hand-in raised an exception. The session goes on.
    - WorkerTimeout, WorkerMemory, WorkerCrashed, ProtocolError. The worker and all it started are then
      dead, and its objects lost; every request raises DeadSessionError until `restart`.
    - LaunchError if the worker cannot be started.
    - ValueError or KeyError for a request that makes no sense, before anything is sent.
    Arrays that come back are new, plain, C-contiguous and writable; their shapes and values are whatever
    the hand-in made them.
    """

    def __init__(
        self,
        submission: Submission,
        limits: Limits,
        tier: Tier,
        harness: str = "",
        imports: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._submission = submission
        self._imports = imports
        self._environment = environment or {}
        self._harness = harness
        self._limits = limits
        self._tier = tier
        self.source = Source(submission.source, submission.path.name)
        """The hand-in's text, our own copy: to quote from."""
        self._link: Link | None = None
        self._budgets: list[_Budget] = []
        self._objects: dict[int, set[str]] = {}
        self._trained: set[int] = set()
        self._outputs: dict[int, _Held] = {}
        self._numbers = 0
        self._loaded = False
        self._usage = Usage(0, 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- the worker --------------------------------------------------------------------------------------

    @property
    def limits(self) -> Limits:
        """What a worker may use."""
        return self._limits

    @property
    def tier(self) -> Tier:
        """What holds the worker."""
        return self._tier

    @property
    def tier_name(self) -> str:
        """The name of the tier that holds the worker, for the record."""
        return self._tier.name

    def start(self) -> None:
        """Start the worker, unless it has been. It takes as long as importing NumPy; no deadline counts that."""
        if self._link is None:
            lines = self._submission.source.splitlines()
            self._link = Link(self._limits, self._tier, lines, self._imports, self._environment)

    def another(self, submission: Submission | None = None) -> Session:
        """Return a session of the same kind with a worker of its own: for this hand-in, or for another."""
        submission = submission or self._submission
        return Session(submission, self._limits, self._tier, self._harness, self._imports, self._environment)

    def restart(self) -> None:
        """Start a fresh worker, which knows nothing: call `load` again."""
        self.close()
        self._usage = self.usage()
        self._link = None
        self._loaded = False
        self._objects.clear()
        self._trained.clear()
        self._outputs.clear()
        self.start()

    def close(self) -> None:
        """Kill the worker and all that it started, and remove its folder. Harmless if that has been done."""
        if self._link is not None:
            self._link.look()
            self._link.close()

    def kill(self) -> None:
        """End the worker: of all methods, the one for another thread. What the session's own asks raises WorkerCrashed.

        Its own thread must still close it.
        """
        if (link := self._link) is not None:
            link.kill()

    def alive(self) -> bool:
        """Whether the worker is running."""
        return self._link is not None and self._link.alive()

    def output_tail(self) -> str:
        """Return the last of what the hand-in printed, cleaned; still there after the worker's end."""
        return "" if self._link is None else self._link.tail()

    def usage(self) -> Usage:
        """Return what has been used so far."""
        if self._link is None:
            return self._usage
        self._link.look()
        peak = max(self._usage.peak_rss, self._link.peak_rss)
        return Usage(peak, self._usage.wait_seconds + self._link.waited)

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Let all requests within this context together wait no longer than that. Contexts nest.

        What counts is time spent waiting for answers, not the caller's own work in between.
        """
        if not seconds > 0:
            raise ValueError(f"deadline: expected a positive number of seconds, got {seconds!r}.")
        budget = _Budget(seconds, seconds)
        self._budgets.append(budget)
        try:
            yield
        finally:
            self._budgets.remove(budget)

    # ---- the module --------------------------------------------------------------------------------------

    @property
    def loaded(self) -> bool:
        """Whether the worker has imported the hand-in."""
        return self._loaded

    def load(self) -> tuple[str, ...]:
        """Import the hand-in; return its public names, in the order of their definition."""
        sources = [np.frombuffer(text.encode(), np.uint8) for text in (self._submission.source, self._harness)]
        answer, _ = self._ask(m.Load(), sources, m.Loaded)
        self._loaded = True
        return answer.names

    def constants(self, names: Sequence[str]) -> dict[str, Scalar | None]:
        """Return module-level numbers, strings and bools by name; None for what is absent or anything else."""
        self._check_loaded("constants")
        answer, _ = self._ask(m.Constants(tuple(names)), [], m.Scalars)
        if len(answer.values) != len(names):
            raise self._live().refuse(f"expected {len(names)} constants, got {len(answer.values)}")
        return dict(zip(names, answer.values, strict=True))

    # ---- objects -----------------------------------------------------------------------------------------

    def build(
        self,
        cls: str,
        args: Sequence[Scalar],
        kwargs: Mapping[str, Scalar] | None = None,
        *,
        seed: int,
        dtype: Literal["float32", "float64"] = "float64",
    ) -> Built:
        """Make an instance of the hand-in's class `cls`.

        seed: for `random` and `np.random`, from 0 to 2**32 - 1. dtype: the library's default, for this
            object's whole life. A constructor that does not take an argument raises StudentError.
        """
        self._check_loaded("build")
        if not 0 <= seed < 2**32:
            raise ValueError(f"build: expected a seed from 0 to 2**32 - 1, got {seed!r}.")
        kwargs = dict(kwargs or {})
        if not all(math.isfinite(value) for value in (*args, *kwargs.values()) if isinstance(value, float)):
            raise ValueError(f"build: expected finite arguments, got {args!r} and {kwargs!r}.")
        number = self._new_number()
        ask = m.Build(number, cls, tuple(args), kwargs, seed, dtype)
        answer, _ = self._ask(ask, [], m.Found)
        return self._found(number, answer)

    def tensors(self, obj: int) -> Built:
        """Look at an object again: what it holds may have changed since, by being called, for instance."""
        self._check_object("tensors", obj)
        answer, _ = self._ask(m.Look(obj), [], m.Found)
        return self._found(obj, answer)

    def write(self, obj: int, arrays: Mapping[str, Array]) -> None:
        """Set the values of Tensors by path: `tensor.arr = array`, with the array's dtype."""
        self._check_paths("write", obj, arrays)
        self._ask(m.Write(obj, tuple(arrays)), list(arrays.values()), m.Done)

    def read(self, obj: int, paths: Sequence[str]) -> dict[str, Array]:
        """Return the values of Tensors by path."""
        self._check_paths("read", obj, paths)
        _, values = self._ask(m.Read(obj, tuple(paths)), [], m.Values, len(paths))
        return dict(zip(paths, values, strict=True))

    def zero_grad(self, obj: int) -> None:
        """Set `.grad` to None at every Tensor of the object, registered or not, and at the inputs still held."""
        self._check_object("zero_grad", obj)
        self._ask(m.ZeroGrad(obj), [], m.Done)

    # ---- forward and backward ----------------------------------------------------------------------------

    def call(
        self,
        obj: int,
        inputs: Sequence[Array],
        *,
        requires_grad: bool | Sequence[bool] = True,
        grad: bool = True,
        layout: m.Layout = "contiguous",
        replacing: int | None = None,
    ) -> Output:
        """Run the object on Tensors made of `inputs`, whose dtypes stay as they are.

        requires_grad: of the inputs that are floating-point, or of each. grad: False to run as predictions are made,
        under `no_grad` and in evaluation mode.
        layout: how the inputs lie in the worker's memory. "computed": each is the result of an operation, and the
        gradients that `backward` gives are those at what it was computed from.
        replacing: an output that the worker lets go of first; it then makes the inputs where those of that one lay
            in memory, as happens in any training loop, if the hand-in does not hold them.
        The worker keeps the last 8 outputs, with their graphs.
        """
        self._check_object("call", obj)
        wanted = (requires_grad,) * len(inputs) if isinstance(requires_grad, bool) else tuple(requires_grad)
        if replacing is not None and replacing not in self._outputs:
            raise KeyError(f"call: expected to replace an output that is still held, got {replacing}.")
        return self._call(obj, inputs, len(inputs), wanted, grad, layout, None, replacing)

    def call_again(self, output: int) -> Output:
        """Run the object of an earlier call once more, on the very Tensors that it was run on."""
        if output not in self._outputs:
            raise KeyError(f"call_again: expected an output that is still held, got {output}.")
        obj, inputs, _ = self._outputs[output]
        return self._call(obj, (), inputs, (), True, "contiguous", output)

    def _call(
        self,
        obj: int,
        inputs: Sequence[Array],
        count: int,
        requires_grad: tuple[bool, ...],
        grad: bool,
        layout: m.Layout,
        again: int | None,
        replacing: int | None = None,
    ) -> Output:
        number = self._new_number()
        forget = replacing
        if forget is None and len(self._outputs) == _KEPT_OUTPUTS:
            forget = next(iter(self._outputs))
        if forget is not None:
            del self._outputs[forget]
        ask = m.Call(obj, number, forget, requires_grad, grad, layout, again, replacing is not None)
        answer, values = self._ask(ask, inputs, m.Called)
        if sum(item.present for item in answer.items) != len(values):
            raise self._live().refuse("expected an array for each item that has one, got another number")
        arrays = iter(values)
        items = tuple(
            Returned(i.type, i.is_tensor, i.dtype, i.requires_grad, next(arrays) if i.present else None)
            for i in answer.items
        )
        self._outputs[number] = _Held(obj, count, len(items))
        return Output(number, answer.returned, items, count)

    def inputs(self, output: int) -> tuple[Array, ...]:
        """Return the values of the inputs of a call, as they are now."""
        if output not in self._outputs:
            raise KeyError(f"inputs: expected an output that is still held, got {output}.")
        _, values = self._ask(m.Inputs(output), [], m.Values, self._outputs[output].inputs)
        return tuple(values)

    def outputs(self, output: int) -> tuple[Array, ...]:
        """Return the values of what a call returned, which was Tensors, as they are now."""
        if output not in self._outputs:
            raise KeyError(f"outputs: expected an output that is still held, got {output}.")
        _, values = self._ask(m.Outputs(output), [], m.Values, self._outputs[output].items)
        return tuple(values)

    def backward(
        self,
        output: int,
        gradient: Array,
        *,
        item: int = 0,
        also: Sequence[tuple[int, int, Array]] = (),
        strided: bool = False,
        clear: bool = False,
    ) -> Gradients:
        """Pull `gradient` back from an output, from its Tensor number `item` if it has several.

        also: (output, item, gradient) of others, pulled back in the same pass, as from a sum of losses.
        strided: without others, it has gaps between its entries in the worker's memory.
        Returns the gradients at the inputs of the first call and at the object's Tensors. They add up from
        call to call, as the library has it, until `zero_grad`. clear: do that in the same breath.
        """
        pulls = [(output, item, gradient), *also]
        for number, place, _ in pulls:
            if number not in self._outputs or not 0 <= place < self._outputs[number].items:
                raise KeyError(
                    f"backward: expected an output that is still held, and one of its items, got {number}, {place}."
                )
        ask = m.Backward(tuple((number, place) for number, place, _ in pulls), strided, clear)
        answer, values = self._ask(ask, [array for _, _, array in pulls], m.Pulled)
        present = [*answer.inputs, *(there for _, there in answer.tensors)]
        if sum(present) != len(values):
            raise self._live().refuse("expected an array for each gradient, got another number")
        paths = [path for path, _ in answer.tensors]
        self._check_told_paths(paths)
        arrays = iter(values)
        pulled = [next(arrays) if there else None for there in present]
        count = len(answer.inputs)
        return Gradients(tuple(pulled[:count]), dict(zip(paths, pulled[count:], strict=True)))

    def release(self, output: int) -> None:
        """Let the worker forget an output and its graph. Harmless if it has."""
        if self._outputs.pop(output, None) is not None:
            self._ask(m.Release(output), [], m.Done)

    # ---- training ----------------------------------------------------------------------------------------

    def optimizer(self, obj: int, lr: float, momentum: float = 0.0, frozen: Sequence[str] = ()) -> None:
        """Make `optim.SGD(model.parameters(), lr=lr, momentum=momentum)` for `train_step`.

        frozen: paths of Tensors that it leaves as they are.
        """
        self._check_paths("optimizer", obj, frozen)
        self._ask(m.Optimizer(obj, float(lr), float(momentum), tuple(frozen)), [], m.Done)
        self._trained.add(obj)

    def train_step(self, obj: int, x: Array, y: Array) -> float:
        """Take one step of the optimizer on the cross entropy of `obj(x)` and the labels `y`; return that loss.

        Gradients are set to None before. The loss may be infinite or NaN.
        """
        if obj not in self._trained:
            raise KeyError(f"train_step: expected an object with an optimizer, got {obj}. Call optimizer() first.")
        _, values = self._ask(m.TrainStep(obj), [x, y], m.Values, 1)
        if values[0].size != 1:
            raise self._live().refuse(f"expected one number as loss, got an array of shape {values[0].shape}")
        return float(values[0].reshape(()))

    def predict(self, obj: int, x: Array) -> Array:
        """Return the values of `obj(x)`, run under `no_grad` and in evaluation mode."""
        self._check_object("predict", obj)
        _, values = self._ask(m.Predict(obj), [x], m.Values, 1)
        return values[0]

    # ---- advice ------------------------------------------------------------------------------------------

    def locate(
        self,
        obj: int,
        inputs: Sequence[Array],
        *,
        paths: Sequence[str] = (),
        into: Sequence[int] = (),
        item: int = 0,
        requires_grad: bool = True,
        seconds: float = 5.0,
    ) -> tuple[Cut, ...]:
        """Find where the paths from Tensors to the output of a call leave the graph.

        paths: the Tensors, by path. into: the inputs, by number. item: which item of the output.
        requires_grad: of the inputs. seconds: how long it may take; no deadline counts that time. What is not
            found by then is left out; a worker that does not answer then is ended, as for any other request.
        Runs the object some times on `inputs`, and leaves its Tensors as they were.
        """
        self._check_paths("locate", obj, paths)
        if not all(0 <= number < len(inputs) for number in into):
            raise KeyError(f"locate: expected numbers of inputs, of which there are {len(inputs)}, got {list(into)}.")
        ask = m.Locate(obj, tuple(paths), tuple(into), item, requires_grad, seconds)
        answer = self._advice(ask, inputs, m.Located, seconds)
        return self.source.cuts(answer.cuts, [*paths, *into])

    def profile(self, obj: int, inputs: Sequence[Array], *, seconds: float = 5.0) -> Profile:
        """Run the object on `inputs` and back, for at most that long, and say which lines take the time.

        No deadline counts it. A call that takes longer is stopped within, and what was seen by then is told.
        """
        self._check_object("profile", obj)
        before = self._live().waited if self._link is not None else 0.0
        answer = self._advice(m.Profile(obj, seconds), inputs, m.Profiled, seconds)
        return Profile(answer.calls, self._live().waited - before, self.source.shares(answer.lines))

    def _advice(self, body: m.Ask, arrays: Sequence[Array], answer: type[Expected], seconds: float) -> Expected:
        """Ask for what no points depend on, and so no deadline either."""
        if not seconds > 0:
            raise ValueError(f"advice: expected a positive number of seconds, got {seconds!r}.")
        self.start()
        told, _ = self._live().ask(body, arrays, answer, seconds + _GRACE_SECONDS, seconds + _GRACE_SECONDS, 0)
        return told

    # ---- behind them -------------------------------------------------------------------------------------

    def _ask(
        self, body: m.Ask, arrays: Sequence[Array], answer: type[Expected], count: int | None = None
    ) -> tuple[Expected, list[Array]]:
        """Ask, and count the time against every deadline that holds."""
        self.start()
        link = self._live()
        tightest = min(self._budgets, key=lambda budget: budget.left, default=None)
        before = link.waited
        try:
            if tightest is None:
                return link.ask(body, arrays, answer, self._limits.wall_seconds, self._limits.wall_seconds, count)
            return link.ask(body, arrays, answer, tightest.left, tightest.seconds, count)
        finally:
            for budget in self._budgets:
                budget.left -= link.waited - before

    def _live(self) -> Link:
        """Return the worker. Raises DeadSessionError if it has ended."""
        if self._link is None or self._link.closed:
            raise DeadSessionError("Session: expected a worker, but it has ended. Call restart(), then load().")
        return self._link

    def _new_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _found(self, obj: int, answer: m.Found) -> Built:
        paths = [tensor.path for tensor in answer.tensors]
        self._check_told_paths(paths)
        self._objects[obj] = set(paths)
        return Built(obj, answer.tensors)

    def _check_told_paths(self, paths: Sequence[str]) -> None:
        """Paths are shown to people and used as keys: they must be printable, and each its own."""
        if len(set(paths)) != len(paths) or not all(path.isprintable() for path in paths):
            raise self._live().refuse("expected different, printable paths of Tensors")

    def _check_loaded(self, what: str) -> None:
        if not self._loaded:
            raise ValueError(f"{what}: expected a hand-in that is loaded, but it is not. Call load() first.")

    def _check_object(self, what: str, obj: int) -> None:
        if obj not in self._objects:
            raise KeyError(f"{what}: expected the id of an object of this worker, got {obj!r}. Call build() first.")

    def _check_paths(self, what: str, obj: int, paths: Mapping[str, Array] | Sequence[str]) -> None:
        self._check_object(what, obj)
        unknown = sorted(set(paths) - self._objects[obj])
        if unknown:
            raise KeyError(f"{what}: expected paths among {sorted(self._objects[obj])}, got {unknown}.")
