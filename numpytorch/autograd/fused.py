"""FusedGradFn: the rule of several operations in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpytorch._tensor import Tensor
from numpytorch.autograd.grad import grad_of
from numpytorch.autograd.grad_fn import GradFn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpytorch._types import Array
    from numpytorch.autograd.grad_fn import Gradient


class FusedGradFn(GradFn):
    """A rule that may use arrays which the forward pass has put aside.

    Those say nothing about how they were computed, so `pull_back` runs on arrays only. Where a rule is to run on
    Tensors, for second derivatives, the gradients are those of `composed`.
    """

    fresh = True

    def f_d(self, *nodes: Any) -> Sequence[Gradient]:
        """Choose between the two."""
        *parents, y = nodes
        if isinstance(y.grad, Tensor):
            return grad_of(self.composed, parents, y)
        return self.pull_back(*parents, y)

    def pull_back(self, *nodes: Any) -> tuple[Array | None, ...]:
        """Return what `f_d` does, for arrays: new ones that nothing else holds."""
        raise NotImplementedError

    def composed(self, *inputs: Tensor) -> Tensor:
        """Compute y from the parents in operations on Tensors."""
        raise NotImplementedError
