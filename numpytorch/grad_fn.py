"""The place that earlier coursework imports `GradFn` from; it lives in `numpytorch.autograd`."""

from numpytorch.autograd.grad_fn import GradFn as GradFn

__all__ = ["GradFn"]
