"""numpytorch: a small, typed autograd on NumPy, to learn deep learning by building it.

import numpytorch as npt
from numpytorch import Tensor, nn, optim
"""

from numpytorch import _memory as _memory
from numpytorch._backend import BackendError as BackendError
from numpytorch._backend import backend as backend
from numpytorch._errors import DtypeError as DtypeError
from numpytorch._errors import GraphError as GraphError
from numpytorch._errors import ShapeError as ShapeError
from numpytorch._tensor import Tensor as Tensor

from numpytorch import autograd as autograd  # isort: skip  # after Tensor, on which all of these build
from numpytorch import nn as nn
from numpytorch import optim as optim
from numpytorch.autograd.mode import no_grad as no_grad
from numpytorch.functions import (
    abs as abs,
)
from numpytorch.functions import (
    add as add,
)
from numpytorch.functions import (
    astype as astype,
)
from numpytorch.functions import (
    broadcast_to as broadcast_to,
)
from numpytorch.functions import (
    clip as clip,
)
from numpytorch.functions import (
    concatenate as concatenate,
)
from numpytorch.functions import (
    cos as cos,
)
from numpytorch.functions import (
    div as div,
)
from numpytorch.functions import (
    einsum as einsum,
)
from numpytorch.functions import (
    exp as exp,
)
from numpytorch.functions import (
    flip as flip,
)
from numpytorch.functions import (
    full as full,
)
from numpytorch.functions import (
    leaky_relu as leaky_relu,
)
from numpytorch.functions import (
    log as log,
)
from numpytorch.functions import (
    log_softmax as log_softmax,
)
from numpytorch.functions import (
    logsumexp as logsumexp,
)
from numpytorch.functions import (
    matmul as matmul,
)
from numpytorch.functions import (
    max as max,
)
from numpytorch.functions import (
    maximum as maximum,
)
from numpytorch.functions import (
    mean as mean,
)
from numpytorch.functions import (
    min as min,
)
from numpytorch.functions import (
    minimum as minimum,
)
from numpytorch.functions import (
    moveaxis as moveaxis,
)
from numpytorch.functions import (
    mul as mul,
)
from numpytorch.functions import (
    neg as neg,
)
from numpytorch.functions import (
    one_hot as one_hot,
)
from numpytorch.functions import (
    ones as ones,
)
from numpytorch.functions import (
    ones_like as ones_like,
)
from numpytorch.functions import (
    pad as pad,
)
from numpytorch.functions import (
    permute as permute,
)
from numpytorch.functions import (
    pow as pow,
)
from numpytorch.functions import (
    rand as rand,
)
from numpytorch.functions import (
    randn as randn,
)
from numpytorch.functions import (
    relu as relu,
)
from numpytorch.functions import (
    repeat as repeat,
)
from numpytorch.functions import (
    reshape as reshape,
)
from numpytorch.functions import (
    set_default_dtype as set_default_dtype,
)
from numpytorch.functions import (
    sigmoid as sigmoid,
)
from numpytorch.functions import (
    sigmoid_naive as sigmoid_naive,
)
from numpytorch.functions import (
    sin as sin,
)
from numpytorch.functions import (
    softmax as softmax,
)
from numpytorch.functions import (
    sqrt as sqrt,
)
from numpytorch.functions import (
    squeeze as squeeze,
)
from numpytorch.functions import (
    stack as stack,
)
from numpytorch.functions import (
    std as std,
)
from numpytorch.functions import (
    sub as sub,
)
from numpytorch.functions import (
    sum as sum,
)
from numpytorch.functions import (
    swapaxes as swapaxes,
)
from numpytorch.functions import (
    tanh as tanh,
)
from numpytorch.functions import (
    tensor as tensor,
)
from numpytorch.functions import (
    tensordot as tensordot,
)
from numpytorch.functions import (
    transpose as transpose,
)
from numpytorch.functions import (
    unsqueeze as unsqueeze,
)
from numpytorch.functions import (
    var as var,
)
from numpytorch.functions import (
    where as where,
)
from numpytorch.functions import (
    zeros as zeros,
)
from numpytorch.functions import (
    zeros_like as zeros_like,
)
