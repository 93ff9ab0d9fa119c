"""Find where the path from a Tensor to the output leaves the graph, by experiment.

The call is run several times on the same inputs. What depends on a Tensor in value is what changes when its
values are nudged; what depends on it in the graph has it among its ancestors. The path breaks at the first
node that depends on it in value and not in the graph, if the output changes when that node is nudged. What fed
it is the last read of values that depend on the Tensor in the graph, and that change the node when they are nudged.
"""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.sandbox.messages import Cut, Located, Place
from autograder.sandbox.worker.calls import awake
from autograder.sandbox.worker.handin import plain
from autograder.sandbox.worker.hurry import within
from autograder.sandbox.worker.kept import Kept
from autograder.sandbox.worker.trace import Event, Span, Watch, mark_of, nudge, span_at, watching, written_places
from numpytorch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, FrameType

    from autograder.sandbox.messages import Array, Locate
    from autograder.sandbox.worker.state import State
    from numpytorch._node import TensorNode
    from numpytorch.autograd import GradFn

_MOST_TRIES = 8
_SAME = 1e-6


def locate(state: State, ask: Locate, arrays: list[Array]) -> tuple[Located, list[Array]]:
    """Say of each target where its path breaks, as far as that is found in time. Leaves all as it was."""
    made = awake(state, ask.obj, training=True)
    hand_in = state.hand_in
    kept = Kept(made.root)
    try:
        with watching(hand_in.file) as watch:
            search = _Search(watch, kept, made.root, ask, arrays, written_places(hand_in.source))
            within(ask.seconds, search.run)
    finally:
        kept.restore()
    return Located(tuple(search.cuts.values())), []


@dataclass(slots=True)
class _Run:
    """One run of the call.

    final: by the number of the first read of a node through `.arr`, its mark at the end. It differs from that
        at the beginning if the hand-in wrote into the array.
    """

    events: list[Event]
    targets: list[TensorNode]
    output: object
    mark: float
    final: dict[int, float]
    below: dict[int, int] = field(default_factory=dict)

    def leads_to(self, node: TensorNode) -> int:
        """Return which targets are among the ancestors of `node`, as bits."""
        if not self.below:
            self.below = {id(target): 1 << bit for bit, target in enumerate(self.targets)}
        stack = [node]
        while stack:
            parents = () if id(stack[-1]) in self.below else _parents(stack[-1])
            unknown = [parent for parent in parents if id(parent) not in self.below]
            if unknown:
                stack += unknown
                continue
            top = stack.pop()
            if id(top) not in self.below:
                bits = 0
                for parent in parents:
                    bits |= self.below[id(parent)]
                self.below[id(top)] = bits
        return self.below[id(node)]


@dataclass(frozen=True, slots=True)
class _Break:
    """Where values went on without the graph: an event, or the first read of an array that was written to later."""

    index: int
    written: bool


