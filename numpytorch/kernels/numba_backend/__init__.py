"""The backend "numba": compiled loops on the CPU, on several threads."""

from numpytorch.kernels.numba_backend.backend import load as load
