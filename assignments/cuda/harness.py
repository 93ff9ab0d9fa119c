"""Runs beside the hand-in, and launches its kernels on Numba's CUDA simulator. It holds no answers.

The simulator runs the threads of a block side by side, as the system pleases, on arrays that forgive much. Here one
thread runs at a time, in a known order, and memory is as strict as a GPU's: what nobody has written holds NaN, an index
outside of an array reads NaN and writes nothing, and every such access is noted.

Long, for it is sent to the worker as one file: memory comes first, then threads, then a launch.
"""

from __future__ import annotations

import functools
import importlib
import math
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from numba.cuda.simulator import kernel as simulator
from numba.cuda.simulator.kernelapi import FakeCUDAShared
from numpy.typing import NDArray

from numpytorch import Tensor

Array: TypeAlias = NDArray[Any]
Place: TypeAlias = tuple[int, int, int]
"""x, y, z: of a block in the grid, or of a thread in its block."""

READS_OUTSIDE, WRITES_OUTSIDE, WRITES_INPUT, WRITES_SEVERAL, READS_AGAIN = range(5)
READS_UNWRITTEN, READS_EARLY, WRITES_EARLY, PARTED = range(5, 9)
"""What is noted of an access: `Notes.take`. The three of the second line are of shared memory, and may be harmless; the
last is of a barrier where only some threads of a block wait, `Block.note_parted`."""

SHARED = 3
"""The number of every shared array in a note; the arguments of a kernel have 0, 1 and 2."""

SHARED_BYTES = 48 * 1024
"""Of shared memory in a block: what every GPU has."""

FACTORIES = {"forward": "forward_kernel", "grad_input": "grad_input_kernel"}
"""What the hand-in calls the function that makes each kernel."""


class Notes:
    """The first access of each kind that was not as it should be: (kind, array, block, thread, *index).

    Of a barrier, array is 0, and index (line, line of the other barrier, x and y of the thread that waits there).
    """

    def __init__(self) -> None:
        self.rows: dict[int, list[int]] = {}

    def take(self, kind: int, array: int, index: Any, thread: object = None) -> None:
        """Note an access of a thread: of the one that is running, if none is named."""
        thread = threading.current_thread() if thread is None else thread
        if kind not in self.rows and isinstance(thread, Thread):
            key = index if isinstance(index, tuple) else (index,)
            whole = [int(i) if isinstance(i, int | np.integer) else -1 for i in (*key, -1, -1, -1, -1)[:4]]
            self.rows[kind] = [kind, array, *thread.blockIdx, *thread.threadIdx, *whole]

    def array(self) -> Array:
        """Return them, one a row."""
        return np.array(list(self.rows.values()), np.int64).reshape(-1, 12)


# ---- memory ----------------------------------------------------------------------------------------------


class Cells:
    """The entries of an array, one after the other; here of an argument that is only read."""

    def __init__(self, number: int, values: Array, notes: Notes) -> None:
        self.number, self.values, self.notes = number, values.reshape(-1), notes
        self.shape = values.shape

    def read(self, cell: int) -> Any:
        """Return an entry."""
        return self.values[cell]

    def write(self, cells: Any, value: Any) -> None:
        """Set an entry, or several to one value."""
        self.note(WRITES_INPUT, cells)

    def note(self, kind: int, cells: Any) -> None:
        """Note an access to an entry, or to the first of several."""
        first = np.atleast_1d(cells).reshape(-1)[0]
        self.notes.take(kind, self.number, np.unravel_index(int(first), self.shape))


class ResultCells(Cells):
    """What a kernel writes: each thread one entry."""

    def write(self, cells: Any, value: Any) -> None:
        """Set an entry."""
        thread = threading.current_thread()
        if isinstance(thread, Thread):
            thread.wrote |= set(np.atleast_1d(cells).reshape(-1).tolist())
            if len(thread.wrote) > 1:
                self.note(WRITES_SEVERAL, cells)
        self.values[cells] = value


