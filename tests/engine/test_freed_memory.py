"""Memory that a training step frees is there for the next one, where the C library is glibc."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import numpy as np
import {module}

def step():
    held = [np.ones(2 << 20, np.uint8) for _ in range(10)]  # as large as the activations of a small network
    return len(held)

step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_asked_for(module: str) -> int:
    program = STEPS.format(module=module)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this is what glibc does")
def test_a_second_step_asks_the_system_for_almost_no_pages() -> None:
    if pages_asked_for("numpy") < 1000:
        pytest.skip("this system gives large pages: there is nothing to do")
    assert pages_asked_for("numpytorch") < 100
