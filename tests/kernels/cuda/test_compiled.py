"""What the compiler makes of the kernels: the simulator checks no types, and shows no register."""

import json
import os
import subprocess
import sys

import pytest

ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "NUMBA_ENABLE_CUDASIM"}


@pytest.fixture(scope="module")
def kernels_compiled() -> dict[str, dict[str, int]]:
    command = [sys.executable, "-m", "tests.kernels.cuda.compiled"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip(f"CUDA's compiler is not installed: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


def test_kernels_keep_their_arrays_in_registers(kernels_compiled: dict[str, dict[str, int]]) -> None:
    assert [name for name, facts in kernels_compiled.items() if facts["local"]] == []
    assert len(kernels_compiled) == 66


def test_no_kernel_of_float32_computes_in_float64(kernels_compiled: dict[str, dict[str, int]]) -> None:
    of_float32 = {name: facts for name, facts in kernels_compiled.items() if name.endswith("float32")}
    assert [name for name, facts in of_float32.items() if facts["double"]] == []


@pytest.mark.parametrize("kernel", ["gather", "weight"])
@pytest.mark.parametrize("tile", ["LARGE", "WIDE", "SQUARE", "FLAT"])
def test_a_step_of_a_tile_is_512_multiply_adds_from_32_vectors(
    kernels_compiled: dict[str, dict[str, int]], kernel: str, tile: str
) -> None:
    for checked in ("", " checked"):
        facts = kernels_compiled[f"{kernel} {tile}{checked} float32"]
        assert (facts["multiply-adds"], facts["vector loads"]) == (512, 32)