class RationedCells(Cells):
    """An argument of which each block may read an entry once. Then it is NaN."""

    def __init__(self, number: int, values: Array, notes: Notes) -> None:
        super().__init__(number, values, notes)
        self.by: dict[int, Place] = {}

    def read(self, cell: int) -> Any:
        """Return an entry, the first time."""
        block = tuple(getattr(threading.current_thread(), "blockIdx", ()))
        if self.by.get(cell) == block:
            self.note(READS_AGAIN, cell)
            return self.values.dtype.type(np.nan)
        self.by[cell] = block
        return self.values[cell]


class SharedCells(Cells):
    """Shared memory of a block: it knows which thread touched an entry last, and since which barrier."""

    def __init__(self, values: Array, block: Block) -> None:
        super().__init__(SHARED, values, block.notes)
        self.block = block
        self.reader: dict[int, tuple[int, object]] = {}
        self.writer: dict[int, tuple[int, object]] = {}

    def read(self, cell: int) -> Any:
        """Return an entry: what was written to it last, by whichever thread."""
        self.block.keep_step(reading=True)
        now = self.block.barriers, threading.current_thread()
        if cell not in self.writer:
            self.note(READS_UNWRITTEN, cell)
        elif self.writer[cell][0] == now[0] and self.writer[cell][1] is not now[1]:
            self.note(READS_EARLY, cell)
        self.reader[cell] = now
        return self.values[cell]

    def write(self, cells: Any, value: Any) -> None:
        """Set an entry, or several to one value."""
        self.block.keep_step(reading=False)
        now = self.block.barriers, threading.current_thread()
        for cell in np.atleast_1d(cells).reshape(-1).tolist():
            if cell in self.reader and self.reader[cell][0] == now[0] and self.reader[cell][1] is not now[1]:
                self.note(WRITES_EARLY, cell)
            self.writer[cell] = now
        self.values[cells] = value


