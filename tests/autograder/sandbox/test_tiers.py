"""Tiers are probed before they are claimed, and say why they do not work."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.assignment import load_assignment
from autograder.runner import check_submission
from autograder.sandbox import (
    TIERS,
    LaunchError,
    Limits,
    LimitsTier,
    ProcessTier,
    Tier,
    WorkerCrashed,
    WorkerMemory,
    available_tiers,
    landlock,
    link,
    probe,
    strongest_tier,
    tier_named,
    tiers,
    weaker,
    why_not,
)
from autograder.sandbox.bubblewrap import BubblewrapTier
from autograder.sandbox.landlock import LandlockTier
from autograder.sandbox.launch import plan
from autograder.sandbox.worker import syscalls
from autograder.submission import read_submission
from autograder.verdict import Status

from .helpers import Instead, OpenSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.sandbox.launch import Launch

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
HEADERS = (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h"))


@pytest.fixture
def probed_anew() -> Iterator[None]:
    why_not.cache_clear()
    yield
    why_not.cache_clear()


class Sieve:
    """A tier whose probes let through what it should stop."""

    def __init__(self, tier: Tier) -> None:
        self.tier = tier
        self.name = tier.name

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        return ProcessTier().prepare(launch, limits)


def test_the_names_are_those_of_the_tiers_strongest_first() -> None:
    assert TIERS == ("bubblewrap", "landlock", "limits", "process")
    names = [tier.name for tier in available_tiers()]
    assert names == [name for name in TIERS if name in names]
    assert names[-1] == "process"
    assert strongest_tier().name == names[0]
    assert all(tier_named(name).name == name for name in names)


def test_weaker_is_further_down() -> None:
    assert weaker("limits", "landlock")
    assert not weaker("landlock", "landlock")
    assert not weaker("bubblewrap", "landlock")


@linux
@pytest.mark.parametrize("tier", [BubblewrapTier(), LandlockTier()], ids=lambda tier: tier.name)
def test_a_jail_that_stops_nothing_is_found_out(tier: BubblewrapTier | LandlockTier) -> None:
    why = probe.why_not(Sieve(tier), tier.stops)
    for attempt in ("read a file", "write a file", "open a connection", "signal the grader", "start a process"):
        assert attempt in why


@linux
def test_where_bubblewrap_works_at_all_the_tier_does() -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("no bubblewrap")
    plain = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "true"]
    if subprocess.run(plain, capture_output=True, check=False, timeout=60).returncode:
        pytest.skip("namespaces cannot be made here")
    assert why_not("bubblewrap") == ""  # else the tests of that tier would be skipped, and nobody would know


@linux
@pytest.mark.usefixtures("probed_anew")
def test_without_the_program_there_is_no_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert strongest_tier().name != "bubblewrap"
    with pytest.raises(LaunchError, match=r"the tier bubblewrap does not work.*bwrap is not installed"):
        tier_named("bubblewrap")


@linux
@pytest.mark.usefixtures("probed_anew")
def test_a_program_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho bwrap: No permissions to create new namespace >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "status 1, and said: bwrap: No permissions to create new namespace" in why_not("bubblewrap")


@pytest.mark.usefixtures("probed_anew")
def test_without_landlock_or_a_filter_there_is_no_landlock_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert "no Landlock" in why_not("landlock")
    why_not.cache_clear()
    monkeypatch.setattr(landlock, "version", lambda: 7)
    monkeypatch.setattr(landlock, "machine", lambda: "")
    assert "filter of system calls" in why_not("landlock")


@linux
@pytest.mark.usefixtures("probed_anew")
def test_an_old_landlock_is_enough_for_the_filter_stops_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    if landlock.version() == 0:
        pytest.skip("no Landlock")
    for version in range(1, landlock.version() + 1):
        monkeypatch.setattr(landlock, "version", lambda version=version: version)
        assert probe.why_not(LandlockTier(), LandlockTier.stops) == ""


def test_a_tier_is_probed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    strongest_tier()
    monkeypatch.setattr(probe, "why_not", lambda *_: "probed again")
    strongest_tier()
    assert why_not(strongest_tier().name) == ""


def test_no_tier_of_that_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected one of the tiers bubblewrap, landlock, limits, process, got 'jail'"):
        tiers.why_not("jail")


# ---- what is built -------------------------------------------------------------------------------------


@linux
@pytest.mark.skipif(not all(file.exists() for file in HEADERS), reason="needs the kernel's headers")
def test_the_numbers_of_system_calls_are_the_kernels() -> None:
    tables = []
    for header in HEADERS:
        found = re.findall(r"#define\s+__NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
        tables.append({name: int(number) for name, number in found})
    here = syscalls.refused(processes=False) | syscalls.CONDITIONAL
    assert here == {name: (tables[0].get(name), tables[1].get(name)) for name in here}


@pytest.mark.parametrize("machine", syscalls.MACHINES)
@pytest.mark.parametrize("processes", [False, True])
def test_every_jump_of_the_filter_lands_within_it(machine: str, processes: bool) -> None:
    steps = syscalls.program(machine, 7, processes=processes)
    assert len(steps) < 4096
    for place, step in enumerate(steps):
        assert 0 <= step.yes < 256
        assert place + 1 + max(step.yes, step.no) < len(steps) or step.code == 0x06
    assert steps[-1].code == 0x06


@linux
def test_the_root_of_the_jail_is_made_read_only_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.sandbox.bubblewrap.shutil.which", lambda _: "/usr/bin/bwrap")
    launch = BubblewrapTier().prepare(plan(Limits(), tmp_path), Limits())
    assert launch.wrapper[-5:] == ("--remount-ro", "/", "--chdir", str(tmp_path), "--")
    assert launch.wrapped_status


@linux
def test_a_package_folder_within_the_standard_library_is_a_hole(
    open_session: OpenSession, jail: Tier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, packages = tmp_path / "library", tmp_path / "library" / "site-packages"
    for folder in (packages / "allowed", packages / "autograder"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("text")
    (library / "file").write_text("text")
    here = plan(Limits(), tmp_path).reach
    wider = replace(here, paths=(*here.paths, library, packages / "allowed"), holes=(*here.holes, packages))
    monkeypatch.setattr("autograder.sandbox.launch.reach", lambda _: wider)
    places = [library / "file", packages / "allowed" / "file", packages / "autograder" / "file"]
    session = open_session(
        f"""\
