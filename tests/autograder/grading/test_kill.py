"""A run that is killed, at whatever moment and however often, ends with the gradebook of one that never was."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from .classroom import OPTIONS, gradebook, grading, results

KILLS = int(os.environ.get("AUTOGRADER_KILLS", "4"))
"""How often a run is killed. Twenty were measured; fewer will do to see that nothing broke since."""


def test_killed_runs_end_with_the_gradebook_of_an_uninterrupted_one(
    scale: Path, hand_ins: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    with grading(scale, hand_ins, whole, *OPTIONS) as run:
        out, err = run.communicate()
        assert run.returncode == 0, out + err
    chance = random.Random(0)
    kept: list[int] = []
    for _ in range(KILLS):
        with grading(scale, hand_ins, killed, *OPTIONS) as run:
            assert run.stderr is not None
            for _ in range(chance.randrange(3)):
                run.stderr.readline()  # a hand-in more
            time.sleep(chance.random())
            run.send_signal(signal.SIGKILL)
            run.communicate()
        if killed.exists() and killed.stat().st_size:
            now = results(killed)
            assert now[: len(kept)] == kept  # nothing that was finished is lost
            kept = now
    with grading(scale, hand_ins, killed, *OPTIONS) as run:
        out, err = run.communicate()
        assert run.returncode == 0, out + err
    assert gradebook(killed) == gradebook(whole)
    assert len(results(killed)) == len(results(whole)) == 24  # and nothing was done twice


def test_ctrl_c_finishes_what_is_under_way_and_a_second_run_does_the_rest(
    scale: Path, hand_ins: Path, tmp_path: Path
) -> None:
    book = tmp_path / "book"
    with grading(scale, hand_ins, book, *OPTIONS) as run:
        assert run.stderr is not None
        first = run.stderr.readline()
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does, to every process of it
        out, err = run.communicate()
    assert run.returncode == 1, first + err
    assert "Traceback" not in err
    assert "Not finished. Start it again to go on." in out
    done = len(results(book))
    assert 1 <= done <= 1 + 2 + 2
    assert (first + err).count("student") >= done
    with grading(scale, hand_ins, book, *OPTIONS) as run:
        out, err = run.communicate()
    assert run.returncode == 0
    assert len(results(book)) == 24