class Memory:
    """An array as a kernel sees it: entries by their indices, and views. It is none of NumPy's, as on a GPU.

    places: where each entry is among the cells.
    """

    def __init__(self, cells: Cells, places: Array) -> None:
        self._cells, self._places = cells, places

    @property
    def shape(self) -> tuple[int, ...]:
        """How many entries along each axis."""
        return self._places.shape

    @property
    def ndim(self) -> int:
        """How many axes."""
        return self._places.ndim

    @property
    def size(self) -> int:
        """How many entries."""
        return self._places.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the entries."""
        return self._cells.values.dtype

    def __len__(self) -> int:
        return len(self._places)

    def __array__(self, *options: Any) -> Array:
        raise TypeError("a kernel computes with numbers, of which a thread reads one at a time, and not with arrays.")

    def __getitem__(self, index: Any) -> Any:
        try:
            found = self._places[index]
        except IndexError:
            self._cells.notes.take(READS_OUTSIDE, self._cells.number, index)
            return self.dtype.type(np.nan)
        return Memory(self._cells, found) if isinstance(found, np.ndarray) else self._cells.read(int(found))

    def __setitem__(self, index: Any, value: Any) -> None:
        try:
            found = self._places[index]
        except IndexError:
            self._cells.notes.take(WRITES_OUTSIDE, self._cells.number, index)
            return
        self._cells.write(found, value)


def memory(cells: Cells) -> Memory:
    """Show cells as the array that they are of."""
    return Memory(cells, np.arange(cells.values.size).reshape(cells.shape))


class Shared(FakeCUDAShared):  # type: ignore[misc] # Numba has no types
    """What `cuda.shared` is in one block: an array for each call in the source, of NaN."""

    def __init__(self, block: Block) -> None:
        super().__init__(0)
        self.block = block
        self.made: dict[tuple[object, int], Memory] = {}
        self.bytes = 0

    def array(self, shape: Any, dtype: Any) -> Memory:
        """Return the array that this call stands for, the same one for all threads of the block."""
        caller = sys._getframe(1)
        place = caller.f_code, caller.f_lasti
        if place not in self.made:
            one: Array = super().array(1, dtype)
            self._allocations.clear()  # which knows calls by their lines
            self.bytes += one.itemsize * math.prod(np.atleast_1d(shape).tolist())
            if self.bytes > SHARED_BYTES:
                raise ValueError(
                    f"expected at most {SHARED_BYTES} bytes of shared arrays in a block, got {self.bytes}."
                )
            values: Array = super().array(shape, dtype)
            values.fill(np.nan if values.dtype.kind == "f" else -1)
            self._allocations.clear()
            self.made[place] = memory(SharedCells(values, self.block))
        return self.made[place]


# ---- threads ---------------------------------------------------------------------------------------------


class _StoppedError(BaseException):
    """Ends a thread whose block has failed."""


class Thread(simulator.BlockThread):  # type: ignore[misc] # Numba has no types
    """A thread of a block. It runs when it is its turn, until it waits for the others or ends."""

    def __init__(self, block: Block, place: Place, work: Callable[[], None]) -> None:
        super().__init__(work, block, block.place, place, False)
        self.turn = threading.Semaphore(0)
        self.state = "new"
        self.reading = False
        self.barrier: tuple[object, int, int] | None = None
        self.error: BaseException | None = None
        self.wrote: set[int] = set()

    def take_turn(self) -> None:
        """Run until it waits or ends; called by the block."""
        if self.state == "new":
            self.start()
        else:
            self.turn.release()
        self._manager.back.acquire()

    def run(self) -> None:
        """Do the kernel's work."""
        try:
            threading.Thread.run(self)
        except BaseException as error:  # noqa: BLE001 (the hand-in's, told to whoever launched the kernel)
            self.error = error
        self.state = "ended"
        self._manager.back.release()

    def wait_as(self, state: str) -> None:
        """Let the others run until the block lets this one go on."""
        self.state = state
        self._manager.back.release()
        self.turn.acquire()
        if self._manager.stopped:
            raise _StoppedError

    def syncthreads(self) -> None:
        """Wait for the other threads of the block: what `cuda.syncthreads` calls, from the simulator."""
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("numba."):
            frame = frame.f_back
        self.barrier = frame.f_code, frame.f_lasti, frame.f_lineno
        self.wait_as("barrier")


class Block:
    """Runs the threads of a block, one at a time: instead of the simulator's `BlockManager`.

    order: "ascending" or "descending": each thread runs to the next barrier before another begins. "in step": they
    also wait for each other whenever one goes over from writing shared memory to reading it, or back, as if there
    were barriers: a race is then none.
    """

    def __init__(
        self, order: str, notes: Notes, kernel: Callable[..., None], grid: Place, block: Place, debug: bool
    ) -> None:
        self.order, self.notes = order, notes
        self._f, self._grid_dim, self._block_dim = kernel, grid, block
        self.block_state = np.zeros(block, np.bool_)  # the simulator's, for syncthreads_count and the like
        self.back = threading.Semaphore(0)
        self.barriers = 0
        self.stopped = False
        self.place: Place = (0, 0, 0)

    def run(self, place: Sequence[int], *arguments: Any) -> None:
        """Run the block at that place of the grid."""
        self.place = (place[0], place[1], place[2])
        simulator._get_kernel_context()._shared = Shared(self)
        width, height, depth = self._block_dim
        work = functools.partial(self._f, *arguments)
        threads = [
            Thread(self, (x, y, z), work) for z in range(depth) for y in range(height) for x in range(width)
        ]  # as a GPU counts them, x first
        live = threads[::-1] if self.order == "descending" else threads
        while live:
            # Where some wait for step to be kept, the barrier is not open yet for those that are there already.
            ready = [t for t in live if t.state == "step"]
            if not ready:
                ready, self.barriers = live, self.barriers + 1
                self.note_parted(live)
            for thread in ready:
                thread.take_turn()
                if thread.error is not None:
                    self._stop(live)
                    raise thread.error
            live = [t for t in live if t.state != "ended"]

    def note_parted(self, live: Sequence[Thread]) -> None:
        """Note a thread that waits at another barrier than the first one. Those that have ended keep nobody waiting."""
        first = live[0]
        for thread in live:
            if thread.barrier is not None and first.barrier is not None and thread.barrier != first.barrier:
                index = thread.barrier[2], first.barrier[2], first.threadIdx.x, first.threadIdx.y
                self.notes.take(PARTED, 0, index, thread)

    def keep_step(self, *, reading: bool) -> None:
        """Wait for the others, if threads are to keep step and this one turns from writing to reading, or back."""
        thread = threading.current_thread()
        if self.order == "in step" and isinstance(thread, Thread) and thread.reading is not reading:
            thread.reading = reading
            thread.wait_as("step")

    def _stop(self, live: Sequence[Thread]) -> None:
        self.stopped = True
        for thread in live:
            if thread.state in ("barrier", "step"):
                thread.turn.release()
                thread.join()


