"""What the backend "numba" does with threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

numba = pytest.importorskip("numba", exc_type=ImportError)

from numpytorch.kernels import Window, kernels_of  # noqa: E402  # once Numba is known to be there
from numpytorch.kernels.numba_backend import backend  # noqa: E402


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
