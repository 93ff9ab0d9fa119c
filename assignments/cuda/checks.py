"""The checks of the assignment on CUDA. Ids are stable; points are in assignment.toml.

The hand-in gives kernels; harness.py launches them on the simulator, under rules that a GPU has. What comes back is
what they wrote, and notes of accesses that were not as they should be. What is right is computed here.

Long, for much of it is what a check says to a student; launches come first, then each check in the handout's order.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from autograder.checks import Cause, Failed, Grader, Passed, check
from autograder.checks import policy as policies
from autograder.checks.compare import first_mismatch
from autograder.checks.types import TypeCheck, types_are_strict
from autograder.sandbox import Array, WorkerTimeout
from autograder.verdict import Status
from autograder.words import N_, _

FACTORIES = {"forward": "forward_kernel", "grad_input": "grad_input_kernel"}
"""What the hand-in calls the function that makes each kernel."""

NAMES = {"forward": ("x", "weight", "y"), "grad_input": ("dy", "weight", "dx")}
"""What the handout calls the arguments of each kernel."""


class Access(IntEnum):
    """What is noted of an access, or of a barrier, that was not as it should be, as harness.py numbers it."""

    READS_OUTSIDE = 0
    WRITES_OUTSIDE = 1
    WRITES_INPUT = 2
    WRITES_SEVERAL = 3
    READS_AGAIN = 4
    READS_UNWRITTEN = 5
    READS_EARLY = 6
    WRITES_EARLY = 7
    PARTED = 8


@dataclass(frozen=True, slots=True)
class Case:
    """A launch of a kernel: images (n, c, h, w), filters (f, c, k, k), blocks of tile * tile threads."""

    kernel: str
    n: int
    c: int
    f: int
    h: int
    w: int
    k: int
    tile: int

    def __str__(self) -> str:
        names = NAMES[self.kernel]
        shapes = self.given, (self.f, self.c, self.k, self.k)
        told = ", ".join(f"{name} {shape}" for name, shape in zip(names, shapes, strict=False))
        return f"{FACTORIES[self.kernel]}({self.tile}, {self.k}): {told}"

    @property
    def given(self) -> tuple[int, ...]:
        """The shape of the first argument."""
        small = self.n, self.f, self.h - self.k + 1, self.w - self.k + 1
        return small if self.kernel == "grad_input" else (self.n, self.c, self.h, self.w)

    def arrays(self, grader: Grader, *launch: str) -> tuple[Array, Array]:
        """Draw the first argument, and the weight: others for each launch, so that no result is right in two."""
        rng = grader.rng(self.kernel, str(self), *launch)
        shapes = self.given, (self.f, self.c, self.k, self.k)
        x, weight = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
        return x, weight

    def right(self, given: Array, weight: Array) -> Array:
        """Compute the right result, in float64."""
        compute = collected if self.kernel == "grad_input" else correlated
        return compute(given.astype(np.float64), weight.astype(np.float64))

    def suspects(self, given: Array, weight: Array) -> Iterator[tuple[Cause, Array]]:
        """Yield what usual mistakes would compute."""
        flipped = Cause.FLIPPED_KERNEL if self.kernel == "grad_input" else Cause.CONVOLUTION
        yield flipped, self.right(given, weight[:, :, ::-1, ::-1])
        yield Cause.AXES_SWAPPED, self.right(given, weight.swapaxes(2, 3))
        if self.kernel == "grad_input":
            yield Cause.WRAPS_AROUND, collected(given, weight, wrap=True)
            yield Cause.OVERWRITTEN, self.right(given[:, -1:], weight[-1:])
        else:
            yield Cause.OVERWRITTEN, self.right(given[:, -1:], weight[:, -1:])


def correlated(x: Array, weight: Array) -> Array:
    """Return y[n, f, i, j] = sum over c, a, b of weight[f, c, a, b] * x[n, c, i + a, j + b]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], (2, 3))
    y: Array = np.einsum("ncijab,fcab->nfij", windows, weight)
    return y


