"""The machine that figures were taken on: processor, memory, system, Python, the BLAS behind NumPy."""

from __future__ import annotations

import platform
from pathlib import Path

import msgspec
import numpy as np
import psutil
import threadpoolctl

ROOT = Path(__file__).resolve().parents[1]


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where figures were taken. cores: those that this process may use. memory: GiB."""

    processor: str
    cores: int
    memory: float
    system: str
    python: str
    numpy: str
    blas: str


def this_machine() -> Machine:
    """Describe the machine that this runs on."""
    return Machine(
        processor=_processor(),
        cores=psutil.cpu_count() or 1,
        memory=round(psutil.virtual_memory().total / 2**30, 1),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        numpy=np.__version__,
        blas=", ".join(f"{p['internal_api']} {p['version']} ({p.get('architecture', '?')})" for p in _blas())
        or "unknown",
    )


def pools() -> str:
    """Describe the pools of threads that this process has by now, as "openblas 2 threads, openmp 2 threads"."""
    found = {f"{p['internal_api']} {threads(p['num_threads'])}" for p in threadpoolctl.threadpool_info()}
    return ", ".join(sorted(found)) or "no pools of threads"


def threads(count: int) -> str:
    """Write how many threads."""
    return f"{count} thread{'s' * (count != 1)}"


def _blas() -> list[dict[str, str]]:
    np.ones((2, 2)) @ np.ones((2, 2))  # it is loaded by then
    return [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text("utf-8").splitlines()
        known = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        model = f" (family {known['cpu family']}, model {known['model']})" if "cpu family" in known else ""
        return known.get("model name", platform.machine()) + model
    return platform.processor() or platform.machine()
