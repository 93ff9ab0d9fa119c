"""Which backend computes, and what is said where one cannot."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import BackendError, nn
from numpytorch.kernels import kernels_of, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpytorch.kernels import Kernels


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMPYTORCH_BACKEND", raising=False)


@pytest.fixture
def nothing_loaded() -> Iterator[None]:
    registry._load.cache_clear()
    yield
    registry._load.cache_clear()


def test_numpy_computes_if_nothing_is_said() -> None:
    assert kernels_of().name == "numpy"


def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", exc_type=ImportError)
    monkeypatch.setenv("NUMPYTORCH_BACKEND", "numba")
    assert kernels_of().name == "numba"


def test_a_context_goes_before_the_environment_for_its_thread_and_until_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("numba", exc_type=ImportError)
    elsewhere: list[str] = []
    with npt.backend("numba"):
        monkeypatch.setenv("NUMPYTORCH_BACKEND", "numpy")
        assert kernels_of().name == "numba"
        thread = threading.Thread(target=lambda: elsewhere.append(kernels_of().name))
        thread.start()
        thread.join()
        with npt.backend("numpy"):
            assert kernels_of().name == "numpy"
        assert kernels_of().name == "numba"
    assert kernels_of().name == "numpy"
    assert elsewhere == ["numpy"]


def test_a_layers_argument_goes_before_all_and_results_record_the_backend() -> None:
    pytest.importorskip("numba", exc_type=ImportError)
    x = npt.Tensor(np.ones((1, 1, 3, 3)), requires_grad=True)
    with npt.backend("numba"):
        of_argument = nn.MaxPool2d(2, backend="numpy")(x).grad_fn
        of_context = nn.MaxPool2d(2)(x).grad_fn
    of_nothing = [layer(x).grad_fn for layer in (nn.Conv2d(1, 2, 3), nn.AvgPool2d(2))]
    backends = [getattr(grad_fn, "backend", None) for grad_fn in (of_argument, of_context, *of_nothing)]
    assert backends == ["numpy", "numba", "numpy", "numpy"]


UNKNOWN: dict[str, Callable[[], object]] = {
    "backend": lambda: npt.backend("tpu").__enter__(),
    "NUMPYTORCH_BACKEND": lambda: nn.Conv2d(1, 1, 1)(npt.ones(1, 1, 1, 1)),
    "Conv2d: backend": lambda: nn.Conv2d(1, 1, 1, backend="tpu"),
    "MaxPool2d: backend": lambda: nn.MaxPool2d(2, backend="tpu"),
    "LSTM: backend": lambda: nn.LSTM(1, 1, backend="tpu"),
}


@pytest.mark.parametrize("where", UNKNOWN)
def test_an_unknown_backend_is_refused_with_those_that_there_are(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMPYTORCH_BACKEND", "tpu")
    with pytest.raises(BackendError) as error:
        UNKNOWN[where]()
    assert str(error.value) == f"{where}: expected one of 'numpy', 'numba', 'cuda', got 'tpu'."


@pytest.mark.usefixtures("nothing_loaded")
def test_a_missing_package_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("numpytorch.kernels.numba_backend")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(BackendError) as error, npt.backend("numba"):
        pass
    assert str(error.value) == (
        "backend 'numba': expected the package numba, found none. Install it: pip install 'numpytorch[fast]'"
    )


def test_without_the_kernels_the_layers_are_the_readers_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpytorch.kernels", None)
    with pytest.raises(BackendError, match=r"a numpytorch without them, as assignments come with.*yours to write"):
        npt.backend("numpy").__enter__()


def test_gradients_come_from_the_backend_of_the_output_wherever_backward_is_called() -> None:
    pytest.importorskip("numba", exc_type=ImportError)
    x = npt.Tensor(np.ones((1, 1, 3, 3)), requires_grad=True)
    with npt.backend("numpy"):
        y = nn.MaxPool2d(2, 1)(nn.Conv2d(1, 2, 2)(x))
    called: list[str] = []
    numba = kernels_of("numba")
    with pytest.MonkeyPatch.context() as patch, npt.backend("numba"):
        for name in ("conv2d_grad_input", "conv2d_grad_weight", "max_pool2d_grad_input"):
            patch.setattr(type(numba), name, lambda *_, name=name: called.append(name))
        y.sum().backward()
    assert not called
    assert x.grad is not None


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
def test_recurrent_layers_choose_as_the_others_do(layer: Any) -> None:
    pytest.importorskip("numba", exc_type=ImportError)
    x, cell, called = npt.Tensor(np.ones((2, 3, 4)), requires_grad=True), layer.__name__.lower(), []
    numba = kernels_of("numba")
    with pytest.MonkeyPatch.context() as patch:
        for name in (cell, f"{cell}_grad"):
            original = getattr(numba, name)

            def recorded(_: Kernels, *args: Any, name: str = name, original: Any = original, **kwargs: Any) -> Any:
                called.append(name)
                return original(*args, **kwargs)

            patch.setattr(type(numba), name, recorded)
        with npt.backend("numba"):
            of_context, of_argument = layer(4, 2)(x)[0], layer(4, 2, backend="numpy")(x)[0]
        assert called == [cell]
        of_argument.sum().backward()
        assert called == [cell]
        with npt.backend("numpy"):
            of_context.sum().backward()
    assert called == [cell, f"{cell}_grad"]
    assert x.grad is not None
