"""The suite of hostile hand-ins: reading hostile.toml, planting an attack in a hand-in, grading it on a tier."""

from __future__ import annotations

import ast
import functools
import hashlib
import re
import tomllib
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from autograder.assignment import Assignment, load_assignment
from autograder.runner import check_submission
from autograder.sandbox import tier_named
from autograder.submission import Submission
from autograder.verdict import Status
from numpytorch.data import mnist
from tests.hostile.effects import workers

if TYPE_CHECKING:
    from autograder.verdict import SubmissionResult
    from tests.hostile.effects import Surroundings

FOLDER = Path(__file__).parents[1] / "submissions" / "hostile"
TIERS = ("bubblewrap", "landlock", "limits")
"""The tiers that the table speaks of."""

Form = Literal["bare", "combined"]
FORMS: tuple[Form, ...] = ("bare", "combined")

_SECONDS = 1.0
_TO_HAVE_AN_EFFECT = 30.0
_MEMORY_MIB = 512
_SCRATCH_MIB = 64
_SEED = 0x5EED


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an attack does where nothing holds it. on: the tiers where that is so."""

    effect: str
    on: tuple[str, ...]


class Host(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What attacks are planted in: the stub of an assignment, and a hand-in that is half right.

    layer: the class whose first call runs the attack. seconds: what a check may take.
    """

    half: str
    checks: tuple[str, ...]
    change: tuple[tuple[str, str], ...] = ()
    layer: str = ""
    assignment: str = ""
    seconds: float = _SECONDS


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"classes": "class"}):
    """hostile.toml."""

    classes: dict[str, str]
    effect: dict[str, Effect]
    host: dict[str, Host]


@dataclass(frozen=True, slots=True)
class Attack:
    """One file of the suite: `folder/name`, what it tries, its effect if it has one, and what it is planted in."""

    name: str
    title: str
    source: str
    effect: Effect | None
    host: str

    @property
    def folder(self) -> str:
        """The class that it belongs to."""
        return self.name.partition("/")[0]


@functools.cache
def manifest() -> Manifest:
    """Read hostile.toml."""
    return msgspec.convert(tomllib.loads((FOLDER / "hostile.toml").read_text("utf-8")), Manifest)


@functools.cache
def attacks() -> tuple[Attack, ...]:
    """List all attacks, class by class. What a folder's attacks share, in a file named `_...`, comes before each."""
    hosts, found = manifest().host, []
    for folder in manifest().classes:
        before = "".join(file.read_text("utf-8") + "\n\n" for file in (FOLDER / folder).glob("_*.py"))
        for file in sorted((FOLDER / folder).glob("[!_]*.py")):
            name, source = f"{folder}/{file.stem}", file.read_text("utf-8")
            title = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
            found.append(
                Attack(name, title, before + source, manifest().effect.get(name), folder if folder in hosts else "cnn")
            )
    return tuple(found)


def plant(attack: str, host: Host, form: Form, constants: dict[str, object]) -> str:
    """Return the source of a hand-in that runs `attack` (source that defines `attack()`)."""
    for names, line in [(names, line) for line, names in _CONSTANTS.findall(attack)]:
        values = [constants[name] for name in names.split(", ") if name in constants]
        if len(values) == names.count(",") + 1:
            attack = attack.replace(line, f"{names} = {', '.join(map(repr, values))}")
    source = stub(host) if form == "bare" else half(host)
    if form == "bare" or not host.layer:
        return f"{source}\n\n{attack}\n\nattack()\n"
    return f"{source}\n\n{attack}\n{_FIRST_CALL.format(layer=host.layer)}"


_CONSTANTS = re.compile(r"^(([A-Z]+(?:, [A-Z]+)*) = .*)$", re.MULTILINE)

_FIRST_CALL = """

def _attack_first(forward: object) -> object:
    attacked = []

    def attacking(self: object, *inputs: object, **others: object) -> object:
        if not attacked:
            attacked.append(True)
            attack()
        return (forward if type(self).forward is attacking else type(self).forward)(self, *inputs, **others)

    return attacking


{layer}.forward = _attack_first({layer}.forward)
"""


