"""What a jail keeps a hand-in from: each is tried by a hand-in, in each jail that works here."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

import autograder
import numpytorch
from autograder.assignment import load_assignment
from autograder.sandbox import Limits, Session, StudentError, Tier, WorkerCrashed, WorkerMemory, WorkerTimeout
from autograder.sandbox.kit import kit
from autograder.sandbox.limits import MIB
from autograder.sandbox.worker import syscalls

from .helpers import OpenSession


def tried(open_session: OpenSession, jail: Tier, lines: list[str]) -> dict[str, str]:
    """Let a hand-in try each line, and return what each raised; nothing for what worked."""
    source = f"""\
import multiprocessing, os, resource, socket, subprocess, sys
import numpy as np
GRADER = {os.getpid()}
def attempt(line):
    try:
        exec(line)
    except Exception as error:
        return type(error).__name__
    return ""
RAISED = " ".join(attempt(line) or "-" for line in {lines!r})
"""
    session = open_session(source, tier=jail)
    raised = session.constants(["RAISED"])["RAISED"]
    assert isinstance(raised, str)
    return dict(zip(lines, raised.replace("-", "").split(" "), strict=True))


def withheld() -> list[Path]:
    """List files that no hand-in may read: answers, labels, what is withheld, the grader, and what is the user's."""
    assignment = load_assignment("cnn").folder
    files = [assignment / "solution.py", assignment / "checks.py", assignment / "assignment.toml"]
    files += [Path(autograder.__file__), Path(autograder.__file__).parent / "sandbox" / "session.py"]
    files += list(Path(numpytorch.__file__).parent.glob("data/*.py"))
    files += [Path(numpytorch.__file__), Path("/etc/passwd"), Path("/proc/self/maps"), Path(f"/proc/{os.getpid()}/mem")]
    return files


