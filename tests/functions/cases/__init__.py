"""Every operation of the library, each as cases for the same checks."""

from tests.functions.cases import elementwise, fused, index, linalg, reduce, shape, write
from tests.functions.cases.case import Case as Case

CASES: list[Case] = [
    *elementwise.CASES, *reduce.CASES, *shape.CASES, *linalg.CASES, *fused.CASES, *index.CASES, *write.CASES,
]  # fmt: skip
