"""Sequential and ModuleList."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

import numpy as np
import pytest

from numpytorch import Tensor, nn

from .tools import assert_gradients_right, normal


def test_sequential_applies_modules_one_after_another() -> None:
    np.random.seed(0)
    f, g = nn.Linear(5, 3), nn.Linear(3, 2)
    x = normal(4, 5)
    np.testing.assert_array_equal(nn.Sequential(f, nn.Tanh(), g)(x).arr, g(nn.Tanh()(f(x))).arr)
    assert_gradients_right(nn.Sequential(f, nn.Tanh(), g), x)


def test_an_empty_sequential_gives_its_input() -> None:
    x = normal(2)
    assert nn.Sequential()(x) is x


def test_sequential_passes_whatever_a_module_gives_to_the_next() -> None:
    class Split(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x * 2.0

    class Add(nn.Module):
        def forward(self, pair: tuple[Tensor, Tensor]) -> Tensor:
            return pair[0] + pair[1]

    assert nn.Sequential(Split(), Add())(Tensor(1.0)).item() == 3


def test_a_container_is_indexed_from_both_ends_measured_and_iterated() -> None:
    layers = [nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)]
    for container in (nn.ModuleList(layers), nn.Sequential(*layers)):
        assert len(container) == 3
        assert [container[i] for i in (0, 1, 2, -1, -3)] == [layers[i] for i in (0, 1, 2, -1, -3)]
        assert list(container) == layers
        assert [name for name, _ in container.named_parameters()] == ["0.w", "0.b", "2.w", "2.b"]
        with pytest.raises(IndexError):
            container[3]


def test_append_registers_and_keeps_the_order() -> None:
    layers = nn.ModuleList()
    assert len(layers) == 0
    added = [nn.Linear(n, n) for n in range(1, 13)]  # two digits: "10" must not come before "2"
    for layer in added:
        layers.append(layer)
    assert list(layers) == added
    assert len(layers.parameters()) == 24


def test_a_module_list_takes_a_generator() -> None:
    assert len(nn.ModuleList(nn.ReLU() for _ in range(3))) == 3


def test_the_same_module_twice_is_two_places_and_one_set_of_parameters() -> None:
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(model) == 3
    assert len(model.parameters()) == 2


def test_modules_in_a_module_list_on_an_attribute_are_learned() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(2)])

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers:
                x = x + nn.Tanh()(layer(x))
            return x

    net = Net()
    assert [name for name, _ in net.named_parameters()] == [f"layers.{i}.{p}" for i in (0, 1) for p in "wb"]
    assert_gradients_right(net, normal(2, 3))


def test_a_function_is_refused_with_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"Sequential: expected nn.Module objects, got function.*nn.ReLU\(\) is one"):
        nn.Sequential(nn.Linear(2, 2), nn.relu)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match=r"ModuleList: expected nn.Module objects, got Parameter"):
        nn.ModuleList([nn.Parameter.new(2)])  # type: ignore[list-item]  # that is the point


def test_calling_a_module_list_is_refused() -> None:
    with pytest.raises(NotImplementedError, match=r"ModuleList\.forward"):
        nn.ModuleList([nn.ReLU()])(normal(2))
