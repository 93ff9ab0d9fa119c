"""mypy --strict on a hand-in, under the grader's own configuration, whatever lies beside it or stands in it."""

from __future__ import annotations

import ast
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import numpytorch
from autograder.cache import cache_folder
from autograder.checks.api import Failed, Grader, Passed
from autograder.checks.causes import Cause
from autograder.checks.policy import parsed
from autograder.sandbox.process import Tree
from autograder.verdict import Status
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.submission import Submission

_CONFIG = """\
[mypy]
strict = True
follow_imports = silent
"""
_STRICT = "strict = True\n"
_ANY = """
[mypy-{modules}]
follow_imports = skip
ignore_missing_imports = True
"""
# mypy, within limits that it sets on itself, so that the grader is free to have threads.
_LIMITED = """
import json, runpy, sys
limits = json.loads(sys.argv.pop(1))
if sys.platform != "win32":
    import resource
    for name, limit in limits.items():
        most = resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1]
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (limit, most))
runpy.run_module("mypy", run_name="__main__", alter_sys=True)
"""
_HIDES = {"no_type_check", "no_type_check_decorator", "TYPE_CHECKING", "MYPY", "PY2", "PY3"}
MEMORY = 2 << 30
"""Bytes of memory that mypy may use: what NumPy takes is a tenth of it."""

_LOOK_SECONDS = 0.2
_SHOWN = 8  # messages; the evidence has them all
_DEEP = N_("Does `mypy --strict assignment.py` finish on your machine? Look for very deeply nested expressions.")
_SIGXCPU = getattr(signal, "SIGXCPU", 0)
_ERROR = re.compile(r"^assignment\.py:(?P<line>\d+): error: (?P<text>.*)$", re.MULTILINE)


