"""Every function on Tensors.

`from numpytorch.functions import *` gives what `__all__` lists: all but `abs`, `min` and `pow`, which would hide
Python's own.
"""

from numpytorch.functions.convert import (
    set_default_dtype as set_default_dtype,
)
from numpytorch.functions.create import (
    full as full,
)
from numpytorch.functions.create import (
    one_hot as one_hot,
)
from numpytorch.functions.create import (
    ones as ones,
)
from numpytorch.functions.create import (
    ones_like as ones_like,
)
from numpytorch.functions.create import (
    rand as rand,
)
from numpytorch.functions.create import (
    randn as randn,
)
from numpytorch.functions.create import (
    tensor as tensor,
)
from numpytorch.functions.create import (
    zeros as zeros,
)
from numpytorch.functions.create import (
    zeros_like as zeros_like,
)
from numpytorch.functions.elementwise import (
    abs as abs,
)
from numpytorch.functions.elementwise import (
    add as add,
)
from numpytorch.functions.elementwise import (
    clip as clip,
)
from numpytorch.functions.elementwise import (
    cos as cos,
)
from numpytorch.functions.elementwise import (
    div as div,
)
from numpytorch.functions.elementwise import (
    exp as exp,
)
from numpytorch.functions.elementwise import (
    leaky_relu as leaky_relu,
)
from numpytorch.functions.elementwise import (
    log as log,
)
from numpytorch.functions.elementwise import (
    maximum as maximum,
)
from numpytorch.functions.elementwise import (
    minimum as minimum,
)
from numpytorch.functions.elementwise import (
    mul as mul,
)
from numpytorch.functions.elementwise import (
    neg as neg,
)
from numpytorch.functions.elementwise import (
    pow as pow,
)
from numpytorch.functions.elementwise import (
    relu as relu,
)
from numpytorch.functions.elementwise import (
    sigmoid as sigmoid,
)
from numpytorch.functions.elementwise import (
    sigmoid_naive as sigmoid_naive,
)
from numpytorch.functions.elementwise import (
    sin as sin,
)
from numpytorch.functions.elementwise import (
    sqrt as sqrt,
)
from numpytorch.functions.elementwise import (
    sub as sub,
)
from numpytorch.functions.elementwise import (
    tanh as tanh,
)
from numpytorch.functions.elementwise import (
    where as where,
)
from numpytorch.functions.linalg import (
    einsum as einsum,
)
from numpytorch.functions.linalg import (
    matmul as matmul,
)
from numpytorch.functions.linalg import (
    tensordot as tensordot,
)
from numpytorch.functions.reduce import (
    log_softmax as log_softmax,
)
from numpytorch.functions.reduce import (
    logsumexp as logsumexp,
)
from numpytorch.functions.reduce import (
    max as max,
)
from numpytorch.functions.reduce import (
    mean as mean,
)
from numpytorch.functions.reduce import (
    min as min,
)
from numpytorch.functions.reduce import (
    softmax as softmax,
)
from numpytorch.functions.reduce import (
    std as std,
)
from numpytorch.functions.reduce import (
    sum as sum,
)
from numpytorch.functions.reduce import (
    var as var,
)
from numpytorch.functions.shape import (
    astype as astype,
)
from numpytorch.functions.shape import (
    broadcast_to as broadcast_to,
)
from numpytorch.functions.shape import (
    concatenate as concatenate,
)
from numpytorch.functions.shape import (
    flip as flip,
)
from numpytorch.functions.shape import (
    moveaxis as moveaxis,
)
from numpytorch.functions.shape import (
    pad as pad,
)
from numpytorch.functions.shape import (
    permute as permute,
)
from numpytorch.functions.shape import (
    repeat as repeat,
)
from numpytorch.functions.shape import (
    reshape as reshape,
)
from numpytorch.functions.shape import (
    squeeze as squeeze,
)
from numpytorch.functions.shape import (
    stack as stack,
)
from numpytorch.functions.shape import (
    swapaxes as swapaxes,
)
from numpytorch.functions.shape import (
    transpose as transpose,
)
from numpytorch.functions.shape import (
    unsqueeze as unsqueeze,
)

__all__ = [
    "add", "astype", "broadcast_to", "clip", "concatenate", "cos", "div", "einsum", "exp", "flip", "full",
    "leaky_relu", "log", "log_softmax", "logsumexp", "matmul", "max", "maximum", "mean", "minimum",
    "moveaxis", "mul", "neg", "one_hot", "ones", "ones_like", "pad", "permute", "rand", "randn", "relu",
    "repeat", "reshape", "set_default_dtype", "sigmoid", "sigmoid_naive", "sin", "softmax", "sqrt",
    "squeeze", "stack", "std", "sub", "sum", "swapaxes", "tanh", "tensor", "tensordot", "transpose",
    "unsqueeze", "var", "where", "zeros", "zeros_like",
]  # fmt: skip
