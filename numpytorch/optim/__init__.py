"""Optimizers: how parameters move along their gradients."""

from numpytorch.optim.adam import Adam as Adam
from numpytorch.optim.optimizer import Optimizer as Optimizer
from numpytorch.optim.sgd import SGD as SGD