def collected(dy: Array, weight: Array, *, wrap: bool = False) -> Array:
    """Return dx[n, c, u, v] = sum over f, a, b of dy[n, f, u - a, v - b] * weight[f, c, a, b].

    wrap: negative indices are read from the other end, as Python and Numba do.
    """
    rows, columns, k = *dy.shape[2:], weight.shape[2]
    dx = np.zeros((len(dy), weight.shape[1], rows + k - 1, columns + k - 1))
    for a, b in np.ndindex(k, k):
        part = np.einsum("nfij,fc->ncij", dy, weight[:, :, a, b])
        dx[:, :, a : a + rows, b : b + columns] += part
        if wrap:
            u, v = (np.arange(n) for n in dx.shape[2:])
            read = ((u - a < rows)[:, None] & (v - b < columns)) & ((u < a)[:, None] | (v < b))
            dx += np.where(read, part[:, :, (u - a)[:, None] % rows, (v - b) % columns], 0)
    return dx


# ---- a launch --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Launched:
    """What came of a launch: the result, what it should be, and the notes by their kind."""

    case: Case
    arguments: tuple[Array, Array]
    result: Array
    notes: dict[int, list[int]]

    @property
    def right(self) -> Array:
        """What the result should be."""
        return self.case.right(*self.arguments)

    def told(self, kind: Access) -> str:
        """Return which access it was that was noted, in words."""
        _kind, number, *numbers = self.notes[kind]
        block, thread, index = (tuple(numbers[i:j]) for i, j in ((0, 3), (3, 6), (6, 10)))
        where = {"tx": thread[0], "ty": thread[1], "bx": block[0], "by": block[1], "bz": block[2]}
        if kind == Access.PARTED:
            return _(
                "thread (x {tx}, y {ty}) of block (x {bx}, y {by}, z {bz}) waits at line {line}, and thread (x {ox}, "
                "y {oy}) at line {other}",
                **where,
                line=index[0],
                ox=index[2],
                oy=index[3],
                other=index[1],
            )
        array = NAMES[self.case.kernel][number] if number < 3 else _("a shared array")
        return _(
            "thread (x {tx}, y {ty}) of block (x {bx}, y {by}, z {bz}), entry {index} of {array}",
            **where,
            index=[i for i in index if i != -1] if number == 3 else list(index),
            array=array,
        )


def launch(
    grader: Grader,
    case: Case,
    order: str = "in step",
    *,
    rationed: bool = False,
    more: tuple[int, int, int] = (0, 0, 0),
) -> Launched:
    """Launch a kernel of the hand-in, as harness.Launch says; raise Failed where it breaks a rule that always holds."""
    grader.once("keeps to CUDA", lambda: keeps_to_cuda(grader))
    session = grader.session
    way = order, str(rationed), str(more)
    arguments = case.arrays(grader, *way)
    seed = grader.child_seed(case.kernel, str(case), *way)
    launcher = session.build("Launch", (case.kernel, case.tile, order, rationed, *more), seed=seed)
    try:
        output = session.call(launcher.id, arguments, requires_grad=False)
    except WorkerTimeout as error:
        raise Failed(
            f"{case}: " + _("Stopped: no answer within {seconds:g} seconds.", seconds=error.seconds),
            hint=_(
                "Is there a loop that does not end, or one that waits for what another thread will write? Threads "
                "wait for each other in cuda.syncthreads() alone."
            ),
            status=Status.TIMEOUT,
        ) from None
    session.release(output.id)
    result, notes = (item.array for item in (*output.items, *output.items)[:2])
    shape = case.right(*arguments).shape
    if result is None or notes is None or result.shape != shape or notes.dtype != np.int64 or notes.shape[1:] != (12,):
        raise Failed(
            _("{case}: expected an array of shape {shape}, got something else.", case=case, shape=shape),
            cause=Cause.WRONG_TYPE,
        )
    launched = Launched(case, arguments, result, {int(row[0]): row.tolist() for row in notes})
    for kind, (text, hint, cause) in RULES.items():
        if kind in launched.notes:
            raise Failed(
                f"{case}: " + _(text, access=launched.told(kind)),
                hint=_(hint),
                cause=cause,
                evidence={"note": launched.notes[kind]},
            )
    return launched


