"""Kernels: convolution, pooling and recurrent layers on arrays, with no graph. One interface, three backends.

    interface.py       what a backend computes (`Kernels`), and where windows lie (`Window`)
    layout.py          and columns.py: what the backends of the CPU share
    numpy_backend.py   always there; with numpy_recurrent.py
    numba_backend/     CPU, threads: pip install 'numpytorch[fast]'
    cuda/              NVIDIA GPUs: pip install 'numpytorch[cuda]'

Layers in `numpytorch.nn` stand on them.
"""

from numpytorch.kernels.interface import Kernels as Kernels
from numpytorch.kernels.interface import Window as Window
from numpytorch.kernels.registry import kernels_of as kernels_of