class TypeCheck:
    """One run of mypy, in a process of its own beside the other checks.

    The source is copied to an empty folder, so that no configuration, stub or plugin of the student's is
    there, with its `# mypy:` comments, which would override the configuration, made ordinary ones.
    mypy runs no code of the hand-in; but what it makes of it takes time and memory, and those are limited.
    seconds: of CPU time, and that `wait` waits for. untyped: packages of which all is Any, and may decorate functions.
    """

    def __init__(self, submission: Submission, seconds: float, untyped: Sequence[str] = ()) -> None:
        self._seconds = seconds
        self._folder = tempfile.TemporaryDirectory(prefix="types-")
        folder = Path(self._folder.name)
        # All runs share one cache of mypy's, which knows modules by their names and takes one for another, also while
        # both are being written, if their sizes and seconds of change agree: so each source has a name of its own.
        self._module = f"assignment_{submission.sha256[:24]}"
        # With a mark that says UTF-8: whatever encoding the first lines name, mypy is to read what was decoded by it.
        (folder / f"{self._module}.py").write_text(without_directives(submission.source), "utf-8-sig")
        (folder / "mypy.ini").write_text(with_untyped(_CONFIG, untyped), "utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("MYPY", "PYTHON"))}
        library = Path(numpytorch.__file__).parents[1]
        if library.name not in ("site-packages", "dist-packages"):  # where mypy looks by itself
            environment["MYPYPATH"] = str(library)
        limits = json.dumps({"DATA": MEMORY, "CPU": math.ceil(seconds), "CORE": 0})
        python = [sys.executable, "-I", "-c", _LIMITED, limits, "--config-file", "mypy.ini", "--no-color-output"]
        cache = ["--cache-dir", str(cache_folder("mypy"))]
        output = ["--no-error-summary", "--hide-error-context", "--show-traceback"]
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter)
            [*python, *cache, *output, f"{self._module}.py"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._tree = Tree(self._process)
        self._ended = threading.Event()
        self.too_large = False
        """Whether it was stopped, for it used more memory than it may."""
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def wait(self) -> tuple[int, str]:
        """Return mypy's exit status (0 for no errors) and its output; raise TimeoutExpired if it is late."""
        try:
            output = self._process.communicate(timeout=self._seconds)[0]
        finally:
            self.close()
        if self._process.returncode == -_SIGXCPU:
            raise subprocess.TimeoutExpired("mypy", self._seconds)
        return self._process.returncode, output.replace(self._module, "assignment")

    def close(self) -> None:
        """Stop mypy and all it may have started, if it is still at it, and remove the copy."""
        self._ended.set()
        self._watcher.join()
        with self._process:  # which closes the pipe
            self._tree.kill()
        self._folder.cleanup()

    def _watch(self) -> None:
        """Stop mypy when it uses too much memory: not every system keeps such a limit by itself."""
        while not self._ended.wait(_LOOK_SECONDS):
            if self._tree.look(deep=False).resident > MEMORY:
                self.too_large = True
                self._process.kill()


def with_untyped(settings: str, packages: Sequence[str]) -> str:
    """Return mypy's settings with these packages not looked into: all of them is Any, and may decorate functions."""
    if not packages:
        return settings
    settings = settings.replace(_STRICT, f"{_STRICT}disallow_untyped_decorators = False\n")
    return settings + _ANY.format(modules=",".join(f"{name}.*" for name in packages))


def types_are_strict(grader: Grader, run: TypeCheck) -> Passed:
    """Raise Failed unless mypy --strict finds no error, and nothing in the source hides one."""
    hidden = hidings(grader.submission.source)
    if hidden:
        line, text = hidden[0]
        run.close()
        raise Failed(
            _(
                "Line {line}: expected no `{text}`, which hides errors from mypy, got {count} such place(s).",
                line=line,
                text=text,
                count=len(hidden),
            ),
            hint=_("Remove it, and fix what mypy then reports."),
            cause=Cause.TYPES,
            evidence={"hidden": [list(h) for h in hidden]},
        )
    try:
        status, output = run.wait()
    except subprocess.TimeoutExpired as error:
        raise Failed(
            _("Expected mypy to finish within {seconds:g} seconds, but it did not.", seconds=error.timeout),
            hint=_(_DEEP),
            cause=Cause.TYPES,
            status=Status.TIMEOUT,
        ) from None
    errors = [(int(m["line"]), m["text"]) for m in _ERROR.finditer(output)]
    if status == 0:
        return Passed(_("mypy --strict finds nothing to complain of."))
    # mypy's status is 1 for errors of types, 2 for those of syntax, and for its own, which name a line as well.
    if not errors or run.too_large or any(text.startswith("INTERNAL ERROR") for _line, text in errors):
        raise _broke_down(status, output, too_large=run.too_large)
    shown = [_("line {line}: {text}", line=line, text=text) for line, text in errors[:_SHOWN]]
    if len(errors) > _SHOWN:
        shown.append(_("and {count} more", count=len(errors) - _SHOWN))
    raise Failed(
        _("Expected no errors from mypy --strict, got {count}:", count=len(errors))
        + "".join(f"\n  {text}" for text in shown),
        hint=_("Run `mypy --strict assignment.py` to see them all. Annotate every argument and result."),
        cause=Cause.TYPES,
        evidence={"errors": [list(e) for e in errors]},
    )


def _broke_down(status: int, output: str, *, too_large: bool) -> Exception:
    """Return what to raise where mypy came to no end: the hand-in's fault, where it went too far, or our own."""
    if too_large or "MemoryError" in output:
        return Failed(
            _("Expected mypy to need at most {limit} MiB of memory, but it needs more.", limit=MEMORY >> 20),
            hint=_(_DEEP),
            cause=Cause.TYPES,
            status=Status.MEMORY,
        )
    if status < 0 or "INTERNAL ERROR" in output or "RecursionError" in output:
        return Failed(
            _("Expected mypy to check the file, but mypy crashed on it, with status {status}.", status=status),
            hint=_(_DEEP),
            cause=Cause.TYPES,
            evidence={"output": output[-2000:]},
            status=Status.CRASHED,
        )
    return RuntimeError(f"mypy ended with status {status}: {output[-2000:]}")


def without_directives(source: str) -> str:
    """Make `# mypy:` comments, which mypy obeys wherever a line begins with one, ordinary comments."""
    return re.sub(r"^#([^\S\n]*)mypy:", r"#\1mypy;", source, flags=re.MULTILINE)


def hidings(source: str) -> list[tuple[int, str]]:
    """List (line, text) of what hides errors from mypy: `# type: ignore`, `no_type_check`, `not TYPE_CHECKING`.

    Raises Failed if it cannot tell, for it is nested too deeply.
    """
    found: list[tuple[int, str]] = []
    try:
        found += [
            (token.start[0], "# type: ignore")
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT and re.match(r"#\s*type:\s*ignore", token.string)
        ]
        tree = parsed(source)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return found  # mypy reports it
    harmless = {id(node.test) for node in ast.walk(tree) if isinstance(node, ast.If) and _only_imports(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in _HIDES and id(node) not in harmless:
                found.append((node.lineno, name))
            case ast.alias(name=name, asname=other) if name in _HIDES and (other or name != "TYPE_CHECKING"):
                found.append((node.lineno, name))
    return sorted(found)


def _only_imports(node: ast.If) -> bool:
    """Whether it is `if TYPE_CHECKING:` as it is meant: some imports, and no `else`."""
    return not node.orelse and all(isinstance(line, ast.Import | ast.ImportFrom) for line in node.body)