def keeps_to_cuda(grader: Grader) -> None:
    """Raise Failed if the source reaches for what the simulator and the harness are made of, which a GPU has not."""
    policies.does_it_itself(grader.submission, "numba", grader.assignment.config.imports)
    try:
        tree = policies.parsed(grader.submission.source)
    except (SyntaxError, ValueError):
        return  # the worker says where
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if name.startswith("_") or name == "simulator":
                reached, line = f".{name}", node.lineno
            case ast.Name(id="getattr"):
                reached, line = "getattr", node.lineno
            case ast.MatchClass(kwd_attrs=names) if any(name.startswith("_") for name in names):
                reached, line = ast.unparse(node), node.lineno
            case ast.Import() | ast.ImportFrom() if {"simulator", "harness"} & set(
                re.findall(r"\w+", ast.unparse(node))
            ):
                reached, line = ast.unparse(node), node.lineno
            case _:
                continue
        raise Failed(
            _("Line {line}: expected a program for a GPU, got `{what}`, which is none there.", line=line, what=reached),
            hint=_("A kernel computes with numbers that it reads from its arguments, and with what `cuda` has."),
            cause=Cause.IMPORTS,
            evidence={"found": [line, reached]},
        )


RULES = {
    Access.WRITES_OUTSIDE: (
        N_("expected every thread to write within the array, got a write outside of it: {access}."),
        N_("Bounds come from shapes: let a thread write only if its row, column and plane are in the result."),
        Cause.OUT_OF_BOUNDS,
    ),
    Access.READS_OUTSIDE: (
        N_("expected every thread to read within the array, got a read outside of it: {access}."),
        N_("Compare the index with the array's own shape before you read: a GPU would give you whatever lies there."),
        Cause.OUT_OF_BOUNDS,
    ),
    Access.WRITES_INPUT: (
        N_("expected the first two arguments to be read only, got a write: {access}."),
        N_("Write to the third argument alone."),
        Cause.MODIFIES_INPUT,
    ),
    Access.WRITES_SEVERAL: (
        N_("expected each thread to write one entry, got a thread that writes a second one: {access}."),
        N_("A thread's block and its place in it say which entry is its own; the other threads see to the others."),
        Cause.ONE_THREAD,
    ),
    Access.PARTED: (
        N_("expected all threads of a block to wait at one barrier, got some that wait at another: {access}."),
        N_(
            "cuda.syncthreads() is for all threads of a block or for none: on a GPU they may wait forever. Call it "
            "where all of them get to, outside of an `if` that only some take."
        ),
        Cause.BARRIER,
    ),
}
"""What no launch may do: in words, what to do about it, and the cause."""


def result_is_right(launched: Launched) -> None:
    """Raise Failed unless the result is right."""
    case, result = launched.case, launched.result
    mismatch = first_mismatch(result, launched.right, rounded=True)
    if mismatch is None:
        return
    missing = int(np.isnan(result).sum())
    if missing:
        cause, hint = Cause.UNWRITTEN, N_(
            "The result holds NaN when a kernel gets it. Write every entry, with `=` and not `+=`; what is read from "
            "shared memory must have been written to it."
        )  # fmt: skip
    else:
        cause = next(
            (
                cause
                for cause, wrong in case.suspects(*launched.arguments)
                if first_mismatch(result, wrong, rounded=True) is None
            ),
            Cause.VALUES_WRONG,
        )
        hint = HINTS.get(cause, N_("Compute one entry by hand, with the sum of the docstring, and print the terms."))
    raise Failed(
        f"{case}: {mismatch.told()}.", hint=_(hint), cause=cause, evidence={**mismatch.evidence(), "nan": missing}
    )


