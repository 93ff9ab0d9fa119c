"""Automatic differentiation: rules, the backward engine, and the check that a rule is right."""

from numpytorch._node import OutputNode as OutputNode
from numpytorch._node import TensorNode as TensorNode
from numpytorch.autograd.grad import grad as grad
from numpytorch.autograd.grad_fn import GradFn as GradFn
from numpytorch.autograd.grad_fn import attach as attach
from numpytorch.autograd.gradcheck import GradcheckResult as GradcheckResult
from numpytorch.autograd.gradcheck import gradcheck as gradcheck
from numpytorch.autograd.mode import no_grad as no_grad
