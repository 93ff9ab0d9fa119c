"""The worker's first lines: make the process safe to run a hand-in in, then serve.

Run as a script, with one argument: a JSON object, see `launch.Launch.argv`. Nothing of the project is
importable when it starts. It makes two things so: numpytorch, without the modules that are withheld, and the
few files of the sandbox that the worker itself is made of. An `import autograder.checks` finds nothing.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

_PACKAGES = ("autograder", "autograder.sandbox", "autograder.sandbox.worker")
_WORKER = ("serve", "handin", "find", "state", "calls", "hurry", "kept", "trace", "locate", "profile")
_FILES = ("messages", "protocol", *("worker/" + name for name in _WORKER))


class ProjectFinder:
    """Finds the modules of this project that a worker may import, by where each one is, and refuses the rest."""

    def __init__(self, library: str, sandbox: str, withheld: list[str]) -> None:
        self._places = {"numpytorch": os.path.join(library, "__init__.py")}
        for file in _FILES:
            name = "autograder.sandbox." + file.replace("/", ".")
            self._places[name] = os.path.join(sandbox, file + ".py")
        self._withheld = frozenset(withheld)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where `name` is; None for other people's modules. Raises ModuleNotFoundError if it is withheld."""
        if name in self._withheld:
            raise ModuleNotFoundError(f"No module named {name!r}: it is not part of what hand-ins may use.", name=name)
        place = self._places.get(name)
        if place is None:
            return None
        folders = [os.path.dirname(place)] if name == "numpytorch" else None
        return spec_from_file_location(name, place, submodule_search_locations=folders)


def _limit(rlimits: dict[str, int]) -> list[str]:
    """Set the resource limits, where a stricter one is not in force already; return their names."""
    if not rlimits:
        return []
    import resource

    for name, wanted in rlimits.items():
        kind = getattr(resource, "RLIMIT_" + name)
        _, most = resource.getrlimit(kind)
        # At the first limit on CPU time comes a signal of its own, at the second one that cannot be caught.
        limits = (wanted, wanted + 1 if name == "CPU" else wanted)
        if most != resource.RLIM_INFINITY:
            limits = (min(limits[0], most), min(limits[1], most))
        resource.setrlimit(kind, limits)
    return sorted(rlimits)


def _tie(*, to_parent: bool) -> None:
    """Become the parent of what the hand-in's processes leave behind, so that the grader still sees it.

    to_parent: also be killed when the thread that started this process ends.
    """
    if sys.platform == "linux":
        import ctypes

        set_death_signal, set_child_subreaper = 1, 36
        prctl = ctypes.CDLL(None).prctl
        prctl(set_child_subreaper, 1, 0, 0, 0)
        if to_parent:
            prctl(set_death_signal, 9, 0, 0, 0)


def _take_descriptors() -> tuple[int, int]:
    """Move the connection to private descriptors; leave the hand-in an empty input, and stderr for output."""
    requests, replies = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (requests, replies):
            msvcrt.setmode(descriptor, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # By line, so that what was printed last is not lost when the hand-in brings the process down.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # a TextIOWrapper, at this point
    return requests, replies


def main(setup: str) -> None:
    """Prepare the process as `setup` says, and answer requests until the parent is gone."""
    options = json.loads(setup)
    os.environ.pop("PYTHONHASHSEED", None)  # it has had its effect
    requests, replies = _take_descriptors()
    faulthandler.enable()
    rlimits = _limit(options["rlimits"])
    _tie(to_parent=options["tied"])
    sys.path.extend(options["sites"])
    sys.meta_path.insert(0, ProjectFinder(options["library"], options["sandbox"], options["withheld"]))
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = []
        sys.modules[name] = package

    # `site` would have defined exit() and quit(), which hand-ins may call.
    import site

    from autograder.sandbox.worker.serve import serve

    site.setquit()
    serve(requests, replies, rlimits)


if __name__ == "__main__":
    main(sys.argv[1])
