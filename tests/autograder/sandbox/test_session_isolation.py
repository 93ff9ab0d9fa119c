"""What a hand-in can see and reach, and what it leaves behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from autograder.sandbox import (
    Limits,
    LimitsTier,
    ProcessTier,
    Session,
    StudentError,
    Tier,
    protocol,
    strongest_tier,
    tiers,
)
from autograder.sandbox.launch import plan, spawn
from autograder.sandbox.messages import Load
from autograder.sandbox.process import Tree
from autograder.sandbox.reach import interpreter
from autograder.sandbox.scratch import bytes_in, remove_scratch

from .helpers import OpenSession

posix = pytest.mark.skipif(os.name != "posix", reason="needs fork")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a process that adopts")
limited = pytest.mark.skipif(strongest_tier().name == "process", reason="needs resource limits that hold")


def constant(session: Session, name: str) -> str:
    value = session.constants([name])[name]
    assert isinstance(value, str)
    return value


def test_the_environment_is_not_the_parents(
    open_session: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tier: Tier
) -> None:
    (tmp_path / "planted").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "planted"))
    monkeypatch.setenv("PYTHONSTARTUP", "planted")
    monkeypatch.setenv("AUTOGRADER_SECRET", "planted")
    session = open_session(
        "import os, sys\nEVERYTHING = repr((dict(os.environ), sys.path))\nNAMES = ' '.join(os.environ)\n"
        "BLAS = os.environ['OPENBLAS_NUM_THREADS']\n",
        limits=Limits(threads=3),
        tier=tier,
    )
    assert "planted" not in constant(session, "EVERYTHING")
    assert "PYTHON" not in constant(session, "NAMES")
    assert constant(session, "BLAS") == "3"


def test_sets_of_text_have_the_same_order_in_every_worker(open_session: OpenSession) -> None:
    source = "HASH = hash('a text')\n"
    hashes = [open_session(source).constants(["HASH"]) for _ in range(2)]
    assert hashes[0] == hashes[1]


def test_the_working_folder_is_new_empty_and_removed(open_session: OpenSession, scratch_parent: Path) -> None:
    session = open_session(
        "import os, tempfile\nHERE, THERE, WITHIN = os.getcwd(), tempfile.gettempdir(), repr(os.listdir())\n"
        "os.makedirs('a/b'); open('a/b/file', 'w').close(); os.chmod('a', 0)\n",
        tier=LimitsTier(),
    )
    assert constant(session, "HERE") == constant(session, "THERE") == str(next(scratch_parent.iterdir()).resolve())
    assert constant(session, "WITHIN") == "[]"
    session.close()
    assert list(scratch_parent.iterdir()) == []


@posix
def test_removing_the_folder_follows_no_link(open_session: OpenSession, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").touch()
    source = f"import os\nos.symlink({str(mine)!r}, 'link')\nos.makedirs('a')\nos.chmod('a', 0)\n"
    open_session(source, tier=LimitsTier()).close()
    assert (mine / "file").exists()


@posix
def test_a_folder_that_cannot_be_removed_at_once_is_opened_up_but_not_through_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, scratch = tmp_path / "mine", tmp_path / "scratch"
    mine.mkdir(mode=0o500)
    (scratch / "closed" / "inner").mkdir(parents=True)
    (scratch / "link").symlink_to(mine)
    for folder in (scratch / "closed" / "inner", scratch / "closed", scratch):
        folder.chmod(0)

    def refuse(path: Path) -> None:
        raise PermissionError  # as it does for anyone but root

    monkeypatch.setattr(shutil, "rmtree", refuse)
    remove_scratch(scratch)
    assert not scratch.exists()
    assert mine.stat().st_mode & 0o777 == 0o500


def test_a_folder_is_removed_however_deep_it_is(tmp_path: Path) -> None:
    scratch, here = tmp_path / "scratch", Path.cwd()
    scratch.mkdir()
    try:
        os.chdir(scratch)
        for _ in range(1500):  # deeper than Python recurses, and than a path can be long
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
    finally:
        os.chdir(here)
    try:
        # Files where no path reaches count as too many, for they cannot be counted.
        assert bytes_in(scratch, os.getpid(), 1 << 40) > 1 << 40
    finally:
        remove_scratch(scratch)
    assert not scratch.exists()


def test_standard_input_is_empty(open_session: OpenSession, tier: Tier) -> None:
    session = open_session("import os, sys\nREAD = repr((sys.stdin.read(), os.read(0, 10)))\n", tier=tier)
    assert constant(session, "READ") == "('', b'')"


def test_files_beside_the_hand_in_do_not_exist_for_it(
    open_session: OpenSession, tmp_path: Path, tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("numpy", "sitecustomize", "usercustomize", "conftest", "random"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('planted')\n")
    (tmp_path / "helper.py").write_text("")
    monkeypatch.chdir(tmp_path)
    source = """\
