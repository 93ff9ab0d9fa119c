"""The worker's first lines: make the process safe to run a hand-in in, then serve.

Run as a script, with one argument: a JSON object, see `launch.Launch.argv`. Nothing but the standard library is
importable when it starts. It makes importable the kit, which holds numpytorch, without the modules that are withheld,
and the few files of the sandbox that the worker itself is made of; and the packages that hand-ins may use. An
`import autograder.checks` finds nothing.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location


class PackageFinder:
    """Finds the installed packages that a hand-in may use, by where each one is, and no others beside them."""

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where the package `name` is; None for everything else."""
        place = self._places.get(name)
        if place is None:
            return None
        if os.path.isfile(place):
            return spec_from_file_location(name, place)
        return spec_from_file_location(name, os.path.join(place, "__init__.py"), submodule_search_locations=[place])


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


def _tie() -> None:
    """Be killed when the thread that started this process ends, and with it the grader's use for it.

    Also become the parent of what the hand-in's processes leave behind, so that the grader still sees it.
    """
    if sys.platform == "linux":
        import ctypes

        set_death_signal, set_child_subreaper = 1, 36
        prctl = ctypes.CDLL(None).prctl
        prctl(set_child_subreaper, 1, 0, 0, 0)
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
    _tie()
    sys.path.append(options["kit"])
    sys.meta_path.append(PackageFinder(options["packages"]))
    # `site` would have defined exit() and quit(), which hand-ins may call.
    import site

    site.setquit()
    if options["landlock"] or options["seccomp"]:
        from autograder.sandbox.worker.confine import Landlock, Seccomp, confine

        confine(
            Landlock(**options["landlock"]) if options["landlock"] else None,
            Seccomp(**options["seccomp"]) if options["seccomp"] else None,
        )
    if options["probe"]:
        from autograder.sandbox.worker.probe import try_out

        os.write(replies, json.dumps(try_out(**options["probe"])).encode())
        return
    from autograder.sandbox.worker.serve import serve

    serve(requests, replies, rlimits)


if __name__ == "__main__":
    main(sys.argv[1])