def stub(host: Host) -> str:
    """Return the stub of the host's assignment."""
    return _assignment(host).stub.read_text("utf-8")


def half(host: Host) -> str:
    """Return the hand-in that is half right."""
    source = (FOLDER / host.half).read_text("utf-8")
    for old, new in host.change:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def grade(source: str, host: Host, tier: str) -> SubmissionResult:
    """Grade a source by the host's checks."""
    assignment, bytes_ = _assignment(host), source.encode()
    submission = Submission(Path("assignment.py"), hashlib.sha256(bytes_).hexdigest(), source)
    return check_submission(assignment, submission, seed=_SEED, tier=tier_named(tier))


@functools.cache
def passes_unattacked(name: str, form: Form, tier: str) -> frozenset[str]:
    """Return the checks that a host passes with an attack that does nothing."""
    host = manifest().host[name]
    return passed(grade(plant('def attack() -> None:\n    """Do nothing."""\n', host, form, {}), host, tier))


def passed(result: SubmissionResult) -> frozenset[str]:
    """Return the ids of the checks that were passed."""
    return frozenset(check.id for check in result.checks if check.status is Status.PASSED)


def faults(attack: Attack, form: Form, tier: str, around: Surroundings) -> list[str]:
    """Grade an attack in a form, on a tier; list what should not have come of it."""
    host, before = manifest().host[attack.host], set(workers())
    constants = around.constants | {"KNOWN": _labels() if "KNOWN" in attack.source else {}}
    expected = {attack.effect.effect} if attack.effect is not None and tier in attack.effect.on else set()
    patient = msgspec.structs.replace(host, assignment=host.assignment or attack.host, seconds=_TO_HAVE_AN_EFFECT)
    result = grade(plant(attack.source, host, form, constants), patient if expected else host, tier)
    text = result.to_json().decode()
    wrong = [f"it gained {check}" for check in passed(result) - passes_unattacked(attack.host, form, tier)]
    wrong += [f"grader fault: {c.evidence['traceback']}" for c in result.checks if c.status is Status.GRADER_FAULT]
    wrong += [f"left a worker: {process.cmdline()}" for process in set(workers()) - before]
    happened = around.happened(text)
    wrong += [f"had an effect ({effect}) that the tier should stop" for effect in happened - expected]
    wrong += [f"had no effect ({effect}), though this tier does not stop it" for effect in expected - happened]
    wrong += [
        f"said {c!r} to a terminal" for c in sorted(set(_shown(result))) if not c.isprintable() and c not in "\n\t"
    ]
    if wrong:
        wrong += [f"({c.id} {c.status}: {c.message[:300]})" for c in result.checks]
    return wrong


def _shown(result: SubmissionResult) -> str:
    return "".join(f"{check.message}{check.hint}{check.evidence}" for check in result.checks)


@functools.cache
def _assignment(host: Host) -> Assignment:
    """Return the host's assignment, with its checks alone, little time and little memory."""
    name = host.assignment or next(name for name, other in manifest().host.items() if other is host)
    whole = load_assignment(name)
    short = {c.id: msgspec.structs.replace(c, seconds=host.seconds, requires=()) for c in whole.config.check}
    training = whole.config.training and msgspec.structs.replace(whole.config.training, seconds=10.0)
    limits = msgspec.structs.replace(whole.config.limits, memory_mib=_MEMORY_MIB, scratch_mib=_SCRATCH_MIB)
    config = msgspec.structs.replace(whole.config, check=tuple(short.values()), limits=limits, training=training)
    checks = tuple((check, short[check.id]) for check, _ in whole.checks if check.id in host.checks)
    return replace(whole, config=config, checks=checks)


@functools.cache
def _labels() -> dict[int, int]:
    """Return the labels of the held-out digits, by their checksums."""
    held_out = mnist()[1]
    return {zlib.crc32(x): int(y) for x, y in zip(held_out.x, held_out.y, strict=True)}