def read(path):
    try: return open(path).read()
    except OSError: return "-"
READ = " ".join(map(read, {[str(place) for place in places]!r}))
""",
        tier=jail,
    )
    assert session.constants(["READ"]) == {"READ": "text text -"}


# ---- whose fault it is ---------------------------------------------------------------------------------


def test_a_sandbox_that_does_not_start_is_the_graders_fault_in_every_check(tmp_path: Path) -> None:
    (tmp_path / "assignment.py").write_text("")
    submission = read_submission(tmp_path)
    result = check_submission(load_assignment("cnn"), submission, only="conv2d.*", tier=Instead(("/no/such/program",)))
    assert {check.status for check in result.checks} == {Status.GRADER_FAULT}
    assert result.sandbox == "instead"


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_worker_that_the_system_killed_for_want_of_memory_had_too_little(
    open_session: OpenSession, tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import os\ndef run(): os.kill(os.getpid(), 9)\nclass Model:\n    def __init__(self): run()\n"
    with pytest.raises(WorkerCrashed) as caught:
        open_session(source, tier=tier).build("Model", [], seed=0)
    assert caught.value.returncode == -9
    session = open_session(source, tier=tier)
    monkeypatch.setattr(link, "oom_kills", lambda: -1)
    with pytest.raises(WorkerMemory):
        session.build("Model", [], seed=0)


def test_the_tier_limits_is_not_claimed_where_limits_do_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "rlimits", {})  # as if the system took them, and did not keep them
    assert probe.why_not(LimitsTier(), LimitsTier.stops) == (
        "a worker could write a larger file than it may, open more files than it may, take more memory than it may"
    )
