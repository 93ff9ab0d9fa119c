"""Effects: what an attack could reach outside of its own folder and process, set up here so that it does no harm."""

from __future__ import annotations

import ctypes
import hashlib
import os
import secrets
import signal
import socket
import sys
import sysconfig
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

import numpytorch
from autograder.sandbox.kit import kit

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class Surroundings:
    """A grader to attack: a folder, services, memory, and this process.

    constants: what attacks are told of it, by the names that they use. `happened` looks what they did.
    """

    def __init__(self, stack: ExitStack) -> None:
        self.mark = f"hostile-{secrets.token_hex(8)}"
        self._outside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outside-")))
        self._proofs = {name: secrets.token_hex(16) for name in ("secret", "name", "room")}
        (self._outside / "secret").write_text(self._proofs["secret"])
        (self._outside / "names").mkdir()
        (self._outside / "names" / self._proofs["name"]).touch()
        self._make_changeable()
        self._memory = ctypes.create_string_buffer(secrets.token_hex(16).encode(), 32)
        self._services = tuple(map(stack.enter_context, self._open_services()))
        self._signals: list[int] = []
        for number in (signal.SIGUSR1, signal.SIGIO):
            before = signal.signal(number, lambda n, _: self._signals.append(n))
            stack.callback(signal.signal, number, before)
        stack.callback(self.happened, "")
        told = {
            self._memory.raw.decode(), "the grader's own side", *self._proofs.values(),
            _sha256(ROOT / "assignments" / "cnn" / "solution.py"),
            *(_sha256(file) for file in (ROOT / "data").rglob("*labels*")),
        }  # fmt: skip
        self._told = {f"REACHED {proof}" for proof in told}

    @property
    def constants(self) -> dict[str, object]:
        """What an attack is told."""
        return {
            "OUTSIDE": str(self._outside),
            "ROOT": str(ROOT),
            "CANARY": self.mark,
            "MARK": self.mark,
            "ROOM": self._proofs["room"],
            "PARENT": os.getpid(),
            "ADDRESS": ctypes.addressof(self._memory),
            "LENGTH": 32,
            "PORT": self._services[0].getsockname()[1],
        }

    def happened(self, result: str) -> set[str]:
        """Return which effects an attack had, by its result and by what is seen here, and undo them."""
        found = {"told" for proof in self._told if proof in result}
        found |= {"packet" for service in self._services if _received(service)}
        found |= {"signal" for _ in self._signals}
        found |= {"process" for process in _marked(self.mark)}
        found |= {"file" for file in self._canaries()} | {"file" for _ in range(not self._is_unchanged())}
        self._signals.clear()
        for process in _marked(self.mark):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for file in self._canaries():
            _remove(file)
        self._make_changeable()
        return found

    def _open_services(self) -> Iterator[socket.socket]:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(tcp.getsockname())
        file, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        file.bind(str(self._outside / "service"))
        abstract.bind(f"\0{self.mark}")
        for service in (file, abstract):
            service.listen()
        for service in (tcp, udp, file, abstract):
            service.setblocking(False)
            yield service

    def _make_changeable(self) -> None:
        file = self._outside / "to be changed"
        file.write_text("as it was")
        file.chmod(0o600)
        self._before = file.stat().st_mtime_ns

    def _is_unchanged(self) -> bool:
        file = self._outside / "to be changed"
        return (
            file.is_file()
            and file.read_text() == "as it was"
            and file.stat().st_mode & 0o777 == 0o600
            and file.stat().st_mtime_ns == self._before
        )

    def _canaries(self) -> list[Path]:
        folders = [self._outside, Path("/"), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/run"), ROOT]
        folders += [Path.home(), Path.cwd(), Path(tempfile.gettempdir()), Path(sys.prefix)]
        folders += [Path(numpytorch.__file__).parent, kit() / "numpytorch", Path(sysconfig.get_path("purelib"))]
        return sorted({file.resolve() for folder in folders for file in folder.glob(f"*{self.mark}*")})


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """Set all up, and remove it in the end."""
    with ExitStack() as stack:
        yield Surroundings(stack)


def workers() -> list[psutil.Process]:
    """List the workers that this process has started and that live."""
    return [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if mark in process.cmdline():
                found.append(process)
    return found


def _received(service: socket.socket) -> bool:
    """Whether something came; it is taken in."""
    came = False
    with suppress(BlockingIOError):
        while True:
            if service.type == socket.SOCK_DGRAM:
                service.recv(100)
            else:
                service.accept()[0].close()
            came = True
    return came


def _remove(file: Path) -> None:
    if file.is_dir() and not file.is_symlink():
        for inner in file.iterdir():
            _remove(inner)
        file.rmdir()
    else:
        file.unlink()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