import numpy, random, sys
VERSION = numpy.__version__
NAME = __name__
LOADED = " ".join({"sitecustomize", "usercustomize", "conftest"} & set(sys.modules))
"""
    session = open_session(source, tier=tier)
    assert session.constants(["VERSION", "NAME", "LOADED"]) == {
        "VERSION": np.__version__,
        "NAME": "assignment",
        "LOADED": "",
    }
    with pytest.raises(StudentError, match="No module named 'helper'"):
        open_session("import helper\n", tier=tier)


def test_nothing_in_the_users_own_package_folder_runs(
    open_session: OpenSession, tmp_path: Path, tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path))
    folder = Path(sysconfig.get_path("purelib", f"{os.name}_user", {"userbase": str(tmp_path)}))
    folder.mkdir(parents=True)
    (folder / "usercustomize.py").write_text("raise SystemExit('planted')\n")
    (folder / "planted.pth").write_text("import sys; sys.planted = True\n")
    (folder / "helper.py").write_text("")
    session = open_session("import sys\nPLANTED = hasattr(sys, 'planted')\nPATH = repr(sys.path)\n", tier=tier)
    assert session.constants(["PLANTED"]) == {"PLANTED": False}
    assert str(tmp_path) not in constant(session, "PATH").replace(str(tmp_path / "scratch"), "")
    with pytest.raises(StudentError, match="No module named 'helper'"):
        open_session("import helper\n", tier=tier)


@posix
def test_descriptors_of_the_grader_are_closed(open_session: OpenSession, tmp_path: Path, tier: Tier) -> None:
    with (tmp_path / "secret").open("w+") as file:
        os.set_inheritable(file.fileno(), True)
        where = os.fstat(file.fileno())
        session = open_session(
            "import os\nFOUND = ''\nfor number in range(256):\n    try: FOUND += f'{os.fstat(number)[1:3]} '\n"
            "    except OSError: pass\n",
            tier=tier,
        )
    assert str((where.st_ino, where.st_dev)) not in constant(session, "FOUND")
    assert constant(session, "FOUND").count(")") < 8


@pytest.mark.parametrize(
    "module",
    [
        "autograder.cli",
        "autograder.checks",
        "autograder.sandbox.session",
        "autograder.submission",
        "assignments",
        "tests",
        "mypy",
        "psutil",
        "numpytorch.data",
        "numpytorch.kernels",
        "numpytorch.nn.conv",
        "numpytorch.nn.recurrent",
    ],
)
def test_the_graders_modules_and_what_is_withheld_cannot_be_imported(
    open_session: OpenSession, module: str, tier: Tier
) -> None:
    with pytest.raises(StudentError, match=f"No module named '{module}'") as caught:
        open_session(f"import {module}\n", tier=tier)
    assert caught.value.kind == "ModuleNotFoundError"


def test_the_library_can_be_imported_as_coursework_does(open_session: OpenSession) -> None:
    open_session(
        "import numpytorch as npt\nfrom numpytorch import Tensor, nn, optim, tensor, reshape\n"
        "from numpytorch.autograd import GradFn\nfrom numpytorch.grad_fn import GradFn\n"
    )


def test_a_hand_in_can_read_its_own_source_in_tracebacks(open_session: OpenSession) -> None:
    session = open_session("import inspect\ndef f():\n    return 1\nSOURCE = inspect.getsource(f)\n")
    assert constant(session, "SOURCE") == "def f():\n    return 1\n"


# ---- what is left behind -------------------------------------------------------------------------------


def alive(process: psutil.Process) -> bool:
    """Whether a process runs. One that nobody has reaped does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@posix
def test_child_processes_die_with_the_session(open_session: OpenSession, tier: Tier) -> None:
    before = children()
    session = open_session(
        "import subprocess, sys\nfor _ in range(3): subprocess.Popen([sys.executable, '-Sc', 'while True: pass'])\n",
        limits=Limits(processes=4),
        tier=tier,
    )
    started = children() - before
    assert len(started) >= 4
    session.close()
    assert not any(map(alive, started))


