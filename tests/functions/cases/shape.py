"""Cases: operations that move entries without changing them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib import stride_tricks

import numpytorch as npt
from tests.functions.cases.case import Case, normal

windows: Any = stride_tricks.sliding_window_view  # on Tensors it gives Tensors
X = (normal(2, 3, 5),)
TWO = (normal(2, 3), normal(2, 3))

CASES = [
    Case("reshape", lambda x: npt.reshape(x, 5, 6), lambda x: x.reshape(5, 6), X, lambda T, x: x.reshape(5, 6)),
    Case("reshape with -1", lambda x: x.reshape(3, -1), lambda x: x.reshape(3, -1), X, lambda T, x: x.reshape(3, -1)),
    Case("reshape to a tuple", lambda x: x.reshape((30,)), lambda x: x.reshape(30), X, lambda T, x: x.reshape(30)),
    Case("reshape after transpose", lambda x: x.T.reshape(6, 5), lambda x: x.T.reshape(6, 5), X,
         lambda T, x: x.permute(2, 1, 0).reshape(6, 5)),
    Case("flatten from axis 1", lambda x: x.flatten(1), lambda x: x.reshape(2, 15), X, lambda T, x: x.flatten(1)),
    Case("transpose all", npt.transpose, np.transpose, X, lambda T, x: x.permute(2, 1, 0)),
    Case("transpose two axes", lambda x: x.transpose(0, 2), lambda x: x.swapaxes(0, 2), X,
         lambda T, x: x.transpose(0, 2)),
    Case("transpose by a permutation", lambda x: x.transpose(1, 2, 0), lambda x: x.transpose(1, 2, 0), X,
         lambda T, x: x.permute(1, 2, 0)),
    Case("permute", lambda x: npt.permute(x, 2, 0, 1), lambda x: x.transpose(2, 0, 1), X,
         lambda T, x: x.permute(2, 0, 1)),
    Case("permute negative", lambda x: npt.permute(x, (-1, 0, -2)), lambda x: x.transpose(-1, 0, -2), X,
         lambda T, x: x.permute(-1, 0, -2)),
    Case("swapaxes", lambda x: npt.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1), X,
         lambda T, x: x.swapaxes(0, -1)),
    Case("moveaxis", lambda x: npt.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, 0, -1), X,
         lambda T, x: T.moveaxis(x, 0, -1)),
    Case("moveaxis two", lambda x: npt.moveaxis(x, (0, 1), (-1, 0)), lambda x: np.moveaxis(x, (0, 1), (-1, 0)), X,
         lambda T, x: T.moveaxis(x, (0, 1), (-1, 0))),
    Case("broadcast_to", lambda x: npt.broadcast_to(x, (7, 2, 3)), lambda x: np.broadcast_to(x, (7, 2, 3)),
         (normal(2, 1),), lambda T, x: T.broadcast_to(x, (7, 2, 3))),
    Case("broadcast_to from a scalar", lambda x: npt.broadcast_to(x, (2, 3)), lambda x: np.broadcast_to(x, (2, 3)),
         (normal(),), lambda T, x: T.broadcast_to(x, (2, 3))),
    Case("repeat flat", lambda x: npt.repeat(x, 3), lambda x: np.repeat(x, 3), X,
         lambda T, x: T.repeat_interleave(x, 3)),
    *[
        Case(f"repeat axis={a}", lambda x, a=a: npt.repeat(x, 2, a), lambda x, a=a: np.repeat(x, 2, a), X,
             lambda T, x, a=a: T.repeat_interleave(x, 2, a))
        for a in (0, 1, -1)
    ],
    *[
        Case(f"concatenate axis={a}", lambda x, y, a=a: npt.concatenate([x, y, x], a),
             lambda x, y, a=a: np.concatenate([x, y, x], a), TWO, lambda T, x, y, a=a: T.cat([x, y, x], a))
        for a in (0, 1, -1)
    ],
    Case("concatenate unequal", lambda x, y: npt.concatenate([x, y], 1), lambda x, y: np.concatenate([x, y], 1),
         (normal(2, 3), normal(2, 5)), lambda T, x, y: T.cat([x, y], 1)),
    *[
        Case(f"stack axis={a}", lambda x, y, a=a: npt.stack([x, y, y], a),
             lambda x, y, a=a: np.stack([x, y, y], a), TWO, lambda T, x, y, a=a: T.stack([x, y, y], a))
        for a in (0, 1, 2, -1)
    ],
    Case("pad all axes", lambda x: npt.pad(x, 1), lambda x: np.pad(x, 1), X,
         lambda T, x: T.nn.functional.pad(x, (1,) * 6)),
    Case("pad each axis", lambda x: npt.pad(x, ((0, 0), (1, 2), (3, 0)), 4.0),
         lambda x: np.pad(x, ((0, 0), (1, 2), (3, 0)), constant_values=4.0), X,
         lambda T, x: T.nn.functional.pad(x, (3, 0, 1, 2), value=4.0)),
    Case("flip all", npt.flip, np.flip, X, lambda T, x: T.flip(x, (0, 1, 2))),
    Case("flip axis=1", lambda x: npt.flip(x, 1), lambda x: np.flip(x, 1), X, lambda T, x: T.flip(x, (1,))),
    Case("flip axes", lambda x: npt.flip(x, (0, -1)), lambda x: np.flip(x, (0, -1)), X,
         lambda T, x: T.flip(x, (0, -1))),
    Case("squeeze all", npt.squeeze, np.squeeze, (normal(1, 3, 1, 2),), lambda T, x: x.squeeze()),
    Case("squeeze axis", lambda x: npt.squeeze(x, -2), lambda x: np.squeeze(x, -2), (normal(1, 3, 1, 2),),
         lambda T, x: x.squeeze(-2)),
    Case("squeeze axes", lambda x: npt.squeeze(x, (0, 2)), lambda x: np.squeeze(x, (0, 2)), (normal(1, 3, 1, 2),),
         lambda T, x: x.squeeze((0, 2))),
    *[
        Case(f"unsqueeze axis={a}", lambda x, a=a: npt.unsqueeze(x, a), lambda x, a=a: np.expand_dims(x, a), X,
             lambda T, x, a=a: x.unsqueeze(a))
        for a in (0, 2, -1)
    ],
    Case("astype", lambda x: x.astype(np.float64), lambda x: x, X, lambda T, x: x.clone()),
    Case("copy", lambda x: x.copy(), lambda x: x, X, lambda T, x: x.clone()),
    Case("sliding_window_view", lambda x: windows(x, (2, 3), axis=(1, 2)),
         lambda x: windows(x, (2, 3), axis=(1, 2)), X, lambda T, x: x.unfold(1, 2, 1).unfold(2, 3, 1)),
    Case("sliding_window_view of one axis", lambda x: windows(x, 2, axis=-1),
         lambda x: windows(x, 2, axis=-1), X, lambda T, x: x.unfold(2, 2, 1)),
    Case("sliding_window_view of all axes", lambda x: windows(x, (2, 2, 3)),
         lambda x: windows(x, (2, 2, 3)), X),
]  # fmt: skip
