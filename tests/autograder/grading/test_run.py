"""The runner takes no more than the pool has room for, loses nothing, and finds out whose doing a broken pool is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, field

from autograder.grading import Task, grade_all
from autograder.verdict import SubmissionResult

from .conftest import task_of


@dataclass
class Scripted:
    """A pool of one thread: it grades when the runner waits. deadly: hand-ins that take the whole pool with them."""

    room: int = 3
    deadly: frozenset[bytes] = frozenset()
    faulty: frozenset[bytes] = frozenset()
    healthy: bool = True
    mended: int = 0
    begun: Counter[bytes] = field(default_factory=Counter)
    waiting: list[tuple[Future[SubmissionResult], Task]] = field(default_factory=list)
    most: int = 0

    def submit(self, task: Task) -> Future[SubmissionResult]:
        if not self.healthy:
            raise BrokenExecutor("broken")
        self.begun[task.content] += 1
        future: Future[SubmissionResult] = Future()
        self.waiting.append((future, task))
        self.most = max(self.most, len(self.waiting))
        return future

    def check(self) -> None:
        if any(task.content in self.deadly for _, task in self.waiting):
            self.healthy = False
            for future, _ in self.waiting:
                future.set_exception(BrokenExecutor("a process died"))
            self.waiting.clear()
        elif self.waiting:
            future, task = self.waiting.pop(0)
            if task.content in self.faulty:
                future.set_exception(ZeroDivisionError("ours"))
            else:
                future.set_result(result_of(task))

    def mend(self) -> None:
        assert not self.waiting
        self.healthy = True
        self.mended += 1

    def close(self, *, now: bool) -> None:
        raise AssertionError("the runner does not close what it did not open")


def result_of(task: Task) -> SubmissionResult:
    from autograder.grading.work import without_verdict

    return without_verdict(task, "graded")


def never() -> bool:
    return False


def said(pool: Scripted, tasks: list[Task]) -> dict[bytes, object]:
    return {t.content: r.checks[0].evidence["error"] for t, r in grade_all(pool, tasks, never)}


def tasks(count: int) -> list[Task]:
    return [task_of(f"# {i}".encode()) for i in range(count)]


def test_each_hand_in_is_graded_once_and_only_as_many_at_a_time_as_there_is_room_for() -> None:
    pool = Scripted(room=3)
    assert said(pool, tasks(10)) == {f"# {i}".encode(): "graded" for i in range(10)}
    assert set(pool.begun.values()) == {1}
    assert pool.most == 3


def test_no_more_tasks_are_taken_than_are_under_way() -> None:
    taken = 0

    def coming() -> Iterator[Task]:
        nonlocal taken
        for t in tasks(10):
            taken += 1
            yield t

    run = grade_all(Scripted(room=3), coming(), never)
    next(run)
    assert taken == 3


def test_a_fault_of_the_grader_is_the_result_of_that_hand_in_alone() -> None:
    found = said(Scripted(faulty=frozenset({b"# 4"})), tasks(7))
    assert found.pop(b"# 4") == "ZeroDivisionError: ours"
    assert set(found.values()) == {"graded"}


def test_what_a_broken_pool_lost_is_graded_again_and_only_the_culprit_is_given_up() -> None:
    pool = Scripted(deadly=frozenset({b"# 4"}))
    found = said(pool, tasks(9))
    assert found.pop(b"# 4") == "BrokenExecutor: a process died"
    assert set(found.values()) == {"graded"}
    assert pool.begun[b"# 4"] == 1 + 3
    assert max(n for content, n in pool.begun.items() if content != b"# 4") == 2
    assert pool.mended == 4


def test_two_culprits_are_both_found() -> None:
    found = said(Scripted(deadly=frozenset({b"# 3", b"# 4"})), tasks(6))
    assert {content for content, why in found.items() if why != "graded"} == {b"# 3", b"# 4"}
    assert len(found) == 6


def test_a_pool_that_is_found_broken_when_it_is_given_a_task_is_mended() -> None:
    pool = Scripted(healthy=False)
    assert set(said(pool, tasks(4)).values()) == {"graded"}
    assert pool.mended == 1


def test_once_it_is_to_stop_nothing_more_is_begun_and_what_is_under_way_is_waited_for() -> None:
    pool = Scripted(room=3)
    done: list[Task] = []
    for task, _ in grade_all(pool, tasks(10), lambda: bool(done)):
        done.append(task)
    assert len(done) == len(pool.begun) == 3