class _Search:
    """The experiments of one request. cuts: what has been found so far, by target."""

    def __init__(
        self,
        watch: Watch,
        kept: Kept,
        root: Any,
        ask: Locate,
        arrays: list[Array],
        written: set[tuple[int, int]],
    ) -> None:
        self.cuts: dict[int, Cut] = {}
        self._watch = watch
        self._kept = kept
        self._root = root
        self._ask = ask
        self._arrays = arrays
        self._written = written
        self._params = [kept.tensors[path] for path in ask.paths if path in kept.tensors]
        self._lifts = True
        self._plain = [not tensor.node.requires_grad for tensor in self._params]

    def run(self) -> None:
        """Look for the break of each target in turn."""
        if len(self._params) != len(self._ask.paths):
            return
        try:
            first = self._call()
        except Exception:
            # The hand-in's own; perhaps because it asks for the array of a Tensor that now requires a gradient.
            if not any(self._plain):
                raise
            self._lifts = False
            first = self._call()
        self._base = self._call()
        # What is not the same twice cannot be judged by whether it changes.
        self._steady = [
            a.span == b.span and _same(a.mark, b.mark) for a, b in zip(first.events, self._base.events, strict=False)
        ]
        for target in range(len(self._base.targets)):
            # With other values the hand-in may raise; what was found before that stays.
            with suppress(Exception):
                self._find(target)

    def _call(self, nudged: Iterable[int] = (), shifted: int | None = None) -> _Run:
        """Run the object as it was at the beginning. shifted: the target whose values are nudged."""
        self._kept.restore_values()
        inputs = [Tensor(a, requires_grad=self._ask.requires_grad and a.dtype.kind == "f") for a in self._arrays]
        tensors = [*self._params, *(inputs[i] for i in self._ask.inputs)]
        for tensor in self._params:
            if self._lifts and tensor.node.arr.dtype.kind == "f":
                tensor.node.requires_grad = True  # a plain Tensor too, to see whether a Parameter would do
        targets = [tensor.node for tensor in tensors]
        if shifted is not None:
            # In place, so that what shows the same memory changes too.
            arr = targets[shifted].arr
            arr[...] = nudge(arr)
        self._watch.begin(frozenset(nudged))
        result = self._root(*inputs)
        events = self._watch.events
        self._watch.begin()
        if isinstance(result, list | tuple):
            result = result[self._ask.item]
        final, seen = {}, set()
        for number, event in enumerate(events):
            if event.kind == "read" and event.via == "arr" and id(event.node) not in seen:
                seen.add(id(event.node))
                final[number] = mark_of(event.node.arr)
        values = result.node.arr if isinstance(result, Tensor) else np.asarray(result)
        return _Run(events, targets, result, mark_of(values), final)

    def _find(self, target: int) -> None:
        base = self._base
        if not base.targets[target].requires_grad and target < len(self._plain):
            self._tell(target, "whole")  # it is not in the graph at all, and all that can be told is that it is plain
            return
        if isinstance(base.output, Tensor) and self._leads(target, base.output.node):
            self._look_behind(target, base.output)
            return
        shifted = self._call(shifted=target)
        breaks = self._breaks(target, shifted)
        if not breaks and _same(base.mark, shifted.mark):
            self._tell(target, "unused")
            return
        first = None
        if breaks:
            first = breaks[0]
            self._tell_break(target, first, None)  # in case there is no time for more
            first = next((b for b in breaks[:_MOST_TRIES] if self._matters(b)), first)
            first = self._given_to_rule(first, breaks)
        self._tell_break(target, first, self._read_before(target, first))

    def _leads(self, target: int, node: TensorNode) -> bool:
        return bool(self._base.leads_to(node) >> target & 1)

    def _breaks(self, target: int, shifted: _Run) -> list[_Break]:
        """List what depends on the target in value and not in the graph, in order."""
        base, found, changed = self._base, [], set()
        for index, (event, other) in enumerate(zip(base.events, shifted.events, strict=False)):
            if event.span != other.span:
                break
            if index >= len(self._steady) or not self._steady[index] or self._leads(target, event.node):
                continue
            if event.kind != "read":
                if not _same(event.mark, other.mark):
                    changed.add(id(event.node))
                    found.append(_Break(index, written=False))
            elif id(event.node) not in changed and index in base.final and index in shifted.final:
                written = not _same(base.final[index], shifted.final[index])
                found += [_Break(index, written=True)] * written
        return found

    def _matters(self, at: _Break) -> bool:
        """Whether the output changes when the node is nudged, or, if it was written to, when that is undone."""
        events = self._base.events
        which = (
            [i for i, e in enumerate(events) if e.kind == "read" and e.node is events[at.index].node]
            if at.written
            else [at.index]
        )
        return not _same(self._call(which).mark, self._base.mark)

    def _given_to_rule(self, at: _Break, breaks: list[_Break]) -> _Break:
        """Return the copy that a rule was given instead of the Tensor, if the break is a node with a rule."""
        rule = self._base.events[at.index].node.grad_fn
        given = {id(parent) for parent in (rule.parents if rule is not None else ())}
        return next((b for b in breaks if id(self._base.events[b.index].node) in given), at)

    def _read_before(self, target: int, at: _Break | None) -> Span | None:
        """Return the last read of something that depends on the target, and that the break depends on."""
        base = self._base
        if at is not None and not at.written and base.events[at.index].copied:
            return None  # a Tensor was given to it: what was read before has gone through the graph
        until = base.events if at is None or at.written else base.events[: at.index]
        reads: dict[Span, list[int]] = {}
        for index, event in enumerate(until):
            if event.kind == "read" and self._leads(target, event.node):
                reads.setdefault(event.span, []).append(index)
        latest = sorted(reads, key=lambda span: -reads[span][-1])
        for span in latest[:_MOST_TRIES]:
            other = self._call(reads[span])
            if at is None:
                before, after = base.mark, other.mark
            elif at.written:
                before, after = base.final[at.index], other.final.get(at.index, math.nan)
            else:
                before = base.events[at.index].mark
                after = other.events[at.index].mark if at.index < len(other.events) else math.nan
            if not _same(before, after):
                return span
        return None

    def _look_behind(self, target: int, output: Tensor) -> None:
        """The graph reaches the target: look for the rule that returns no gradient for it."""
        self._tell(target, "whole")
        base = self._base
        refused: list[tuple[GradFn, Span | None]] = []
        rules = {id(node.grad_fn): node.grad_fn for node in _ancestors(output.node) if node.grad_fn is not None}
        for rule in rules.values():
            code = getattr(type(rule).f_d, "__code__", None)
            if code is not None and self._watch.owns(code):
                rule.f_d = _listening(  # type: ignore[method-assign] # for this one pass
                    rule, [bool(base.leads_to(p) >> target & 1) for p in rule.parents], refused
                )
        for node in base.targets:
            node.grad = None
        output.backward(_upstream(output))
        if base.targets[target].grad is None and refused:
            rule, span = refused[0]
            self._tell(target, "refused", span, rule=type(rule).__name__)
        for rule in rules.values():
            vars(rule).pop("f_d", None)

    def _tell_break(self, target: int, at: _Break | None, read: Span | None) -> None:
        if at is None:
            if read is not None:
                self._tell(target, "read", read=read)
            return
        event = self._base.events[at.index]
        if at.written:
            spans = [e.span for e in self._base.events if e.kind == "read" and e.node is event.node]
            made = next((s for s in spans if (s.line, s.column) in self._written), event.span)
            self._tell(target, "written", made, read, recording=event.recording)
            return
        rule = type(event.node.grad_fn).__name__ if event.node.grad_fn is not None else ""
        self._tell(target, event.kind, event.span, read, event.via, rule, recording=event.recording)

    def _tell(
        self,
        target: int,
        kind: Any,
        made: Span | None = None,
        read: Span | None = None,
        via: str = "",
        rule: str = "",
        *,
        recording: bool = True,
    ) -> None:
        plain_tensor = target < len(self._plain) and self._plain[target]
        self.cuts[target] = Cut(
            target, kind, _place(made), _place(read), plain(via), plain(rule), recording, plain_tensor
        )


