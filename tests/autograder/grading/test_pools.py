"""A pool of processes grades as a single one would, ends with its parent, and loses nothing when one is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.grading import Identity, LocalPool, Stop, Task, grade, grade_all, identity

from .conftest import RIGHT, sha256


@pytest.fixture(scope="module")
def here(scale: Path) -> Identity:
    return identity(str(scale), "limits")


def task(scale: Path, here: Identity, number: int) -> Task:
    content = f"{RIGHT}# {number}\n".encode()
    return Task(str(scale), sha256(content), content, 3, "en", here)


def never() -> bool:
    return False


def test_a_process_of_the_pool_gives_the_result_that_this_one_gives(scale: Path, here: Identity) -> None:
    alone = grade(task(scale, here, 1))
    pool = LocalPool(1)
    try:
        ((_, pooled),) = grade_all(pool, [task(scale, here, 1)], never)
    finally:
        pool.close(now=False)
    assert alone.score == pooled.score == 100
    assert [(c.id, c.status, c.message) for c in alone.checks] == [(c.id, c.status, c.message) for c in pooled.checks]


def test_killed_processes_cost_nobody_anything(scale: Path, here: Identity) -> None:
    pool = LocalPool(2)
    graded: list[str] = []
    try:
        for done, result in grade_all(pool, [task(scale, here, i) for i in range(5)], never):
            assert result.score == 100
            graded.append(done.hand_in)
            if len(graded) == 1:
                for process in multiprocessing.active_children():
                    process.kill()
    finally:
        pool.close(now=False)
    assert len(set(graded)) == len(graded) == 5


def test_a_pool_that_was_interrupted_while_it_ended_is_dropped_all_the_same() -> None:
    pool = LocalPool(1)
    pool._executor.shutdown()
    pool.close(now=True)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal to block there")
def test_ctrl_c_while_a_process_starts_is_heeded(scale: Path, here: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = LocalPool(1)
    submit, before = pool._executor.submit, signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(*args: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return submit(*args)

    monkeypatch.setattr(pool._executor, "submit", interrupted)
    try:
        with Stop(lambda: None) as stop:
            future = pool.submit(task(scale, here, 1))
            assert stop()
        assert future.result().score == 100
    finally:
        signal.signal(signal.SIGINT, before)
        pool.close(now=False)


def test_a_machine_with_another_grader_refuses(scale: Path, here: Identity) -> None:
    import msgspec

    other = msgspec.structs.replace(here, grader="0" * 64)
    with pytest.raises(RuntimeError, match="expected the assignment, the grader and the versions"):
        grade(task(scale, other, 1))


PARENT = """\
import hashlib, sys, time
from concurrent.futures import ThreadPoolExecutor
from autograder.grading import LocalPool, Task, grade, identity
if __name__ == "__main__":
    pool, threads = LocalPool(2), ThreadPoolExecutor(2)
    here = identity(sys.argv[1], "limits")
    for i in range(2):
        content = f"while True: pass  # {i}".encode()
        task = Task(sys.argv[1], hashlib.sha256(content).hexdigest(), content, 0, "en", here)
        pool.submit(task)
        threads.submit(grade, task)  # as a worker of a cluster does
    print("under way", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a hand-in that loops ends when its time is up")
def test_when_the_parent_is_killed_everything_that_it_started_ends(scale: Path, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    command = [sys.executable, str(script), str(scale)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"under way\n"
        root = psutil.Process(parent.pid)
        while len(root.children(recursive=True)) < 2 + 4 + 1:  # the pool's, the hand-ins', and multiprocessing's own
            assert parent.poll() is None
        started = root.children(recursive=True)
        parent.kill()
    _, alive = psutil.wait_procs(started, timeout=20)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
