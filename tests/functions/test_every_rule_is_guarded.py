"""The checks of this folder notice a wrong derivative: each rule is made wrong on purpose, one parent at a time."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch.functions
from numpytorch import Tensor
from numpytorch.autograd import GradFn
from numpytorch.autograd.fused import FusedGradFn
from numpytorch.autograd.grad_fn import Part
from tests.functions.cases import CASES, Case
from tests.functions.checks import check_gradient, check_second_derivatives

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

for _module in pkgutil.walk_packages(numpytorch.functions.__path__, "numpytorch.functions."):
    importlib.import_module(_module.name)


def _subclasses(of: type[GradFn]) -> list[type[GradFn]]:
    return [c for direct in of.__subclasses__() for c in (direct, *_subclasses(direct))]


RULES = [
    c for c in _subclasses(GradFn)
    if c.__module__.startswith(("numpytorch.functions", "numpytorch.autograd")) and c is not FusedGradFn
    and ("f_d" in vars(c) or "pull_back" in vars(c))
]  # fmt: skip


def _scaled(gradient: Any) -> Any:
    """Make a gradient 0.5 % too large."""
    if isinstance(gradient, Part):
        return Part(gradient.key, gradient.values * 1.005, gradient.repeats)
    return None if gradient is None else gradient * 1.005


def _severed(gradient: Any) -> Any:
    """Keep the values of a gradient, but not how it was computed."""
    if isinstance(gradient, Part):
        return Part(gradient.key, _severed(gradient.values), gradient.repeats)
    return gradient.detach() if isinstance(gradient, Tensor) else gradient


@cache
def _cases_of() -> dict[type[GradFn], list[tuple[Case, int]]]:
    """List, for every rule, the cases that run it, and how many parents it has there."""
    found: dict[type[GradFn], list[tuple[Case, int]]] = defaultdict(list)
    for case in CASES:
        reached, seen = [case.ours(*case.tensors()).node], set()
        while reached:
            node = reached.pop()
            if node.grad_fn is not None and node not in seen:
                seen.add(node)
                reached.extend(node.grad_fn.parents)
                wanted = sum(x.requires_grad for x in node.grad_fn.parents)
                found[type(node.grad_fn)].append((case, wanted))
    return found


def _is_noticed(
    rule: type[GradFn], spoil: Callable[[Any], Any], check: Callable[[Case], None], case: Case, which: int
) -> bool:
    """Whether a check fails when the rule's gradient to the `which`-th parent that wants one is spoilt."""
    original: Any = rule.f_d

    def wrong(self: GradFn, *nodes: Any) -> Sequence[Any]:
        gradients = list(original(self, *nodes))
        wanting = [i for i, x in enumerate(self.parents) if x.requires_grad]
        if which < len(wanting):
            gradients[wanting[which]] = spoil(gradients[wanting[which]])
        return tuple(gradients)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule, "f_d", wrong)
        try:
            check(case)
        except AssertionError:
            return True
    return False


def test_there_are_rules() -> None:
    assert len(RULES) > 35


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.__name__)
def test_every_rule_is_guarded(rule: type[GradFn]) -> None:
    if rule.__name__ == "PartGradFn":  # made only by grad(), as the derivative of indexing
        case = next(c for c in CASES if c.name == "x[repeats]")
        assert _is_noticed(rule, _scaled, check_second_derivatives, case, 0)
        return
    cases = _cases_of()[rule]
    assert cases, f"no case in tests/functions/cases runs {rule.__name__}"
    for which in range(max(n for _, n in cases)):
        using = [c for c, n in cases if n > which]
        assert any(_is_noticed(rule, _scaled, check_gradient, c, which) for c in using), which
        assert any(_is_noticed(rule, _severed, check_second_derivatives, c, which) for c in using), which


def test_a_check_that_sees_no_fault_would_be_found_out() -> None:
    rule = next(r for r in RULES if r.__name__ == "ExpGradFn")
    case = next(c for c in CASES if c.name.startswith("exp"))
    assert not _is_noticed(rule, _scaled, lambda _: None, case, 0)
    np.testing.assert_allclose(case.ours(*case.tensors()).arr, np.exp(case.draw()[0]))
