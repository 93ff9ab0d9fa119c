"""Threads that share out blocks of images."""

import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

pytest.importorskip("numba", exc_type=ImportError)

from numpytorch.kernels import Window, kernels_of
from numpytorch.kernels.numba_backend import threads


@pytest.fixture(autouse=True)
def _three(monkeypatch: pytest.MonkeyPatch) -> Any:
    with ThreadPoolExecutor(2) as helpers:
        monkeypatch.setattr(threads, "THREADS", 3)
        monkeypatch.setattr(threads, "_helpers", helpers)
        yield


def test_each_block_is_worked_on_once_and_by_all_threads_at_the_same_time() -> None:
    together = threading.Barrier(3)
    done: Counter[int] = Counter()
    workers = set()

    def work(block: slice) -> None:
        if block.start < 3:
            together.wait(timeout=60)  # none goes on before three are here
            workers.add(threading.get_ident())
        done[block.start] += 1

    threads.share_out(work, [slice(i, i + 1) for i in range(20)])
    assert done == Counter(range(20))
    assert len(workers) == 3
    assert threading.get_ident() in workers


@pytest.mark.parametrize("where", [0, 19])
def test_an_error_reaches_the_caller_whichever_thread_it_is_in(where: int) -> None:
    together = threading.Barrier(3)

    def work(block: slice) -> None:
        if block.start < 3:
            together.wait(timeout=60)
        if block.start == where:
            raise ZeroDivisionError(where)

    with pytest.raises(ZeroDivisionError, match=str(where)):
        threads.share_out(work, [slice(i, i + 1) for i in range(20)])


def test_threads_that_are_not_there_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a fork a child has none, and a pool may be busy."""
    release = threading.Event()
    busy = [threads._helpers.submit(release.wait, 60) for _ in range(2)]
    done: list[int] = []
    threads.share_out(lambda block: done.append(block.start), [slice(i, i + 1) for i in range(5)])
    assert done == [0, 1, 2, 3, 4]
    release.set()
    assert all(future.result() for future in busy)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_kernels_compute_in_a_child_after_a_fork() -> None:
    kernels, x = kernels_of("numba"), np.ones((4, 1, 3, 3))
    before, _ = kernels.max_pool2d(x, Window((2, 2)))
    child = os.fork()
    if child == 0:  # pragma: no cover  # it leaves no report
        signal.alarm(60)  # a child that waits for ever ends too
        try:
            os._exit(0 if np.array_equal(before, kernels.max_pool2d(x, Window((2, 2)))[0]) else 1)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(("here", "blas"), [(3, 1), (1, 2)])
def test_blas_gets_one_thread_if_there_are_several_here(here: int, blas: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "THREADS", here)
    with threadpool_limits(2, user_api="blas"):
        libraries = ThreadpoolController().select(user_api="blas")
        if any(library["num_threads"] != 2 for library in libraries.info()):
            pytest.skip("this BLAS has one thread")
        threads.limit_blas()
        assert {library["num_threads"] for library in libraries.info()} == {blas}


def test_several_threads_may_call_at_once_and_get_the_same() -> None:
    kernels = kernels_of("numba")
    x = np.random.default_rng(0).standard_normal((5, 2, 6, 6))
    weight = np.random.default_rng(1).standard_normal((3, 2, 2, 2))
    expected = kernels.conv2d(x, weight, None, Window((2, 2)))
    with ThreadPoolExecutor(4) as pool:
        for actual in pool.map(lambda _: kernels.conv2d(x, weight, None, Window((2, 2))), range(20)):
            np.testing.assert_array_equal(actual, expected)
