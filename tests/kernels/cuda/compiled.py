"""A script: compile every kernel for a GPU, with none needed, and print what its machine code is made of, as JSON.

It exits with status 3 where CUDA's compiler is not installed.
"""

import json
import re
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np

from numpytorch.kernels import Window


def facts(ptx: str) -> dict[str, int]:
    """Count multiply-adds, vector loads from shared memory, uses of local memory, and doubles."""
    return {
        "multiply-adds": len(re.findall(r"\bfma\.rn\.f(?:32|64)\b", ptx)),
        "vector loads": len(re.findall(r"\bld\.shared\.v[24]\.f(?:32|64)\b", ptx)),
        "local": len(re.findall(r"\.local\b", ptx)),
        "double": len(re.findall(r"\.f64\b", ptx)),
    }


def main() -> int:
    """Print a line for each kernel."""
    from numba import cuda, float32, float64, int32, int64, uint8
    from numba.cuda import dispatcher

    from numpytorch.kernels.cuda import direct, gemm, pool, recurrence, sums, tiles, training, weight

    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(9, 0))  # there may be none
    try:
        cuda.compile_ptx(lambda: None, (), cc=(9, 0))
    except (ImportError, OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 3

    def report(name: str, source: Any, *types: Any) -> None:
        print(json.dumps([name, facts(cuda.compile_ptx(source, types, cc=(9, 0))[0])]))

    window = Window((3, 2), (2, 1), (1, 0), (1, 2))
    for dtype, number, tiles_of in (
        (np.dtype(np.float32), float32, ("LARGE", "WIDE", "SQUARE", "FLAT")),
        (np.dtype(np.float64), float64, ("DOUBLE",)),
    ):
        name, floats, ints = dtype.name, number[::1], int32[::1]
        for tile in tiles_of:
            for checked in (False, True):
                what = f"{tile}{' checked' if checked else ''} {name}"
                source = gemm.gemm_source(getattr(tiles, tile), dtype, checked=checked)
                report(f"gather {what}", source, floats, floats, floats, floats, ints)
                source = weight.gemm_source(getattr(tiles, tile), dtype, checked=checked)
                report(f"weight {what}", source, floats, floats, floats, ints)
        for rows, taps in ((32, 9), (8, 25), (1, 9), (1, 0)):
            report(f"direct {rows}x{taps} {name}", direct.direct_source(rows, taps, dtype), *[floats] * 4, ints)
        for filters, taps in ((4, 9), (1, 32)):
            report(f"filters {filters}x{taps} {name}", weight.direct_source(filters, taps, dtype), *[floats] * 3, ints)
        report(f"adder {name}", sums.adder_source(dtype), floats, floats)
        report(f"summer {name}", sums.summer_source(dtype), floats, floats, ints)
        of_pool = zip(
            pool.sources(window, dtype),
            ((floats, uint8[::1], floats), (floats, floats, uint8[::1]), (floats, floats), (floats, floats)),
            strict=True,
        )
        for source, arrays in of_pool:
            report(f"{source.__name__} {name}", source, *arrays, ints)
        arguments = {
            "relu": (floats, floats),
            "relu_grad": (floats, floats, floats),
            "add_bias": (floats, floats, floats),
            "descend": (floats, floats, number),
            "loss": (floats, number[:, ::1], number[:, ::1], int64[::1]),
        }
        for kernel, source in training.sources(dtype).items():
            report(f"{kernel} {name}", source, *arguments[kernel])
        rows = tiles.SEQUENCES
        for kernel, source in (recurrence.forward(rows, dtype) | recurrence.backward(rows, dtype)).items():
            arrays = source.__code__.co_argcount - 1
            report(f"{kernel} {name}", source, *[floats] * arrays, ints)
    return 0


if __name__ == "__main__":
    sys.exit(main())
