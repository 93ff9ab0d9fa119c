"""python -m tests.mutants [NAME...]: mutate the model answers, and show what no check kills."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from autograder.assignment import assignment_names
from tests.mutants.judge import judge, task

if TYPE_CHECKING:
    from tests.mutants.judge import Verdict


def main() -> int:
    """Run the mutants of the assignments that are named; return 0 if nothing unexplained survives, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "names", nargs="*", default=assignment_names(), metavar="NAME", help="assignments; default: all"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many mutants at a time")
    arguments = parser.parse_args()
    wrong = False
    for name in arguments.names:
        verdicts = run(name, arguments.jobs)
        survivors = [v for v in verdicts if not v.killed]
        for v in verdicts:
            if v.surprise:
                print(v.told(task(name).source))
        for key in task(name).stale:
            print(f"Explained as equivalent, but no mutant: {key}")
        wrong |= bool(task(name).stale) or any(v.surprise for v in verdicts)
        by_check = ", ".join(
            f"{check} {n}" for check, n in Counter(v.killed for v in verdicts if v.killed).most_common()
        )
        unexplained = sum(not v.reason for v in survivors)
        print(
            f"{name}: {len(verdicts)} mutants, {len(verdicts) - len(survivors)} killed (first by {by_check}), "
            f"{len(survivors)} survived, {unexplained} of them unexplained."
        )
    return int(wrong)


def run(name: str, jobs: int) -> list[Verdict]:
    """Judge every mutant of an assignment, `jobs` at a time."""
    spawn = multiprocessing.get_context("spawn")
    count = len(task(name).mutants)
    with ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        futures = {pool.submit(judge, name, i): i for i in range(count)}
        done = {}
        for future in track(as_completed(futures), name, count, console=Console(stderr=True), transient=True):
            done[futures[future]] = future.result()
    return [done[i] for i in range(count)]


if __name__ == "__main__":
    sys.exit(main())