@contextmanager
def running(order: str, notes: Notes) -> Iterator[None]:
    """Let the simulator run blocks as `Block` does."""
    before = simulator.BlockManager
    simulator.BlockManager = functools.partial(Block, order, notes)
    try:
        yield
    finally:
        simulator.BlockManager = before


# ---- a launch --------------------------------------------------------------------------------------------


class Launch:
    """One launch of one of the hand-in's kernels.

    kernel: of FACTORIES. tile: threads of a block along x and y. order: see `Block`. rationed: whether a block may read
    an entry of the first argument once only. x, y, z: by how many blocks the grid is larger than it needs to be.
    """

    def __init__(
        self, kernel: str, tile: int, order: str = "in step", rationed: bool = False, x: int = 0, y: int = 0, z: int = 0
    ) -> None:
        self.kernel, self.tile, self.order, self.rationed = kernel, tile, order, rationed
        self.more = x, y, z

    def __call__(self, given: Tensor, weight: Tensor) -> tuple[Array, Array]:
        """Run it on x or dy (N, ...), and the weight (F, C, K, K); return what it wrote, and what was noted."""
        size = weight.shape[-1]
        kernel = self.made(size)
        shrinks = self.kernel == "forward"
        rows, columns = (n - size + 1 if shrinks else n + size - 1 for n in given.shape[2:])
        result = np.full((given.shape[0], weight.shape[0 if shrinks else 1], rows, columns), np.nan, given.arr.dtype)
        notes = Notes()
        arguments = (
            (RationedCells if self.rationed else Cells)(0, given.arr, notes),
            Cells(1, weight.arr, notes),
            ResultCells(2, result, notes),
        )
        needed = -(-columns // self.tile), -(-rows // self.tile), result.shape[0] * result.shape[1]
        grid = tuple(blocks + more for blocks, more in zip(needed, self.more, strict=True))
        with running(self.order, notes):
            kernel[grid, (self.tile, self.tile)](*map(memory, arguments))
        return result, notes.array()

    def made(self, size: int) -> Any:
        """Return the kernel that the hand-in makes for this tile."""
        name = FACTORIES[self.kernel]
        factory = getattr(importlib.import_module("assignment"), name, None)
        if factory is None:
            raise AttributeError(f"expected {name} in the hand-in, got nothing. Define it, with that name.")
        kernel = factory(self.tile, size)
        if not isinstance(kernel, simulator.FakeCUDAKernel):
            raise TypeError(
                f"{name}: expected a kernel, a function under @cuda.jit, got {type(kernel).__name__}. Return the "
                "kernel itself: the grader launches it."
            )
        return kernel