def _listening(rule: GradFn, wanted: list[bool], refused: list[tuple[GradFn, Span | None]]) -> Any:
    """Return `rule.f_d`, which also notes where it returned None for a parent that a gradient is wanted for."""
    f_d = rule.f_d
    code: CodeType = type(rule).f_d.__code__
    where: list[Span | None] = [None]

    def profile(frame: FrameType, what: str, _: object) -> None:
        if what == "return" and frame.f_code is code:
            where[0] = span_at(code, frame.f_lasti)

    def listening(*nodes: Any) -> Any:
        sys.setprofile(profile)
        try:
            gradients = f_d(*nodes)
        finally:
            sys.setprofile(None)
        if isinstance(gradients, list | tuple) and any(
            g is None and w for g, w in zip(gradients, wanted, strict=False)
        ):
            refused.append((rule, where[0]))
        return gradients

    return listening


def _upstream(output: Tensor) -> Array:
    return nudge(np.ones_like(output.node.arr))  # type: ignore[no-any-return] # an array gives an array


def _ancestors(node: TensorNode) -> list[TensorNode]:
    found, stack, seen = [], [node], {id(node)}
    while stack:
        node = stack.pop()
        found.append(node)
        for parent in _parents(node):
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append(parent)
    return found


def _parents(node: TensorNode) -> tuple[TensorNode, ...]:
    return () if node.grad_fn is None else node.grad_fn.parents


def _place(span: Span | None) -> Place | None:
    if span is None:
        return None
    return Place(span.line, span.end_line, span.column, span.end_column, plain(span.function))


def _same(a: float, b: float) -> bool:
    """Whether two marks are of the same values, but for the order in which a sum was made."""
    if math.isfinite(a) and math.isfinite(b):
        return abs(a - b) <= _SAME * max(abs(a), abs(b))
    return a == b or (math.isnan(a) and math.isnan(b))
