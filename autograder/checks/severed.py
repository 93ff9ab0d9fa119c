"""Severed: where in the hand-in the path from a parameter or an input to the output leaves the graph, and the fix.

This is advice, found beside student code, which can defeat it. It is asked for once a check has failed, and
nothing that it says, does or takes changes a point.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from autograder.checks import syntax
from autograder.sandbox import SandboxError
from autograder.sandbox.text import clean_line
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.checks.probe import Probe
    from autograder.sandbox import Array, Cut, Place, Session
    from autograder.sandbox.source import Source

_MOST_TARGETS = 16
_MOST_IMAGES = 2
_MOST_READS = 4
_MOST_CHARACTERS = 100
_LAYER_SECONDS, _MODEL_SECONDS = 2.0, 5.0
_NESTED = re.compile(r"\.<[^>]*>")  # `forward.<locals>.<listcomp>` is in forward


class Where(NamedTuple):
    """What there is to say of where paths break. said: the end of a message, with a space before it."""

    said: str
    hint: str
    evidence: list[dict[str, Any]]


class Break(NamedTuple):
    """One break: where it is, what does it, and the fix. targets: whose paths it breaks."""

    targets: tuple[str, ...]
    line: int
    said: str
    fix: str


def where_severed(probe: Probe, targets: Sequence[str], *, requires_grad: bool = True) -> Where | None:
    """Say where the paths from `targets`, inputs and roles of a layer, break; None if that could not be found.

    requires_grad: of the inputs. Takes at most seconds, and never raises for what the hand-in does.
    """
    inputs = list(probe.inputs)
    roles = [target for target in targets if target in probe.found]
    paths = [probe.found[role].path for role in roles]
    into = [inputs.index(target) for target in targets if target in probe.inputs and requires_grad]
    arrays = list(probe.inputs.values())
    cuts = locate(probe.session, probe.obj, arrays, paths, into, requires_grad=requires_grad, seconds=_LAYER_SECONDS)
    names: dict[str | int, str] = {number: _("the {name}", name=_(name)) for number, name in enumerate(inputs)}
    return explain(probe.session.source, cuts, names, probe.case.cls)


def where_model_severed(session: Session, model: int, x: Array, paths: Sequence[str]) -> Where | None:
    """Say where the paths from parameters of a model break, for a few of the images `x`; None if it was not found.

    Takes at most seconds. A hand-in that will not be stopped loses its worker: ask when all else is done.
    """
    cuts = locate(
        session, model, [x[:_MOST_IMAGES]], paths[:_MOST_TARGETS], requires_grad=False, seconds=_MODEL_SECONDS
    )
    return explain(session.source, cuts, {})


def where_made(session: Session, paths: Sequence[str], cls: str = "") -> str:
    """Say where the attributes that hold Tensors are assigned, as the end of a message; "" if that is not plain.

    cls: the class whose attributes they are; without it, a path tells the attribute, and it must be the only one.
    """
    source = session.source
    found = {path: syntax.attribute_made(source.text, path, cls) for path in paths}
    told = dict.fromkeys(
        _("{file} line {line}: `{text}`", file=source.name, line=made.line, text=made.text)
        for made in found.values()
        if made is not None
    )
    return " " + _("It is made at {places}.", places=", ".join(told)) if told else ""


def function_of(told: str) -> str:
    """Return the function or method that a piece of code stands in, by the qualified name that Python has for it."""
    return _NESTED.sub("", told)


def locate(
    session: Session,
    obj: int,
    inputs: Sequence[Array],
    paths: Sequence[str],
    into: Sequence[int] = (),
    *,
    requires_grad: bool = True,
    seconds: float = _LAYER_SECONDS,
) -> tuple[Cut, ...]:
    """Do what `Session.locate` does; nothing is found where the hand-in raises, or ends its worker."""
    if not paths and not into:
        return ()
    try:
        return session.locate(obj, inputs, paths=paths, into=into, requires_grad=requires_grad, seconds=seconds)
    except SandboxError:
        return ()


def explain(source: Source, cuts: Sequence[Cut], names: Mapping[str | int, str], cls: str = "") -> Where | None:
    """Put breaks into words, those at one place together.

    names: what to call a target; the path of a Tensor else. cls: the class whose attributes the Tensors are.
    """
    groups: dict[object, list[Cut]] = {}
    for cut in cuts:
        groups.setdefault((cut.kind, cut.made, cut.rule, cut.made or cut.read), []).append(cut)
    breaks: list[Break] = []
    for group in groups.values():
        called = tuple(names.get(cut.target, f"`{cut.target}`") for cut in group)
        breaks += _plain(source, [cut for cut in group if cut.plain], cls)
        if (said := _told(source, group, called)) is not None:
            breaks.append(said)
    if not breaks:
        return None
    fixes = dict.fromkeys(found.fix for found in breaks)
    evidence = [
        {"targets": list(found.targets), "line": found.line, "said": found.said, "fix": found.fix} for found in breaks
    ]
    return Where("".join(f" {found.said}" for found in breaks), " ".join(fixes), evidence)


def _plain(source: Source, cuts: Sequence[Cut], cls: str) -> list[Break]:
    """Say which Tensors are no parameters, and where they are made."""
    breaks = []
    for cut in cuts:
        made = syntax.attribute_made(source.text, str(cut.target), cls)
        if made is None:
            said = _("`{path}` is a plain Tensor, which requires no gradient.", path=cut.target)
        else:
            said = _(
                "`{path}`, made at {file} line {line} (`{code}`), is a plain Tensor, which requires no gradient.",
                path=cut.target,
                file=source.name,
                line=made.line,
                code=made.text,
            )
        fix = _("Make it a parameter, on an attribute of its own: self.{name} = nn.Parameter(...).", name=_name(cut))
        breaks.append(Break((f"`{cut.target}`",), 0 if made is None else made.line, said, fix))
    return breaks


def _told(source: Source, group: Sequence[Cut], targets: tuple[str, ...]) -> Break | None:
    """Say what one break does, to the targets whose paths it breaks."""
    cut = group[0]
    names = ", ".join(targets)
    if cut.kind == "whole":
        return None
    if cut.kind == "unused":
        said = _("The output does not depend on {names}: other values of it change nothing.", names=names)
        return Break(targets, 0, said, _("Use it in forward: the Tensor itself, not a copy that __init__ made."))
    found = {c.read for c in group if c.read is not None and _is_about_values(c)}
    reads = sorted(found, key=lambda read: (read.line, read.column))
    start = reads[0] if reads else cut.made
    if start is None:
        return None
    what, fix = _what(source, cut, reads)
    where = {"file": source.name, "line": start.line, "function": function_of(start.function), "what": what}
    if len(targets) == 1:
        said = _("The path from {name} breaks at {file} line {line}, in {function}: {what}.", name=names, **where)
    else:
        said = _("The paths from {names} break at {file} line {line}, in {function}: {what}.", names=names, **where)
    return Break(targets, start.line, said, fix)


def _is_about_values(cut: Cut) -> bool:
    """Whether what breaks the path is that values were read, and not what was then done with the result."""
    return not cut.rule and cut.recording and not cut.via.startswith("Parameter.")


def _what(source: Source, cut: Cut, reads: Sequence[Place]) -> tuple[str, str]:
    """Say what breaks the path, and how to mend it."""
    made = cut.made
    if made is None:
        return _("{reading}, and nothing puts them back", reading=_reading(reads)), _(_COMPUTE)
    code = _short(made.text)
    if cut.kind == "refused":
        said = _("f_d of `{rule}` returns None for it (`{code}`)", rule=cut.rule, code=code)
        return said, _("Return its gradient there, an array of its shape.")
    if cut.rule:
        return _not_given(source, cut, code)
    if not cut.recording:
        context = syntax.context_at(source.text, made, "no_grad")
        said = _("`{code}` is computed under `no_grad`, which records no graph", code=code)
        fix = _("Take it out of no_grad, which is for evaluation and for changing parameters by hand.")
        return said + _where(context), fix
    if cut.kind in ("set", "written"):
        return _behind_its_back(source, made, reads)
    if cut.via.endswith("detach"):
        return _("`{code}` makes a Tensor that has no graph", code=code), _("Leave out `.detach()`.")
    if cut.via.startswith("Parameter."):
        said = _("`{code}` makes a new parameter, which has no graph, at each call", code=code)
        return said, _("Make parameters in __init__ only, and compute with them in forward.")
    if cut.via in ("tensor", "Tensor.__init__"):
        return _new_tensor(source, made, reads)
    return _constant(source, cut, made, reads)


def _not_given(source: Source, cut: Cut, code: str) -> tuple[str, str]:
    said = _(
        "`{code}` joins the result to the graph through `{rule}`, which was not given it", code=code, rule=cut.rule
    )
    fix = _(
        "Give the GradFn every Tensor that went in, super().__init__(x, w, b), and return a gradient for each from "
        "f_d, in that order."
    )
    return said + _where(syntax.super_call(source.text, cut.rule)), fix


def _behind_its_back(source: Source, made: Place, reads: Sequence[Place]) -> tuple[str, str]:
    place = _from(made, _statement(source, made), reads)
    if reads:
        said = _(
            "{reading}, and {place} writes the result into the array behind a Tensor, which the graph does not see",
            reading=_reading(reads),
            place=place,
        )
    else:
        said = _("{place} writes values into the array behind a Tensor, which the graph does not see", place=place)
    return said, _("Assign to the Tensor itself, out[i] = t, with a Tensor on the right: that has a gradient.")


def _new_tensor(source: Source, made: Place, reads: Sequence[Place]) -> tuple[str, str]:
    code = _short(made.text)
    if not reads:
        said = _("`{code}` copies the values into a new Tensor, which has no graph", code=code)
        return said, _("Use the Tensor itself: Tensor(t) and npt.tensor(t) are new leaves.")
    said = _(
        "{reading}, and {place} puts the result into a new Tensor, which has no graph",
        reading=_reading(reads),
        place=_from(made, code, reads),
    )
    fix = _(_COMPUTE)
    condition = syntax.condition_at(source.text, made, "requires_grad")
    if condition is not None:
        fix += " " + _(
            "Whether the input requires a gradient (line {line}: `{code}`) is no reason to leave the graph: images do "
            "not, and the parameters still do.",
            line=condition.line,
            code=condition.text,
        )
    elif "requires_grad" in made.text:
        fix += " " + _("`requires_grad=` makes no graph: it marks where one begins.")
    return said, fix


def _constant(source: Source, cut: Cut, made: Place, reads: Sequence[Place]) -> tuple[str, str]:
    if not reads:
        said = _("`{code}` takes an array that was read out of the graph before", code=_short(made.text))
        return said, _("Keep the Tensor, not its array, and compute with that.")
    # An item assignment is told whole: what stands on its left alone says little.
    code = _statement(source, made) if cut.via.endswith("__setitem__") else _short(made.text)
    place = _from(made, code, reads)
    said = _("{reading}, and {place} takes them as constants", reading=_reading(reads), place=place)
    read, tensor = reads[0], _tensor(reads[0])
    if read.line == made.line:
        return said, _("Write `{tensor}` there, the Tensor itself.", tensor=tensor)
    return said, _("In line {line}, write `{tensor}`, the Tensor itself.", line=read.line, tensor=tensor)


_COMPUTE = N_(
    "Compute with Tensors all the way: `w * x[...]`, npt.einsum, assignment into npt.zeros(...), and no new Tensor at "
    "the end. Or keep the arrays, write the derivative in a GradFn, and join them: attach(out, YourGradFn(x, self.w, "
    "self.b))."
)


def _reading(reads: Sequence[Place]) -> str:
    """Say what reads the values; the first without its line, which the sentence begins with."""
    if len(reads) == 1:
        return _("`{read}` reads the values out of the graph", read=_short(reads[0].text))
    told = [f"`{_short(reads[0].text)}`"]
    for read in reads[1:_MOST_READS]:
        same = read.line == reads[0].line
        code = _short(read.text)
        told.append(f"`{code}`" if same else _("`{code}` (line {line})", code=code, line=read.line))
    return _("{reads} read the values out of the graph", reads=", ".join(told))


def _statement(source: Source, place: Place) -> str:
    """Return the statement that a place stands in, if it is a simple one; else the place."""
    statement = syntax.statement_at(source.text, place)
    return _short(place.text) if statement is None else statement.text


def _from(place: Place, code: str, reads: Sequence[Place]) -> str:
    """Return code, with its line if that is not the one that the sentence begins with."""
    if not reads or place.line == reads[0].line:
        return f"`{code}`"
    return _("line {line}, `{code}`,", line=place.line, code=code)


def _where(excerpt: syntax.Excerpt | None) -> str:
    return "" if excerpt is None else f" ({_('line {line}', line=excerpt.line)}: `{excerpt.text}`)"


def _tensor(read: Place) -> str:
    """Return the Tensor that was read, without what read it."""
    return re.sub(r"\.(arr|numpy\(\)|item\(\))$", "", _short(read.text))


def _short(text: str) -> str:
    return clean_line(text, _MOST_CHARACTERS)


def _name(cut: Cut) -> str:
    """Return a name for a parameter to be, from its path."""
    words = re.findall(r"[^\W\d]\w*", str(cut.target))
    return words[-1] if words else "weight"