HINTS = {
    Cause.CONVOLUTION: N_("The filter is read back to front: y[i, j] takes weight[a, b] * x[i + a, j + b]."),
    Cause.FLIPPED_KERNEL: N_("The filter is read back to front: dx[u, v] takes weight[a, b] * dy[u - a, v - b]."),
    Cause.AXES_SWAPPED: N_("Rows and columns of the filter are swapped: a goes with rows, b with columns."),
    Cause.OVERWRITTEN: N_("Only the last channel counts: add up over all of them."),
    Cause.WRAPS_AROUND: N_("A negative index reads from the other end: leave out the terms where u < a or v < b."),
}


def for_each(grader: Grader, cases: tuple[Case, ...], message: str) -> Passed:
    """Demand the right result in each case."""
    for number, case in enumerate(cases):
        grader.progress(number / len(cases), str(case))
        result_is_right(launch(grader, case))
    return Passed(_(message, count=len(cases)))


# ---- the checks ------------------------------------------------------------------------------------------

FORWARD = (
    Case("forward", n=2, c=3, f=5, h=4, w=6, k=3, tile=2),
    Case("forward", n=1, c=2, f=3, h=4, w=7, k=2, tile=3),
    Case("forward", n=3, c=5, f=1, h=2, w=4, k=1, tile=2),
    Case("forward", n=1, c=2, f=2, h=7, w=5, k=4, tile=2),  # a patch of more than four entries a thread
)
FORWARD_PARTLY = (
    Case("forward", n=1, c=2, f=3, h=7, w=5, k=3, tile=4),
    Case("forward", n=2, c=1, f=1, h=4, w=6, k=2, tile=2),
    Case("forward", n=1, c=2, f=2, h=4, w=10, k=4, tile=3),
)
FORWARD_SMALL = Case("forward", n=2, c=2, f=3, h=2, w=5, k=2, tile=1)
FORWARD_SHARED = (
    Case("forward", n=1, c=3, f=2, h=4, w=6, k=3, tile=2),
    Case("forward", n=1, c=2, f=2, h=4, w=4, k=2, tile=3),
)
GRAD_INPUT = (
    Case("grad_input", n=1, c=3, f=5, h=4, w=6, k=3, tile=2),
    Case("grad_input", n=2, c=3, f=2, h=3, w=3, k=2, tile=3),
    Case("grad_input", n=2, c=1, f=3, h=2, w=4, k=1, tile=2),
)
GRAD_INPUT_PARTLY = (
    Case("grad_input", n=1, c=2, f=3, h=4, w=5, k=3, tile=3),
    Case("grad_input", n=2, c=1, f=2, h=5, w=2, k=2, tile=2),
)
GRAD_INPUT_SMALL = Case("grad_input", n=2, c=3, f=2, h=1, w=4, k=1, tile=1)
LARGER = ((1, 0, 0), (0, 1, 0), (0, 0, 2))
"""By how many blocks a grid is larger than it needs to be, along x, y and z."""


def grid_may_be_larger(grader: Grader, case: Case) -> None:
    """Raise Failed unless the result is right also where there are more blocks than it takes."""
    result_is_right(launch(grader, case))
    for more in LARGER:
        try:
            result_is_right(launch(grader, case, more=more))
        except Failed as failed:
            raise Failed(
                _(
                    "Right on a grid that just covers the result. With {x}, {y} and {z} more blocks along x, y and z: "
                    "{wrong}",
                    x=more[0],
                    y=more[1],
                    z=more[2],
                    wrong=failed.message,
                ),
                hint=_(
                    "Take every bound from the shape of an array: a thread whose entry is not in the result writes "
                    "none. gridDim only says how many blocks somebody launched."
                ),
                cause=Cause.GRID_SIZE,
                evidence={**failed.evidence, "cause": str(Cause.GRID_SIZE), "more_blocks": list(more)},
            ) from None


@check("forward.values")
def forward_values(grader: Grader) -> Passed:
    """The forward kernel computes the cross-correlation."""
    return for_each(grader, FORWARD, N_("Right in all {count} launches."))


