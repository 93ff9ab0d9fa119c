"""A Dask cluster gives the gradebook that one machine gives, also when a worker is killed in the middle."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from .classroom import OPTIONS, gradebook, grading, results

pytest.importorskip("distributed")

ROOT = Path(__file__).parents[3]
ON_THIS_MACHINE = ("--host", "127.0.0.1", "--no-dashboard")


@contextmanager
def dask(*arguments: str, path: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a process of a cluster; yield it, and its address, once it is ready. path: where it runs."""
    command = [sys.executable, "-m", "dask", *arguments, *ON_THIS_MACHINE]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=path or None
    ) as process:
        try:
            assert process.stderr is not None
            address = ""
            for line in process.stderr:
                found = re.search(r"(?:Scheduler|Start worker) at: +(tcp://\S+)", line)
                address = found[1] if found else address
                if address and (arguments[0] == "scheduler" or "Registered to" in line):
                    break
            else:
                raise AssertionError(f"{arguments}: ended before it was ready")
            yield process, address
        finally:
            process.kill()


@pytest.fixture
def scheduling() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A scheduler, and its address."""
    with dask("scheduler", "--port", "0") as both:
        yield both


@pytest.fixture
def scheduler(scheduling: tuple[subprocess.Popen[str], str]) -> str:
    """The address of a scheduler."""
    return scheduling[1]


@contextmanager
def worker(scheduler: str, folder: Path, path: str = "") -> Iterator[subprocess.Popen[str]]:
    """A worker that grades one hand-in at a time."""
    options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
    with dask("worker", scheduler, *options, path=path) as (process, _):
        yield process


@pytest.fixture
def another_version(tmp_path: Path) -> str:
    """A copy of this project in which one file of the grader differs."""
    copy = tmp_path / "another"
    for name in ("autograder", "numpytorch", "assignments", "data"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "autograder" / "checks" / "layer.py").open("a", encoding="utf-8") as file:
        file.write("# another version\n")
    return str(copy)


def test_a_cluster_gives_the_same_gradebook_also_when_a_worker_is_killed_in_the_middle(
    scale: Path, hand_ins: Path, scheduler: str, another_version: str, tmp_path: Path
) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    with grading(scale, hand_ins, alone, *OPTIONS) as run:
        out, err = run.communicate()
        assert run.returncode == 0, out + err
    with ExitStack() as stack:
        first, _second = (stack.enter_context(worker(scheduler, tmp_path / f"dask{i}")) for i in range(2))
        stack.enter_context(worker(scheduler, tmp_path / "refused", another_version))
        with grading(scale, hand_ins, together, *OPTIONS, "--cluster", scheduler) as run:
            assert run.stderr is not None
            said = "".join(run.stderr.readline() for _ in range(3))
            first.kill()
            out, err = run.communicate()
            assert run.returncode == 0, out + err + said
            assert "it has another version of numpytorch than this machine" in said
    assert gradebook(together) == gradebook(alone)
    assert len(results(together)) == len(results(alone)) == 24


def test_workers_that_lack_the_sandbox_of_the_class_are_refused(
    scale: Path, hand_ins: Path, scheduler: str, tmp_path: Path
) -> None:
    rules = tmp_path / "class.toml"
    rules.write_text('sandbox = "bubblewrap"\n')
    with (
        worker(scheduler, tmp_path / "dask"),
        grading(scale, hand_ins, tmp_path / "book", "--cluster", scheduler, "--sandbox", "limits") as run,
    ):
        out, err = run.communicate()
    assert run.returncode == 2, out + err
    assert "expected workers with the sandbox bubblewrap or a stronger one, got limits" in err
    assert not results(tmp_path / "book")


def test_a_cluster_without_workers_is_told(scale: Path, hand_ins: Path, scheduler: str, tmp_path: Path) -> None:
    with grading(scale, hand_ins, tmp_path / "book", *OPTIONS, "--cluster", scheduler) as run:
        out, err = run.communicate()
    assert run.returncode == 2, out + err
    assert "expected workers, found none" in err


def test_when_the_scheduler_is_gone_the_run_ends_and_what_was_finished_is_kept(
    scale: Path, hand_ins: Path, scheduling: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, scheduler = scheduling
    with (
        worker(scheduler, tmp_path / "dask"),
        grading(scale, hand_ins, tmp_path / "book", *OPTIONS, "--cluster", scheduler) as run,
    ):
        assert run.stderr is not None
        said = run.stderr.readline()
        process.kill()
        out, err = run.communicate()
    assert run.returncode == 2, out + said + err
    assert "autograder: --cluster: the scheduler is gone. What was finished is kept: start again to go on." in err
    assert "Traceback" not in err
    assert 1 <= len(results(tmp_path / "book")) < 24
