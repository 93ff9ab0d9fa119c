"""What the backend "numba" does with threads, and what its loops do without NumPy."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

numba = pytest.importorskip("numba", exc_type=ImportError)

from numpytorch.kernels import Window, kernels_of  # noqa: E402  # once Numba is known to be there
from numpytorch.kernels.numba_backend import backend, recurrence  # noqa: E402
from numpytorch.kernels.numba_backend.recurrent import some  # noqa: E402

from .recurrent import Array, Case, backward, forward  # noqa: E402


@pytest.mark.parametrize(("here", "blas"), [(3, 1), (1, 2)])
def test_blas_gets_one_thread_if_numba_has_several(here: int, blas: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", here)
    with threadpool_limits(2, user_api="blas"):
        libraries = ThreadpoolController().select(user_api="blas")
        if any(library["num_threads"] != 2 for library in libraries.info()):
            pytest.skip("this BLAS has one thread")
        backend.load()
        assert {library["num_threads"] for library in libraries.info()} == {blas}


def test_calls_from_several_threads_at_once_give_what_one_gives() -> None:
    kernels, window = kernels_of("numba"), Window((2, 2))
    x = np.random.default_rng(0).standard_normal((5, 2, 6, 6))
    expected, _ = kernels.max_pool2d(x, window)
    with ThreadPoolExecutor(4) as pool:
        for actual, _ in pool.map(lambda _: kernels.max_pool2d(x, window), range(20)):
            np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("n", [1, 3, 50])
def test_the_parts_of_a_batch_are_all_of_it(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "PARTS", 8)
    rng, window = np.random.default_rng(0), Window((2, 2))
    x = rng.standard_normal((n, 2, 4, 3), np.float32)
    weight = rng.standard_normal((3, 2, 2, 2), np.float32)
    ours, theirs = kernels_of("numba"), kernels_of("numpy")
    y = ours.conv2d(x, weight, None, window)
    np.testing.assert_allclose(y, theirs.conv2d(x, weight, None, window), rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        ours.conv2d_grad_weight(y, x, window), theirs.conv2d_grad_weight(y, x, window), rtol=0, atol=1e-3
    )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_parts_of_a_batch_of_sequences_are_all_of_it(
    cell: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
    ours, theirs = kernels_of("numba"), kernels_of("numpy")
    case = Case(cell, n=37, steps=2, inputs=3, hidden=11, dtype="float32")  # parts of 16, of which the last is of 5
    saved, expected = forward(ours, case), forward(theirs, case)
    for a, b in zip(
        [*saved, *backward(ours, case, saved)], [*expected, *backward(theirs, case, expected)], strict=True
    ):
        assert a is not None
        assert b is not None
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * np.abs(b).max())


@pytest.mark.parametrize(
    ("n", "hidden", "expected"), [(64, 128, 16), (20, 128, 10), (64, 256, 8), (1000, 512, 500), (1, 5, 1), (0, 5, 1)]
)
def test_a_part_is_of_as_many_sequences_as_are_multiplied_at_once(
    n: int, hidden: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 2)
    assert some(n, np.empty((hidden, hidden))) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_is_numpys_to_a_few_units_in_the_last_place(dtype: type) -> None:
    rng = np.random.default_rng(0)
    sizes = np.concatenate(
        [rng.standard_normal(999) * scale for scale in (1e-3, 0.1, 1, 4)] + [np.linspace(-30, 30, 999)]
    )
    special = [0.0, -0.0, 1e-30, 1e-39, -1e-44, 5e-324, 19.99, 20.01, 1e30, np.inf, -np.inf, np.nan]
    x: Array = np.concatenate([sizes, special]).astype(dtype)
    y, expected = x.copy(), np.tanh(x)
    recurrence.add_tanh(y, np.full_like(x, -0.0), np.full_like(x, -0.0))
    assert y.dtype == dtype
    assert np.nanmax(np.abs(y - expected) / np.spacing(np.abs(expected))) <= 8
    np.testing.assert_array_equal(np.signbit(y), np.signbit(expected))
    np.testing.assert_array_equal(np.isnan(y), np.isnan(x))