@check("forward.bounds")
def forward_bounds(grader: Grader) -> Passed:
    """The forward kernel is right where blocks reach beyond the result."""
    return for_each(grader, FORWARD_PARTLY, N_("Right in all {count} launches, and no thread left an array."))


@check("forward.grid")
def forward_grid(grader: Grader) -> Passed:
    """The forward kernel does not depend on the number of blocks."""
    grid_may_be_larger(grader, FORWARD_SMALL)
    return Passed(_("Right on grids that are larger than they need to be."))


@check("forward.traffic")
def forward_traffic(grader: Grader) -> Passed:
    """Each block of the forward kernel reads an entry of x from global memory once."""
    for case in FORWARD_SHARED:
        launched = launch(grader, case, rationed=True)
        if Access.READS_AGAIN in launched.notes:
            raise Failed(
                f"{case}: "
                + _(
                    "the values are right. Expected each block to read an entry of x from global memory once, got a "
                    "second read: {access}.",
                    access=launched.told(Access.READS_AGAIN),
                ),
                hint=_(
                    "Let the threads of a block load what they need of a channel into a shared array, "
                    "(tile + size - 1) * (tile + size - 1) entries, and read it from there."
                ),
                cause=Cause.READS_AGAIN,
                evidence={"note": launched.notes[Access.READS_AGAIN]},
            )
        result_is_right(launched)
    return Passed(_("Each block reads what it needs once."))


@check("forward.races")
def forward_races(grader: Grader) -> Passed:
    """The forward kernel computes the same whichever thread comes first."""
    for case in FORWARD_SHARED:
        for order in ("ascending", "descending"):
            launched = launch(grader, case, order)
            if mismatch := first_mismatch(launched.result, launched.right, rounded=True):
                kind = next((k for k in RACES if k in launched.notes), None)
                raise Failed(
                    f"{case}: "
                    + _(
                        "the values are right if the threads of a block keep step. If each runs as far as it can "
                        "before the next one: {mismatch}.",
                        mismatch=mismatch.told(),
                    )
                    + ("" if kind is None else " " + _(RACES[kind], access=launched.told(kind))),
                    hint=_(
                        "Call cuda.syncthreads() between writing to shared memory and reading what other threads "
                        "wrote, and again before it is overwritten."
                    ),
                    cause=Cause.RACE,
                    evidence={**mismatch.evidence(), "order": order},
                )
    return Passed(_("The same, whichever thread comes first."))


RACES = {
    Access.READS_UNWRITTEN: N_("A read of what no thread has written yet: {access}."),
    Access.READS_EARLY: N_("A read of what another thread wrote since the last barrier: {access}."),
    Access.WRITES_EARLY: N_("A write over what another thread may still have to read: {access}."),
}


@check("grad_input.values")
def grad_input_values(grader: Grader) -> Passed:
    """The gradient kernel computes the gradient of the input."""
    return for_each(grader, GRAD_INPUT, N_("Right in all {count} launches."))


@check("grad_input.bounds")
def grad_input_bounds(grader: Grader) -> Passed:
    """The gradient kernel is right where blocks reach beyond the result, whatever the grid."""
    passed = for_each(grader, GRAD_INPUT_PARTLY, N_("Right in all {count} launches, and no thread left an array."))
    grid_may_be_larger(grader, GRAD_INPUT_SMALL)
    return passed


@check(
    "types.strict",
    begin=lambda grader: TypeCheck(
        grader.submission, grader.seconds("types.strict"), grader.assignment.config.packages
    ),
)
def types_strict(grader: Grader) -> Passed:
    """mypy --strict accepts the file."""
    return types_are_strict(grader, grader.background("types.strict", TypeCheck))


@check("policy")
def policy(grader: Grader) -> Passed:
    """The file imports nothing that does the work for it."""
    return policies.only_allowed_imports(grader.submission, grader.assignment.config.imports)
