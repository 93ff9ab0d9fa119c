"""Confine this process, and all that it starts, for good: which files it may use, and what it may ask of the kernel.

Source: the kernel's Documentation/userspace-api/landlock.rst and seccomp_filter.rst.
"""

from __future__ import annotations

import ctypes
import os
import struct
from contextlib import suppress
from dataclasses import dataclass

from autograder.sandbox.worker.syscalls import machine, program

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same number on every machine
_RULE_PATH_BENEATH = 1
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _MODE_FILTER = 38, 22, 2


@dataclass(frozen=True, slots=True)
class Landlock:
    """What Landlock is to refuse, in its own bits: uses of files, of TCP, and of what is outside of this process.

    rules: paths, and the uses of them that are not refused. A path that is not there is passed over.
    """

    files: int
    tcp: int
    scoped: int
    rules: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Seccomp:
    """A filter of system calls. processes: whether other processes may be started."""

    processes: bool


def confine(landlock: Landlock | None, seccomp: Seccomp | None) -> None:
    """Do so. Raises OSError where the kernel does not let it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    _demand(libc.prctl(_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))), "no_new_privs")
    if landlock is not None:
        _landlock(libc, landlock)
    if seccomp is not None:
        _seccomp(libc, seccomp)


def _landlock(libc: ctypes.CDLL, wanted: Landlock) -> None:
    # An older kernel knows a shorter list, and refuses one that says more.
    attributes = [wanted.files, wanted.tcp, wanted.scoped]
    while not attributes[-1]:
        attributes.pop()
    handled = struct.pack(f"={len(attributes)}Q", *attributes)
    ruleset = _demand(
        libc.syscall(_CREATE_RULESET, ctypes.c_char_p(handled), ctypes.c_size_t(len(handled)), 0), "Landlock"
    )
    for path, uses in wanted.rules:
        with suppress(FileNotFoundError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", uses & wanted.files, place)
            _demand(
                libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.c_char_p(rule), 0), f"Landlock at {path}"
            )
            os.close(place)
    _demand(libc.syscall(_RESTRICT_SELF, ruleset, 0), "Landlock")
    os.close(ruleset)


def _seccomp(libc: ctypes.CDLL, wanted: Seccomp) -> None:
    steps = program(machine(), os.getpid(), processes=wanted.processes)
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    filter_ = struct.pack("@HP", len(steps), ctypes.addressof(instructions))
    _demand(
        libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), ctypes.c_char_p(filter_), *map(ctypes.c_ulong, (0, 0))),
        "seccomp",
    )


def _demand(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
