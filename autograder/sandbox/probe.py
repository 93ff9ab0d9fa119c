"""Probe: start a worker under a tier, and see that what the tier stops is stopped, on this machine and now."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autograder.sandbox.errors import LaunchError
from autograder.sandbox.launch import plan, spawn
from autograder.sandbox.limits import MIB, Limits
from autograder.sandbox.scratch import remove_scratch
from autograder.sandbox.text import clean_line
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Set

    from autograder.sandbox.tiers import Tier

_LIMITS = Limits(memory_bytes=64 * MIB, file_bytes=MIB, files=64, scratch_bytes=4 * MIB, threads=1)
_PATIENCE = 30.0
_MAX_TEXT = 500
_SAYS = {
    "read": N_("read a file outside its folder"),
    "list": N_("list a folder outside its own"),
    "write": N_("write a file outside its folder"),
    "connect": N_("open a connection"),
    "send": N_("send a packet"),
    "signal": N_("signal the grader"),
    "trace": N_("trace the grader"),
    "look": N_("look into the grader's process"),
    "fork": N_("start a process"),
    "execute": N_("execute a program"),
    "large": N_("write a larger file than it may"),
    "open": N_("open more files than it may"),
    "fill": N_("write more into its folder than it may"),
    "allocate": N_("take more memory than it may"),
}


def why_not(tier: Tier, stops: Set[str]) -> str:
    """Return why `tier` does not work here; nothing if it does. stops: attempts of `worker.probe` that must fail."""
    if not stops:
        return ""
    try:
        came_of = _try(tier, stops)
    except LaunchError as error:
        return str(error)
    if not came_of["work"]:
        return _("a worker could not write a file in its own folder")
    through = [_(says) for name, says in _SAYS.items() if came_of.get(name)]
    return _("a worker could {attempts}", attempts=", ".join(through)) if through else ""


def _try(tier: Tier, names: Set[str]) -> dict[str, bool]:
    """Return what came of each attempt. Raises LaunchError if the worker cannot be started, or says nothing."""
    scratch = Path(tempfile.mkdtemp(prefix="worker-")).resolve()
    outside = Path(tempfile.mkdtemp(prefix="probe-")).resolve()
    outside.chmod(0o777)
    secret = outside / "secret"
    secret.write_text("what a worker may not read")
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            attempts = {
                "names": sorted(names),
                "secret": str(secret),
                "outside": str(outside),
                "port": server.getsockname()[1],
                "parent": os.getpid(),
                "memory": 16 * _LIMITS.memory_bytes,
                "file": 2 * _LIMITS.file_bytes,
                "files": _LIMITS.files,
                "scratch": 2 * _LIMITS.scratch_bytes,
            }
            with spawn(tier.prepare(plan(_LIMITS, scratch), _LIMITS), attempts) as popen:
                try:
                    answer, printed = popen.communicate(timeout=_PATIENCE)
                except subprocess.TimeoutExpired:
                    popen.kill()
                    raise LaunchError(_("a worker did not answer")) from None
        try:
            return msgspec.json.decode(answer, type=dict[str, bool])
        except msgspec.DecodeError:
            said = clean_line(printed.decode("utf-8", "replace")[-_MAX_TEXT:], _MAX_TEXT)
            ended = _("a worker ended with status {status}, and said: {said}", status=popen.returncode, said=said)
            raise LaunchError(ended) from None
    except OSError as error:
        raise LaunchError(_("the sandbox could not be tried out ({error})", error=error)) from error
    finally:
        remove_scratch(scratch)
        remove_scratch(outside)