def test_files_outside_its_folder_cannot_be_read(open_session: OpenSession, jail: Tier, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("labels")
    paths = [tmp_path / "secret", tmp_path / "assignment.py", *withheld()]
    came_of = tried(open_session, jail, [f"open({str(path)!r}, 'rb')" for path in paths])
    assert set(came_of.values()) <= {"PermissionError", "FileNotFoundError"}, came_of


def test_no_file_of_the_project_but_the_kit_is_in_reach(open_session: OpenSession, jail: Tier) -> None:
    """Walks through all that it may list, and opens every Python file and every file of digits."""
    session = open_session(
        f"""\
import os
found = []
for folder, _, files in os.walk("/"):
    for name in files:
        path = os.path.join(folder, name)
        if name.endswith((".py", ".pyc", ".gz", "ubyte", ".toml")):
            try:
                with open(path, "rb") as file: file.read(1)
            except OSError:
                continue
            found.append(path)
COUNT = len(found)
KIT = {str(kit())!r}
PROJECT = " ".join(p for p in found if KIT not in p and ("autograder" in p or "assignments" in p or "numpytorch" in p))
ANSWERS = " ".join(path for path in found if "solution.py" in path or "ubyte" in path or "mnist" in path)
""",
        tier=jail,
    )
    count, project, answers = session.constants(["COUNT", "PROJECT", "ANSWERS"]).values()
    if jail.name == "bubblewrap":  # in the other, folders above those that are allowed cannot be listed
        assert isinstance(count, int)
        assert count > 1000
    assert answers == ""
    assert project == ""


def test_nothing_outside_its_folder_can_be_changed(open_session: OpenSession, jail: Tier, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    mine.chmod(0o640)
    before = mine.stat()
    changes = [
        f"open({str(mine)!r}, 'w')",
        f"open({str(tmp_path / 'planted')!r}, 'w')",
        f"os.truncate({str(mine)!r}, 1)",
        f"os.chmod({str(mine)!r}, 0o777)",
        f"os.utime({str(mine)!r}, (1, 1))",
        f"os.remove({str(mine)!r})",
        f"os.rename({str(mine)!r}, 'here')",
        f"os.link({str(mine)!r}, 'here')",
        f"os.mkdir({str(tmp_path / 'planted')!r})",
        f"os.symlink('/', {str(tmp_path / 'planted')!r})",
        f"os.setxattr({str(mine)!r}, 'user.planted', b'1')",
        "os.symlink('/etc/passwd', 'link'); open('link')",
        "os.mkfifo('/tmp/planted')",
        "open('/dev/shm/planted', 'w')",
        "open('/planted', 'w')",
        "open('/dev/planted', 'w')",
        "open(np.__file__, 'a')",
    ]
    if os.geteuid() == 0:
        changes.append(f"os.chown({str(mine)!r}, 1, 1)")
    came_of = tried(open_session, jail, changes)
    assert set(came_of.values()) <= {"PermissionError", "FileNotFoundError", "OSError"}, came_of
    assert mine.read_text() == "mine"
    after = mine.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_uid) == (before.st_mode, before.st_mtime_ns, before.st_uid)
    assert not (tmp_path / "planted").exists()


def test_its_own_folder_is_for_it_to_use(open_session: OpenSession, jail: Tier) -> None:
    session = open_session(
        "import os, tempfile\nos.makedirs('a/b')\nopen('a/b/c', 'w').write('text')\nos.rename('a/b/c', 'd')\n"
        "os.symlink('d', 'e')\nREAD = open('e').read()\nos.remove('e')\nos.rmdir('a/b')\n"
        "with tempfile.TemporaryFile() as file: file.write(b'x')\nLIST = ' '.join(sorted(os.listdir()))\n",
        tier=jail,
    )
    assert session.constants(["READ", "LIST"]) == {"READ": "text", "LIST": "a d"}


def test_no_connection_can_be_opened(open_session: OpenSession, jail: Tier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(type=socket.SOCK_DGRAM) as packets:
        packets.bind(("127.0.0.1", 0))
        packets.setblocking(False)
        (_, tcp), (_, udp) = server.getsockname(), packets.getsockname()
        attempts = [
            f"socket.create_connection(('127.0.0.1', {tcp}))",
            f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'labels', ('127.0.0.1', {udp}))",
            "socket.socketpair()",
            "socket.socket(socket.AF_UNIX)",
            "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        ]
        came_of = tried(open_session, jail, attempts)
        assert set(came_of.values()) == {"PermissionError"}, came_of
        with pytest.raises(BlockingIOError):
            packets.recv(10)


PROCESSES = [
    "os.fork()",
    "os.system('true') == 0 or os.fork()",
    "os.posix_spawn(sys.executable, ['python'], {})",
    "subprocess.run([sys.executable, '-c', ''])",
    "os.execv(sys.executable, ['python'])",
    "multiprocessing.get_context('fork').Process().start()",
    "os.kill(GRADER, 0)",
    "os.kill(os.getppid(), 0)",
    "os.kill(-1, 0)",
    "os.kill(0, 0)",
    "os.setsid()",
    "os.setpriority(os.PRIO_PROCESS, 0, 5)",
    "resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))",
    "resource.prlimit(GRADER, resource.RLIMIT_NOFILE)",
    "os.pidfd_open(GRADER)",
    "os.memfd_create('hidden')",
    "os.setuid(0)",
]


def test_no_process_can_be_started_or_steered(open_session: OpenSession, jail: Tier) -> None:
    came_of = tried(open_session, jail, PROCESSES)
    # Python reports the refusal of a limit in its own way.
    assert set(came_of.values()) == {"PermissionError", "ValueError"}, came_of
    assert came_of["resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))"] == "ValueError"


def test_each_refused_system_call_is_refused(open_session: OpenSession, jail: Tier) -> None:
    if not syscalls.machine():
        pytest.skip("no filter for this machine")
    column, _ = syscalls.MACHINES[syscalls.machine()]
    numbers = {name: pair[column] for name, pair in syscalls.refused(processes=False).items()}
    session = open_session(
        f"""\
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
allowed = []
for name, number in {numbers!r}.items():
    if number is not None and (libc.syscall(number, -1, -1, -1, -1, -1, -1) != -1 or ctypes.get_errno() != errno.EPERM):
        allowed.append(name)
ALLOWED = " ".join(allowed)
NEWER = libc.syscall({syscalls.LAST + 1}, -1, -1) == -1 and ctypes.get_errno() == errno.ENOSYS
OTHER_NUMBERS = libc.syscall(0x40000000 + 39) == -1
""",
        tier=jail,
    )
    assert session.constants(["ALLOWED", "NEWER", "OTHER_NUMBERS"]) == {
        "ALLOWED": "",
        "NEWER": True,
        "OTHER_NUMBERS": True,
    }


def test_threads_of_python_and_of_the_linear_algebra_library_work(open_session: OpenSession, jail: Tier) -> None:
    session = open_session(
        "import threading, numpy as np\nran = []\n"
        "threads = [threading.Thread(target=ran.append, args=(n,)) for n in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "RAN = len(ran)\na = np.ones((700, 700))\nRIGHT = bool((a @ a == 700).all())\n",
        limits=Limits(threads=2),
        tier=jail,
    )
    assert session.constants(["RAN", "RIGHT"]) == {"RAN": 4, "RIGHT": True}


# ---- limits, on every tier -----------------------------------------------------------------------------


def run(session: Session) -> None:
    session.call(session.build("Model", [], seed=0).id, [np.ones(1)])


def does(body: str) -> str:
    return f"import os, signal, sys\nclass Model:\n    def __call__(self, x):\n        {body}\n"


FOREVER = "\n        while True: pass"


def test_memory_is_limited(open_session: OpenSession, tier: Tier) -> None:
    session = open_session(
        does("keep = b'x' * (400 << 20)" + FOREVER), limits=Limits(memory_bytes=200 * MIB), tier=tier
    )
    with pytest.raises(WorkerMemory):
        run(session)


def test_a_loop_that_does_not_end_is_stopped(open_session: OpenSession, tier: Tier) -> None:
    session = open_session(does("pass" + FOREVER), tier=tier)
    with session.deadline(0.3), pytest.raises(WorkerTimeout):
        run(session)


def test_cpu_time_is_limited(open_session: OpenSession, tier: Tier) -> None:
    ignored = "signal.signal(signal.SIGXCPU, signal.SIG_IGN)" if os.name == "posix" else "pass"
    session = open_session(does(ignored + FOREVER), limits=Limits(cpu_seconds=1.0), tier=tier)
    with pytest.raises(WorkerTimeout) as caught:
        run(session)
    assert caught.value.seconds == 1.0


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(
    ("body", "status"), [("os.kill(os.getpid(), signal.SIGSEGV)", -11), ("os.abort()", -6), ("os._exit(3)", 3)]
)
def test_a_crash_tells_its_signal_or_status(open_session: OpenSession, tier: Tier, body: str, status: int) -> None:
    with pytest.raises(WorkerCrashed) as caught:
        run(open_session(does(body), tier=tier))
    assert caught.value.returncode == status


def test_its_folder_is_limited(open_session: OpenSession, tier: Tier) -> None:
    files = "[open(f'f{n}', 'wb').write(b'x' * (1 << 20)) for n in range(8)]"
    session = open_session(does(files + FOREVER), limits=Limits(scratch_bytes=4 * MIB), tier=tier)
    with session.deadline(20), pytest.raises((StudentError, WorkerCrashed)) as caught:
        run(session)
    if tier.name == "bubblewrap":
        assert "No space left" in str(caught.value)
    else:
        assert isinstance(caught.value, WorkerCrashed)
        assert "more than 4 MiB of files" in caught.value.tail


@pytest.mark.skipif(sys.platform != "linux", reason="needs to see what a process holds open")
def test_files_without_a_name_count(open_session: OpenSession, tier: Tier) -> None:
    if tier.name == "bubblewrap":
        pytest.skip("its folder is in memory, and of limited size")
    body = "keep = [open('f', 'wb')]; os.remove('f'); keep[0].write(b'x' * (8 << 20)); keep[0].flush()"
    session = open_session(does(body + FOREVER), limits=Limits(scratch_bytes=4 * MIB), tier=tier)
    with session.deadline(20), pytest.raises(WorkerCrashed, match="ended"):
        run(session)


def test_very_many_files_are_too_many(open_session: OpenSession, tier: Tier) -> None:
    session = open_session(does("[open(f'f{n}', 'wb').close() for n in range(5000)]" + FOREVER), tier=tier)
    with session.deadline(20), pytest.raises(WorkerCrashed, match="ended"):
        run(session)


def test_a_flood_of_output_is_cut_and_does_no_harm(open_session: OpenSession, tier: Tier) -> None:
    session = open_session(
        does("[print('x' * 10**6) for _ in range(20)]; print('end'); raise ValueError"),
        limits=Limits(output_bytes=1000),
        tier=tier,
    )
    with pytest.raises(StudentError):
        run(session)
    assert session.output_tail().endswith("end\n")
    assert len(session.output_tail()) <= 1000


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
def test_one_process_too_many_ends_it_or_is_refused(open_session: OpenSession, tier: Tier) -> None:
    session = open_session(does("os.fork()" + FOREVER), tier=tier)
    with session.deadline(20), pytest.raises((StudentError, WorkerCrashed)) as caught:
        run(session)
    if isinstance(caught.value, WorkerCrashed):
        assert "more than 1 processes" in caught.value.tail
    else:
        assert str(caught.value).startswith("PermissionError")
