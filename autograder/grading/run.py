"""Run: a class, graded on a pool. Results come out as they finish; what to do with them is the caller's business."""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from typing import TYPE_CHECKING

from autograder.grading.work import TRIES, DifferentGraderError, without_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from autograder.grading.pools import Pool
    from autograder.grading.work import Task
    from autograder.verdict import SubmissionResult

_LOST = (BrokenExecutor, CancelledError)
_TICK = 0.2


def grade_all(
    pool: Pool, tasks: Iterable[Task], stopping: Callable[[], bool]
) -> Iterator[tuple[Task, SubmissionResult]]:
    """Grade each task; yield what came of each, in the order in which they finish.

    stopping: asked often; once it says so, nothing more is begun, and what is under way is waited for.

    No more tasks are taken than the pool has room for: the memory needed does not grow with the class. When the pool
    loses a process, everything under way is lost, and one of them may be to blame: they are graded again one by one,
    and one that is lost TRIES times when it is alone is given up.
    """
    coming = iter(tasks)
    suspects: deque[Task] = deque()
    lost_alone: Counter[str] = Counter()
    on_trial = False
    under_way: dict[Future[SubmissionResult], Task] = {}
    while True:
        pool.check()
        while len(under_way) < (1 if suspects or on_trial else pool.room) and not stopping():
            on_trial = bool(suspects)
            task = suspects.popleft() if suspects else next(coming, None)
            if task is None:
                break
            under_way[_submitted(pool, task)] = task
        if not under_way:
            return
        finished, _ = wait(under_way, timeout=_TICK, return_when=FIRST_COMPLETED)
        if any(isinstance(_error(future), _LOST) for future in finished):
            finished, _ = wait(under_way)
        alone = len(under_way) == 1
        broken = False
        for future in finished:
            task = under_way.pop(future)
            error = _error(future)
            if error is None:
                yield task, future.result()
                continue
            if isinstance(error, DifferentGraderError):
                raise error
            broken = broken or isinstance(error, _LOST)
            lost_alone[task.hand_in] += alone
            if isinstance(error, _LOST) and lost_alone[task.hand_in] < TRIES:
                suspects.append(task)
            else:
                yield task, without_verdict(task, f"{type(error).__name__}: {error}")
        if broken:
            pool.mend()


def _error(future: Future[SubmissionResult]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


def _submitted(pool: Pool, task: Task) -> Future[SubmissionResult]:
    """Give a task to the pool, which may find only then that its processes are gone."""
    try:
        return pool.submit(task)
    except BrokenExecutor as error:
        future: Future[SubmissionResult] = Future()
        future.set_exception(error)
        return future
