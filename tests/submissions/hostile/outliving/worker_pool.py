"""Start a pool of processes and never join it."""

import concurrent.futures
import multiprocessing
import time


def attack() -> None:
    multiprocessing.set_start_method("fork", force=True)
    pool = concurrent.futures.ProcessPoolExecutor(2)
    for _ in range(2):
        pool.submit(time.sleep, 20)
