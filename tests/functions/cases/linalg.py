"""Cases: products of matrices and of arrays with named axes."""

from __future__ import annotations

import numpy as np

import numpytorch as npt
from tests.functions.cases.case import Case, normal

MATMUL = [
    ((3,), (3,)), ((2, 3), (3, 5)), ((3,), (3, 5)), ((2, 3), (3,)), ((7, 2, 3), (7, 3, 5)), ((7, 2, 3), (3, 5)),
    ((2, 3), (7, 3, 5)), ((7, 1, 2, 3), (2, 3, 5)), ((1, 2, 3), (7, 3, 5)), ((3,), (7, 3, 5)), ((7, 2, 3), (3,)),
    ((1, 3), (3, 1)),
]  # fmt: skip

EINSUM: list[tuple[str, tuple[tuple[int, ...], ...]]] = [
    ("ij,jk->ik", ((2, 3), (3, 5))), ("ij,jk", ((2, 3), (3, 5))), ("ij->ji", ((2, 3),)), ("ba", ((2, 3),)),
    ("ij->", ((2, 3),)), ("ij->i", ((2, 3),)), ("ij,j->i", ((2, 3), (3,))), ("i,j->ij", ((2,), (3,))),
    ("i,j->", ((2,), (3,))), ("ij,kj->", ((2, 3), (5, 3))), ("ii->i", ((3, 3),)), ("ii", ((3, 3),)),
    ("iij->j", ((3, 3, 2),)), ("iii->i", ((2, 2, 2),)), ("ii,ij->j", ((3, 3), (3, 2))),
    ("...ij,...jk->...ik", ((7, 2, 3), (7, 3, 5))), ("...ij,jk->...ik", ((7, 2, 3), (3, 5))),
    ("...i,...i", ((2, 3), (2, 3))), ("...i,...i->...", ((7, 2, 3), (2, 3))), ("i...->...i", ((2, 3, 5),)),
    ("ij,jk,kl->il", ((2, 3), (3, 5), (5, 2))), ("i,i->", ((3,), (1,))), ("ij,ij->i", ((2, 3), (1, 3))),
    ("nchwij,fcij->nfhw", ((2, 3, 2, 2, 2, 1), (5, 3, 2, 1))), ("ij , j -> i", ((2, 3), (3,))),
]  # fmt: skip

BROADCASTS_IN_NUMPY_ONLY = {"i,i->", "ij,ij->i", "ij , j -> i"}

TENSORDOT: list[tuple[object, tuple[int, ...], tuple[int, ...]]] = [
    (2, (2, 3, 5), (3, 5, 7)), (1, (2, 3), (3, 5)), (0, (2,), (3,)), ((1, 0), (2, 3), (3, 5)),
    (([0, 2], [1, 0]), (2, 3, 5), (5, 2)), ((-1, -1), (2, 3), (5, 3)),
]  # fmt: skip

CASES = [
    *[
        Case(f"matmul {s} @ {t}", lambda x, y: x @ y, lambda x, y: x @ y, (normal(*s), normal(*t)),
             lambda T, x, y: x @ y)
        for s, t in MATMUL
    ],
    *[
        Case(f"einsum {e} {shapes}", lambda *xs, e=e: npt.einsum(e, *xs), lambda *xs, e=e: np.einsum(e, *xs),
             tuple(normal(*s) for s in shapes),
             None if e in BROADCASTS_IN_NUMPY_ONLY else lambda T, *xs, e=e: T.einsum(e, *xs))
        for e, shapes in EINSUM
    ],
    *[
        Case(f"tensordot {axes}", lambda x, y, a=axes: npt.tensordot(x, y, a),
             lambda x, y, a=axes: np.tensordot(x, y, a), (normal(*s), normal(*t)))
        for axes, s, t in TENSORDOT
    ],
]  # fmt: skip