@linux
def test_a_daemon_that_left_its_group_and_its_parent_dies_too(open_session: OpenSession, tier: Tier) -> None:
    before = children()
    source = """\
import contextlib, os, time
read, write = os.pipe()
if os.fork() == 0:
    with contextlib.suppress(PermissionError):  # a jail does not allow it
        os.setsid()
    if os.fork() == 0:
        os.write(write, b"running")
        while True: time.sleep(1)
    os._exit(0)
os.wait()
READ = os.read(read, 100).decode()
"""
    session = open_session(source, limits=Limits(processes=4), tier=tier)
    assert constant(session, "READ") == "running"
    started = {process for process in children() - before if alive(process)}
    assert len(started) >= 2
    session.close()
    assert not any(map(alive, started))


@linux
def test_a_process_of_which_no_memory_is_counted_yet_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_yet(_: psutil.Process) -> int:
        return 0

    monkeypatch.setattr("autograder.sandbox.process._resident", nothing_yet)
    command = [sys.executable, "-Sc", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as young:
        tree = Tree(young)
        assert tree.look(deep=False)[:2] == (0, 1)
        assert tree.kill() == -9


def test_a_worker_whose_parent_is_gone_ends(tmp_path: Path) -> None:
    source = b"import atexit, threading\natexit.register(print, 'too late')\n"
    source += b"def forever():\n    while True: pass\nthreading.Thread(target=forever).start()\n"
    with spawn(plan(Limits(), tmp_path)) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stderr is not None
        worker.stdin.write(
            b"".join(protocol.request(1, Load(), [np.frombuffer(source, np.uint8), np.zeros(0, np.uint8)]))
        )
        worker.stdin.close()
        assert b'"is":"loaded"' in worker.stdout.read()
        assert b"too late" not in worker.stderr.read()
    assert worker.returncode == 0


@linux
def test_a_busy_worker_whose_parent_is_killed_dies(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "busy")
    file = tmp_path / "assignment.py"
    file.write_text(f"open({str(tmp_path / 'busy')!r}, 'w').close()\nwhile True: pass\n")
    grader = (
        "import sys\nfrom autograder.sandbox import *\nfrom autograder.submission import read_submission\n"
        "Session(read_submission(sys.argv[1]), Limits(), ProcessTier()).load()\n"
    )
    # It cannot remove the worker's folder, so that must be made where the test's own is.
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", grader, str(file)], env=env) as process:
        (tmp_path / "busy").read_bytes()
        (worker,) = psutil.Process(process.pid).children()
        process.kill()
    worker.wait(timeout=30)
    assert not alive(worker)


def test_threads_do_not_hold_the_session(open_session: OpenSession) -> None:
    session = open_session("""\
import atexit, signal, threading
def forever():
    while True: pass
threading.Thread(target=forever).start()
atexit.register(forever)
for name in ("SIGTERM", "SIGINT", "SIGHUP"):
    if hasattr(signal, name): signal.signal(getattr(signal, name), signal.SIG_IGN)
""")
    assert session.constants(["absent"]) == {"absent": None}
    session.close()
    assert not session.alive()


# ---- tiers ---------------------------------------------------------------------------------------------


@limited
def test_resource_limits_are_in_force(open_session: OpenSession) -> None:
    limits = Limits(cpu_seconds=100.0, files=99, file_bytes=12345)
    session = open_session(
        "import resource\ndef limit(name): return repr(resource.getrlimit(getattr(resource, 'RLIMIT_' + name)))\n"
        "CPU, CORE, NOFILE, FSIZE = map(limit, ('CPU', 'CORE', 'NOFILE', 'FSIZE'))\n"
        "try: open('big', 'wb').write(bytes(20000))\nexcept OSError as error: WROTE = type(error).__name__\n",
        limits=limits,
        tier=LimitsTier(),
    )
    assert session.constants(["CPU", "CORE", "NOFILE", "FSIZE", "WROTE"]) == {
        "CPU": "(100, 101)",
        "CORE": "(0, 0)",
        "NOFILE": "(99, 99)",
        "FSIZE": "(12345, 12345)",
        "WROTE": "OSError",
    }


def test_the_name_of_the_tier_is_on_record(open_session: OpenSession) -> None:
    assert open_session("", load=False).tier_name == strongest_tier().name
    assert open_session("", tier=ProcessTier()).tier_name == "process"


def test_a_launch_tells_what_a_stronger_tier_needs_to_know(tmp_path: Path) -> None:
    launch = tiers.LimitsTier().prepare(plan(Limits(), tmp_path), Limits())
    wrapped = replace(launch, wrapper=("outer", "--"))
    assert wrapped.argv()[:3] == ("outer", "--", interpreter())
    assert wrapped.argv()[2:] == launch.argv()
    assert all(path.is_absolute() for path in (launch.kit, *launch.reach.paths))
